"""Undoing: the undo record of a batch becomes ordinary changes, which go through the door that all changes take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from connect_store.applying import CHANGE, REMOVED, Changes, columns_of
from connect_store.records import ENTITIES, Entity, EntityName
from connect_store.undo_record import LEFT, NOW

_HAND: Final = "hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What undoing a batch changes.

    Attributes:
        changes: as the store takes them.
        kept: how many records people changed since the batch, by entity; what they changed stays.
    """

    changes: Changes
    kept: Mapping[EntityName, int]


def undone(record: Mapping[EntityName, pl.DataFrame]) -> Undo:
    """The changes that give back what a batch found, field by field.

    A field that somebody changed since keeps what is in force. What the batch created is taken back, unless somebody
    changed it since: then it stays, and from now on people manage it. The baseline is as it was before.

    Args:
        record: for each entity the frame of `connect_store.undo_record.undo_record`.
    """
    changes = {name: _undone(ENTITIES[name], rows) for name, rows in record.items()}
    kept = {name: rows.filter(_touched(ENTITIES[name])).height for name, rows in record.items()}
    return Undo(changes=changes, kept=kept)


def _undone(entity: Entity, rows: pl.DataFrame) -> pl.DataFrame:
    was_there, is_there = pl.col("status").is_not_null(), pl.col(f"status{NOW}").is_not_null()
    fields = entity.fields
    before = {field: _given_back(field) for field in fields}
    made_by_hand = {field: pl.lit(_HAND) if field == "managed_by" else pl.col(f"{field}{NOW}") for field in fields}
    differs = pl.any_horizontal(before[field].ne_missing(pl.col(f"{field}{NOW}")) for field in fields)
    action = (
        pl.when(was_there & ~is_there)
        .then(pl.lit("created"))
        .when(was_there & differs)
        .then(pl.lit("updated"))
        .when(was_there | ~is_there)
        .then(pl.lit("unchanged"))
        .when(_touched(entity))
        .then(pl.lit("updated"))
        .otherwise(pl.lit(REMOVED))
    )
    in_force = [pl.when(was_there).then(before[field]).otherwise(made_by_hand[field]).alias(field) for field in fields]
    return rows.with_columns(*in_force, action.alias(CHANGE)).select(columns_of(entity))


def _given_back(field: str) -> pl.Expr:
    now = pl.col(f"{field}{NOW}")
    return pl.when(now.eq_missing(pl.col(f"{field}{LEFT}"))).then(pl.col(field)).otherwise(now)


def _touched(entity: Entity) -> pl.Expr:
    """Whether somebody changed a record after the batch had."""
    return pl.any_horizontal(pl.col(f"{field}{NOW}").ne_missing(pl.col(f"{field}{LEFT}")) for field in entity.fields)
