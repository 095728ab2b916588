"""One person through all nights: what changed, when, by whom, and who owns each value today."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from connect_store.records import PERSON, Kind
from connect_store.store import Store

_NEWEST: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that changed: a field with both values, or a link (`school`, `class`, `guardian`, `student`).

    `before` is null where nothing was there, `after` likewise. `origin` is the way in of the batch.
    """

    batch: int
    at: str
    origin: str
    who: str
    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A value in force, who owns it (`sync`, or `hand` where a person changed it) and since which batch."""

    field: str
    value: str | None
    owner: str
    since: str | None
    batch: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """An ID of a person: the batch after which they had it (0 where it was the first), and that with which it ended."""

    key: str
    after: int
    up_to: int


def ids_of(store: Store, district: str, kind: Kind, key: str) -> list[Called]:
    """Every ID that a person ever had, the one of now first."""
    called, up_to = [], _NEWEST
    while True:
        about = store.rows("renumbered_about", district=district, kind=kind, key=key)
        before = [(int(batch), str(was)) for batch, was, given in about if given == key and batch < up_to]
        since, was = before[-1] if before else (0, None)
        gave_away = max((int(batch) for batch, had, _ in about if had == key and batch < up_to), default=0)
        called.append(Called(key=key, after=max(since, gave_away), up_to=up_to))
        if was is None or gave_away > since:  # what had the ID before it was given away is another record
            return called
        key, up_to = was, since


def history_of(store: Store, district: str, kind: Kind, key: str) -> list[Step]:
    """Everything that the store knows to have changed about a person, oldest first, whatever the ID was then."""
    ids = ids_of(store, district, kind, key)
    renamed = [_renumbered(store, before, now) for now, before in pairwise(ids)]
    who = {"district": district, "kind": kind, "key": key}
    found = _of_ids(store, "person_history", district, kind, ids)
    states = [*(row[4:] for row in found), *(tuple(row) for row in store.rows("person_now", **who))]
    fields = [
        step
        for row, (before, after) in zip(found, pairwise(states), strict=False)
        for step in _fields(row, before, after)
    ]
    links = [_link(row) for row in _of_ids(store, "link_history", district, kind, ids)]
    return sorted([*fields, *links, *renamed], key=lambda step: step.batch)


def _of_ids(store: Store, statement: str, district: str, kind: Kind, ids: Sequence[Called]) -> list[tuple[Any, ...]]:
    """What is remembered under each ID of a person while it was theirs, oldest first."""
    return [
        row
        for one in reversed(ids)
        for row in store.rows(statement, district=district, kind=kind, key=one.key)
        if one.after < row[0] <= one.up_to
    ]


def _renumbered(store: Store, before: Called, now: Called) -> Step:
    ((at, origin, who),) = store.rows("who_did", batch=now.after)
    return Step(batch=now.after, at=at, origin=origin, who=who, what="id", before=before.key, after=now.key)


def owners_of(store: Store, district: str, kind: Kind, key: str) -> list[Owned]:
    """Who owns each value of a person; nothing where there is no such person.

    The sync owns what it brought last. Everything else is a person's, whom the next night does not overwrite
    (connect-behaviour 2.3, 9.2).
    """
    who = {"district": district, "kind": kind, "key": key}
    now, brought = store.rows("person_now", **who), store.rows("person_brought", **who)
    if not now:
        return []
    last = {step.what: step for step in history_of(store, district, kind, key)}
    in_force = dict(zip(PERSON.fields, now[0], strict=True))
    of_sync = dict(zip(PERSON.values, brought[0], strict=True)) if brought else {}
    return [
        Owned(
            field=field,
            value=in_force[field],
            owner="sync" if field in of_sync and of_sync[field] == in_force[field] else "hand",
            since=last[field].at if field in last else None,
            batch=last[field].batch if field in last else None,
        )
        for field in PERSON.values
        if field != "source" and (in_force[field] is not None or of_sync.get(field) is not None)
    ]


def _fields(row: Sequence[Any], before: Sequence[Any], after: Sequence[Any]) -> list[Step]:
    batch, at, origin, who = row[:4]
    return [
        Step(batch=batch, at=at, origin=origin, who=who, what=field, before=was, after=now)
        for field, was, now in zip(PERSON.fields, before, after, strict=True)
        if was != now and field != "source"
    ]


def _link(row: Sequence[Any]) -> Step:
    batch, at, origin, who, what, other, action, status = row
    gone = action in {"archived", "removed"}
    return Step(
        batch=batch,
        at=at,
        origin=origin,
        who=who,
        what=what,
        before=other if gone or (action == "updated" and status == "active") else None,
        after=None if gone else other,
    )
