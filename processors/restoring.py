"""A backup put back: its store in the place of the one that is there, which is moved aside and never removed.

Nights that came after the backup are not in Connect any more. Their folders are still there; the ledger learns of them,
so that no number is given twice and a person can run the newest again.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.disk import sync
from config.districts import district_ids
from config.home import Home
from config.tables import table_of
from config.writing import alone
from connect_store import ledger
from connect_store.copies import Beyond, Given, examine, given_by, replaceable, skip
from connect_store.ledger import LedgerFile
from connect_store.places import must_be_a_file
from connect_store.retention import districts_of_ledger
from connect_store.store import Store, open_store_file
from processors.backing_up import STORE, Backup, differing, open_backup, take_out
from processors.frozen import Entry, digest
from processors.locks import district_lock, restore_lock, service_lock
from processors.reporting.placing import make_folder, place_file

_LOCK_WAIT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LostNight:
    """A night that came after the backup: nothing of it is in Connect; `newest` of its district's."""

    number: int
    district: str
    received: datetime
    test: bool
    newest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back.

    Attributes:
        backup: from which file.
        aside: the folder with what was there before; None where nothing was.
        nights: that came after the backup, oldest first.
        by_hand: how often people changed something in Connect after the backup; None where nobody can tell.
        next_event: programs go on reading events after this one.
        differing: settings, accounts, profiles and keys that stand in the home otherwise than in the backup.
        without_profile: districts of the store that have no profile.
    """

    backup: Backup
    aside: Path | None
    nights: tuple[LostNight, ...]
    by_hand: int | None
    next_event: int
    differing: tuple[str, ...]
    without_profile: tuple[str, ...]


def restore(home: Home, file: Path, *, who: str, now: datetime, whole: bool = False) -> Restored:
    """Put the store of a backup in the place of the one that is there.

    Args:
        home: the installation; no service may run on it.
        file: the backup.
        who: who does it, for the history.
        now: the moment, aware.
        whole: put back settings, accounts, profiles and keys too.

    Raises:
        Held: the service runs, or somebody works on a district or enters a batch.
        NoBackup: the file is none, or damaged.
        BrokenCopy: its store is damaged, or of a newer version.
        StoreError: the store of the home is in PostgreSQL.
    """
    must_be_a_file(home.store_db)
    backup = open_backup(file)
    with _by_oneself(home):
        return _restore(home, backup, who=who, now=now, whole=whole)


def finish(home: Home) -> Path | None:
    """Put in its place what a restore had ready when it died; the folder with what was there before.

    Raises:
        Held: the service runs, or somebody works on a district or enters a batch.
    """
    with _by_oneself(home), alone(home):
        return _put_in_place(home)


@contextmanager
def _by_oneself(home: Home) -> Iterator[None]:
    """Nobody else works on the home."""
    with ExitStack() as locks:
        locks.enter_context(service_lock(home, who="a restore"))
        for district in _districts(home):
            locks.enter_context(district_lock(home, district, who="a restore", wait_s=_LOCK_WAIT_S))
        locks.enter_context(restore_lock(home, wait_s=_LOCK_WAIT_S))
        yield


def _restore(home: Home, backup: Backup, *, who: str, now: datetime, whole: bool) -> Restored:
    make_folder(home.store_db.parent)
    fresh = _fresh(home)
    _remove(fresh)
    take_out(backup, STORE, fresh)
    examine(fresh, called=f"the store in {backup.file}")
    with open_store_file(fresh):  # brings one of an earlier version up to date
        pass
    own = given_by(fresh)
    before = replaceable(home.store_db, own.batch)
    with open_store_file(fresh) as store:
        with store.writing():
            nights, last = _entered(home, store, backup, before, own, who=who, now=now)
        districts = districts_of_ledger(store)
    names = backup.settings if whole else ()
    with alone(home), _written_out(home, backup, names):
        # All is on the disk. Who dies from here on leaves the rest to the next one.
        place_file(home.restoring, json.dumps({"settings": names, "aside": f"before-restore-{_spelt(now)}"}))
        aside = _put_in_place(home)
    return Restored(
        backup=backup,
        aside=aside,
        nights=nights,
        by_hand=None if before is None else sum(one.origin in {"hand", "undo", "switch"} for one in before[1]),
        next_event=last.event,
        differing=differing(home, backup),
        without_profile=tuple(sorted(set(districts) - set(district_ids(home)))),
    )


def _entered(
    home: Home,
    store: Store,
    backup: Backup,
    before: tuple[Given, Sequence[Beyond]] | None,
    own: Given,
    *,
    who: str,
    now: datetime,
) -> tuple[tuple[LostNight, ...], Given]:
    """The nights after the backup, entered from their folders, and the last numbers that are taken now."""
    found = [(number, folder) for number, folder in _folders(home) if ledger.find(store, number) is None]
    why = f"from {backup.file.name} of {ledger.stamp(backup.made)}"
    for number, folder in found:
        entry = _entry(home, number, folder)
        ledger.enter_lost(
            store,
            number,
            district=folder.parent.name,
            test=entry.test,
            origin=entry.origin,
            received=entry.received,
            files=entry.files,
        )
        ledger.note(store, number, "restore", at=now, who=who, detail=f"{why}, which does not hold this batch")
    folders = max((number for number, _ in found), default=0)
    last = skip(store, before and before[0], own, folders=folders, at=now, who=who, why=why)
    entered = [ledger.require(store, number) for number, _ in found]
    newest = {(batch.district, batch.test): batch.number for batch in entered}
    nights = tuple(
        LostNight(
            number=batch.number,
            district=batch.district,
            received=batch.received,
            test=batch.test,
            newest=newest[batch.district, batch.test] == batch.number,
        )
        for batch in entered
    )
    return nights, last


def _folders(home: Home) -> list[tuple[int, Path]]:
    """The folders of all batches, by their numbers."""
    return sorted((int(path.name), path) for path in home.batches.glob("*/*") if path.name.isdecimal())


def _entry(home: Home, number: int, folder: Path) -> Entry:
    """What a batch's folder tells of it; of an earlier version, what can be seen from outside."""
    try:
        return Entry.of(folder)
    except FileNotFoundError:
        received = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        district = folder.parent.name
        return Entry(
            received=received,
            test=any(home.reports(district, test=True).glob(f"????-??-??-batch-{number}")),
            origin="sftp",
            files=tuple(_as_found(folder, ledger.stamp(received))),
        )


def _as_found(folder: Path, at: str) -> Iterator[LedgerFile]:
    for file in sorted((folder / "files").glob("*")):
        yield LedgerFile(
            file=file.name,
            table=table_of(file.name),
            bytes=file.stat().st_size,
            sha256=digest(file),
            generation=f"restored-{folder.name}",
            arrived=at,
        )


def _districts(home: Home) -> list[str]:
    """Every district on which somebody may work."""
    folders = [path.name for path in home.batches.glob("*") if path.is_dir() and not path.name.startswith(".")]
    return sorted({*district_ids(home), *folders})


def _put_in_place(home: Home) -> Path | None:
    """Move in what is ready, and aside what it replaces: nothing is removed. What is in its place already stays.

    Returns: the folder with what was there; None where nothing was.
    """
    known = json.loads(home.restoring.read_text(encoding="utf-8"))
    names: list[str] = known["settings"]
    aside = home.store_db.parent / known["aside"]
    if _fresh(home).is_file():
        for ending in ("-wal", "-shm", ""):
            _move(home.store_db.with_name(f"{home.store_db.name}{ending}"), aside)
        _fresh(home).rename(home.store_db)
    for name in names:
        if (_written(home) / name).is_file():
            _move(home.root / name, (aside / name).parent)
            (_written(home) / name).rename(home.root / name)
    for folder in {home.store_db.parent, *((home.root / name).parent for name in names)}:
        sync(folder)
    home.restoring.unlink()
    shutil.rmtree(_written(home), ignore_errors=True)
    return aside if aside.is_dir() else None


def _move(path: Path, folder: Path) -> None:
    if path.exists():
        make_folder(folder)
        path.rename(folder / path.name)


@contextmanager
def _written_out(home: Home, backup: Backup, names: Sequence[str]) -> Iterator[None]:
    """Files of a backup in a folder beside the store: where the disk is full, nothing was moved yet."""
    written = _written(home)
    shutil.rmtree(written, ignore_errors=True)  # of an earlier try that died
    try:
        for name in names:
            for file in (written / name, home.root / name):
                make_folder(file.parent)
            take_out(backup, name, written / name)
        yield
    finally:
        if not home.restoring.is_file():
            shutil.rmtree(written, ignore_errors=True)


def _fresh(home: Home) -> Path:
    """The store of a backup, until it stands in its place."""
    return home.store_db.with_name(".connect.db.restored")


def _written(home: Home) -> Path:
    """Settings, accounts, profiles and keys of a backup, until they stand in their places."""
    return home.store_db.parent / ".settings.restored"


def _spelt(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def _remove(fresh: Path) -> None:
    """What a restore that died left; SQLite takes a log for that of whatever stands beside it."""
    for ending in ("", "-wal", "-shm"):
        fresh.with_name(f"{fresh.name}{ending}").unlink(missing_ok=True)
