"""What is wrong with an installation, looked at from outside: each finding says what to do about it.

Nothing is changed, and the service may run meanwhile.
"""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Literal

from config.districts import district_ids
from config.home import Home
from config.loading import load_accounts, load_profiles, load_settings
from config.mistakes import ConfigError
from config.settings import Limits
from connect_store import ledger
from connect_store.copies import faults_in
from connect_store.ledger import LedgerBatch
from connect_store.places import url_of, without_secrets
from connect_store.retention import districts_of_ledger, purged, waiting
from connect_store.store import Store, open_store
from processors.frozen import Damaged, intact
from processors.locks import district_holder, service_holder
from sftp_gateway.ssh.host_keys import host_keys

Level = Literal["ok", "warning", "error"]

_STUCK: Final = timedelta(minutes=30)
_LONG_S: Final = 3600.0
_SCARCE: Final = 4  # times the reserve: a night of a large district still fits
_MOST_NAMED: Final = 5
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """What one look found: which look, how bad, in words, and what to do; nothing to do where it is well."""

    check: str
    level: Level
    says: str
    todo: str | None = None


Found = Iterator[tuple[Level, str, str | None]]
"""Level, what is so, what to do."""


def examine(home: Home, *, all_files: bool = False) -> list[Symptom]:
    """Look at everything; a look that fails is itself a finding.

    Args:
        home: the installation.
        all_files: hash every frozen file that is kept, not only those of each district's newest night.
    """
    looks: Mapping[str, Callable[[Home], Found]] = {
        "home": _folders,
        "permissions": _permissions,
        "disk": _disk,
        "settings": _settings,
        "keys": _keys,
        "service": _service,
        "store": _store,
        "batches": _batches,
        "files": partial(_files, all_files=all_files),
        "locks": _locks,
        "leftovers": _leftovers,
    }
    return [symptom for check, look in looks.items() for symptom in _looked(home, check, look)]


def _looked(home: Home, check: str, look: Callable[[Home], Found]) -> Iterator[Symptom]:
    try:
        for level, says, todo in look(home):
            yield Symptom(check=check, level=level, says=says, todo=todo)
    except Exception as error:  # noqa: BLE001 - the other looks must be taken too
        known = str(error) if hasattr(error, "exit_code") else f"this could not be looked at ({type(error).__name__})"
        yield Symptom(check=check, level="error", says=known, todo="mend that, then run doctor again")


def _folders(home: Home) -> Found:
    folders = (home.profiles, home.keys, home.drops, home.uploads, home.batches, home.audit, home.locks)
    bad = False
    for folder in (home.root, *folders, home.store_db.parent):
        if not folder.is_dir():
            bad = True
            lost = folder == home.store_db.parent and any(home.batches.glob("*/[0-9]*"))
            todo = "rosterdrop restore, from a backup" if lost else f"mkdir -m 700 {folder}"
            yield "error", f"the folder {folder} is not there", todo
        elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            bad = True
            todo = f"let the user of the service own it: chown -R USER {folder}"
            yield "error", f"{folder} cannot be read or written by this user", todo
    if not bad:
        yield "ok", f"every folder of {home.root} is there", None


def _permissions(home: Home) -> Found:
    secret = [home.root, home.keys, home.accounts_file, home.store_db, home.store_db.parent, home.audit_key]
    secret += [path for path in home.keys.rglob("*") if path.is_file() and path.suffix != ".pub"]
    open_ = sorted({path for path in secret if path.exists() and path.stat().st_mode & _OTHERS})
    for path in open_:
        yield "error", f"{path} is open to other users of the machine", f"chmod go-rwx {path}"
    if not open_:
        yield "ok", "store, accounts and keys are for the service's user alone", None


def _disk(home: Home) -> Found:
    reserve = _reserve(home)
    free = shutil.disk_usage(home.root).free
    says = f"{free / 1024**3:.1f} GiB of the disk are free"
    if free < reserve:
        yield "error", f"{says}, less than limits.reserve_bytes: uploads are refused", "make room on the disk"
    elif free < reserve * _SCARCE:
        yield "warning", says, "make room, or lower retention.files_days and retention.reports_days"
    else:
        yield "ok", says, None


def _reserve(home: Home) -> int:
    try:
        return load_settings(home).limits.reserve_bytes
    except ConfigError:
        return Limits().reserve_bytes


def _settings(home: Home) -> Found:
    mistakes: list[str] = []
    for load in (load_settings, load_profiles, load_accounts):
        try:
            load(home)
        except ConfigError as error:
            mistakes += str(error).splitlines()
    for mistake in mistakes:
        yield "error", mistake, "correct it; until then the last good value counts, after a restart nothing does"
    if not mistakes:
        districts = len(district_ids(home))
        yield "ok", f"settings, accounts and the profiles of {districts} districts are valid", None


def _keys(home: Home) -> Found:
    current = [key.kind for key in host_keys(home) if key.standing == "current"]
    if not current:
        todo = "put keys/ back from a backup, or every client is told that the server has changed"
        yield "error", f"there is no host key in {home.keys}", todo
    else:
        yield "ok", f"host keys: {', '.join(current)}", None
    if not home.audit_key.exists() and any(home.audit.glob("*.jsonl")):
        todo = "put keys/audit_key back from a backup"
        yield "warning", "audit_key is gone: disguised names of the audit are not found any more", todo


def _service(home: Home) -> Found:
    holder = service_holder(home)
    if holder is None:
        yield "warning", "no service runs on this home", f"rosterdrop --home {home.root} serve"
    else:
        yield "ok", holder, None


def _store(home: Home) -> Found:
    if url := url_of(home.store_db):
        with open_store(home.store_db):  # raises where nobody answers, or it is gone
            pass
        yield "ok", f"the store {without_secrets(url)} answers; its own programs examine it (pg_amcheck)", None
        return
    if not home.store_db.is_file() and not any(home.batches.glob("*/[0-9]*")):
        yield "ok", "there is no store yet; the first batch makes it", None
        return
    with open_store(home.store_db):  # raises where it is gone, and brings it up to date
        pass
    faults = faults_in(home.store_db)
    for fault in faults[:_MOST_NAMED]:
        yield "error", f"the store is damaged: {fault}", "stop the service, then rosterdrop restore, from a backup"
    if not faults:
        yield "ok", f"the store is whole ({home.store_db.stat().st_size / 1024**2:.0f} MiB)", None


def _batches(home: Home) -> Found:
    bad = False
    for level, says, todo in _standing(home):
        bad = True
        yield level, says, todo
    if not bad:
        yield "ok", "no batch is stuck, failed or waits for a decision", None


def _standing(home: Home) -> Found:
    if url_of(home.store_db) is None and not home.store_db.is_file():
        return
    now = datetime.now(UTC)
    with open_store(home.store_db) as store:
        for district in districts_of_ledger(store):
            for number in ledger.open_work(store, district, now - _STUCK):
                batch = ledger.require(store, number)
                if now - batch.received > _STUCK:
                    says = f"batch {number} of {district} is {batch.state} since {batch.received:%Y-%m-%d %H:%M} UTC"
                    yield "error", says, f"start the service, or see {home.root / 'failures.log'}"
            newest = ledger.last(store, district, test=False)
            if newest and newest.state == "failed":
                todo = f"see {home.root / 'failures.log'}, then rosterdrop batch requeue {newest.number}"
                yield "error", f"batch {newest.number} of {district} failed; its files are kept", todo
            pause = ledger.paused(store, district)
            for number in waiting(store, district):
                todo = _to_decide(ledger.require(store, number), paused=pause is not None)
                yield "warning", f"batch {number} of {district} is held and waits for a decision", todo
            if pause:
                says = f"{district} is paused since {pause.since[:10]} ({pause.why}): nothing is applied"
                yield "warning", says, f"rosterdrop district resume {district}"


def _to_decide(batch: LedgerBatch, *, paused: bool) -> str:
    """What can be done with a held batch; while its district is paused it cannot be approved."""
    number, resume = batch.number, f"rosterdrop district resume {batch.district}"
    switched_off = (batch.summary or {}).get("paused")
    if paused and switched_off:
        return f"{resume}, which applies the newest night, or rosterdrop batch discard {number}"
    if switched_off:  # its daily sync is off: what is approved would be held again
        return f"rosterdrop connect sync-once {batch.district}, or rosterdrop batch discard {number}"
    if not paused:
        return f"rosterdrop batch approve {number}, or batch discard {number}"
    return f"{resume}, then rosterdrop batch approve {number}; or batch discard {number}"


def _files(home: Home, *, all_files: bool) -> Found:
    hashed, damaged = 0, 0
    with open_store(home.store_db) as store:
        for batch in _batches_with_files(store, all_files=all_files):
            for file in batch.files:
                hashed += 1
                try:
                    intact(home, batch, file)
                except Damaged as error:
                    damaged += 1
                    todo = f"put {home.batch(batch.district, batch.number)} back from a copy, or let it be sent again"
                    yield "error", str(error), todo
    which = "all that are kept" if all_files else "each district's newest night; --all-files looks at every one"
    if not damaged:
        yield "ok", f"{hashed} frozen files are what was frozen ({which})", None


def _batches_with_files(store: Store, *, all_files: bool) -> Iterator[LedgerBatch]:
    for district in districts_of_ledger(store):
        newest = ledger.last(store, district, test=False)
        for batch in _every(store, district) if all_files else [newest] if newest else []:
            if batch.files and "files" not in purged(store, batch.number).get(batch.number, {}):
                yield batch


def _every(store: Store, district: str) -> Iterator[LedgerBatch]:
    before: dict[str, int] = {}
    while page := ledger.history(store, district, most=100, **before):
        yield from page
        before = {"before": page[-1].number}


def _locks(home: Home) -> Found:
    long_ago = False
    for file in sorted(home.locks.glob("district-*.lock")):
        district = file.stem.removeprefix("district-")
        holder = district_holder(home, district)
        if holder and time.time() - file.stat().st_mtime > _LONG_S:
            long_ago = True
            todo = "see whether that process still does something"
            yield "warning", f"{holder} works on {district} for more than an hour", todo
    if not long_ago:
        yield "ok", "nobody holds a district for long", None


def _leftovers(home: Home) -> Found:
    aside = sorted(home.store_db.parent.glob("before-restore-*"))
    for folder in aside:
        yield "warning", f"{folder} holds a store that was moved aside: personal data", "remove it once nobody needs it"
    strangers = [name for name in _districts_on_disk(home) if name not in district_ids(home)]
    for name in strangers:
        todo = f"put districts/{name}.toml back, or rosterdrop district remove {name}"
        yield "warning", f"data of {name} is here, and no profile", todo
    if not aside and not strangers:
        yield "ok", "nothing is left over", None


def _districts_on_disk(home: Home) -> list[str]:
    folders = (home.batches, home.drops, home.root / "summaries")
    return sorted({path.name for above in folders if above.is_dir() for path in above.iterdir() if path.is_dir()})


def worst(symptoms: list[Symptom]) -> Level:
    """How bad it is as a whole."""
    levels: tuple[Level, ...] = ("ok", "warning", "error")
    return max((symptom.level for symptom in symptoms), key=levels.index, default="ok")
