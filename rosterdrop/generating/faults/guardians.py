"""Faults of guardians who come in guardians.csv, and of those of either file who cannot be reached."""

from dataclasses import replace
from typing import Final

from rosterdrop.generating.connect_files import guardian_row
from rosterdrop.generating.faults.fault import NOBODY, Fault, spoilt_link
from rosterdrop.generating.plotting import Mark, Place, Plot

_MOST_GUARDIANS: Final = 6  # connect-behaviour G6


def _no_contact(plot: Plot) -> list[Mark]:
    person = plot.guardian()
    if plot.links is not None:
        mark = replace(spoilt_link(plot, person, None, "", "guardian.contact.none"), column="guardianSourcedId")
        sheet = plot.links
    else:
        row = plot.user_row[person.id]
        mark = Mark(place=Place("users", row, "user.contact.none"), column="sourcedId", key=person.id)
        sheet = plot.users
    for contact in ("email", "sms"):
        sheet.put(mark.place.row or 0, contact, "")
    return [mark]


def _student_unknown(plot: Plot) -> list[Mark]:
    person = plot.guardian()
    row = plot.sheets["guardians"].append(guardian_row(NOBODY, person))
    code = "guardian.student.unknown"
    return [Mark(place=Place("guardians", row, code), column="studentSourcedId", key=f"{NOBODY}/{person.id}")]


def _student_missing(plot: Plot) -> list[Mark]:
    person = plot.guardian()
    row = plot.sheets["guardians"].append(guardian_row("", person))
    code = "guardian.studentSourcedId.missing"
    return [Mark(place=Place("guardians", row, code), column="studentSourcedId", key=f"/{person.id}")]


def _not_student(plot: Plot) -> list[Mark]:
    person, colleague = plot.guardian(), plot.office_worker()
    row = plot.sheets["guardians"].append(guardian_row(colleague.id, person))
    key = f"{colleague.id}/{person.id}"
    return [Mark(place=Place("guardians", row, "guardian.student.not_student"), column="studentSourcedId", key=key)]


def _repeated(plot: Plot) -> list[Mark]:
    links, person = plot.sheets["guardians"], plot.guardian()
    (first,) = plot.links_of_guardian[person.id]
    row = links.append(links.row(first))
    key = f"{links.cell(row, 'studentSourcedId')}/{person.id}"
    return [Mark(place=Place("guardians", row, "guardian.pair.repeated"), column="studentSourcedId", key=key)]


def _conflict(plot: Plot) -> list[Mark]:
    links, person = plot.sheets["guardians"], plot.guardian()
    (first,) = plot.links_of_guardian[person.id]
    cells = links.row(first)
    again = links.append({**cells, "language": "so" if cells["language"] != "so" else "en"})
    code, key = "guardian.pair.conflict", f"{cells['studentSourcedId']}/{person.id}"
    return [Mark(place=Place("guardians", row, code), column="studentSourcedId", key=key) for row in (first, again)]


def _too_many(plot: Plot) -> list[Mark]:
    student = plot.student()
    own = len(plot.links_of_student[student.id])
    others = [plot.guardian() for _ in range(_MOST_GUARDIANS + 1 - own)]
    rows = [plot.sheets["guardians"].append(guardian_row(student.id, other)) for other in others]
    place, key = Place("guardians", rows[-1], "guardian.too_many"), f"{student.id}/{others[-1].id}"
    return [Mark(place=place, column="studentSourcedId", key=key)]


GUARDIANS: Final = (
    Fault("guardian_no_contact", "a guardian has neither e-mail nor mobile", _no_contact),
    Fault("guardian_student_unknown", "a guardian's student is nowhere", _student_unknown, "guardians"),
    Fault("guardian_student_missing", "a guardian's row names no student", _student_missing, "guardians"),
    Fault("guardian_of_staff", "a guardian's student is one of the staff", _not_student, "guardians"),
    Fault("guardian_repeated", "a student and guardian stand there twice", _repeated, "guardians"),
    Fault("guardian_conflict", "two rows of one student and guardian differ", _conflict, "guardians"),
    Fault("guardian_too_many", "a student has seven guardians", _too_many, "guardians"),
)
