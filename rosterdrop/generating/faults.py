"""The faults that can be planted. Each is a value: its name, what it is, and how it makes a night's files wrong.

The codes are those of the rule set `connect`; sis-deviations 2 tells which systems export such files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from config.tables import TableName
from rosterdrop.generating.connect_files import guardian_row, user_row
from rosterdrop.generating.people import Person
from rosterdrop.generating.plotting import Mark, Place, Plot
from rosterdrop.generating.sheets import as_text

Plant = Callable[[Plot], list[Mark]]
Why = Literal["rejected", "unknown"]

FOREIGN_SCHOOL: Final = "9901"
NOBODY: Final = "000000"  # the first student is 000101
NO_GUARDIAN: Final = "g-none"
NO_CLASS: Final = "0042-NONE-00000"
_MOST_AGENTS: Final = 6  # connect-behaviour G6


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. `needs`: the table in which guardians must come for it; None where both will do."""

    name: str
    description: str
    plant: Plant
    needs: TableName | None = None


# What is done to whom.


def _student(column: str, value: str, code: str, falls: Why | None = None) -> Plant:
    """Write into a cell of a student's row. `falls`: what becomes of the rows that point at the student."""
    return lambda plot: [_spoilt_user(plot, plot.student(), column, value, code, falls)]


def _teacher(column: str, value: str, code: str, falls: Why | None = None) -> Plant:
    return lambda plot: [_spoilt_user(plot, plot.teacher(), column, value, code, falls)]


def _office_worker(column: str, value: str, code: str) -> Plant:
    return lambda plot: [_spoilt_user(plot, plot.office_worker(), column, value, code, None)]


def _spoilt_user(plot: Plot, person: Person, column: str, value: str, code: str, falls: Why | None) -> Mark:
    row = plot.user_row[person.id]
    plot.users.put(row, column, value)
    return Mark(
        place=Place("users", row, code),
        column=column,
        key=plot.users.cell(row, "sourcedId") or None,
        implied=plot.fallen_with_student(person, falls) if falls else (),
    )


def _guardian(column: str, value: str, fault: str, *, has: tuple[str, ...] = (), rejected: bool = False) -> Plant:
    """Write into a cell of a guardian's row, whichever file guardians come in. `has`: contacts that the person gave."""

    def plant(plot: Plot) -> list[Mark]:
        person = plot.guardian(*has)
        if plot.links is not None:
            return [_spoilt_link(plot, person, column, value, f"guardian.{fault}")]
        mark = _spoilt_user(plot, person, column, value, f"user.{fault}", None)
        return [replace(mark, implied=plot.fallen_with_guardian(person, "rejected") if rejected else ())]

    return plant


def _spoilt_link(plot: Plot, person: Person, column: str | None, value: str, code: str) -> Mark:
    links, (row,) = plot.sheets["guardians"], plot.links_of_guardian[person.id]
    if column:
        links.put(row, column, value)
    student = links.cell(row, "studentSourcedId")
    return Mark(place=Place("guardians", row, code), column=column, key=f"{student}/{person.id}")


def _class(column: str, value: str, code: str, falls: Why | None = None) -> Plant:
    """Write into a cell of a class. `falls`: what becomes of its enrollments."""

    def plant(plot: Plot) -> list[Mark]:
        room = plot.classroom()
        row = plot.class_row[room.id]
        plot.classes.put(row, column, value)
        implied = plot.fallen_with_class(room, falls) if falls else ()
        key = plot.classes.cell(row, "sourcedId") or None
        return [Mark(place=Place("classes", row, code), column=column, key=key, implied=implied)]

    return plant


def _enrollment(column: str, value: str, code: str) -> Plant:
    """Write into a cell of a student's enrollment."""

    def plant(plot: Plot) -> list[Mark]:
        _, row = plot.seat()
        plot.enrollments.put(row, column, value)
        return [_at_seat(plot, row, code, column)]

    return plant


def _at_seat(plot: Plot, row: int, code: str, column: str | None = None) -> Mark:
    key = f"{plot.enrollments.cell(row, 'classSourcedId')}/{plot.enrollments.cell(row, 'userSourcedId')}"
    return Mark(place=Place("enrollments", row, code), column=column, key=key)


# Faults that need more than a cell.


def _id_conflict(plot: Plot) -> list[Mark]:
    student = plot.student()
    first = plot.user_row[student.id]
    again = plot.users.append(plot.users.row(first))
    plot.users.put(again, "givenName", f"{student.given} Marie")
    code = "user.sourcedId.conflict"
    return [
        Mark(
            place=Place("users", first, code),
            column="sourcedId",
            key=student.id,
            implied=plot.fallen_with_student(student, "rejected"),
        ),
        Mark(place=Place("users", again, code), column="sourcedId", key=student.id),
    ]


def _row_repeated(plot: Plot) -> list[Mark]:
    student = plot.student()
    again = plot.users.append(plot.users.row(plot.user_row[student.id]))
    return [Mark(place=Place("users", again, "user.sourcedId.repeated"), column="sourcedId", key=student.id)]


def _class_id_conflict(plot: Plot) -> list[Mark]:
    room = plot.classroom()
    first = plot.class_row[room.id]
    again = plot.classes.append(plot.classes.row(first))
    plot.classes.put(again, "title", f"{room.title} (old)")
    code = "class.sourcedId.conflict"
    implied = plot.fallen_with_class(room, "rejected")
    return [
        Mark(place=Place("classes", first, code), column="sourcedId", key=room.id, implied=implied),
        Mark(place=Place("classes", again, code), column="sourcedId", key=room.id),
    ]


def _class_repeated(plot: Plot) -> list[Mark]:
    room = plot.classroom()
    again = plot.classes.append(plot.classes.row(plot.class_row[room.id]))
    return [Mark(place=Place("classes", again, "class.sourcedId.repeated"), column="sourcedId", key=room.id)]


def _linked_to(plot: Plot, student: Person, added: list[str], code: str) -> list[Mark]:
    row = plot.user_row[student.id]
    agents = plot.users.cell(row, "agentSourcedIds").split(",")
    plot.users.put(row, "agentSourcedIds", ",".join([*agents, *added]))
    return [Mark(place=Place("users", row, code), column="agentSourcedIds", key=student.id)]


def _agent_unknown(plot: Plot) -> list[Mark]:
    return _linked_to(plot, plot.student(), [NO_GUARDIAN], "user.agent.unknown")


def _agent_not_guardian(plot: Plot) -> list[Mark]:
    return _linked_to(plot, plot.student(), [plot.office_worker().id], "user.agent.not_guardian")


def _agent_self(plot: Plot) -> list[Mark]:
    student = plot.student()
    return _linked_to(plot, student, [student.id], "user.agent.self")


def _agent_too_many(plot: Plot) -> list[Mark]:
    student = plot.student()
    own = len(plot.district.families[student.home].guardians)
    others = [plot.guardian().id for _ in range(_MOST_AGENTS + 1 - own)]
    return _linked_to(plot, student, others, "user.agent.too_many")


def _status_absent(plot: Plot) -> list[Mark]:
    leaver = replace(plot.student(), id=plot.district.numbers.student_id())
    row = plot.users.append(user_row(leaver))
    plot.users.put(row, "status", "tobedeleted")
    return [Mark(place=Place("users", row, "user.status.absent"), column="status", key=leaver.id)]


def _school_other(plot: Plot) -> list[Mark]:
    pupil = replace(plot.student(), id=plot.district.numbers.student_id(), schools=(FOREIGN_SCHOOL,))
    row = plot.users.append(user_row(pupil))
    return [Mark(place=Place("users", row, "user.school.other"), column="orgSourcedIds", key=pupil.id)]


def _torn_office_worker(column: str, value: str, code: str, *, readable: bool = False) -> Plant:
    """Replace a cell by text as it stands in the file, which csv would have written otherwise."""

    def plant(plot: Plot) -> list[Mark]:
        person = plot.office_worker()
        row = plot.user_row[person.id]
        cells = {name: as_text([cell]) for name, cell in plot.users.row(row).items()}
        plot.users.torn[row] = ",".join({**cells, column: value}.values())
        return [Mark(place=Place("users", row, code), column=None, key=person.id if readable else None)]

    return plant


def _row_short(plot: Plot) -> list[Mark]:
    _, row = plot.seat()
    plot.enrollments.torn[row] = as_text(list(plot.enrollments.row(row).values())[:-2])
    return [Mark(place=Place("enrollments", row, "row.cells"), column=None, key=None)]


def _seat_for(plot: Plot, person: str, classroom: str, role: str, code: str, column: str) -> list[Mark]:
    """An enrollment more, beside one that stands."""
    _, model = plot.seat()
    row = plot.enrollments.append(plot.enrollments.row(model))
    plot.enrollments.put(row, "sourcedId", plot.district.numbers.enrollment_id())
    for name, value in (("userSourcedId", person), ("classSourcedId", classroom), ("role", role)):
        if value:
            plot.enrollments.put(row, name, value)
    return [_at_seat(plot, row, code, column)]


def _enrollment_user_unknown(plot: Plot) -> list[Mark]:
    return _seat_for(plot, NOBODY, "", "", "enrollment.user.unknown", "userSourcedId")


def _enrollment_class_unknown(plot: Plot) -> list[Mark]:
    return _seat_for(plot, "", NO_CLASS, "", "enrollment.class.unknown", "classSourcedId")


def _enrollment_guardian(plot: Plot) -> list[Mark]:
    return _seat_for(plot, plot.guardian().id, "", "guardian", "enrollment.user.guardian", "userSourcedId")


def _enrollment_repeated(plot: Plot) -> list[Mark]:
    (mark,) = _seat_for(plot, "", "", "", "enrollment.pair.repeated", "")
    return [replace(mark, column=None)]


def _enrollment_role_conflict(plot: Plot) -> list[Mark]:
    _, first = plot.seat()
    again = plot.enrollments.append(plot.enrollments.row(first))
    plot.enrollments.put(again, "role", "teacher")
    return [_at_seat(plot, row, "enrollment.role.conflict", "role") for row in (first, again)]


def _enrollment_school_mismatch(plot: Plot) -> list[Mark]:
    _, row = plot.seat()
    plot.enrollments.put(row, "schoolSourcedId", plot.other_school(plot.enrollments.cell(row, "schoolSourcedId")))
    return [_at_seat(plot, row, "enrollment.school.mismatch", "schoolSourcedId")]


def _guardian_no_contact(plot: Plot) -> list[Mark]:
    person = plot.guardian()
    if plot.links is not None:
        mark = _spoilt_link(plot, person, None, "", "guardian.contact.none")
    else:
        row = plot.user_row[person.id]
        mark = Mark(place=Place("users", row, "user.contact.none"), column=None, key=person.id)
    for contact in ("email", "sms"):
        plot.sheets[mark.place.file].put(mark.place.row, contact, "")
    return [mark]


def _guardian_unlinked(plot: Plot) -> list[Mark]:
    stranger = replace(plot.guardian(), id=plot.district.numbers.guardian_id())
    row = plot.users.append(user_row(stranger))
    return [Mark(place=Place("users", row, "guardian.unlinked"), column=None, key=stranger.id)]


def _guardian_student_unknown(plot: Plot) -> list[Mark]:
    person = plot.guardian()
    row = plot.sheets["guardians"].append(guardian_row(NOBODY, person))
    code = "guardian.student.unknown"
    return [Mark(place=Place("guardians", row, code), column="studentSourcedId", key=f"{NOBODY}/{person.id}")]


def _guardian_repeated(plot: Plot) -> list[Mark]:
    links, person = plot.sheets["guardians"], plot.guardian()
    (first,) = plot.links_of_guardian[person.id]
    row = links.append(links.row(first))
    key = f"{links.cell(row, 'studentSourcedId')}/{person.id}"
    return [Mark(place=Place("guardians", row, "guardian.pair.repeated"), column=None, key=key)]


def _guardian_conflict(plot: Plot) -> list[Mark]:
    (mark,) = _guardian_repeated(plot)
    links = plot.sheets["guardians"]
    links.put(mark.place.row, "language", "so" if links.cell(mark.place.row, "language") != "so" else "en")
    (_, guardian) = (mark.key or "").split("/")
    rows = (*plot.links_of_guardian[guardian], mark.place.row)
    return [replace(mark, place=Place("guardians", row, "guardian.pair.conflict")) for row in rows]


FAULTS: Final[tuple[Fault, ...]] = (
    # Classes first: a class is free only while nobody in it has a fault.
    Fault("class_id_missing", "a class has no ID", _class("sourcedId", "", "class.sourcedId.missing", "unknown")),
    Fault("class_id_conflict", "two classes that differ have one ID", _class_id_conflict),
    Fault("class_repeated", "a class's row stands there twice", _class_repeated),
    Fault("class_title_missing", "a class has no title", _class("title", "", "class.title.missing", "rejected")),
    Fault(
        "class_school_missing",
        "a class has no school",
        _class("schoolSourcedId", "", "class.schoolSourcedId.missing", "rejected"),
    ),
    Fault("class_grade_unknown", "a class's grade is none", _class("grades", "Upper", "class.grades.unknown")),
    Fault("role_unknown", "a student's role is misspelt", _student("role", "studnt", "user.role.unknown", "rejected")),
    Fault("role_missing", "a teacher has no role", _teacher("role", "", "user.role.missing", "rejected")),
    Fault("id_missing", "a student has no ID", _student("sourcedId", "", "user.sourcedId.missing", "unknown")),
    Fault("id_conflict", "two rows that differ have the ID of one student", _id_conflict),
    Fault(
        "id_quote", "an ID has quotation marks in it", _office_worker("sourcedId", 't-"1"', "user.sourcedId.characters")
    ),
    Fault(
        "id_spreadsheet",
        "a spreadsheet turned a student's ID into 1.23E+05",
        _student("sourcedId", "1.23E+05", "user.sourcedId.spreadsheet", "unknown"),
    ),
    Fault("row_repeated", "a student's row stands there twice", _row_repeated),
    Fault("row_short", "an enrollment lacks its last two cells", _row_short),
    Fault(
        "row_long",
        "a comma in a name is not quoted",
        _torn_office_worker("familyName", "Abernathy, Jr.", "row.cells"),
    ),
    Fault("row_quote", "text follows a closing quote", _torn_office_worker("givenName", '"Jo" Ann', "row.quote")),
    Fault(
        "stray_quote",
        "a quote stands in a cell that is not quoted",
        _torn_office_worker("givenName", 'Jo "J" Ann', "row.stray_quote", readable=True),
    ),
    Fault(
        "given_name_missing",
        "a student has no first name",
        _student("givenName", "", "user.givenName.missing", "rejected"),
    ),
    Fault(
        "family_name_missing",
        "a guardian has no last name",
        _guardian("familyName", "", "familyName.missing", rejected=True),
    ),
    Fault(
        "org_missing",
        "a student has no school",
        _student("orgSourcedIds", "", "user.orgSourcedIds.missing", "rejected"),
    ),
    Fault(
        "status_unknown",
        "a student's status is no word",
        _student("status", "enrld", "user.status.unknown", "rejected"),
    ),
    Fault("status_absent", "a student who left is marked tobedeleted", _status_absent),
    Fault("school_other", "a student of a school that is not the district's", _school_other),
    Fault(
        "email_invalid",
        "a guardian's e-mail address has no host",
        _guardian("email", "maria.lopez@", "email.invalid", has=("email", "sms")),
    ),
    Fault(
        "sms_invalid",
        "a guardian's mobile number is a dummy",
        _guardian("sms", "000-000-0000", "sms.invalid", has=("email", "sms")),
    ),
    Fault("phone_invalid", "a student's home phone is a word", _student("phone", "unlisted", "user.phone.invalid")),
    Fault("language_unknown", "a guardian's language is none", _guardian("language", "Elvish", "language.unknown")),
    Fault("grade_unknown", "a student's grade is none", _student("grades", "Freshman", "user.grades.unknown")),
    Fault("text_long", "a middle name of 300 letters", _student("middleName", "y" * 300, "user.text.long")),
    Fault("text_control", "a control character in a name", _student("middleName", "An\x07a", "user.text.control")),
    Fault(
        "line_break",
        "a line break in a name moves all later lines",
        _student("middleName", "Ana\r\nMaria", "user.text.control"),
    ),
    Fault("agent_unknown", "a student names a guardian who is nowhere", _agent_unknown, "users"),
    Fault("agent_not_guardian", "a student names one of the staff as guardian", _agent_not_guardian, "users"),
    Fault("agent_self", "a student is named as the own guardian", _agent_self, "users"),
    Fault("agent_too_many", "a student names seven guardians", _agent_too_many, "users"),
    Fault("guardian_no_contact", "a guardian has neither e-mail nor mobile", _guardian_no_contact),
    Fault("guardian_unlinked", "no student names a guardian", _guardian_unlinked, "users"),
    Fault("guardian_student_unknown", "a guardian's student is nowhere", _guardian_student_unknown, "guardians"),
    Fault("guardian_repeated", "a student and guardian stand there twice", _guardian_repeated, "guardians"),
    Fault(
        "guardian_conflict",
        "two rows of one student and guardian differ",
        _guardian_conflict,
        "guardians",
    ),
    Fault("enrollment_user_unknown", "an enrollment of somebody who is nowhere", _enrollment_user_unknown),
    Fault("enrollment_class_unknown", "an enrollment in a class that is nowhere", _enrollment_class_unknown),
    Fault(
        "enrollment_role_unknown",
        "an enrollment's role is misspelt",
        _enrollment("role", "studnet", "enrollment.role.unknown"),
    ),
    Fault("enrollment_role_missing", "an enrollment has no role", _enrollment("role", "", "enrollment.role.missing")),
    Fault(
        "enrollment_role_mismatch",
        "a student is enrolled as teacher",
        _enrollment("role", "teacher", "enrollment.role.mismatch"),
    ),
    Fault("enrollment_role_conflict", "somebody is in a class in two roles", _enrollment_role_conflict),
    Fault(
        "enrollment_school_mismatch", "an enrollment names another school than its class", _enrollment_school_mismatch
    ),
    Fault("enrollment_repeated", "a class and person stand there twice", _enrollment_repeated),
    Fault("enrollment_guardian", "a guardian is enrolled in a class", _enrollment_guardian, "users"),
)


def plantable(*, separate_guardians: bool) -> Iterator[str]:
    """The names of the faults that fit where guardians come from."""
    guardians_in: TableName = "guardians" if separate_guardians else "users"
    return (fault.name for fault in FAULTS if fault.needs in (None, guardians_in))
