"""A set of files as read, and its verdict row by row: what a batch of the service and `check` have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from config.profiles import Profile
from config.tables import TABLES, TableName
from validators import FileFacts, Judgement, Known, Table, judge, read
from validators.findings import Finding, as_frame, joined


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFile:
    """One file of a set; `table` is None where nothing takes it, `sha256` where nobody has hashed it yet."""

    path: Path
    file: str
    table: TableName | None
    sha256: str | None = None
    carried_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSet:
    """The files of a set, read.

    Attributes:
        present: tables for which a file is there, readable or not.
        tables: the ones that could be read.
        facts: of every file, readable or not.
        findings: what reading found, as FINDINGS.
    """

    present: frozenset[TableName]
    facts: tuple[FileFacts, ...]
    tables: Mapping[TableName, Table]
    findings: pl.DataFrame


def read_set(files: Sequence[SetFile], profile: Profile) -> FileSet:
    """Read every file that a table takes; the others are named."""
    readings = {
        file.table: read(
            file.path,
            file.table,
            encoding=profile.reading.encoding,
            sha256=file.sha256,
            file=file.file,
            carried_from=file.carried_from,
        )
        for file in files
        if file.table is not None
    }
    strangers = [Finding(code="file.unexpected", file=file.file) for file in files if file.table is None]
    return FileSet(
        present=frozenset(readings),
        facts=tuple(readings[name].facts for name in TABLES if name in readings),
        tables={name: reading.table for name, reading in readings.items() if reading.table is not None},
        findings=joined([*(reading.findings for reading in readings.values()), as_frame(strangers)]),
    )


def judge_set(files: FileSet, profile: Profile, known: Known) -> Judgement:
    """The verdict on every row of a set; files that could not be read stand in it with what is known of them."""
    missing = frozenset(profile.arrival.expected) - files.present
    judgement = judge(files.tables, profile, known, read_findings=files.findings, missing=missing)
    return replace(judgement, facts=files.facts)
