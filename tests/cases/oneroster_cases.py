"""The cases of the rule set `oneroster`: deliveries that keep or break a clause, as files. README.md has their form."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from config.oneroster import VERSIONS, Version
from tests.cases.columns import Columns, tables
from tests.cases.deliveries import Delivery, Edit
from validators import catalogue

FOLDER: Final = Path(__file__).with_name("oneroster")
Place = tuple[str, str | None, int | None, str | None]
"""A finding as a case says it: code, file, line, column."""

_NO_CASES: Final = frozenset({"base", "columns"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One delivery of a case in one version, and what must be said of it.

    Attributes:
        asked: the version that is asked for; None to have it found.
        findings: exactly those of the levels error and warning.
        notes: codes of level info that must be among the others.
    """

    name: str
    version: Version
    asked: Version | None
    edits: tuple[Edit, ...]
    verdict: str
    findings: tuple[Place, ...] = ()
    notes: tuple[str, ...] = ()

    def delivery(self) -> Delivery:
        """The files as edited."""
        return Delivery(self.version).edited(self.edits)

    def __str__(self) -> str:
        return f"{self.version} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One clause: how it is kept, and how it is broken."""

    name: str
    clause: str
    says: str
    keeps: tuple[Played, ...] = field(default=())
    breaks: tuple[Played, ...] = field(default=())

    @property
    def played(self) -> tuple[Played, ...]:
        """All its deliveries."""
        return (*self.keeps, *self.breaks)


@cache
def cases() -> tuple[Case, ...]:
    """Every case: those of a file each, and those that the tables of columns make."""
    files = sorted(file for file in FOLDER.glob("*/*.toml") if file.parent.name not in _NO_CASES)
    return (*(_read(file) for file in files), *(_of(table) for table in tables()))


@cache
def named() -> Mapping[str, Case]:
    """Every case by its name, as `3.5/primary-role`."""
    return {case.name: case for case in cases()}


def _read(file: Path) -> Case:
    said = tomllib.loads(file.read_text(encoding="utf-8"))
    name = file.relative_to(FOLDER).with_suffix("").as_posix()
    versions = tuple(said.get("versions", VERSIONS))
    return Case(
        name=name,
        clause=said["clause"],
        says=said["says"],
        keeps=tuple(_played(f"{name} keeps", said.get("keeps", ()), versions)),
        breaks=tuple(_played(f"{name} breaks", said.get("breaks", ()), versions)),
    )


def _played(name: str, said: list[Mapping[str, Any]], versions: tuple[Version, ...]) -> Iterator[Played]:
    for place, one in enumerate(said, 1):
        for version in one.get("versions", versions):
            yield Played(
                name=f"{name} {place}",
                version=version,
                asked=None if one.get("asked") == "auto" else one.get("asked", version),
                edits=tuple(one["edits"]),
                verdict=one.get("verdict", "accepted"),
                findings=tuple(_place(finding) for finding in one.get("findings", ())),
                notes=tuple(one.get("notes", ())),
            )


def _place(finding: Mapping[str, Any]) -> Place:
    return finding["code"], finding.get("file"), finding.get("line"), finding.get("column")


def _of(table: Columns) -> Case:
    return Case(
        name=table.name,
        clause=table.clause,
        says=f"What the cells of {table.file}.csv must be.",
        keeps=tuple(_kept(table, version) for version in table.versions),
        breaks=tuple(
            played for version in table.versions for played in (_broken(table, version), *_headers(table, version))
        ),
    )


def _kept(table: Columns, version: Version) -> Played:
    edits = [edit for _, edits in table.rows(table.keeping(version)) for edit in edits]
    return Played(name=f"{table.name} keeps", version=version, asked=version, edits=tuple(edits), verdict="accepted")


def _broken(table: Columns, version: Version) -> Played:
    """A new row for each value that is wrong, and what falls with it."""
    lines = {file: len(rows) for file, rows in Delivery(version).sheets.items()}
    edits: list[Edit] = []
    findings: list[Place] = []
    for value, of_row in table.rows(table.breaking(version)):
        edits += of_row
        for edit in of_row:
            lines[f"{edit['file']}.csv"] += 1
        file = f"{table.file}.csv"
        findings.append((value.code or "", file, lines[file], value.column))
        fallen = table.fallen if len(of_row) > 1 and value.code in catalogue.rejecting("row") else ()
        findings += [
            ("oneroster.reference.rejected", f"{fall['file']}.csv", lines[f"{fall['file']}.csv"], fall["column"])
            for fall in fallen
        ]
    return Played(
        name=f"{table.name} breaks",
        version=version,
        asked=version,
        edits=tuple(edits),
        verdict="accepted_with_rejections",
        findings=tuple(findings),
    )


def _headers(table: Columns, version: Version) -> Iterator[Played]:
    """Headers without the columns whose cells may be blank, and without one of those whose cells are filled."""
    file = f"{table.file}.csv"
    required = [column for column, asked in table.columns.items() if asked.get("required")]
    optional = [column for column in table.columns if column not in required]
    yield Played(
        name=f"{table.name} without optional columns",
        version=version,
        asked=version,
        edits=tuple({"file": table.file, "column": column, "drop": True} for column in optional),
        verdict="accepted",
        findings=tuple(("oneroster.header.optional_missing", file, 1, column) for column in optional),
    )
    yield Played(
        name=f"{table.name} without required columns",
        version=version,
        asked=version,
        edits=tuple({"file": table.file, "column": column, "drop": True} for column in required[1:] or required),
        verdict="refused",
        findings=tuple(("oneroster.header.required_missing", file, 1, column) for column in required[1:] or required),
    )
