"""Faults of people: rows of users.csv."""

from dataclasses import replace
from typing import Final

from rosterdrop.generating.connect_files import user_row
from rosterdrop.generating.faults.fault import (
    FOREIGN_SCHOOL,
    LONG,
    NO_GUARDIAN,
    Fault,
    guardian,
    office_worker,
    student,
    teacher,
)
from rosterdrop.generating.people import Person
from rosterdrop.generating.plotting import Mark, Place, Plot

_MOST_AGENTS: Final = 6  # connect-behaviour G6
_REACHED: Final = ("email", "sms")  # who lost one contact is still reached by the other


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


def _linked_to(plot: Plot, student: Person, added: list[str], code: str) -> list[Mark]:
    row = plot.user_row[student.id]
    agents = plot.users.cell(row, "agentSourcedIds").split(",")
    plot.users.put(row, "agentSourcedIds", ",".join([*agents, *added]))
    return [Mark(place=Place("users", row, code), column="agentSourcedIds", key=student.id)]


def _agent_unknown(plot: Plot) -> list[Mark]:
    return _linked_to(plot, plot.student(), [NO_GUARDIAN], "user.agent.unknown")


def _agent_bare(plot: Plot) -> list[Mark]:
    return _linked_to(plot, plot.student(), ["G"], "user.agent.unknown")


def _agent_not_guardian(plot: Plot) -> list[Mark]:
    return _linked_to(plot, plot.student(), [plot.office_worker().id], "user.agent.not_guardian")


def _agent_student(plot: Plot) -> list[Mark]:
    return _linked_to(plot, plot.student(), [plot.student().id], "user.agent.not_guardian")


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


def _guardian_unlinked(plot: Plot) -> list[Mark]:
    stranger = replace(plot.guardian(), id=plot.district.numbers.guardian_id())
    row = plot.users.append(user_row(stranger))
    return [Mark(place=Place("users", row, "guardian.unlinked"), column="sourcedId", key=stranger.id)]


IDS: Final = (
    Fault("id_missing", "a student has no ID", student("sourcedId", "", "user.sourcedId.missing", "unknown")),
    Fault("id_conflict", "two rows that differ have the ID of one student", _id_conflict),
    Fault(
        "id_quote", "an ID has quotation marks in it", office_worker("sourcedId", 't-"1"', "user.sourcedId.characters")
    ),
    Fault(
        "id_space",
        "a student's ID has a space in it",
        student("sourcedId", "00 77", "user.sourcedId.characters", "unknown"),
    ),
    Fault(
        "id_invisible",
        "a teacher's ID has an invisible character in it",
        teacher("sourcedId", "t-\u200b77", "user.sourcedId.characters", "unknown"),
    ),
    Fault(
        "id_spreadsheet",
        "a spreadsheet turned a student's ID into 1.23E+05",
        student("sourcedId", "1.23E+05", "user.sourcedId.spreadsheet", "unknown"),
    ),
    Fault(
        "id_decimal",
        "a data-frame script turned a teacher's ID into 10234.0",
        teacher("sourcedId", "10234.0", "user.sourcedId.spreadsheet", "unknown"),
    ),
    Fault(
        "guardian_id_missing",
        "a guardian has no ID",
        guardian("sourcedId", "", "sourcedId.missing", falls="unknown"),
        "users",
    ),
    Fault("row_repeated", "a student's row stands there twice", _row_repeated),
)

ROLES: Final = (
    Fault("role_unknown", "a student's role is misspelt", student("role", "studnt", "user.role.unknown", "rejected")),
    Fault("role_missing", "a teacher has no role", teacher("role", "", "user.role.missing", "rejected")),
    Fault(
        "role_of_1_2", "a role that only OneRoster 1.2 knows", office_worker("role", "counselor", "user.role.unknown")
    ),
    Fault(
        "guardian_role_unknown",
        "a guardian's role is mother",
        guardian("role", "mother", "role.unknown", falls="rejected"),
        "users",
    ),
    Fault(
        "status_unknown",
        "a student's status is no word",
        student("status", "enrld", "user.status.unknown", "rejected"),
    ),
    Fault("status_absent", "a student who left is marked tobedeleted", _status_absent),
    Fault("school_other", "a student of a school that is not the district's", _school_other),
    Fault(
        "org_missing",
        "a student has no school",
        student("orgSourcedIds", "", "user.orgSourcedIds.missing", "rejected"),
    ),
)

NAMES: Final = (
    Fault(
        "given_name_missing",
        "a student has no first name",
        student("givenName", "", "user.givenName.missing", "rejected"),
    ),
    Fault(
        "family_name_missing",
        "a guardian has no last name",
        guardian("familyName", "", "familyName.missing", falls="rejected"),
    ),
    Fault(
        "guardian_given_name_missing",
        "a guardian has no first name",
        guardian("givenName", "", "givenName.missing", falls="rejected"),
    ),
    Fault(
        "staff_name_missing",
        "one of the staff has a first name of spaces",
        office_worker("givenName", "  ", "user.givenName.missing"),
    ),
    Fault(
        "name_control",
        "a control character in a student's first name",
        student("givenName", "An\x07a", "user.name.control", "rejected"),
    ),
    Fault(
        "name_long", "a student's last name has 300 letters", student("familyName", LONG, "user.name.long", "rejected")
    ),
    Fault(
        "guardian_name_control",
        "a tab in a guardian's last name",
        guardian("familyName", "Lo\tpez", "name.control", falls="rejected"),
    ),
    Fault(
        "guardian_name_long",
        "a guardian's first name has 300 letters",
        guardian("givenName", LONG, "name.long", falls="rejected"),
    ),
    Fault("text_long", "a middle name of 300 letters", student("middleName", LONG, "user.text.long")),
    Fault(
        "text_control", "a control character in a middle name", student("middleName", "An\x07a", "user.text.control")
    ),
    Fault("identifier_long", "a student's number has 300 letters", student("identifier", LONG, "user.text.long")),
    Fault(
        "line_break",
        "a line break in a name moves all later lines",
        student("middleName", "Ana\r\nMaria", "user.text.control"),
    ),
)

CONTACTS: Final = (
    Fault(
        "email_invalid",
        "a guardian's e-mail address has no host",
        guardian("email", "maria.lopez@", "email.invalid", has=_REACHED),
    ),
    Fault(
        "email_two",
        "two e-mail addresses in one cell",
        guardian("email", "ana@example.org; ben@example.org", "email.invalid", has=_REACHED),
    ),
    Fault("email_space", "a space in an e-mail address", student("email", "ann x@example.org", "user.email.invalid")),
    Fault("email_word", "none instead of an e-mail address", student("email", "none", "user.email.invalid")),
    Fault(
        "sms_invalid",
        "a guardian's mobile number is a dummy",
        guardian("sms", "000-000-0000", "sms.invalid", has=_REACHED),
    ),
    Fault(
        "sms_two",
        "two mobile numbers in one cell",
        guardian("sms", "312-555-0101; 312-555-0102", "sms.invalid", has=_REACHED),
    ),
    Fault("sms_short", "a mobile number without area code", guardian("sms", "555-0101", "sms.invalid", has=_REACHED)),
    Fault(
        "guardian_phone_invalid",
        "a guardian's home phone is of no area",
        guardian("phone", "112-555-0101", "phone.invalid"),
    ),
    Fault("phone_invalid", "a student's home phone is a word", student("phone", "unlisted", "user.phone.invalid")),
    Fault("language_unknown", "a guardian's language is none", guardian("language", "Elvish", "language.unknown")),
    Fault("grade_unknown", "a student's grade is none", student("grades", "Freshman", "user.grades.unknown")),
)

LINKS: Final = (
    Fault("agent_unknown", "a student names a guardian who is nowhere", _agent_unknown, "users"),
    Fault("agent_bare", "a list of guardians ends in a bare letter", _agent_bare, "users"),
    Fault("agent_not_guardian", "a student names one of the staff as guardian", _agent_not_guardian, "users"),
    Fault("agent_student", "a student names another student as guardian", _agent_student, "users"),
    Fault("agent_self", "a student is named as the own guardian", _agent_self, "users"),
    Fault("agent_too_many", "a student names seven guardians", _agent_too_many, "users"),
    Fault("guardian_unlinked", "no student names a guardian", _guardian_unlinked, "users"),
)
