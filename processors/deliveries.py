"""Deliveries that do not come over SFTP: files that somebody names, and an old batch that is run again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from config.home import Home
from config.profiles import Profile
from config.tables import table_of
from connect_store import ledger
from connect_store.ledger import LedgerBatch
from connect_store.store import Store
from processors import freezing
from processors.freezing import DeliveredFile, Delivery


class NothingToTake(Exception):
    """What was named holds no file that can be judged, or more than one for a table."""

    exit_code = 2


def files_at(paths: Iterable[Path]) -> list[DeliveredFile]:
    """The CSV files that these paths name: folders are looked into, one level deep.

    Raises:
        NothingToTake: a path is missing or no CSV, no roster file is among them, or two are for the same table.
    """
    files = [_delivered(path) for named in paths for path in _csv_files(named)]
    tables = Counter(file.table for file in files if file.table)
    if not tables:
        raise NothingToTake("no users.csv, classes.csv, enrollments.csv or guardians.csv is there; nothing was done")
    for table, times in tables.items():
        if times > 1:
            alike = ", ".join(file.name for file in files if file.table == table)
            raise NothingToTake(f"{alike} are all taken as {table}.csv; name one of them")
    named = Counter(file.name for file in files)
    if twice := [name for name, times in named.items() if times > 1]:
        raise NothingToTake(f"{', '.join(twice)} is named more than once; name one of each")
    return files


def upload(store: Store, profile: Profile, files: Sequence[DeliveredFile], *, who: str) -> Delivery:
    """Files as if they had come by SFTP: expected tables that are not among them are carried where that is possible."""
    missing = frozenset(profile.arrival.expected) - {file.table for file in files if file.table}
    lender = freezing.lender_of(store, profile.id, test=False)
    lendable = freezing.lendable(lender, now=datetime.now(UTC), carry_hours=profile.arrival.carry_hours)
    return Delivery(
        district=profile.id,
        files=files,
        who=who,
        origin="upload",
        carried=missing if missing <= lendable else frozenset(),
    )


def without_older(store: Store, profile: Profile, delivery: Delivery, *, now: datetime) -> Delivery | None:
    """A delivery without files of which the newest batch has a newer one: the older must not undo it.

    What then lacks to the expected set is carried. None where nothing newer is left.
    """
    newest = ledger.last(store, delivery.district, test=delivery.test)
    came = {file.table: ledger.moment(file.arrived) for file in (newest.files if newest else ()) if file.table}
    newer = [file for file in delivery.files if file.table not in came or file.arrived >= came[file.table]]
    if len(newer) == len(delivery.files):
        return delivery
    if not any(file.table for file in newer):
        return None
    missing = frozenset(profile.arrival.expected) - {file.table for file in newer if file.table}
    lender = freezing.lender_of(store, delivery.district, test=delivery.test)
    lendable = freezing.lendable(lender, now=now, carry_hours=profile.arrival.carry_hours)
    return replace(delivery, files=newer, carried=missing & lendable)


def again(home: Home, store: Store, batch: LedgerBatch, *, who: str) -> Delivery:
    """The frozen files of an old batch, to be run with today's profile.

    Raises:
        NewerBatch: a newer batch of the district was applied or waits to be.
    """
    freezing.refuse_overtaken(store, batch)
    files = [
        DeliveredFile(
            path=freezing.intact(home, batch, file),
            name=file.file,
            table=file.table,
            generation=file.generation,
            arrived=ledger.moment(file.arrived),
            link=True,
            carried_from=file.carried_from,
        )
        for file in batch.files
    ]
    return Delivery(
        district=batch.district, files=files, who=who, origin="requeue", test=batch.test, requeue_of=batch.number
    )


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
        raise NothingToTake(f"{named.name} is no .csv file; unpack archives first, and name the folder")
    return [named]


def _delivered(path: Path) -> DeliveredFile:
    facts = path.stat()
    return DeliveredFile(
        path=path.resolve(),
        name=path.name,
        table=table_of(path.name),
        generation=f"upload-{facts.st_mtime_ns}",
        arrived=datetime.now(UTC),
    )
