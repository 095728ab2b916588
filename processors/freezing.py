"""Freezing: the files of a set go into a folder of their own, hashed, with the profile and the moment beside them."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.home import Home
from config.tables import TableName
from connect_store import ledger
from connect_store.ledger import LedgerBatch, LedgerFile
from connect_store.store import Store


class FileMoved(Exception):
    """A file changed or vanished while it was frozen; nothing was taken, the set must be looked at again."""


class NothingToLend(Exception):
    """A table was to be carried, and no judged batch has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredFile:
    """One file to freeze.

    Attributes:
        path: where it lies.
        name: as delivered.
        table: what it is taken as; None where nothing takes it.
        generation: tells apart the files that came one after the other under one name.
        arrived: when it came, aware, UTC.
        link: whether it may be linked, because nobody ever writes to this inode again; otherwise it is copied.
        seen: size and mtime (ns) that were seen when the set was found complete; None where nobody looked before.
    """

    path: Path
    name: str
    table: TableName | None
    generation: str
    arrived: datetime
    link: bool = False
    seen: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A complete set: its files, and the tables that are carried from the last judged batch.

    `who` enters the ledger; `origin` is the way in (`sftp`, `upload`, `requeue`).
    """

    district: str
    files: Sequence[DeliveredFile]
    who: str
    origin: str
    test: bool = False
    carried: frozenset[TableName] = frozenset()
    requeue_of: int | None = None


def freeze(home: Home, store: Store, delivery: Delivery, *, now: datetime) -> int:
    """Freeze a delivery into a batch and return the batch's number.

    A set that already is the district's newest batch (a crash came between freezing and the journal's note of it) is
    not frozen again. What the vendor sees in the drop stays where it is.

    Raises:
        FileMoved: a file is not what was seen when the set was complete.
        NothingToLend: a table to be carried is in no judged batch.
    """
    folder = home.batches / delivery.district
    workplace = folder / f".freezing-{uuid.uuid4().hex}"
    (workplace / "files").mkdir(mode=0o700, parents=True)
    try:
        frozen = [_take(file, workplace / "files") for file in delivery.files]
        frozen += _carry(home, store, delivery, workplace / "files")
        shutil.copyfile(home.profile_file(delivery.district), workplace / "profile.toml")
        return _enter(home, store, delivery, frozen, workplace, now=now)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def frozen_file(home: Home, batch: LedgerBatch, file: LedgerFile) -> Path:
    """Where a frozen file of a batch lies."""
    return home.batch(batch.district, batch.number) / "files" / file.file


def frozen_profile(home: Home, batch: LedgerBatch) -> Path:
    """The profile as it was when the batch was frozen."""
    return home.batch(batch.district, batch.number) / "profile.toml"


def lendable(batch: LedgerBatch | None, *, now: datetime, carry_hours: float) -> frozenset[TableName]:
    """Tables of the last judged batch whose files came no longer than `carry_hours` ago."""
    if batch is None:
        return frozenset()
    return frozenset(
        file.table
        for file in batch.files
        if file.table and (now - ledger.moment(file.arrived)).total_seconds() <= carry_hours * 3600
    )


def sweep(folders: Iterable[Path]) -> None:
    """Remove what a crash left of freezing; only the holder of the service's lock may call this."""
    for folder in folders:
        for leftover in folder.glob(".freezing-*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _take(file: DeliveredFile, target: Path) -> LedgerFile:
    place = target / file.name
    try:
        if file.link:
            os.link(file.path, place, follow_symlinks=False)
        else:
            _copy(file.path, place)
        facts = place.stat() if file.link else file.path.stat()
    except FileNotFoundError as error:
        raise FileMoved(file.name) from error
    if file.seen is not None and file.seen != (facts.st_size, facts.st_mtime_ns):
        raise FileMoved(file.name)
    return LedgerFile(
        file=file.name,
        table=file.table,
        bytes=place.stat().st_size,
        sha256=_digest(place),
        generation=file.generation,
        arrived=ledger.stamp(file.arrived),
    )


def _copy(path: Path, place: Path) -> None:
    with open(path, "rb", opener=_no_link) as source, place.open("wb") as target:
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def _carry(home: Home, store: Store, delivery: Delivery, target: Path) -> list[LedgerFile]:
    if not delivery.carried:
        return []
    lender = ledger.last_judged(store, delivery.district, test=delivery.test)
    lent = [file for file in (lender.files if lender else ()) if file.table in delivery.carried]
    if lender is None or {file.table for file in lent} != delivery.carried:
        raise NothingToLend(", ".join(sorted(delivery.carried)))
    return [_lend(home, lender, file, target) for file in lent]


def _lend(home: Home, lender: LedgerBatch, file: LedgerFile, target: Path) -> LedgerFile:
    os.link(frozen_file(home, lender, file), target / file.file)
    return LedgerFile(
        file=file.file,
        table=file.table,
        bytes=file.bytes,
        sha256=file.sha256,
        generation=file.generation,
        arrived=file.arrived,
        carried_from=file.carried_from or lender.number,
    )


def _enter(
    home: Home, store: Store, delivery: Delivery, files: list[LedgerFile], workplace: Path, *, now: datetime
) -> int:
    with store.writing():
        newest = ledger.last(store, delivery.district, test=delivery.test)
        if newest is not None and newest.origin == delivery.origin == "sftp" and newest.files == tuple(files):
            return newest.number
        number = ledger.open_batch(
            store,
            district=delivery.district,
            test=delivery.test,
            origin=delivery.origin,
            received=now,
            files=files,
            requeue_of=delivery.requeue_of,
        )
        ledger.note(store, number, "freeze", at=now, who=delivery.who)
        _move_in(workplace, home.batch(delivery.district, number))
    return number


def _move_in(workplace: Path, place: Path) -> None:
    """The folder stands before the ledger names it; one that an earlier crash left under this number gives way."""
    shutil.rmtree(place, ignore_errors=True)
    workplace.rename(place)
    for folder in (place / "files", place.parent):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
