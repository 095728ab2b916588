"""Clever's own CSV files in a set: read, and written as the tables that Connect takes (clever-classlink A11)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.clever_files import CleverFile, clever_file_of
from config.home import Home
from config.profiles import Profile
from config.tables import TableName, file_of
from connect_store import ledger
from connect_store.store import Store
from processors import frozen
from processors.unpacking import DeliveredFile
from processors.verdicts import APPLIED
from validators.clever.converting import converted
from validators.clever.reading import read_files
from validators.finding import Finding

_THEIRS_ALONE: Final[frozenset[TableName]] = frozenset({"users", "classes", "enrollments"})
_OF_STAFF: Final = b",staff.csv,"
"""What stands in a users.csv that was made where a row is of staff.csv (`config.origins`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The tables that Clever's files make, as files, and what there is to say; no tables where the set is refused."""

    paths: Mapping[TableName, Path]
    findings: tuple[Finding, ...]


def by_file(files: Iterable[DeliveredFile]) -> dict[CleverFile, DeliveredFile]:
    """Clever's files among those that count, by which of them each is."""
    return {which: file for file in files if file.kind == "clever" and (which := clever_file_of(file.name))}


def tables_made(
    files: Mapping[CleverFile, Path], into: Path, profile: Profile, *, delivered: Collection[TableName]
) -> Made:
    """Write the tables that Clever's files make.

    Args:
        files: where they lie.
        into: a folder where no file of a table is but those that were delivered.
        profile: whose encoding and contacts count.
        delivered: tables that came as files of their own: a guardians.csv stands for the contacts of students.csv.
    """
    if twice := _THEIRS_ALONE & set(delivered):
        names = ", ".join(file_of(table) for table in sorted(twice))
        return Made(paths={}, findings=(Finding(code="clever.mixed", detail=names),))
    read = read_files(files, profile.reading.encoding)
    if not read.sheets:
        return Made(paths={}, findings=read.findings)
    made = converted(read.sheets, profile.clever, guardians="guardians" not in delivered)
    paths: dict[TableName, Path] = {}
    for table, rows in made.tables.items():
        paths[table] = into / file_of(table)
        rows.write_csv(paths[table])
    return Made(paths=paths, findings=(*read.findings, *made.findings))


def lost_staff(home: Home, store: Store, district: str, users: Path, *, test: bool) -> list[Finding]:
    """Says that staff.csv is missing or empty, where people of it came with what was applied last: they would leave.

    Args:
        home: the installation.
        store: what batches were applied.
        district: whose.
        users: the users.csv that was made tonight.
        test: whether the set came through `test/`.
    """
    if _has_staff(users):
        return []
    before = next((path for path in _users_applied(home, store, district, test=test)), None)
    had = before is not None and before.is_file() and _has_staff(before)
    return [Finding(code="clever.staff_missing", file="staff.csv")] if had else []


def _users_applied(home: Home, store: Store, district: str, *, test: bool) -> Iterator[Path]:
    """Each users.csv that was applied, by a night or because somebody approved it, newest first."""
    for batch in ledger.judged(store, district, test=test):
        if batch.verdict in APPLIED and batch.state not in ledger.TAKEN_BACK:
            yield from (frozen.frozen_file(home, batch, file) for file in batch.files if file.table == "users")


def _has_staff(users: Path) -> bool:
    return _OF_STAFF in users.read_bytes()
