"""Freezing: the files of a set go into a folder of their own, hashed, with the profile and the moment beside them."""

import itertools
import json
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Final

from config.clever_files import KEPT_PREFIX, clever_file_of
from config.disk import sync
from config.home import Home
from config.loading import read_profile
from config.mistakes import ConfigError
from config.profiles import Profile, Reading
from config.tables import TableName
from connect_store import ledger
from connect_store.ledger import LedgerBatch, LedgerFile
from connect_store.store import Store, open_store
from processors import unpacking
from processors.archives import MOST_BYTES, Limits
from processors.frozen import ENTRY, FOUND, Entry, Frozen, copy, digest, found_in, frozen_profile, lend, take
from processors.lending import NothingToLend, NotJudgedYet, lender_of, repairable
from processors.locks import Held, entering_lock, pull_lock
from processors.reporting.placing import place_file
from processors.unpacking import DeliveredFile, is_refused, kept_repair, kind_of, repairs_among
from validators.finding import Finding

SCRATCH: Final = ".freezing-"
PULLING: Final = f"{SCRATCH}pull-"
"""How the name of a folder begins in which a batch of a district is made."""

MADE: Final = "made-"
"""How the generation of a table begins that was made of Clever's files."""

_OF_THE_DELIVERY: Final = frozenset({"archive.skipped", "file.overtaken", "repair.applied", "repair.overtaken"})


class NewerBatch(Exception):
    """An old batch must not overwrite what a newer one brought."""

    exit_code = 2

    def __init__(self, number: int) -> None:
        super().__init__(
            f"batch {number} cannot be run again: a newer batch of its district was applied or waits to be, and the "
            "older files would undo it; requeue the newest one"
        )


class NoLongerWaits(Exception):
    """A batch waited for its time, and was discarded or gave way before it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A complete set: its files, and the tables that are carried from the last judged batch.

    `who` enters the ledger; `origin` is the way in (`sftp`, `upload`, `pull`, `requeue`, `approve`, `schedule`,
    `once`); `found` is what was found before the files were there, as where a source was asked for them;
    `most_inflated` is how many bytes the entries of an archive may have; `reserve_bytes` of the disk are left for
    reports.
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
    found: Sequence[Finding] = ()


def deliver(home: Home, delivery: Delivery) -> int:
    """Freeze a delivery into a batch that waits for its turn; its number (step 3)."""
    with entering_lock(home), open_store(home.store_db) as store:
        return freeze(home, store, delivery, now=datetime.now(UTC))


def freeze(home: Home, store: Store, delivery: Delivery, *, now: datetime) -> int:
    """Freeze a delivery into a batch and return the batch's number.

    A set of which a batch was made already (a crash came between freezing and the journal's note of it) is not frozen
    again. What the vendor sees in the drop stays where it is. An archive is frozen as it came, its files beside it;
    where it brings nothing, the batch holds the archive alone and the reason.

    Raises:
        FileMoved: a file is not what was seen when the set was complete.
        NotJudgedYet: it builds on the files of a batch that is not finished.
        NothingToLend: a table to be carried is in no judged batch.
        NewerBatch: a batch is to be run again, and a newer one was applied or waits.
        NoLongerWaits: a batch whose time has come was discarded meanwhile.
    """
    if (made := _made_before(store, delivery)) is not None:
        return made
    lender = _lender_for(store, delivery)
    with _workplace(home, delivery.district) as workplace:
        profile = _take_profile(home, store, delivery, workplace / "profile.toml")
        own = _take_all(delivery, workplace, profile)
        lent = _lent(home, delivery, own, lender, workplace / "files", profile.reading)
        found = [
            *delivery.found,
            *own.findings,
            *lent.findings,
            *_found_before(home, store, delivery, own.findings),
            *_lost_staff(home, store, delivery, own, workplace / "files"),
        ]
        place_file(workplace / FOUND, json.dumps([asdict(finding) for finding in found]))
        files = (*own.files, *lent.files)
        entry = Entry(received=now, test=delivery.test, origin=delivery.origin, files=files)
        place_file(workplace / ENTRY, entry.as_json())
        return _enter(home, store, delivery, list(files), workplace, lender=lender, now=now)


def sweep(home: Home, districts: Iterable[str]) -> None:
    """Remove what a crash left of freezing and of pulls; only the holder of the service's lock may call this.

    A pull by hand may be under way: then what stands in its folders is in use.
    """
    for district in districts:
        for leftover in (home.batches / district).glob(f"{SCRATCH}*"):
            if not leftover.name.startswith(PULLING):
                shutil.rmtree(leftover, ignore_errors=True)
        with suppress(Held), pull_lock(home, district, who="service"):
            sweep_pulls(home, district)


def sweep_pulls(home: Home, district: str) -> None:
    """Remove what a pull left that was killed; only the holder of the district's pull lock may call this."""
    for left in (home.batches / district).glob(f"{PULLING}*"):
        shutil.rmtree(left, ignore_errors=True)


def _made_before(store: Store, delivery: Delivery) -> int | None:
    """The newest batch, where it was made of the very same repairs: before a crash, or because they were sent twice.

    Whoever names a refused file again asks for another look.
    """
    newest = ledger.last(store, delivery.district, test=delivery.test)
    asks_again = newest and newest.verdict == "refused" and delivery.origin != "sftp"
    return newest.number if newest and not asks_again and _is_made_of(newest, _repairs_in(delivery)) else None


def _is_made_of(newest: LedgerBatch | None, repairs: Sequence[DeliveredFile]) -> bool:
    """Whether the newest batch was made of these very repairs, before a crash."""
    if newest is None or not repairs:
        return False
    made_of = {(file.generation, file.sha256) for file in newest.files}
    return all((file.generation, digest(file.path)) in made_of for file in repairs)


def _lender_for(store: Store, delivery: Delivery) -> LedgerBatch | None:
    """The batch on whose files this one builds; None where there is none, or all that counts was delivered."""
    if _repairs_in(delivery):
        return repairable(store, delivery.district, test=delivery.test)
    return lender_of(store, delivery.district, test=delivery.test) if delivery.carried else None


@contextmanager
def _workplace(home: Home, district: str) -> Iterator[Path]:
    """A hidden folder that becomes the batch's; what is left of it in the end goes away."""
    workplace = home.batches / district / f"{SCRATCH}{uuid.uuid4().hex}"
    (workplace / "files").mkdir(mode=0o700, parents=True)
    try:
        yield workplace
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _take_profile(home: Home, store: Store, delivery: Delivery, place: Path) -> Profile:
    """The district's profile; where an edit made it not valid, the last good one, which is that of the last batch.

    What was approved, or waited for its time, is applied as it was shown: by the profile of its own batch.
    """
    if delivery.origin in {"approve", "schedule"} and delivery.requeue_of is not None:
        copy(frozen_profile(home, ledger.require(store, delivery.requeue_of)), place)
        return read_profile(place, delivery.district)
    copy(home.profile_file(delivery.district), place)
    try:
        return read_profile(place, delivery.district)
    except ConfigError:
        newest = ledger.last(store, delivery.district, test=False)
        if newest is None:
            raise
        copy(frozen_profile(home, newest), place)
        return read_profile(place, delivery.district)


def _take_all(delivery: Delivery, workplace: Path, profile: Profile) -> Frozen:
    """The delivered files, those of an archive and those that are made of Clever's too, and what was found.

    Of a refused set nothing counts as a table.
    """
    target, trigger = workplace / "files", profile.arrival.trigger
    kept, found = unpacking.sorted_out(unpacking.with_triggers(_with_names_of_repairs(delivery.files), trigger))
    limits = Limits(most_bytes=delivery.most_inflated, reserve_bytes=delivery.reserve_bytes)
    files: list[LedgerFile] = []
    unpacked: list[DeliveredFile] = []
    for archive in (file for file in kept if file.kind == "archive"):
        files.append(take(archive, target))
        inside = unpacking.unpack(
            replace(archive, path=target / archive.name), workplace / "inflated", limits=limits, trigger=trigger
        )
        files += [take(file, target) for file in _first_of_each(map(_under_kept_name, inside.files))]
        unpacked += inside.files
        found += inside.findings
        shutil.rmtree(workplace / "inflated", ignore_errors=True)
    taken = {file.file for file in files}  # an archive may have a manifest.csv, and another one came beside it
    loose = [file for file in _first_of_each(map(_under_kept_name, kept)) if file.name not in taken]
    files += [take(file, target) for file in loose]
    found += unpacking.deltas(replace(file, path=target / file.name) for file in loose)
    clever = [file for file in (*kept, *unpacked) if file.kind == "clever"]
    if clever and not is_refused(found):
        made = _made_of_clever(clever, files, target, profile)
        files += made.files
        found += made.findings
    if is_refused(found):
        files = [replace(file, table=None) for file in files]
    return Frozen(files=tuple(files), findings=tuple(found))


def _made_of_clever(
    clever: Sequence[DeliveredFile], files: Sequence[LedgerFile], target: Path, profile: Profile
) -> Frozen:
    """The tables that Clever's files make, as newly as the newest of these came."""
    from processors.clever_sets import by_file, tables_made  # with polars; other sets are frozen unread

    places = {which: target / _under_kept_name(file).name for which, file in by_file(clever).items()}
    made = tables_made(places, target, profile, delivered={file.table for file in files if file.table})
    newest = max(clever, key=attrgetter("arrived"))
    return Frozen(
        files=tuple(
            LedgerFile(
                file=path.name,
                table=table,
                bytes=path.stat().st_size,
                sha256=digest(path),
                generation=f"{MADE}{newest.generation}",
                arrived=ledger.stamp(newest.arrived),
            )
            for table, path in made.paths.items()
        ),
        findings=made.findings,
    )


def _lost_staff(home: Home, store: Store, delivery: Delivery, own: Frozen, target: Path) -> Sequence[Finding]:
    """What there is to say where people of a staff.csv of Clever's would all leave."""
    made = [file for file in own.files if file.table == "users" and file.generation.startswith(MADE)]
    if not made:
        return ()
    from processors.clever_sets import lost_staff

    return lost_staff(home, store, delivery.district, target / made[0].file, test=delivery.test)


def _first_of_each(files: Iterable[DeliveredFile]) -> Iterable[DeliveredFile]:
    """The files without twins of Clever's, for which the set is refused (`file.twice`)."""
    first: dict[str, DeliveredFile] = {}
    for file in files:
        first.setdefault(file.name, file)
    return first.values()


def _under_kept_name(file: DeliveredFile) -> DeliveredFile:
    """The file under the name that a batch keeps it by: Clever's enrollments.csv is called like a table."""
    which = clever_file_of(file.name) if file.kind == "clever" else None
    return file if which is None else replace(file, name=f"{KEPT_PREFIX}{which}.csv")


def _lent(
    home: Home, delivery: Delivery, own: Frozen, lender: LedgerBatch | None, target: Path, reading: Reading
) -> Frozen:
    """The files of the lender that the batch has beside its own: all of them repaired, or the tables to be carried."""
    if repairs := _repairs_in(delivery):
        from processors.mending import mend  # reads them with polars; other sets are frozen unread

        return mend(home, lender, repairs, target, reading)
    wanted = frozenset() if is_refused(own.findings) else delivery.carried - {file.table for file in own.files}
    if not wanted:
        return Frozen()
    if lender is None or not wanted <= {file.table for file in lender.files}:
        raise NothingToLend(f"no batch can lend {', '.join(sorted(wanted))}")
    return Frozen(files=tuple(lend(home, lender, file, target) for file in lender.files if file.table in wanted))


def _repairs_in(delivery: Delivery) -> list[DeliveredFile]:
    """The repaired rows that count; of a batch that is run again they stand in its tables, unless they were refused."""
    is_mended = delivery.requeue_of is not None and any(file.table for file in delivery.files)
    return [] if is_mended else repairs_among(delivery.files)


def _with_names_of_repairs(files: Sequence[DeliveredFile]) -> list[DeliveredFile]:
    """The files under the names that a batch keeps them by: a repair may be called like the table that it repairs."""
    numbers = itertools.count(1)
    used = repairs_among(files)
    return [
        replace(file, name=kept_repair(next(numbers))) if file in used and kind_of(file.name) != "repair" else file
        for file in files
    ]


def _found_before(home: Home, store: Store, delivery: Delivery, found: Sequence[Finding]) -> list[Finding]:
    """What only the delivery itself could tell, where a batch is run again: its files no longer show it."""
    if delivery.requeue_of is None:
        return []
    before = found_in(home, ledger.require(store, delivery.requeue_of))
    return [one for one in before if _is_of_the_delivery(one) and one not in found]


def _is_of_the_delivery(finding: Finding) -> bool:
    return finding.code in _OF_THE_DELIVERY or finding.code.startswith("source.")


def _enter(
    home: Home,
    store: Store,
    delivery: Delivery,
    files: list[LedgerFile],
    workplace: Path,
    *,
    lender: LedgerBatch | None,
    now: datetime,
) -> int:
    """Make the batch, unless another one came meanwhile that is to lend its files instead."""
    with store.writing():
        meanwhile = _lender_for(store, delivery)
        if meanwhile and (lender is None or meanwhile.number != lender.number):
            raise NotJudgedYet(meanwhile.number)
        if delivery.origin == "sftp":
            made = ledger.made_of(store, delivery.district, test=delivery.test, origin="sftp", files=frozenset(files))
            if made is not None:
                return made
        if delivery.requeue_of is not None:
            first = ledger.require(store, delivery.requeue_of)
            refuse_overtaken(store, first)
            if delivery.origin == "schedule" and first.state != "scheduled":
                raise NoLongerWaits
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
        sync(folder)
