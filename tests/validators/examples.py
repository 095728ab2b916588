"""A small valid set, the edits that examples of the catalogue make to it, and its verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from config.profiles import Guardians, Profile, Sync
from config.tables import REQUIRED_BY_DEFAULT, TABLES, TableName, file_of
from validators.catalogue import Entry
from validators.judging import Judgement, Known, judge
from validators.reading import read
from validators.tables import BROKEN, FileFacts, Table

Row = dict[str, str]

SPRINGFIELD: Final = Profile(
    id="springfield", name="Springfield", time_zone=ZoneInfo("America/Chicago"), schools={"0042": "Lincoln High"}
)

# Line 2 is the first row of each.
BASE: Final[Mapping[TableName, str]] = {
    "users": """
sourcedId status orgSourcedIds role    givenName familyName email           sms           agentSourcedIds grades
s-1       active 0042          student Ana       Lopez      -               -             g-1             05
s-2       active 0042          student Ben       Kim        -               -             g-1             05
t-1       active 0042          teacher Tom       Young      tom@example.org -             -               -
g-1       active 0042          parent  Gia       Lopez      gia@example.org -             -               -
t-2       active 0042          aide    Tia       Young      tia@example.org (212)555-0143 -               -
""",
    "classes": """
sourcedId status title grades location schoolSourcedId
c-1       active Math  05     -        0042
c-2       active Art   05     -        0042
""",
    "enrollments": """
sourcedId status classSourcedId schoolSourcedId userSourcedId role
e-1       active c-1            0042            s-1           student
e-2       active c-2            0042            s-2           student
e-3       active c-1            0042            t-1           teacher
e-4       active c-2            0042            t-1           teacher
""",
    "guardians": """
studentSourcedId guardianSourcedId givenName familyName email           sms phone language
s-1              h-1               Gia       Lopez      gia@example.org -   -     es
s-2              h-2               Hal       Kim        hal@example.org -   -     en
""",
    "student_attributes": """
studentSourcedId house bus
s-1              Blue  7
s-2              Green 9
""",
}


def base(name: TableName) -> list[Row]:
    """The rows of a table of the valid set."""
    header, *lines = BASE[name].strip().splitlines()
    columns = header.split()
    cells = ([cell.replace("-", "", 1) if cell == "-" else cell for cell in line.split()] for line in lines)
    return [dict(zip(columns, row, strict=True)) for row in cells]


def table(
    name: TableName, rows: Sequence[Row], *, columns: Sequence[str] = (), broken: Mapping[int, str] | None = None
) -> Table:
    """A table as reading makes it: rows from line 2 on, an empty cell null; `broken` is line to raw text."""
    names = list(dict.fromkeys([*columns, *(column for row in rows for column in row)])) or list(base(name)[0])
    torn = broken or {}
    lines = [line for line in range(2, len(rows) + len(torn) + 2) if line not in torn]
    frame = pl.DataFrame(
        {"line": lines} | {column: [row.get(column) or None for row in rows] for column in names},
        schema={"line": pl.UInt32} | dict.fromkeys(names, pl.String),
    )
    unread = pl.DataFrame(
        {"line": list(torn), "raw": list(torn.values()), "code": ["row.cells"] * len(torn)}, schema=BROKEN
    )
    facts = FileFacts(file=file_of(name), bytes=1, sha256="0", rows=len(rows) + len(torn))
    return Table(name=name, facts=facts, rows=frame, broken=unread)


def tables(**changed: Sequence[Row]) -> dict[TableName, Table]:
    """The valid set, with other rows where they are given; what is not expected is in it where it is given."""
    wanted = [name for name in TABLES if name in {*REQUIRED_BY_DEFAULT, *changed}]
    return {name: table(name, changed.get(name, base(name))) for name in wanted}


class Example:
    """An example of the catalogue, played."""

    def __init__(self, needs: str | None, edits: Sequence[Mapping[str, Any]], folder: Path) -> None:
        self.rows = {name: base(name) for name in TABLES if name in {*REQUIRED_BY_DEFAULT, needs}}
        self.files: dict[TableName, bytes] = {}
        self.profile = SPRINGFIELD
        self.known = Known()
        self.missing: frozenset[TableName] = frozenset()
        self.folder = folder
        for edit in edits:
            self.play(edit)

    def play(self, edit: Mapping[str, Any]) -> None:
        """One edit, as `catalogue.Entry` describes them."""
        if "file" in edit:
            self._edit_file(edit["file"], edit)
        else:
            self._edit_terms(edit)

    def _edit_file(self, name: TableName, edit: Mapping[str, Any]) -> None:
        rows = self.rows.setdefault(name, base(name))
        match edit:
            case {"line": line, "set": cells}:
                rows[line - 2] |= cells
            case {"add": cells}:
                rows.append(cells)
            case {"repeat": line}:
                rows.append(rows[line - 2])
            case {"line": line, "drop": True}:
                del rows[line - 2]
            case {"rows": 0}:
                rows.clear()
            case {"text": text}:
                self.files[name] = text.encode()
            case {"hex": digits}:
                self.files[name] = bytes.fromhex(digits)
            case _:
                assert "take" in edit

    def _edit_terms(self, edit: Mapping[str, Any]) -> None:
        match edit:
            case {"schools": schools}:
                known = None if schools == "auto" else {school: school for school in schools}
                self.profile = replace(self.profile, schools=known)
            case {"guardians": source}:
                self.profile = replace(self.profile, guardians=Guardians(source=source))
                self.rows.setdefault("guardians", base("guardians"))
            case {"contact_sharing": sharing}:
                self.profile = replace(self.profile, sync=Sync(contact_sharing=sharing))
            case {"guardians_file_seen": True}:
                self.known = Known(guardians_file_seen=True)
            case {"missing": names}:
                self.missing = frozenset(names)
                self.rows = {name: rows for name, rows in self.rows.items() if name not in self.missing}
            case {"many": faults}:
                nameless = {"orgSourcedIds": "0042", "role": "aide", "familyName": "Doe"}
                self.rows["users"] += [nameless | {"sourcedId": f"n-{place}"} for place in range(faults)]
            case _:
                self._add_people(edit)

    def _add_people(self, edit: Mapping[str, Any]) -> None:
        match edit:
            case {"lost": what, "number": number}:
                self._name_lost(what, [f"x-{place}" for place in range(number)])
            case {"children": children}:
                self._enroll(["g-1"] * (children - 2))  # two name g-1 already
            case {"relatives": relatives, **contact}:
                keys = [f"r-{place}" for place in range(relatives)]
                self._enroll(keys)
                self.rows["users"] += [_person(key, "relative") | contact for key in keys]
            case {"teachers": teachers}:
                keys = [f"x-{place}" for place in range(teachers)]
                self.rows["users"] += [_person(key, "teacher") for key in keys]
                self.rows["enrollments"] += [_seat("c-1", key, "teacher") for key in keys]
            case {"classes": classes}:
                keys = [f"x-{place}" for place in range(classes)]
                self.rows["classes"] += [base("classes")[0] | {"sourcedId": key} for key in keys]
                self.rows["enrollments"] += [_seat(key, "s-1", "student") for key in keys]
                self.rows["enrollments"] += [_seat(key, "t-1", "teacher") for key in keys]
            case _:
                raise AssertionError(edit)

    def _enroll(self, agents: Sequence[str]) -> None:
        """More students in a class, one for each guardian named."""
        for place, agent in enumerate(agents):
            self.rows["users"].append(_person(f"x-{place}", "student") | {"email": "", "agentSourcedIds": agent})
            self.rows["enrollments"].append(_seat("c-1", f"x-{place}", "student"))

    def _name_lost(self, what: str, keys: Sequence[str]) -> None:
        """Rows that name people, classes or guardians who are nowhere."""
        seat = {"classSourcedId": "c-1", "userSourcedId": "s-1", "role": "student"}
        match what:
            case "people":
                self.rows["enrollments"] += [seat | {"userSourcedId": key} for key in keys]
            case "classes":
                self.rows["enrollments"] += [seat | {"classSourcedId": key} for key in keys]
            case "guardians":
                self.rows["users"][0] |= {"agentSourcedIds": ",".join(["g-1", *keys])}

    def judged(self) -> Judgement:
        """The verdict on the set as it was edited."""
        made = {name: table(name, rows) for name, rows in self.rows.items() if name not in self.files}
        findings = []
        for name, data in self.files.items():
            path = self.folder / file_of(name)
            path.write_bytes(data)
            reading = read(path, name, dispensable=self.profile.dispensable)
            findings.append(reading.findings)
            if reading.table:
                made[name] = reading.table
        read_findings = pl.concat(findings) if findings else None
        return judge(made, self.profile, self.known, read_findings=read_findings, missing=self.missing)


def _person(key: str, role: str) -> Row:
    return {
        "sourcedId": key,
        "orgSourcedIds": "0042",
        "role": role,
        "givenName": f"Pat {key}",
        "familyName": "Doe",
        "email": f"{key}@example.org",
    }


def _seat(room: str, key: str, role: str) -> Row:
    return {"classSourcedId": room, "userSourcedId": key, "role": role}


def codes_of(judgement: Judgement) -> list[str]:
    """The codes of the findings, in order."""
    return judgement.findings["code"].to_list()


def failing(about: Entry, folder: Path) -> Judgement:
    """The verdict on a code's failing example."""
    return Example(about.needs, about.fails or (), folder).judged()


def passing(about: Entry, folder: Path) -> Judgement:
    """The verdict on a code's passing example."""
    return Example(about.needs, about.passes or (), folder).judged()
