"""What every batch found before it changed it: for undoing, and for the roster as of any night."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from connect_store.applying import BROUGHT, brought
from connect_store.records import ENTITIES, Entity, EntityName
from connect_store.retention import NotKept, purged, purged_undo
from connect_store.store import Store

LEFT: Final = "_left"
NOW: Final = "_now"


class NoUndoRecord(Exception):
    """The batch is older than the undo record of today, or its record was purged."""

    exit_code = 2

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"batch {number} cannot be undone: {reason}")


def undo_record(store: Store, batch: int) -> dict[EntityName, pl.DataFrame]:
    """What a batch found, by entity.

    The columns: the record as it was (`Entity.in_force`; `status` null where it was not there), its baseline
    (`brought`, `email_brought`), what the batch left (`email_left`) and what is in force (`email_now`).

    Raises:
        NoUndoRecord: it was purged, or written before baselines were remembered.
    """
    if gone := purged(store, batch).get(batch, {}).get("undo"):
        raise NoUndoRecord(batch, f"what it found before was removed on {gone}")
    record = {name: store.frame(f"{name}_undo", _schema(entity), batch=batch) for name, entity in ENTITIES.items()}
    if any(rows.get_column(BROUGHT).null_count() for rows in record.values()):
        raise NoUndoRecord(batch, "it is of an earlier version of rosterdrop, which did not remember enough of it")
    return record


def differences(store: Store, district: str, before: int, after: int) -> dict[EntityName, pl.DataFrame]:
    """Records that the batches after `before`, up to `after`, changed.

    The columns: the key, each field as it was after the batch `before` (`status` null where the record was not there),
    and as it was after the batch `after` (`email_left`).

    Raises:
        NotKept: what one of these batches changed is no longer known.
    """
    if gone := purged_undo(store, district, before, after):
        raise NotKept(
            f"what batch {gone.batch} changed was removed on {gone}; nights can be compared from batch {gone.batch} on"
        )
    return {
        name: store.frame(f"{name}_between", _between(entity), district=district, before=before, after=after)
        for name, entity in ENTITIES.items()
    }


def _schema(entity: Entity) -> Mapping[str, pl.DataType]:
    return {
        **dict.fromkeys(entity.in_force, pl.String()),
        BROUGHT: pl.Int64(),
        **{brought(field): pl.String() for field in entity.values},
        **{f"{field}{LEFT}": pl.String() for field in entity.fields},
        **{f"{field}{NOW}": pl.String() for field in entity.fields},
    }


def _between(entity: Entity) -> Mapping[str, pl.DataType]:
    left = (f"{field}{LEFT}" for field in entity.fields)
    return dict.fromkeys((*entity.in_force, *left), pl.String())
