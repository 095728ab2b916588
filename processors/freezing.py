"""Freezing: the files of a set go into a folder of their own, hashed, with the profile and the moment beside them."""

import itertools
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from config.home import Home
from config.loading import read_profile
from config.mistakes import ConfigError
from config.profiles import Profile
from config.tables import TableName
from connect_store import ledger
from connect_store.ledger import LedgerBatch, LedgerFile
from connect_store.store import Store
from processors import unpacking
from processors.archives import MOST_BYTES, Limits
from processors.frozen import FOUND, FileMoved, copy, found_in, frozen_profile, lend, take
from processors.mending import is_made_of, mend
from processors.reporting.placing import place_file
from processors.unpacking import DeliveredFile, is_refused, kept_repair, kind_of
from validators.findings import Finding

_UNDER_WAY: Final = frozenset({"frozen", "working", "decided"})
_NO_ROSTER: Final = frozenset({"set.other_district", "repair.marks_missing", "repair.no_whole_file"})
_OF_THE_DELIVERY: Final = frozenset({"archive.skipped", "file.overtaken", "repair.applied", "repair.overtaken"})


class NothingToLend(Exception):
    """A table was to be carried, and no judged batch has it."""

    exit_code = 2


class NewerBatch(Exception):
    """An old batch must not overwrite what a newer one brought."""

    exit_code = 2

    def __init__(self, number: int) -> None:
        super().__init__(
            f"batch {number} cannot be run again: a newer batch of its district was applied or waits to be, and the "
            "older files would undo it; requeue the newest one"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A complete set: its files, and the tables that are carried from the last judged batch.

    `who` enters the ledger; `origin` is the way in (`sftp`, `upload`, `requeue`); `most_inflated` is how many bytes
    the entries of an archive may have; `reserve_bytes` of the disk are left for reports.
    """

    district: str
    files: Sequence[DeliveredFile]
    who: str
    origin: str
    test: bool = False
    carried: frozenset[TableName] = frozenset()
    requeue_of: int | None = None
    most_inflated: int = MOST_BYTES
    reserve_bytes: int = 0


def freeze(home: Home, store: Store, delivery: Delivery, *, now: datetime) -> int:
    """Freeze a delivery into a batch and return the batch's number.

    A set of which a batch was made already (a crash came between freezing and the journal's note of it) is not frozen
    again. What the vendor sees in the drop stays where it is. An archive is frozen as it came, its files beside it;
    where it brings nothing, the batch holds the archive alone and the reason.

    Raises:
        FileMoved: a file is not what was seen when the set was complete.
        NothingToLend: a table to be carried is in no judged batch.
        NewerBatch: a batch is to be run again, and a newer one was applied or waits.
    """
    folder = home.batches / delivery.district
    workplace = folder / f".freezing-{uuid.uuid4().hex}"
    (workplace / "files").mkdir(mode=0o700, parents=True)
    try:
        profile = _take_profile(home, store, delivery, workplace / "profile.toml")
        repairs = _repairs_in(delivery)
        newest = ledger.last(store, delivery.district, test=delivery.test)
        if newest and is_made_of(newest, repairs):
            return newest.number
        frozen, found = _take_all(delivery, workplace, profile.arrival.trigger)
        found += _found_before(home, store, delivery, found)
        if repairs:
            if newest and newest.state in _UNDER_WAY:
                raise FileMoved(f"batch {newest.number}, which may be the one to repair, has no report yet")
            repaired = lender_of(store, delivery.district, test=delivery.test)
            mended = mend(home, repaired, repairs, workplace / "files", profile.reading)
            frozen, found = [*frozen, *mended.files], [*found, *mended.findings]
        elif not is_refused(found):
            frozen += _carry(home, store, delivery, frozen, workplace / "files")
        place_file(workplace / FOUND, json.dumps([asdict(finding) for finding in found]))
        return _enter(home, store, delivery, frozen, workplace, now=now, behind=newest if repairs else None)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def lendable(batch: LedgerBatch | None, *, now: datetime, carry_hours: float) -> frozenset[TableName]:
    """Tables of the last judged batch whose files came no longer than `carry_hours` ago."""
    if batch is None:
        return frozenset()
    return frozenset(
        file.table
        for file in batch.files
        if file.table and (now - ledger.moment(file.arrived)).total_seconds() <= carry_hours * 3600
    )


def lender_of(store: Store, district: str, *, test: bool) -> LedgerBatch | None:
    """The last judged batch, which lends its tables and can be repaired; one whose files are no roster of ours is not.

    Such are another district's files, and repaired rows without their marks.
    """
    return ledger.last_judged(store, district, test=test, but_not=_NO_ROSTER)


def sweep(folders: Iterable[Path]) -> None:
    """Remove what a crash left of freezing; only the holder of the service's lock may call this."""
    for folder in folders:
        for leftover in folder.glob(".freezing-*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _take_profile(home: Home, store: Store, delivery: Delivery, place: Path) -> Profile:
    """The district's profile; where an edit made it not valid, the last good one, which is that of the last batch."""
    copy(home.profile_file(delivery.district), place)
    try:
        return read_profile(place, delivery.district)
    except ConfigError:
        newest = ledger.last(store, delivery.district, test=False)
        if newest is None:
            raise
        copy(frozen_profile(home, newest), place)
        return read_profile(place, delivery.district)


def _take_all(delivery: Delivery, workplace: Path, trigger: str) -> tuple[list[LedgerFile], list[Finding]]:
    """The delivered files, those of an archive too, and what was found; of a refused set nothing counts as a table."""
    target = workplace / "files"
    kept, found = unpacking.sorted_out(unpacking.with_triggers(_with_names_of_repairs(delivery.files), trigger))
    limits = Limits(most_bytes=delivery.most_inflated, reserve_bytes=delivery.reserve_bytes)
    frozen: list[LedgerFile] = []
    for archive in (file for file in kept if file.kind == "archive"):
        frozen.append(take(archive, target))
        inside = unpacking.unpack(
            replace(archive, path=target / archive.name), workplace / "inflated", limits=limits, trigger=trigger
        )
        frozen += [take(file, target) for file in inside.files]
        found += inside.findings
        shutil.rmtree(workplace / "inflated", ignore_errors=True)
    taken = {file.file for file in frozen}  # an archive may have a manifest.csv, and another one came beside it
    frozen += [take(file, target) for file in kept if file.name not in taken]
    if is_refused(found):
        frozen = [replace(file, table=None) for file in frozen]
    return frozen, found


def _repairs_in(delivery: Delivery) -> list[DeliveredFile]:
    """The repaired rows that count; of a batch that is run again they stand in its files already."""
    if delivery.requeue_of is not None:
        return []
    return [file for file in delivery.files if file.kind == "repair" and not file.unexpected]


def _with_names_of_repairs(files: Sequence[DeliveredFile]) -> list[DeliveredFile]:
    """The files under the names that a batch keeps them by: a repair may be called like the table that it repairs."""
    numbers = itertools.count(1)
    is_used = [file.kind == "repair" and not file.unexpected for file in files]
    return [
        replace(file, name=kept_repair(next(numbers))) if used and kind_of(file.name) != "repair" else file
        for file, used in zip(files, is_used, strict=True)
    ]


def _found_before(home: Home, store: Store, delivery: Delivery, found: Sequence[Finding]) -> list[Finding]:
    """What only the delivery itself could tell, where a batch is run again: its files no longer show it."""
    if delivery.requeue_of is None:
        return []
    before = found_in(home, ledger.require(store, delivery.requeue_of))
    return [one for one in before if one.code in _OF_THE_DELIVERY and one not in found]


def _carry(
    home: Home, store: Store, delivery: Delivery, frozen: Sequence[LedgerFile], target: Path
) -> list[LedgerFile]:
    carried = delivery.carried - {file.table for file in frozen if file.table}
    if not carried:
        return []
    lender = lender_of(store, delivery.district, test=delivery.test)
    lent = [file for file in (lender.files if lender else ()) if file.table in carried]
    if lender is None or {file.table for file in lent} != carried:
        raise NothingToLend(f"no batch can lend {', '.join(sorted(carried))}")
    return [lend(home, lender, file, target) for file in lent]


def _enter(
    home: Home,
    store: Store,
    delivery: Delivery,
    files: list[LedgerFile],
    workplace: Path,
    *,
    now: datetime,
    behind: LedgerBatch | None = None,
) -> int:
    """Make the batch; where `behind` is given, no other one may have come since that was the newest."""
    with store.writing():
        newest = ledger.last(store, delivery.district, test=delivery.test)
        if behind and newest and newest.number != behind.number:
            raise FileMoved(f"batch {newest.number} came meanwhile, which older files must not undo")
        if delivery.origin == "sftp":
            made = ledger.made_of(store, delivery.district, test=delivery.test, origin="sftp", files=frozenset(files))
            if made is not None:
                return made
        if delivery.requeue_of is not None:
            refuse_overtaken(store, ledger.require(store, delivery.requeue_of))
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


def refuse_overtaken(store: Store, batch: LedgerBatch) -> None:
    """Raise NewerBatch where running a batch again would undo a newer one."""
    if ledger.is_overtaken(store, batch):
        raise NewerBatch(batch.number)


def _move_in(workplace: Path, place: Path) -> None:
    """The folder stands before the ledger names it; one that an earlier crash left under this number gives way."""
    shutil.rmtree(place, ignore_errors=True)
    workplace.rename(place)
    for folder in (place / "files", place, place.parent):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
