"""Changes and their undo record, written inside the transaction of the caller."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from connect_store.records import ENTITIES, Entity, EntityName
from connect_store.store import Store

Changes = Mapping[EntityName, pl.DataFrame]
"""For each entity the records that change, one row each: its key, its values as they shall be in force, the values that
the sync brought (`email_brought` beside `email`), and `action` (created, updated, archived, restored; unchanged where
only the baseline learns something)."""

CHANGE: Final = "action"
BROUGHT: Final = "_brought"


def apply(store: Store, *, district: str, batch: int, changes: Changes) -> None:
    """Write changes, their undo record and the new baseline; what is pointed at is written before what points.

    Must run inside `store.writing()`, together with the ledger's entry. Nothing is deleted: `archived` ends or
    archives a record and leaves it where it is.
    """
    for name, entity in ENTITIES.items():
        records = changes.get(name)
        if records is not None and not records.is_empty():
            _write(store, entity, records, district=district, batch=batch)


def _write(store: Store, entity: Entity, records: pl.DataFrame, *, district: str, batch: int) -> None:
    store.stage(entity.name, records.select(*entity.columns, CHANGE))
    store.run(f"{entity.name}_remember", district=district, batch=batch)
    store.run(f"{entity.name}_bring", district=district, batch=batch)
    store.run(f"{entity.name}_take_out", district=district, batch=batch)
    brought = [pl.col(f"{field}{BROUGHT}").alias(field) for field in entity.values]
    store.stage(entity.name, records.select(*entity.key, *brought, CHANGE))
    store.run(f"{entity.name}_baseline_put", district=district)
    store.run(f"{entity.name}_baseline_drop", district=district)
