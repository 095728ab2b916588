"""What looks wrong and is rejected nowhere: families, IDs that almost match, dates that run backwards."""

from dataclasses import replace
from typing import Final

from rosterdrop.generating.connect_files import user_row
from rosterdrop.generating.faults.fault import Fault, Plant, at_seat, enrollment, guardian, office_worker, spoilt_user
from rosterdrop.generating.plotting import Mark, Place, Plot

_DISTRICT: Final = "9000"


def _of_student(code: str, column: str, *copied: tuple[str, str]) -> Plant:
    """Give a guardian what the own student has. `copied`: columns with the field of the student."""

    def plant(plot: Plot) -> list[Mark]:
        person, child = plot.guardian_of_one_with_email()
        sheet = plot.links or plot.users
        (row,) = plot.links_of_guardian[person.id] if plot.links else (plot.user_row[person.id],)
        for name, own in copied:
            sheet.put(row, name, getattr(child, own))
        key = f"{child.id}/{person.id}" if plot.links else person.id
        return [Mark(place=Place(sheet.file, row, code), column=column, key=key)]

    return plant


def _id_of_student(plot: Plot) -> list[Mark]:
    person, links = plot.guardian(), plot.sheets["guardians"]
    (row,) = plot.links_of_guardian[person.id]
    student = links.cell(row, "studentSourcedId")
    links.put(row, "guardianSourcedId", student)
    place = Place("guardians", row, "guardian.sourcedId.student")
    return [Mark(place=place, column="guardianSourcedId", key=f"{student}/{student}")]


def _across_kinds(plot: Plot) -> list[Mark]:
    """A new colleague has the number of a student."""
    student, colleague = plot.student(), plot.office_worker()
    first = plot.user_row[student.id]
    again = plot.users.append(user_row(replace(colleague, id=student.id)))
    implied = plot.fallen_with_student(student, "rejected")
    conflicts = [
        Mark(place=Place("users", row, "user.sourcedId.conflict"), column="sourcedId", key=student.id)
        for row in (first, again)
    ]
    across = Mark(place=Place("users", first, "ids.across_kinds"), column="sourcedId", key=student.id, implied=implied)
    return [*conflicts, across]


def _id_twin(plot: Plot) -> list[Mark]:
    person = plot.office_worker()
    row = plot.user_row[person.id]
    plot.users.append(user_row(replace(person, id=person.id.upper(), given="Twin")))
    return [Mark(place=Place("users", row, "user.sourcedId.twin"), column="sourcedId", key=person.id)]


def _class_id_twin(plot: Plot) -> list[Mark]:
    room = plot.classroom()
    row = plot.class_row[room.id]
    plot.classes.append({**plot.classes.row(row), "sourcedId": room.id.lower()})
    return [Mark(place=Place("classes", row, "class.sourcedId.twin"), column="sourcedId", key=room.id)]


def _otherwise_named(plot: Plot, rows: list[int], spelt: str, code: str) -> list[Mark]:
    """Enrollments spell somebody's ID in a way that users.csv does not."""
    for row in rows:
        plot.enrollments.put(row, "userSourcedId", spelt)
    falls = tuple(Place("enrollments", row, "enrollment.user.unknown") for row in rows)
    return [replace(at_seat(plot, rows[0], code, "userSourcedId"), implied=falls)]


def _zeros_lost(plot: Plot) -> list[Mark]:
    person = plot.named_student()
    return _otherwise_named(plot, plot.seats_of[person.id], person.id.lstrip("0"), "ids.zeros_lost")


def _case_differs(plot: Plot) -> list[Mark]:
    person = plot.teacher()
    return _otherwise_named(plot, plot.seats_of[person.id], person.id.upper(), "ids.case_differs")


def _dates_reversed(plot: Plot) -> list[Mark]:
    _, row = plot.seat()
    plot.enrollments.put(row, "beginDate", "2027-01-10")
    plot.enrollments.put(row, "endDate", "2026-12-18")
    return [at_seat(plot, row, "enrollment.dates.reversed", "endDate")]


def _custody(plot: Plot) -> list[Mark]:
    """A column that we do not know forbids a contact."""
    person = plot.guardian()
    sheet = plot.links or plot.users
    (row,) = plot.links_of_guardian[person.id] if plot.links else (plot.user_row[person.id],)
    sheet.add_column("custody", "")
    sheet.put(row, "custody", "No Rights")
    return [Mark(place=Place(sheet.file, row, "guardian.restriction.set"))]


def _placeholder(plot: Plot) -> list[Mark]:
    person = plot.guardian()
    row = plot.user_row[person.id]
    plot.users.put(row, "givenName", "Unknown")
    return [spoilt_user(plot, person, "familyName", "PARENT", "guardian.name.placeholder", None)]


FAMILIES: Final = (
    Fault("custody", "a column that nobody reads says No Rights of a contact", _custody),
    Fault(
        "guardian_of_district",
        "a guardian is of the district, not of a school",
        guardian("orgSourcedIds", _DISTRICT, "guardian.school.district"),
        "users",
    ),
    Fault(
        "email_dummy",
        "a guardian's e-mail address is a dummy",
        guardian("email", "noemail@example.org", "guardian.email.dummy", has=("email", "sms")),
    ),
    Fault(
        "guardian_is_student",
        "a guardian is the student",
        _of_student(
            "guardian.is_student", "familyName", ("givenName", "given"), ("familyName", "family"), ("email", "email")
        ),
    ),
    Fault(
        "email_of_student",
        "a guardian has the student's e-mail address",
        _of_student("guardian.email.of_student", "email", ("email", "email")),
    ),
    Fault("guardian_id_of_student", "a guardian has the ID of the student", _id_of_student, "guardians"),
    Fault("guardian_placeholder", "a guardian is called Unknown Parent", _placeholder, "users"),
    Fault("id_of_two_kinds", "a student and one of the staff have one ID", _across_kinds),
    Fault("id_twin", "two IDs differ in capitals only", _id_twin),
    Fault("class_id_twin", "the IDs of two classes differ in capitals only", _class_id_twin),
    Fault("zeros_lost", "enrollments name a student without the leading zeros", _zeros_lost),
    Fault("case_differs", "enrollments name a teacher in capitals", _case_differs),
    Fault("dates_reversed", "an enrollment ends before it begins", _dates_reversed),
    Fault(
        "school_spelt_otherwise",
        "one of the staff is of a school without its zeros",
        office_worker("orgSourcedIds", "42", "school.spelled_otherwise"),
    ),
    Fault("class_date_word", "a date that is none stands where nobody reads it", enrollment("beginDate", "soon", None)),
)
