"""Notices to a district's administrators: a sync that failed, files that did not come, and that it is well again.

A notice is an event of the outbox like any other, about the district itself: `kind` is `district`, `detail` the reason.
It holds verdicts and names of expected files, never a value of a file. Families get none, and nobody gets any before
the sync has brought somebody: whoever sets it up looks on (connect-behaviour 7, 9.5).
"""

from datetime import datetime
from typing import Final, Literal

from connect_store.events import is_first_sync
from connect_store.ledger import last, stamp
from connect_store.store import Store

Notice = Literal["sync_failed", "files_missing", "sync_recovered"]
FAILED: Final = frozenset({"withheld", "held", "refused", "failed"})
"""What of a night is a failure: verdicts, and that it could not be worked on. Connect fails at the threshold too."""


def tell_outcome(store: Store, *, district: str, batch: int, at: datetime, outcome: str) -> None:
    """Tell that a night failed, or that one stands after some that did not; inside the transaction that decides it."""
    if outcome in FAILED:
        _tell(store, "sync_failed", district=district, batch=batch, at=at, reason=outcome)
    elif _last_told(store, district) in {"sync_failed", "files_missing"}:
        _tell(store, "sync_recovered", district=district, batch=batch, at=at, reason=outcome)


def tell_missing(store: Store, *, district: str, at: datetime, reason: str) -> None:
    """Tell that a set did not become whole; the event stands with the newest batch before it."""
    newest = last(store, district, test=False)
    if newest is not None:
        with store.writing():
            _tell(store, "files_missing", district=district, batch=newest.number, at=at, reason=reason)


def _tell(store: Store, notice: Notice, *, district: str, batch: int, at: datetime, reason: str) -> None:
    if not is_first_sync(store, district):
        store.run("tell_notice", district=district, batch=batch, at=stamp(at), event=notice, reason=reason)


def _last_told(store: Store, district: str) -> str | None:
    rows = store.rows("last_notice", district=district)
    return str(rows[0][0]) if rows else None
