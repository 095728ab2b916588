"""What a person does with batches: approve what was held or withheld, discard it, undo what was applied, pause."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import polars as pl

from config.home import Home
from config.loading import load_profile
from config.writing import move_schools
from connect_store import ledger
from connect_store.applying import CHANGE, Changes, apply
from connect_store.ledger import LedgerBatch
from connect_store.records import KINDS, EntityName
from connect_store.renumbering import backwards, renumber, renumbered, schools_in
from connect_store.store import Store, open_store
from connect_store.undo_record import undo_record
from processors import deliveries, lifecycle
from processors.answers import ANSWERABLE, Answer, NoAnswer, is_of
from processors.freezing import deliver
from processors.locks import district_lock
from processors.undoing import Undo, undone
from processors.verdicts import APPLIED, WAITING

_LOCK_WAIT_S: Final = 60.0
_MOST_NAMED: Final = 6


class NotToBeDone(Exception):
    """The batch is not one with which this can be done; the sentence says why."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """An undo that was applied: its own number, what it changed by type, and how much people's changes kept."""

    number: int
    changes: Mapping[str, Mapping[str, int]]
    kept: Mapping[EntityName, int]


def approve(home: Home, number: int, *, who: str, why: str) -> int:
    """Let all of a held or withheld batch be applied; the number of the batch that does it.

    It is judged and compared again, by its own profile: what people did meanwhile counts. No guard stops it.

    Raises:
        NotToBeDone: it was neither held nor withheld, or is not the newest batch of its district.
        UnknownBatch: there is no such batch.
    """
    with open_store(home.store_db) as store:
        batch = _waiting(store, number, "approved")
        pause = ledger.paused(store, batch.district)
        if pause:
            raise NotToBeDone(
                f"{batch.district} is paused ({pause.why}); first: rosterdrop district resume {batch.district}"
            )
        if (batch.summary or {}).get("paused"):  # no guard held it, and none would look at it again
            raise NotToBeDone(
                f"batch {number} waits because nights of {batch.district} are not applied; to apply it once, guarded: "
                f"rosterdrop connect sync-once {batch.district}"
            )
        delivery = deliveries.again(home, store, batch, who=who, origin="approve")
    approving = deliver(home, delivery)
    with open_store(home.store_db) as store, store.writing():
        ledger.note(store, number, "approve", at=_now(), who=who, detail=f"as batch {approving}: {why}")
    return approving


def take_answer(home: Home, district: str, answer: Answer, *, who: str) -> int | None:
    """Do what the answer of a district says; the number of the batch that applies what was approved.

    Raises:
        NoAnswer: there is no such batch of the district, its code is another one, or the answer comes too late.
        NotToBeDone: the batch waits for no answer, or a newer one came.
    """
    with open_store(home.store_db) as store:
        batch = ledger.find(store, answer.batch)
        approving = ledger.run_again(store, answer.batch, "approve")
    if batch is None or batch.district != district or not is_of(answer, batch):
        raise NoAnswer("answer.other_batch", number=str(answer.batch))
    if approving is not None and answer.does == "approve":
        return approving  # the answer is told again after a crash
    if _now() - batch.received > ANSWERABLE:
        raise NoAnswer("answer.too_late", number=str(batch.number), days=str(ANSWERABLE.days))
    if answer.does == "approve":
        return approve(home, batch.number, who=who, why=answer.why)
    discard(home, batch.number, who=who, why=answer.why)
    return None


def sync_once(home: Home, district: str, *, who: str, why: str) -> int:
    """Let the newest files of a district whose daily sync is off be applied this once, guarded as a night.

    Returns: the number of the batch that does it.

    Raises:
        NotToBeDone: the daily sync is on, the district is paused, or no files wait.
    """
    if load_profile(home, district).sync.daily:
        raise NotToBeDone(f"the daily sync of {district} is on, so its nights are applied by themselves")
    with open_store(home.store_db) as store:
        pause = ledger.paused(store, district)
        if pause:
            raise NotToBeDone(f"{district} is paused ({pause.why}); first: rosterdrop district resume {district}")
        newest = ledger.last(store, district, test=False)
        if newest is None or newest.state != "reported" or not (newest.summary or {}).get("paused"):
            raise NotToBeDone(
                f"no files of {district} wait to be applied; first: rosterdrop batch upload {district} FILES --wait"
            )
        delivery = deliveries.again(home, store, newest, who=who, origin="once")
    once = deliver(home, delivery)
    with open_store(home.store_db) as store, store.writing():
        ledger.note(store, newest.number, "sync once", at=_now(), who=who, detail=f"as batch {once}: {why}")
    return once


def discard(home: Home, number: int, *, who: str, why: str) -> None:
    """Say that a batch that is held, or waits for its time, shall never be applied.

    Raises:
        NotToBeDone: it is neither, or its time has come.
        UnknownBatch: there is no such batch.
    """
    with open_store(home.store_db) as store, store.writing():
        batch = ledger.require(store, number)
        if batch.state != "scheduled" and (batch.state, batch.verdict) != ("reported", "held"):
            raise NotToBeDone(
                f"batch {number} is {_standing(batch)}: it is neither held nor waits for its time, so "
                "there is nothing to discard"
            )
        if running := ledger.run_again(store, number, "schedule"):
            raise NotToBeDone(f"the time of batch {number} has come: batch {running} applies it and can be undone")
        _move(store, batch, "discard")
        ledger.note(store, number, "discard", at=_now(), who=who, detail=why)


def undo(home: Home, number: int, *, who: str, why: str) -> Undone:
    """Give back what a batch found, and pause its district, so that the next night does not bring it again.

    One transaction. An undo has an undo record too, and can be undone itself; or the night before it can be undone.

    Raises:
        NotToBeDone: it was not applied, or a newer one was.
        NoUndoRecord: what it found is not known any more.
        CannotRenumber: it gave out IDs, and somebody else has one of the old ones by now.
        UnknownBatch: there is no such batch.
        Held: another process works on the district.
    """
    with open_store(home.store_db) as store:
        district = ledger.require(store, number).district
    with district_lock(home, district, who=who, wait_s=_LOCK_WAIT_S), open_store(home.store_db) as store:
        batch = ledger.require(store, number)
        newest = [ledger.last_applied(store, district), ledger.last_night(store, district)]
        if all(each is None or each.number != number for each in newest):
            raise NotToBeDone(_why_not(store, batch))
        with store.writing():
            now = _now()
            if (mapping := renumbered(store, number)).is_empty():
                undoing, plan, counted = _give_back(store, batch, now)
            else:
                plan = Undo(changes={}, kept={})
                undoing, counted = renumber(
                    store, district, backwards(mapping), origin="undo", of=number, at=now, summary={}
                )
            _turn(store, batch)
            ledger.note(store, number, "undo", at=now, who=who, detail=f"as batch {undoing}: {why}")
            ledger.note(store, undoing, "undo", at=now, who=who, detail=f"of batch {number}: {why}")
            ledger.pause(store, district, at=now, who=who, why=f"batch {number} was undone: {why}")
        move_schools(home, district, schools_in(backwards(mapping)))
    return Undone(number=undoing, changes=counted, kept=plan.kept)


def _give_back(store: Store, batch: LedgerBatch, now: datetime) -> tuple[int, Undo, dict[str, dict[str, int]]]:
    """What a batch found is in force again; the number of the undo, what it is, and what it changes."""
    plan = undone(undo_record(store, batch.number))
    counted = counts(plan.changes)
    undoing = ledger.enter_done(
        store, district=batch.district, origin="undo", at=now, of=batch.number, changes=counted, summary={}
    )
    apply(store, district=batch.district, batch=undoing, changes=plan.changes, at=now)
    return undoing, plan, counted


def _turn(store: Store, batch: LedgerBatch) -> None:
    """Let a batch count as undone; of an undo what it undid stands again, which may be an undo itself, and so on."""
    event: lifecycle.Event = "undo"
    while True:
        _move(store, batch, event)
        if batch.origin != "undo" or batch.requeue_of is None:
            return
        batch = ledger.require(store, batch.requeue_of)
        event = "redo" if event == "undo" else "undo"


def pause(home: Home, district: str, *, who: str, why: str) -> None:
    """Judge and report what comes for a district, and apply nothing until it is resumed."""
    with open_store(home.store_db) as store, store.writing():
        ledger.pause(store, district, at=_now(), who=who, why=why)


def resume(home: Home, district: str, *, who: str) -> int | None:
    """Let nights be applied again; the number of the batch that now applies the newest one, if it was only waiting.

    Raises:
        NotToBeDone: the district is not paused.
    """
    with open_store(home.store_db) as store:
        with store.writing():
            if not ledger.resume(store, district):
                raise NotToBeDone(f"{district} is not paused; nothing was done")
        newest = ledger.last(store, district, test=False)
        if newest is None or newest.state != "reported" or not (newest.summary or {}).get("paused"):
            return None
        delivery = deliveries.again(home, store, newest, who=who)
    return deliver(home, delivery)


def counts(changes: Changes) -> dict[str, dict[str, int]]:
    """Records by type and by what becomes of them; `removed` is what an undo takes back."""
    counted: dict[str, dict[str, int]] = {}
    for name, records in changes.items():
        for label, rows in _by_type(name, records):
            told = rows.filter(pl.col(CHANGE) != "unchanged").group_by(CHANGE).len().rows()
            if told:
                counted[label] = {action: int(times) for action, times in told}
    return counted


def _by_type(name: EntityName, records: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    if name == "person":
        return [(kind, records.filter(pl.col("kind") == kind)) for kind in KINDS]
    return [(name, records)]


def _waiting(store: Store, number: int, done: str) -> LedgerBatch:
    batch = ledger.require(store, number)
    if batch.state not in {"reported", "scheduled"} or batch.verdict not in WAITING:
        raise NotToBeDone(f"batch {number} is neither held nor withheld, so there is nothing to be {done}")
    newest = ledger.last(store, batch.district, test=batch.test)
    if batch.test or newest is None or newest.number != number:
        raise NotToBeDone(f"batch {number} is not the newest of {batch.district}; only the newest can be {done}")
    return batch


def _why_not(store: Store, batch: LedgerBatch) -> str:
    """Why a batch is not undone, and what to do where it can be later."""
    if batch.state == "undone":
        return f"batch {batch.number} is undone already"
    newer = ledger.nights_after(store, batch.district, batch.number)
    if not newer and batch.origin == "undo":
        return (
            f"batch {batch.number} is an undo after which others came, so it stays; to run its night again: rosterdrop "
            f"batch requeue {batch.requeue_of}"
        )
    if not newer or batch.state not in {"decided", "reported"} or batch.verdict not in APPLIED or batch.test:
        return f"batch {batch.number} is not in Connect ({_standing(batch)}), so there is nothing to undo"
    more = (
        f" (then {', '.join(map(str, newer[1:_MOST_NAMED]))}{' …' if newer[_MOST_NAMED:] else ''})" if newer[1:] else ""
    )
    return (
        f"batch {batch.number} is not the newest night in Connect, and nights are undone from the newest back. "
        f'First: rosterdrop batch undo {newer[0]} --why "…"{more}; then: rosterdrop batch undo {batch.number} --why "…"'
    )


def _standing(batch: LedgerBatch) -> str:
    """The verdict of a batch, or its state where that says more."""
    return batch.verdict if batch.verdict and batch.state in {"decided", "reported"} else batch.state


def _move(store: Store, batch: LedgerBatch, event: lifecycle.Event) -> None:
    ledger.move(
        store,
        batch.number,
        attempt=batch.attempt,
        before=batch.state,
        after=lifecycle.after(batch.state, event),
    )


def _now() -> datetime:
    return datetime.now(UTC)
