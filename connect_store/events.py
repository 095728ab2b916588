"""What changed for whom, for programs that follow Connect: written with each change, read in order by a cursor.

A reader keeps the `id` of the last event that it has dealt with and asks for what came after it. So it meets every
event at least once; one that it meets twice has the same `id`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connect_store.ledger import stamp
from connect_store.store import Store

EventName = Literal[
    "person_created",
    "person_removed",
    "person_disconnected",
    "person_restored",
    "student_archived",
    "student_restored",
    "guardian_linked",
    "guardian_disconnected",
    "credential_changed",
    "id_changed",
    "sync_failed",
    "files_missing",
    "sync_recovered",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that changed for one person, or a notice about a district (`connect_store.notices`).

    Attributes:
        id: ascending, never given twice: the cursor, and what tells a repeat.
        batch: the night, the undo or the change by hand that did it.
        student: of a guardian that was linked or disconnected, the student.
        detail: of changed credentials, which fields (`email`, `sms`); of a changed ID the one before; of a notice its
            reason; never a value.
    """

    id: int
    district: str
    batch: int
    at: str
    event: EventName
    kind: str
    key: str
    student: str | None
    detail: str | None


def is_first_sync(store: Store, district: str) -> bool:
    """Whether the sync has nobody of a district in Connect yet; of an initial sync nobody is told (7)."""
    return store.rows("brought_anybody", district=district) == [(0,)]


def tell(store: Store, *, district: str, batch: int, at: datetime, logins: bool) -> None:
    """Write the events of a batch whose changes and undo record stand, inside the transaction that wrote them.

    `logins`: whether changed logins are told too.
    """
    for statement in ("tell_people", *(["tell_credentials"] if logins else []), "tell_guardianships"):
        store.run(statement, district=district, batch=batch, at=stamp(at))


def events_after(store: Store, district: str | None, cursor: int, most: int) -> list[Event]:
    """The events of a district (or of all) after a cursor, oldest first, at most so many; 0 is before the first."""
    rows = store.rows("outbox_after", district=district, cursor=cursor, most=most)
    return [Event(**dict(zip(Event.__slots__, row, strict=True))) for row in rows]
