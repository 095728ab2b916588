"""Clever's own CSV files in a set: read, and written as the tables that Connect takes (clever-classlink A11)."""

from collections.abc import Collection, Iterable, Mapping
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
from validators.clever.converting import converted
from validators.clever.reading import read_files
from validators.finding import Finding

_THEIRS_ALONE: Final[frozenset[TableName]] = frozenset({"users", "classes", "enrollments"})


_OF_STAFF: Final = b",staff.csv,"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The tables that Clever's files make, as files, and what there is to say; no tables where the set is refused."""

    paths: Mapping[TableName, Path]
    findings: tuple[Finding, ...]


def clever_among(files: Iterable[DeliveredFile]) -> list[DeliveredFile]:
    """Clever's files that count."""
    return [file for file in files if file.kind == "clever" and not file.unexpected]


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


def lost_staff(home: Home, store: Store, district: str, made: Made, *, test: bool) -> list[Finding]:
    """Says that staff.csv is missing or empty, where people of it are in Connect: they would all leave."""
    users = made.paths.get("users")
    if users is None or _has_staff(users):
        return []
    before = next((batch for batch in ledger.applied(store, district, test=test, most=1)), None)
    told = [frozen.frozen_file(home, before, file) for file in before.files if file.table == "users"] if before else []
    had = any(path.is_file() and _has_staff(path) for path in told)
    return [Finding(code="clever.staff_missing", file="staff.csv")] if had else []


def _has_staff(users: Path) -> bool:
    """Whether a users.csv that was made has rows of staff.csv (`config.origins`)."""
    return _OF_STAFF in users.read_bytes()


def by_file(files: Iterable[DeliveredFile]) -> dict[CleverFile, DeliveredFile]:
    """Delivered files by which of Clever's each is."""
    return {which: file for file in files if (which := clever_file_of(file.name))}
