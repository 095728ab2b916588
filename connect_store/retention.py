"""What is no longer kept of a batch, and what the store forgets of it: undo record and events, whole batches at a time.

A mark stands for each thing that went, written in the transaction that removes it, so that nobody takes a record that
is gone for one that was empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from connect_store.ledger import note, stamp
from connect_store.records import ENTITIES
from connect_store.store import Store

What = Literal["files", "undo", "reports", "events"]
KINDS_KEPT: Final[tuple[What, ...]] = get_args(What)

WHO: Final = "retention"
NAMES: Final[Mapping[What, str]] = {
    "files": "frozen files",
    "undo": "undo record",
    "reports": "reports",
    "events": "events",
}
_DUE: Final[Mapping[What, str]] = {
    "files": "due_files",
    "undo": "due_undo",
    "reports": "due_files",
    "events": "due_events",
}


class NotKept(Exception):
    """Something is asked of a batch for which nothing is kept any more."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """One thing of a batch that is no longer kept: which, since when, after how many days."""

    batch: int
    what: What
    at: str
    days: int

    def __str__(self) -> str:
        return f"{self.at[:10]} after {self.days} days (retention.{self.what}_days)"


def districts_of_ledger(store: Store) -> list[str]:
    """Districts that ever had a batch."""
    return [str(district) for (district,) in store.rows("districts_of_ledger")]


def due(store: Store, district: str, what: What, *, before: datetime, below: int) -> list[int]:
    """Batches of before a moment, with numbers below one, of which something is still kept; oldest first."""
    found = store.rows(_DUE[what], district=district, what=what, before=stamp(before), below=below)
    return [int(number) for (number,) in found]


def waiting(store: Store, district: str) -> list[int]:
    """Held batches of a district of which nobody has decided yet."""
    return [int(number) for (number,) in store.rows("waiting_batches", district=district)]


def purge(store: Store, batch: int, what: What, *, at: datetime, days: int) -> None:
    """Forget something of a batch and mark it; files and reports are to be gone from the disk already.

    Inside the caller's transaction.
    """
    up_to = None
    if what == "undo":
        for name in ENTITIES:
            store.run(f"purge_{name}", batch=batch)
    elif what == "events":
        ((up_to,),) = store.rows("last_event_of", batch=batch)
        store.run("purge_events", batch=batch)
    store.run("mark_purged", batch=batch, what=what, at=stamp(at), days=days, up_to=up_to)
    note(store, batch, "purge", at=at, who=WHO, detail=f"{NAMES[what]}, after {days} days")


def purged(store: Store, first: int, last: int | None = None) -> dict[int, dict[What, Purged]]:
    """What is no longer kept of a batch, or of all from a first to a last."""
    found: dict[int, dict[What, Purged]] = {}
    for row in store.rows("purged_of", first=first, last=first if last is None else last):
        one = _purged(row)
        found.setdefault(one.batch, {})[one.what] = one
    return found


def purged_undo(store: Store, district: str, before: int, after: int) -> Purged | None:
    """The newest undo record that is gone among the batches after one, up to another."""
    rows = store.rows("purged_undo", district=district, before=before, after=after)
    return _purged(rows[0]) if rows else None


def missed_up_to(store: Store, district: str | None, cursor: int) -> int | None:
    """The last event after a cursor that is no longer told; None where a reader has missed nothing."""
    ((last,),) = store.rows("outbox_purged_up_to", district=district)
    return int(last) if last is not None and last > cursor else None


def require_files(store: Store, batch: int, cannot: str) -> None:
    """Go on where the frozen files of a batch are kept.

    Raises:
        NotKept: they are not; `cannot` says what can therefore not be done with the batch.
    """
    gone = purged(store, batch).get(batch, {}).get("files")
    if gone:
        raise NotKept(f"batch {batch} cannot be {cannot}: its frozen files were removed on {gone}")


def _purged(row: tuple[object, ...]) -> Purged:
    batch, what, at, days = row
    return Purged(batch=batch, what=what, at=at, days=days)  # type: ignore[arg-type]  # a row of the table is one
