"""The columns of Clever's CSV files, and what each is in the tables that are made of them (clever-classlink A11)."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from config.clever_files import CleverFile
from validators.headers import Layout, folded

_NAME: Final = {"Last_name": "familyName", "First_name": "givenName", "Middle_name": "middleName"}

CONTACT: Final[Mapping[str, str]] = {
    "Contact_sis_id": "guardianSourcedId",
    "Contact_name": "contact",
    "Contact_email": "contactEmail",
    "Contact_phone": "phone",
    "Contact_phone_type": "phone_type",
    "Contact_relationship": "relationship",
    "Contact_type": "type",
}
"""Of students.csv: a row names at most one contact, and a student with three has three rows."""

TEACHERS: Final = ("teacherSourcedId", *(f"teacher{number}SourcedId" for number in range(2, 11)))
"""Who teaches a section, the primary teacher first."""

COLUMNS: Final[Mapping[CleverFile, Mapping[str, str]]] = {
    "schools": {"School_id": "schoolSourcedId", "School_name": "name"},
    "students": {
        "School_id": "orgSourcedIds",
        "Student_id": "sourcedId",
        "Student_number": "identifier",
        **_NAME,
        "Grade": "grades",
        "Student_email": "email",
        "Home_language": "language",
        "Username": "username",
        **CONTACT,
    },
    "teachers": {
        "School_id": "orgSourcedIds",
        "Teacher_id": "sourcedId",
        "Teacher_number": "identifier",
        **_NAME,
        "Teacher_email": "email",
        "Username": "username",
    },
    "staff": {
        "School_id": "orgSourcedIds",
        "Staff_id": "sourcedId",
        **_NAME,
        "Staff_email": "email",
        "Username": "username",
    },
    "sections": {
        "School_id": "schoolSourcedId",
        "Section_id": "sourcedId",
        "Teacher_id": TEACHERS[0],
        **{f"Teacher_{number}_id": f"teacher{number}SourcedId" for number in range(2, 11)},
        "Name": "title",
        "Section_number": "classCode",
        "Grade": "grades",
        "Course_name": "courseName",
        "Period": "periods",
        "Subject": "subjects",
        "Term_name": "termSourcedIds",
    },
    "enrollments": {
        "School_id": "schoolSourcedId",
        "Section_id": "classSourcedId",
        "Student_id": "userSourcedId",
    },
}
"""Header to our name for it; columns that Connect has no use for are not here."""

_REQUIRED: Final[Mapping[CleverFile, tuple[str, ...]]] = {
    "schools": ("schoolSourcedId",),
    "students": ("orgSourcedIds", "sourcedId", "familyName", "givenName"),
    "teachers": ("orgSourcedIds", "sourcedId", "familyName", "givenName"),
    "staff": ("orgSourcedIds", "sourcedId", "familyName", "givenName"),
    "sections": ("schoolSourcedId", "sourcedId", TEACHERS[0]),
    "enrollments": ("classSourcedId", "userSourcedId"),
}
_ALIASES: Final[Mapping[CleverFile, Mapping[str, str]]] = {"students": {"Email_address": "email"}}

# Where a table's column comes from another one than its own name tells.
_GUARDIANS_SENT: Final = {
    "studentSourcedId": "Student_id",
    "givenName": "Contact_name",
    "familyName": "Contact_name",
    "email": "Contact_email",
    "sms": "Contact_phone",
}
_TEACHING_SENT: Final = {"classSourcedId": "Section_id", "userSourcedId": "Teacher_id"}


@cache
def layout_of(file: CleverFile) -> Layout:
    """The columns of one of Clever's files."""
    return Layout(
        names={folded(header): name for header, name in COLUMNS[file].items()},
        aliases={folded(header): name for header, name in _ALIASES.get(file, {}).items()},
        required=_REQUIRED[file],
        one_of=(),
    )


def headers_sent(file: CleverFile, table: str) -> Mapping[str, str]:
    """What the file calls the columns of the table whose rows come from it.

    Args:
        file: one of Clever's.
        table: a table's name.
    """
    own = {name: header for header, name in COLUMNS[file].items()}
    if table == "guardians":
        return {**own, **_GUARDIANS_SENT}
    return {**own, **_TEACHING_SENT} if (file, table) == ("sections", "enrollments") else own


def files_sent(file: CleverFile) -> Mapping[str, str]:
    """Where somebody who sent Clever's files finds what a text about a row of `file` calls by our files' names."""
    people = {"sections": "teachers.csv", "enrollments": "students.csv"}.get(file, f"{file}.csv")
    return {"users.csv": people, "classes.csv": "sections.csv", "guardians.csv": "students.csv"}
