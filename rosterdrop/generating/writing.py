"""A district as the files of one night: OneRoster 1.1 as Connect takes it, each file first as a sheet of cells."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from config.tables import TableName, file_of
from rosterdrop.generating.district import District
from rosterdrop.generating.people import Classroom, Enrollment, Person
from rosterdrop.generating.schooling import TERM, TERM_ENDS

# oneroster-csv 14, version 1.1; users without the password, which no receiver wants, and with Connect's language.
_BULK: Final = ("sourcedId", "status", "dateLastModified")
HEADERS: Final[Mapping[TableName, tuple[str, ...]]] = {
    "users": (
        *_BULK,
        *("enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName", "familyName", "middleName"),
        *("identifier", "email", "sms", "phone", "agentSourcedIds", "grades", "language"),
    ),
    "classes": (
        *_BULK,
        *("title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId"),
        *("termSourcedIds", "subjects", "subjectCodes", "periods"),
    ),
    "enrollments": (
        *_BULK,
        *("classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"),
    ),
    "guardians": (
        *("studentSourcedId", "guardianSourcedId", "givenName", "familyName", "email", "sms", "phone", "language"),
    ),
}

Row = list[str]


@dataclass(slots=True, kw_only=True)
class Sheet:
    """One file before it is written. `torn`: the text of rows that are no longer cells, by their position."""

    table: TableName
    rows: list[Row]
    torn: dict[int, str] = field(default_factory=dict)

    def column(self, name: str) -> int:
        """Where a column stands."""
        return HEADERS[self.table].index(name)

    def cell(self, row: int, column: str) -> str:
        """What a cell holds."""
        return self.rows[row][self.column(column)]

    def put(self, row: int, column: str, value: str) -> None:
        """Write into a cell."""
        self.rows[row][self.column(column)] = value

    def append(self, row: Row) -> int:
        """Add a row at the end; its position."""
        self.rows.append(row)
        return len(self.rows) - 1


Sheets = dict[TableName, Sheet]


def sheets_of(district: District, *, separate_guardians: bool) -> Sheets:
    """The files of a night, guardians either in users.csv or in Connect's own guardians.csv (connect-behaviour 1.4)."""
    inside = {} if separate_guardians else district.guardians
    sheets: Sheets = {
        "users": Sheet(
            table="users",
            rows=[
                *(user_row(person, _agents(district, person, inside)) for person in district.students.values()),
                *(user_row(person) for person in inside.values()),
                *(user_row(person) for person in district.staff.values()),
            ],
        ),
        "classes": Sheet(table="classes", rows=[_class_row(room) for room in district.classrooms.values()]),
        "enrollments": Sheet(
            table="enrollments", rows=[enrollment_row(seat) for seat in district.enrollments.values()]
        ),
    }
    if separate_guardians:
        sheets["guardians"] = Sheet(table="guardians", rows=list(_guardian_rows(district)))
    return sheets


def _agents(district: District, student: Person, inside: Mapping[str, Person]) -> tuple[str, ...]:
    return district.families[student.home].guardians if inside else ()


def user_row(person: Person, agents: tuple[str, ...] = ()) -> Row:
    """A row of users.csv, in the order of its header."""
    return [
        person.id,
        *("", "", "true"),
        ",".join(person.schools),
        person.role,
        person.username,
        "",
        person.given,
        person.family,
        person.middle,
        person.identifier,
        person.email,
        person.sms,
        person.phone,
        ",".join(agents),
        person.grade,
        person.language,
    ]


def _class_row(room: Classroom) -> Row:
    return [
        room.id,
        *("", ""),
        room.title,
        ",".join(room.grades),
        room.course,
        room.id.rpartition("-")[2],
        room.kind,
        room.location,
        room.school,
        TERM,
        room.subject,
        room.subject_code,
        ",".join(room.periods),
    ]


def enrollment_row(seat: Enrollment) -> Row:
    """A row of enrollments.csv, in the order of its header."""
    pair = (seat.classroom, seat.school, seat.person)
    return [seat.id, "", "", *pair, seat.role, seat.primary, seat.begins, TERM_ENDS]


def _guardian_rows(district: District) -> Iterator[Row]:
    for student in district.students.values():
        for guardian in district.families[student.home].guardians:
            yield guardian_row(student.id, district.guardians[guardian])


def guardian_row(student: str, guardian: Person) -> Row:
    """A row of guardians.csv, in the order of its header."""
    name = (guardian.given, guardian.family)
    return [student, guardian.id, *name, guardian.email, guardian.sms, guardian.phone, guardian.language]


def write_sheet(folder: Path, sheet: Sheet) -> None:
    """Write a file as RFC 4180 has it: CRLF, quotes only where a cell needs them."""
    with (folder / file_of(sheet.table)).open("w", encoding="utf-8", newline="") as file:
        cells = csv.writer(file)
        cells.writerow(HEADERS[sheet.table])
        for after, upto in pairwise((-1, *sorted(sheet.torn), len(sheet.rows))):
            cells.writerows(sheet.rows[after + 1 : upto])
            if upto in sheet.torn:
                file.write(sheet.torn[upto] + "\r\n")


def as_text(cells: Iterable[str]) -> str:
    """One row as it would be written, without its line end, so that it can be torn."""
    return ",".join(_quoted(cell) if '"' in cell or "," in cell else cell for cell in cells)


def _quoted(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


def write_json(path: Path, document: Mapping[str, object]) -> None:
    """Write a document for programs, in the order in which it was put together."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
