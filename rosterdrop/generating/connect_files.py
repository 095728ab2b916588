"""A district as the files of one night that Connect takes: OneRoster 1.1, without what Connect does not ask for."""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Final, TypeAlias

import polars as pl

from rosterdrop.generating.district import District
from rosterdrop.generating.people import Person
from rosterdrop.generating.sheets import Cells, Sheet

Getters: TypeAlias = Mapping[str, Callable[[Any], str]]
Sheets: TypeAlias = dict[str, Sheet]
"""The files of a night by name, without `.csv`."""


def _blank(_: object) -> str:
    return ""


def _always(text: str) -> Callable[[object], str]:
    return lambda _: text


def _listed(name: str) -> Callable[[object], str]:
    of = attrgetter(name)
    return lambda one: ",".join(of(one))


_BULK: Final[Getters] = {"status": _blank, "dateLastModified": _blank}
# oneroster-csv 14, version 1.1; users without the password, which no receiver wants, and with Connect's language.
_USERS: Final[Getters] = {
    "sourcedId": attrgetter("id"),
    **_BULK,
    "enabledUser": _always("true"),
    "orgSourcedIds": _listed("schools"),
    "role": attrgetter("role"),
    "username": attrgetter("username"),
    "userIds": _blank,
    "givenName": attrgetter("given"),
    "familyName": attrgetter("family"),
    "middleName": attrgetter("middle"),
    "identifier": attrgetter("identifier"),
    "email": attrgetter("email"),
    "sms": attrgetter("sms"),
    "phone": attrgetter("phone"),
    "agentSourcedIds": _blank,
    "grades": attrgetter("grade"),
    "language": attrgetter("language"),
}
_CLASSES: Final[Getters] = {
    "sourcedId": attrgetter("id"),
    **_BULK,
    "title": attrgetter("title"),
    "grades": _listed("grades"),
    "courseSourcedId": attrgetter("course"),
    "classCode": lambda room: room.id.rpartition("-")[2],
    "classType": attrgetter("kind"),
    "location": attrgetter("location"),
    "schoolSourcedId": attrgetter("school"),
    "termSourcedIds": _blank,
    "subjects": attrgetter("subject"),
    "subjectCodes": attrgetter("subject_code"),
    "periods": _listed("periods"),
}
_ENROLLMENTS: Final[Getters] = {
    "sourcedId": attrgetter("id"),
    **_BULK,
    "classSourcedId": attrgetter("classroom"),
    "schoolSourcedId": attrgetter("school"),
    "userSourcedId": attrgetter("person"),
    "role": attrgetter("role"),
    "primary": attrgetter("primary"),
    "beginDate": attrgetter("begins"),
    "endDate": _blank,
}
_GUARDIANS: Final[Getters] = {
    "guardianSourcedId": attrgetter("id"),
    "givenName": attrgetter("given"),
    "familyName": attrgetter("family"),
    "email": attrgetter("email"),
    "sms": attrgetter("sms"),
    "phone": attrgetter("phone"),
    "language": attrgetter("language"),
}


def connect_files(district: District, *, separate_guardians: bool) -> Sheets:
    """The files of a night, guardians either in users.csv or in Connect's own guardians.csv (connect-behaviour 1.4)."""
    sheets = {
        "users": Sheet(file="users", frame=users(district, guardians=not separate_guardians)),
        "classes": Sheet(file="classes", frame=classes(district)),
        "enrollments": Sheet(file="enrollments", frame=enrollments(district)),
    }
    if separate_guardians:
        sheets["guardians"] = Sheet(file="guardians", frame=_guardians(district))
    return sheets


def users(district: District, *, guardians: bool) -> pl.DataFrame:
    """Everybody in the order students, guardians, staff; students name their guardians where these are here too."""
    students = list(district.students.values())
    rows = [_frame(_USERS, students)]
    if guardians:
        agents = [",".join(district.families[student.home].guardians) for student in students]
        rows = [rows[0].with_columns(agentSourcedIds=pl.Series(agents, dtype=pl.String))]
        rows.append(_frame(_USERS, district.guardians.values()))
    return pl.concat([*rows, _frame(_USERS, district.staff.values())])


def classes(district: District) -> pl.DataFrame:
    """Every classroom."""
    return _frame(_CLASSES, district.classrooms.values()).with_columns(termSourcedIds=pl.lit(district.year.term))


def enrollments(district: District) -> pl.DataFrame:
    """Everybody in every classroom."""
    return _frame(_ENROLLMENTS, district.enrollments.values()).with_columns(endDate=pl.lit(district.year.ends))


def _guardians(district: District) -> pl.DataFrame:
    """One row a student and guardian."""
    pairs = [
        (student.id, district.guardians[guardian])
        for student in district.students.values()
        for guardian in district.families[student.home].guardians
    ]
    students = pl.Series("studentSourcedId", [student for student, _ in pairs], dtype=pl.String)
    return _frame(_GUARDIANS, [guardian for _, guardian in pairs]).insert_column(0, students)


def _frame(getters: Getters, records: Iterable[object]) -> pl.DataFrame:
    """A row a record: each column at once, which is the quickest way out of Python."""
    records = list(records)
    return pl.DataFrame(
        {column: list(map(get, records)) for column, get in getters.items()}, schema=dict.fromkeys(getters, pl.String)
    )


def user_row(person: Person) -> Cells:
    """A row of users.csv."""
    return _row(_USERS, person)


def guardian_row(student: str, guardian: Person) -> Cells:
    """A row of guardians.csv."""
    return {"studentSourcedId": student, **_row(_GUARDIANS, guardian)}


def _row(getters: Getters, record: object) -> Cells:
    return {column: get(record) for column, get in getters.items()}
