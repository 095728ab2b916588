"""Retention: what batches leave behind goes after its days, whole batches, oldest first, one at a time.

What is open, waits for a decision, lends its files or is the last good night stays however old it is: the next night is
carried on from it, repaired by it and undone to it.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from config.home import Home
from config.settings import Retention
from connect_store import ledger, retention
from connect_store.retention import KINDS_KEPT, WHO, What
from connect_store.store import Store, open_store
from processors.kept_changes import CHANGES_FILE
from processors.locks import Held, district_lock
from processors.reporting.receipts import RECEIPTS
from validators.no_roster import NO_ROSTER

_LOCK_WAIT_S: Final = 1.0  # who works on the district goes first; it is looked at again later
_OF_FILES: Final = ("files", "found.json", "context.json", "night.json")
_OF_REPORTS: Final = ("report", "summary", CHANGES_FILE)
_NONE: Final = 2**62
_FAR: Final = datetime(9999, 1, 1, tzinfo=UTC)  # what waits for its time is unfinished too


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round of retention did: batches of which something went, and districts that were busy."""

    batches: int
    busy: tuple[str, ...]


def purge(home: Home, keep: Retention, *, now: datetime, stop: Callable[[], bool] = lambda: False) -> Round:
    """Remove what is older than the settings say, under each district's lock, a batch at a time.

    Whatever interrupts it, the next round goes on: what is on the disk goes before the mark that it is gone.

    Args:
        home: the installation.
        keep: for how many days what is kept.
        now: the moment, aware.
        stop: asked between two batches; true ends the round.
    """
    with open_store(home.store_db) as store:
        districts = retention.districts_of_ledger(store)
        done: set[int] = set()
        busy = []
        for district in districts:
            if stop():
                break
            for number, what in list(_due(store, district, keep, now)):
                if stop():
                    break
                try:
                    with district_lock(home, district, who=WHO, wait_s=_LOCK_WAIT_S):
                        if number not in _kept(store, district):
                            _purge(home, store, district, number, what, keep, now)
                            done.add(number)
                except Held:
                    busy.append(district)
                    break
            _sweep(home, district, (now - timedelta(days=keep.reports_days)).date())
    return Round(batches=len(done), busy=tuple(busy))


def _due(store: Store, district: str, keep: Retention, now: datetime) -> Iterator[tuple[int, What]]:
    applied = ledger.last_applied(store, district)
    # A later night's undo reads what came after it, changes by hand too: only what is older than that may go.
    below = {"undo": applied.number if applied else _NONE}
    found = [
        (number, what)
        for what in KINDS_KEPT
        for number in retention.due(
            store, district, what, before=now - timedelta(days=_days(keep, what)), below=below.get(what, _NONE)
        )
    ]
    if found:
        kept = _kept(store, district)
        yield from ((number, what) for number, what in found if number not in kept)


def _kept(store: Store, district: str) -> frozenset[int]:
    """Batches of which everything stays, however old they are."""
    newest = [
        ledger.last_applied(store, district),
        ledger.last_standing(store, district, test=False),
        *(ledger.last(store, district, test=test) for test in (False, True)),
        *(ledger.last_judged(store, district, test=test, but_not=NO_ROSTER) for test in (False, True)),
    ]
    waits = [*ledger.open_work(store, district, _FAR), *retention.waiting(store, district)]
    return frozenset([*waits, *(batch.number for batch in newest if batch)])


def _purge(home: Home, store: Store, district: str, number: int, what: What, keep: Retention, now: datetime) -> None:
    folder = home.batch(district, number)
    if what == "files":
        _remove(folder / name for name in _OF_FILES)
    elif what == "reports":
        for test in (False, True):
            for reports in (home.reports(district, test=test), home.summaries(district, test=test)):
                _remove(reports.glob(f"????-??-??-batch-{number}"))
        _remove(folder / name for name in _OF_REPORTS)
    with store.writing():
        retention.purge(store, number, what, at=now, days=_days(keep, what))
    if what in {"files", "reports"} and {"files", "reports"} <= set(retention.purged(store, number)[number]):
        _remove([folder])


def _remove(paths: Iterator[Path] | list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _sweep(home: Home, district: str, before: date) -> None:
    """Reports on sets that never became batches, and receipts: dated by their names, and in no ledger."""
    for test in (False, True):
        for reports in (home.reports(district, test=test), home.summaries(district, test=test)):
            old = [path for path in reports.glob("????-??-??-incomplete") if path.name[:10] < f"{before:%Y-%m-%d}"]
            receipts = (reports / RECEIPTS).glob("????????T*.json")
            _remove([*old, *(path for path in receipts if path.name[:8] < f"{before:%Y%m%d}")])


def _days(keep: Retention, what: What) -> int:
    return int(getattr(keep, f"{what}_days"))
