"""The history and the queue of batches: states, events, who did what and why.

The ledger is the queue: what is not finished stands in it, oldest first, and any process can take it up. It holds
counts and codes, never a value of a file.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from config.tables import TableName
from connect_store.store import Store

State = Literal["frozen", "working", "scheduled", "decided", "reported", "superseded", "discarded", "undone", "failed"]

DUE: Final = "due"
"""Key of a summary: when a batch that is only scheduled will be applied."""

EVERY: Final = "*"
"""In the place of a district: what was done to the whole installation. No district is called so."""

TAKEN_BACK: Final = frozenset({"undone", "discarded"})
"""States of batches whose verdict no longer holds."""

_RECENT: Final = 50
_NEWEST: Final = 2**62


class Overtaken(Exception):
    """Somebody else moved the batch on meanwhile; nothing of this attempt may be written."""


class UnknownBatch(Exception):
    """No batch has this number."""

    exit_code = 5

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no batch {number}; `rosterdrop batch list` shows what there is")
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFile:
    """A frozen file of a batch, as the ledger remembers it.

    `generation` tells apart the files that came one after the other under one name; `arrived` is when this one did.
    """

    file: str
    table: TableName | None
    bytes: int
    sha256: str
    generation: str
    arrived: str
    carried_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerBatch:
    """One batch in the history. Times are aware, UTC. `changes` and `summary` are null until it is decided."""

    number: int
    district: str
    test: bool
    origin: str
    received: datetime
    state: State
    attempt: int
    verdict: str | None
    requeue_of: int | None
    files: tuple[LedgerFile, ...]
    changes: Mapping[str, Mapping[str, int]] | None
    summary: Mapping[str, Any] | None
    decided: datetime | None

    @property
    def waits_until(self) -> datetime | None:
        """When a batch that is judged and not applied yet will be; None where it does not wait for a time."""
        due = (self.summary or {}).get(DUE)
        return moment(due) if due and self.state == "scheduled" else None

    @property
    def changed_nothing(self) -> bool:
        """Whether its changes were only ever to come: it waited for its time, and gave way or was discarded."""
        return DUE in (self.summary or {}) and self.state in {"superseded", "discarded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Since when, by whom and why nothing of a district is applied."""

    since: str
    who: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvent:
    """Who did what to a batch, and when."""

    at: str
    event: str
    who: str
    detail: str | None


def stamp(moment: datetime) -> str:
    """A moment as the store writes it: UTC, milliseconds, fixed width."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def moment(text: str) -> datetime:
    """The moment that `stamp` wrote."""
    return datetime.fromisoformat(text)


def open_batch(
    store: Store,
    *,
    district: str,
    test: bool,
    origin: str,
    received: datetime,
    files: Sequence[LedgerFile],
    requeue_of: int | None = None,
) -> int:
    """Enter a frozen batch and return its number; inside the caller's transaction."""
    rows = store.rows(
        "open_batch",
        district=district,
        test=int(test),
        origin=origin,
        received=stamp(received),
        requeue_of=requeue_of,
        files=json.dumps([_file_as_json(file) for file in files]),
    )
    return int(rows[0][0])


def note(store: Store, batch: int, event: str, *, at: datetime, who: str, detail: str | None = None) -> None:
    """Add one event to a batch's history."""
    store.run("note_event", batch=batch, at=stamp(at), event=event, who=who, detail=detail)


def take(store: Store, batch: LedgerBatch) -> int:
    """Put a batch to work and return the number of this attempt.

    Raises:
        Overtaken: it is no longer in the state in which it was read.
    """
    rows = store.rows("take_batch", batch=batch.number, **{"from": batch.state})
    if not rows:
        raise Overtaken(batch.number)
    return int(rows[0][0])


def decide(
    store: Store,
    batch: int,
    *,
    attempt: int,
    verdict: str,
    changes: Mapping[str, Mapping[str, int]] | None,
    summary: Mapping[str, Any],
    decided: datetime,
    due: datetime | None = None,
) -> None:
    """Write the verdict, inside the transaction that applies the changes; with `due` they are applied later.

    Raises:
        Overtaken: a newer attempt took the batch; the caller's transaction must not commit.
    """
    touched = store.run(
        "decide_batch",
        batch=batch,
        attempt=attempt,
        state="decided" if due is None else "scheduled",
        verdict=verdict,
        changes=None if changes is None else json.dumps(changes),
        summary=json.dumps(summary),
        decided=stamp(decided),
        due=None if due is None else stamp(due),
    )
    if touched != 1:
        raise Overtaken(batch)


def move(store: Store, batch: int, *, attempt: int, before: State, after: State) -> None:
    """Move a batch one step along its lifecycle.

    Raises:
        Overtaken: it is no longer in the state `before`, or a newer attempt took it.
    """
    if store.run("move_batch", batch=batch, attempt=attempt, **{"from": before, "to": after}) != 1:
        raise Overtaken(batch)


def waiting_before(store: Store, district: str, batch: int) -> list[tuple[int, int, State]]:
    """Older batches of the district that wait, for a person or for their time: number, attempt, state."""
    return [
        (int(number), int(attempt), state)
        for number, attempt, state in store.rows("waiting_before", district=district, batch=batch)
    ]


def run_again(store: Store, batch: int, origin: str) -> int | None:
    """The newest batch, not undone, that ran the files of another again in this way."""
    ((number,),) = store.rows("run_again", batch=batch, origin=origin)
    return None if number is None else int(number)


def open_work(store: Store, district: str, now: datetime) -> list[int]:
    """Numbers of the district's batches that are not finished, oldest first; what is scheduled once it is due."""
    return [int(number) for (number,) in store.rows("open_work", district=district, now=stamp(now))]


def districts_with_work(store: Store, now: datetime) -> list[str]:
    """Districts that have unfinished batches; one that waits for its time counts when that has come."""
    return [str(district) for (district,) in store.rows("districts_with_work", now=stamp(now))]


def find(store: Store, batch: int) -> LedgerBatch | None:
    """One batch, or None where there is no such number."""
    rows = store.rows("batch_by_id", batch=batch)
    return _batch(rows[0]) if rows else None


def require(store: Store, batch: int) -> LedgerBatch:
    """One batch that must be there.

    Raises:
        UnknownBatch: there is no such number.
    """
    found = find(store, batch)
    if found is None:
        raise UnknownBatch(batch)
    return found


def history(store: Store, district: str | None, *, most: int, before: int = _NEWEST) -> list[LedgerBatch]:
    """Batches of a district (or of all), newest first, at most `most`, with numbers below `before`."""
    asked = {"most": most, "before": before}
    found = store.rows("batches", **asked) if district is None else store.rows("batches_of", district=district, **asked)
    return [_batch(row) for row in found]


def judged(store: Store, district: str, *, test: bool) -> Iterator[LedgerBatch]:
    """Batches of the district that reached a verdict, newest first; read as far as somebody asks for them."""
    before = _NEWEST
    while page := store.rows("judged_batches", district=district, test=int(test), before=before, most=_RECENT):
        yield from map(_batch, page)
        before = int(page[-1][0])


def last_judged(store: Store, district: str, *, test: bool, but_not: AbstractSet[str]) -> LedgerBatch | None:
    """The newest batch of the district that reached a verdict by its tables, with no finding of the codes `but_not`."""
    lending = (
        batch
        for batch in judged(store, district, test=test)
        if batch.state not in TAKEN_BACK and any(file.table for file in batch.files)
    )
    return next((batch for batch in lending if but_not.isdisjoint((batch.summary or {}).get("findings", {}))), None)


def applied(store: Store, district: str, *, test: bool, most: int) -> list[LedgerBatch]:
    """The newest batches of the district that reached Connect, newest first, without those that were run again."""
    return [_batch(row) for row in store.rows("applied_batches", district=district, test=int(test), most=most)]


def made_of(store: Store, district: str, *, test: bool, origin: str, files: frozenset[LedgerFile]) -> int | None:
    """The batch of this way in that was made of these very files, among the newest; None where there is none."""
    for batch in history(store, district, most=_RECENT):
        if batch.test == test and batch.origin == origin and frozenset(batch.files) == files:
            return batch.number
    return None


def last(store: Store, district: str, *, test: bool) -> LedgerBatch | None:
    """The newest batch of the district, whatever became of it."""
    rows = store.rows("last_batch", district=district, test=int(test))
    return _batch(rows[0]) if rows else None


def last_standing(store: Store, district: str, *, test: bool) -> LedgerBatch | None:
    """The newest batch of the district that is in Connect or may still come there."""
    rows = store.rows("last_standing", district=district, test=int(test))
    return _batch(rows[0]) if rows else None


def last_applied(store: Store, district: str) -> LedgerBatch | None:
    """The newest batch of the district that is in Connect and was not undone."""
    rows = store.rows("last_applied", district=district)
    return _batch(rows[0]) if rows else None


def last_night(store: Store, district: str) -> LedgerBatch | None:
    """The newest night of the district that is in Connect; an undo is none."""
    rows = store.rows("last_night", district=district)
    return _batch(rows[0]) if rows else None


def enter_done(
    store: Store,
    *,
    district: str,
    origin: Literal["undo", "hand", "switch"],
    at: datetime,
    changes: Mapping[str, Mapping[str, int]],
    summary: Mapping[str, Any],
    of: int | None = None,
) -> int:
    """Enter what is done at once, inside the transaction that does it; its number."""
    rows = store.rows(
        "enter_done",
        district=district,
        origin=origin,
        at=stamp(at),
        of=of,
        changes=json.dumps(changes),
        summary=json.dumps(summary),
    )
    return int(rows[0][0])


def enter_deed(
    store: Store,
    deed: Literal["restore", "remove"],
    *,
    at: datetime,
    who: str,
    why: str,
    number: int | None = None,
) -> int:
    """Enter what was done to the whole installation, under the next number or a certain one; which it is.

    Inside the caller's transaction.
    """
    known = {"district": EVERY, "test": 0, "origin": deed, "received": stamp(at), "state": "reported", "files": "[]"}
    if number is None:
        number = int(store.rows("enter_deed", **known)[0][0])
    else:
        store.run("enter_found", batch=number, **known)
    note(store, number, deed, at=at, who=who, detail=why)
    return number


def enter_lost(
    store: Store,
    number: int,
    *,
    district: str,
    test: bool,
    origin: str,
    received: datetime,
    files: Sequence[LedgerFile],
) -> None:
    """Enter a batch that is known from its folder only: nothing of it is in Connect, and a person may requeue it.

    Inside the caller's transaction.
    """
    store.run(
        "enter_found",
        batch=number,
        district=district,
        test=int(test),
        origin=origin,
        received=stamp(received),
        state="failed",
        files=json.dumps([_file_as_json(file) for file in files]),
    )


def pause(store: Store, district: str, *, at: datetime, who: str, why: str) -> None:
    """Let nothing of a district be applied until it is resumed; inside the caller's transaction."""
    store.run("pause", district=district, since=stamp(at), who=who, why=why)


def resume(store: Store, district: str) -> bool:
    """Let nights be applied again; whether the district was paused. Inside the caller's transaction."""
    return bool(store.run("resume", district=district))


def paused(store: Store, district: str) -> Pause | None:
    """Whether nothing of a district is applied, and why."""
    rows = store.rows("paused", district=district)
    return Pause(since=rows[0][0], who=rows[0][1], why=rows[0][2]) if rows else None


def pauses(store: Store) -> dict[str, Pause]:
    """Every district of which nothing is applied."""
    return {str(district): Pause(since=since, who=who, why=why) for district, since, who, why in store.rows("pauses")}


def nights_after(store: Store, district: str, batch: int) -> list[int]:
    """Nights of the district, newer than a batch, that are in Connect; newest first."""
    return [int(number) for (number,) in store.rows("nights_after", district=district, batch=batch)]


def is_overtaken(store: Store, batch: LedgerBatch) -> bool:
    """Whether a newer batch of the district was applied or waits to be: running this one again would undo it."""
    return not batch.test and bool(store.rows("newer_than", district=batch.district, batch=batch.number)[0][0])


def events(store: Store, batch: int) -> list[LedgerEvent]:
    """The history of one batch, oldest event first."""
    return [
        LedgerEvent(at=at, event=event, who=who, detail=detail)
        for at, event, who, detail in store.rows("events", batch=batch)
    ]


def _batch(row: Sequence[Any]) -> LedgerBatch:
    number, district, test, origin, received, state, attempt, verdict, requeue_of, files, changes, summary, decided = (
        row
    )
    return LedgerBatch(
        number=number,
        district=district,
        test=bool(test),
        origin=origin,
        received=moment(received),
        state=state,
        attempt=attempt,
        verdict=verdict,
        requeue_of=requeue_of,
        files=tuple(LedgerFile(**file) for file in json.loads(files)),
        changes=None if changes is None else json.loads(changes),
        summary=None if summary is None else json.loads(summary),
        decided=None if decided is None else moment(decided),
    )


def _file_as_json(file: LedgerFile) -> dict[str, Any]:
    return {name: getattr(file, name) for name in LedgerFile.__slots__}
