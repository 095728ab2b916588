"""Deliveries that do not come over SFTP: files that somebody names, and an old batch that is run again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from config.clever_files import CleverFile, clever_file_of, tables_named, tables_of
from config.home import Home
from config.profiles import Profile
from config.tables import TableName, table_of
from connect_store import ledger
from connect_store.ledger import LedgerBatch, LedgerFile
from connect_store.retention import require_files
from connect_store.store import Store
from processors import freezing, frozen
from processors.archives import WITHOUT_RESERVE, Limits, Refusal, names_in, require_archive
from processors.freezing import MADE, Delivery
from processors.lending import lendable, lender_of
from processors.unpacking import DeliveredFile, kind_of, seen_as


class NothingToTake(Exception):
    """What was named holds no file that can be judged, or more than one for a table."""

    exit_code = 2


def files_at(paths: Sequence[Path]) -> list[DeliveredFile]:
    """The CSV files that these paths name, or one ZIP: folders are looked into, one level deep.

    Raises:
        NothingToTake: a path is missing or no CSV, no roster file is among them, or two are for the same table.
        NoArchive: what should be a ZIP is none.
    """
    archives = [path for path in paths if kind_of(path.name) == "archive" and path.is_file()]
    if archives:
        return [_archive(paths)]
    files = [_delivered(path) for named in paths for path in _csv_files(named)]
    tables = Counter(file.table for file in files if file.table)
    if not tables and not any(file.kind in {"repair", "clever"} for file in files):
        raise NothingToTake("no users.csv, classes.csv, enrollments.csv or guardians.csv is there; nothing was done")
    for table, times in tables.items():
        if times > 1:
            alike = ", ".join(file.name for file in files if file.table == table)
            raise NothingToTake(f"{alike} are all taken as {table}.csv; name one of them")
    named = Counter(file.name for file in files)
    if twice := [name for name, times in named.items() if times > 1]:
        raise NothingToTake(f"{', '.join(twice)} is named more than once; name one of each")
    return _without_overtaken_repairs(files)


def upload(
    store: Store, profile: Profile, files: Sequence[DeliveredFile], *, who: str, limits: Limits = WITHOUT_RESERVE
) -> Delivery:
    """Files as if they had come by SFTP: expected tables that are not among them are carried where that is possible.

    Raises:
        NotJudgedYet: it is not known yet what can be carried.
    """
    missing = frozenset(profile.arrival.expected) - _tables_of(files)
    lent = _lent(store, profile, missing, test=False, now=datetime.now(UTC))
    return Delivery(
        district=profile.id,
        files=files,
        who=who,
        origin="upload",
        carried=lent if lent == missing else frozenset(),
        most_inflated=limits.most_bytes,
        reserve_bytes=limits.reserve_bytes,
    )


def without_older(store: Store, profile: Profile, delivery: Delivery, *, now: datetime) -> Delivery | None:
    """A delivery without files of which the newest batch has a newer one: the older must not undo it.

    A batch that was refused or failed brought nothing that could be undone.

    What then lacks to the expected set is carried. None where nothing newer is left.

    Raises:
        NotJudgedYet: it is not known yet what can be carried.
    """
    newest = ledger.last_standing(store, delivery.district, test=delivery.test)
    came = {file.table: ledger.moment(file.arrived) for file in (newest.files if newest else ()) if file.table}
    newer = [file for file in delivery.files if not _is_older(file, came)]
    if len(newer) == len(delivery.files):
        return delivery
    if not any(file.table or file.kind in {"archive", "clever"} for file in newer):
        return None
    missing = frozenset(profile.arrival.expected) - _tables_of(newer)
    return replace(delivery, files=newer, carried=_lent(store, profile, missing, test=delivery.test, now=now))


def again(
    home: Home,
    store: Store,
    batch: LedgerBatch,
    *,
    who: str,
    limits: Limits = WITHOUT_RESERVE,
    origin: Literal["requeue", "approve", "schedule", "once"] = "requeue",
) -> Delivery:
    """The frozen files of an old batch, to be run with today's profile, or with its own where they are approved.

    An archive that was inflated is left out, for its files stand beside it; so are tables that were made of Clever's
    files, which are made of them again. What was refused is looked at anew, an archive as well as repaired rows.

    Raises:
        NewerBatch: a newer batch of the district was applied or waits to be.
        NotKept: its frozen files are no longer there.
    """
    freezing.refuse_overtaken(store, batch)
    require_files(store, batch.number, "run again")
    files = [
        DeliveredFile(
            path=frozen.intact(home, batch, file),
            name=file.file,
            kind=kind_of(file.file),
            table=table_of(file.file),
            generation=file.generation,
            arrived=ledger.moment(file.arrived),
            link=True,
            carried_from=file.carried_from,
        )
        for file in batch.files
        if not _is_inflated(file, batch) and not _is_made(file, batch)
    ]
    return Delivery(
        district=batch.district,
        files=files,
        who=who,
        origin=origin,
        test=batch.test,
        requeue_of=batch.number,
        most_inflated=limits.most_bytes,
        reserve_bytes=limits.reserve_bytes,
    )


def _lent(
    store: Store, profile: Profile, missing: frozenset[TableName], *, test: bool, now: datetime
) -> frozenset[TableName]:
    """Those of the missing tables that can be carried."""
    if not missing:
        return frozenset()
    lender = lender_of(store, profile.id, test=test)
    return missing & lendable(lender, now=now, carry_hours=profile.arrival.carry_hours)


def _is_inflated(file: LedgerFile, batch: LedgerBatch) -> bool:
    """Whether a file is an archive whose own files are in the batch: they have its generation."""
    inside = [other for other in batch.files if other.generation == file.generation and other is not file]
    return kind_of(file.file) == "archive" and bool(inside)


def _is_made(file: LedgerFile, batch: LedgerBatch) -> bool:
    """Whether a table was made of Clever's files of its batch."""
    beside = any(kind_of(other.file) == "clever" for other in batch.files)
    return beside and file.generation.startswith(MADE) and file.carried_from is None


def _is_older(file: DeliveredFile, came: Mapping[TableName, datetime]) -> bool:
    """Whether a newer file came for the table of this one, or for any table where it is about several."""
    if file.kind in {"archive", "clever"}:
        return any(file.arrived < at for at in came.values())
    return file.table is not None and file.table in came and file.arrived < came[file.table]


def _tables_of(files: Iterable[DeliveredFile]) -> frozenset[TableName]:
    """The tables that files bring, by their names; of an archive those of its directory, or none."""
    tables: set[TableName] = set()
    of_clever: set[CleverFile] = set()
    for file in files:
        if file.table:
            tables.add(file.table)
        elif file.kind == "clever" and (which := clever_file_of(file.name)):
            of_clever.add(which)
        elif file.kind == "archive" and not file.unexpected and not isinstance(inside := names_in(file.path), Refusal):
            tables |= tables_named(inside)
    return frozenset(tables) | tables_of(of_clever)


def _archive(paths: Sequence[Path]) -> DeliveredFile:
    if len(paths) > 1:
        raise NothingToTake("a ZIP holds the whole set; name it alone")
    require_archive(paths[0])
    return _delivered(paths[0])


def _csv_files(named: Path) -> list[Path]:
    if named.is_dir():
        found = sorted(path for path in named.iterdir() if path.is_file() and not path.name.startswith("."))
        csv_files = [path for path in found if path.suffix.casefold() == ".csv"]
        if not csv_files:
            raise NothingToTake(f"{named} holds no .csv file; nothing was done")
        return csv_files
    if not named.is_file():
        raise NothingToTake(f"{named} is not there, or is neither a file nor a folder")
    if named.suffix.casefold() != ".csv":
        raise NothingToTake(f"{named.name} is neither a .csv file nor a .zip archive; nothing was done")
    return [named]


def _without_overtaken_repairs(files: Sequence[DeliveredFile]) -> list[DeliveredFile]:
    """Repaired rows beside new tables are not used: the tables make a newer batch than the one that they repair."""
    beside_tables = any(file.table or file.kind == "clever" for file in files)
    return [replace(file, unexpected=True) if file.kind == "repair" and beside_tables else file for file in files]


def _delivered(path: Path) -> DeliveredFile:
    kind, table = seen_as(path)
    return DeliveredFile(
        path=path.resolve(),
        name=path.name,
        kind=kind,
        table=table,
        generation=f"upload-{path.stat().st_mtime_ns}",
        arrived=datetime.now(UTC),
    )
