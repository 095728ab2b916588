"""A set of files as read, and its verdict row by row: what a batch of the service and `check` have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from config.profiles import Profile
from config.tables import ALONGSIDE, TABLES, TableName, file_of
from processors.unpacking import is_refused
from validators import FileFacts, Judgement, Known, Reading, Table, judge, read
from validators.abreast import abreast
from validators.findings import Finding, as_frame, joined
from validators.judging import unjudged


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFile:
    """One file of a set that a table takes; `sha256` is None where nobody has hashed it yet."""

    path: Path
    file: str
    table: TableName
    sha256: str | None = None
    carried_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSet:
    """The files of a set, read.

    Attributes:
        present: tables for which a file is there, readable or not.
        tables: the ones that could be read.
        facts: of every file, readable or not.
        findings: what taking and reading found, as FINDINGS.
        refused: whether the files bring nothing, whatever is in them.
    """

    present: frozenset[TableName]
    facts: tuple[FileFacts, ...]
    tables: Mapping[TableName, Table]
    findings: pl.DataFrame
    refused: bool = False


Advance = Callable[[int], None]
"""Is told how many bytes were read since the last time, by who watches a long work."""


def nobody_watches(_bytes: int) -> None:
    """Nothing is shown."""


def read_set(
    files: Sequence[SetFile], profile: Profile, found: Sequence[Finding] = (), advance: Advance = nobody_watches
) -> FileSet:
    """Read every file; `found` is what taking them found, which may forbid to read any."""
    if is_refused(found):
        return FileSet(present=frozenset(), facts=(), tables={}, findings=as_frame(found), refused=True)
    readings: dict[TableName, Reading] = {}
    taken = [file for file in files if file.table not in ALONGSIDE or profile.attributes.take]
    left = [file for file in files if file not in taken]
    for file in left:
        advance(file.path.stat().st_size)
    for file, reading in zip(taken, abreast(lambda file: _read(file, profile), taken), strict=True):
        readings[file.table] = reading
        advance(reading.facts.bytes)
    unused = [Finding(code="attribute.off", file=file_of(file.table)) for file in left]
    return FileSet(
        present=frozenset(readings),
        facts=tuple(readings[name].facts for name in TABLES if name in readings),
        tables={name: reading.table for name, reading in readings.items() if reading.table is not None},
        findings=joined([*(reading.findings for reading in readings.values()), as_frame([*found, *unused])]),
    )


def _read(file: SetFile, profile: Profile) -> Reading:
    return read(
        file.path,
        file.table,
        encoding=profile.reading.encoding,
        headers=profile.reading.headers_of(file.table),
        dispensable=profile.dispensable,
        sha256=file.sha256,
        file=file.file,
        carried_from=file.carried_from,
    )


def judge_set(files: FileSet, profile: Profile, known: Known) -> Judgement:
    """The verdict on every row of a set; files that could not be read stand in it with what is known of them."""
    if files.refused:
        return unjudged(files.findings)
    missing = frozenset(profile.arrival.expected) - files.present
    judgement = judge(files.tables, profile, known, read_findings=files.findings, missing=missing)
    return replace(judgement, facts=files.facts)
