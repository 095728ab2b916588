"""Changes and their undo record, written inside the transaction of the caller."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import polars as pl

from connect_store.events import is_first_sync, tell
from connect_store.records import ENTITIES, Entity, EntityName
from connect_store.store import Store

Changes = Mapping[EntityName, pl.DataFrame]
"""For each entity the records that change, one row each: the record as it shall be in force (`Entity.in_force`), what
the baseline shall hold of it (`email_brought` beside `email`; `brought` 1: that, 0: nothing, null: as it is), and
`action`: created, updated, archived, restored; unchanged where only the baseline learns something; removed where an
undo takes back what was created."""

CHANGE: Final = "action"
BROUGHT: Final = "brought"
REMOVED: Final = "removed"
_BRINGING: Final = ("created", "updated", "restored")


def brought(field: str) -> str:
    """The column of a change that holds what the sync brought for a field."""
    return f"{field}_{BROUGHT}"


def columns_of(entity: Entity) -> list[str]:
    """The columns of a frame of changes."""
    return [*entity.in_force, BROUGHT, *map(brought, entity.values), CHANGE]


def as_changes(entity: Entity, records: pl.DataFrame, *, is_forgotten: bool = False) -> pl.DataFrame:
    """Records as changes that leave the baseline alone, or take them out of it, so that the sync knows them no more."""
    untouched = [pl.lit(None, pl.String()).alias(brought(field)) for field in entity.values]
    forgotten = pl.lit(0 if is_forgotten else None, pl.Int64()).alias(BROUGHT)
    return records.with_columns(*untouched, forgotten).select(columns_of(entity))


def apply(store: Store, *, district: str, batch: int, changes: Changes, at: datetime, tell_logins: bool = True) -> None:
    """Write changes, their undo record, the new baseline and the events; what is pointed at goes before what points.

    Must run inside `store.writing()`, together with the ledger's entry. Nothing is deleted but what an undo takes back:
    `archived` ends or archives a record and leaves it where it is. `tell_logins`: whether changed logins are events.
    """
    is_initial = _brings_anything(changes) and is_first_sync(store, district)
    write(store, district=district, batch=batch, changes=changes)
    if not is_initial:
        tell(store, district=district, batch=batch, at=at, logins=tell_logins)


def write(store: Store, *, district: str, batch: int, changes: Changes) -> None:
    """The same without events: whoever writes so tells in another way what changed for whom."""
    told = {name: records for name in ENTITIES if (records := changes.get(name)) is not None and not records.is_empty()}
    for name, records in told.items():
        # In the order of the keys: measured, a first load into tables with keys takes half to two thirds of the time.
        _write(store, ENTITIES[name], records.sort(ENTITIES[name].key), district=district, batch=batch)
    for name, records in reversed(told.items()):
        _remove(store, ENTITIES[name], records.filter(pl.col(CHANGE) == REMOVED), district=district)


def _brings_anything(changes: Changes) -> bool:
    """Whether the changes are the sync's; what people do by hand leaves the baseline as it is."""
    return any((records.get_column(BROUGHT) == 1).any() for records in changes.values())


def _write(store: Store, entity: Entity, records: pl.DataFrame, *, district: str, batch: int) -> None:
    store.stage(entity.name, records.select(*entity.in_force, BROUGHT, CHANGE))
    store.run(f"{entity.name}_remember", district=district, batch=batch)
    if records.get_column(CHANGE).is_in(_BRINGING).any():
        store.run(f"{entity.name}_bring", district=district, batch=batch)
    if (records.get_column(CHANGE) == "archived").any():
        store.run(f"{entity.name}_take_out", district=district, batch=batch)
    _learn(store, entity, records, district=district)


def _learn(store: Store, entity: Entity, records: pl.DataFrame, *, district: str) -> None:
    """Write the new baseline from the stage, filled again only where what was brought is not what is in force."""
    learnt = records.filter(pl.col(BROUGHT) == 1)
    if any(not learnt.get_column(field).equals(learnt.get_column(brought(field))) for field in entity.values):
        baseline = [pl.col(brought(field)).alias(field) for field in entity.values]
        store.stage(entity.name, records.select(*entity.key, *baseline, BROUGHT, CHANGE))
    if not learnt.is_empty():
        store.run(f"{entity.name}_baseline_put", district=district)
    if (records.get_column(BROUGHT) == 0).any():
        store.run(f"{entity.name}_baseline_drop", district=district)


def _remove(store: Store, entity: Entity, records: pl.DataFrame, *, district: str) -> None:
    if not records.is_empty():
        store.stage(entity.name, records.select(*entity.key, CHANGE))
        store.run(f"{entity.name}_remove", district=district)
        store.run(f"{entity.name}_hand_over", district=district)
