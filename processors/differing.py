"""What differs between two nights, record by record and field by field."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from connect_store.applying import CHANGE, Changes
from connect_store.records import CLASSROOM, ENTITIES, PERSON, Entity, EntityName, Frames
from connect_store.undo_record import LEFT

DIFFERENCES: Final[dict[str, pl.DataType]] = {
    "type": pl.String(),
    "key": pl.String(),
    "action": pl.String(),
    "field": pl.String(),
    "before": pl.String(),
    "after": pl.String(),
}
"""Shape of differences. `type`: a kind of person or an entity; `key`: its parts with `/`; `action`: created, removed;
archived, disconnected, ended or restored where `field` is the status; updated. `field`: what changed of a record that
was there and is there, else null, as are both values."""


def differences_in(between: Mapping[EntityName, pl.DataFrame]) -> pl.DataFrame:
    """The differences of `connect_store.undo_record.differences`, as DIFFERENCES, ordered by type and key."""
    found = [_of(ENTITIES[name], rows) for name, rows in between.items()]
    return pl.concat([pl.DataFrame(schema=DIFFERENCES), *found]).sort("type", "key", "field", maintain_order=True)


def differences_made(changes: Changes, standing: Frames) -> pl.DataFrame:
    """The differences that changes will make, as DIFFERENCES: what `differences_in` tells once they are applied.

    Args:
        changes: as the store takes them.
        standing: what is in force for all keys of theirs.
    """
    return differences_in(
        {
            name: _beside(ENTITIES[name], records.filter(pl.col(CHANGE) != "unchanged"), standing[name])
            for name, records in changes.items()
        }
    )


def _beside(entity: Entity, changes: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Records as they are, and as these changes leave them (`email_left`)."""
    is_archived = pl.col(CHANGE) == "archived"
    left = changes.select(
        *entity.key,
        CHANGE,
        *(pl.col(field).alias(f"{field}{LEFT}") for field in entity.fields),
    ).join(standing, on=entity.key, how="left", maintain_order="left")
    stays = [
        pl.when(is_archived).then(pl.col(field)).otherwise(pl.col(f"{field}{LEFT}")).alias(f"{field}{LEFT}")
        for field in (*entity.values, *entity.own)
    ]
    status = pl.when(is_archived).then(_taken_out(entity)).otherwise(pl.col(f"status{LEFT}")).alias(f"status{LEFT}")
    return left.with_columns(*stays, status)


def _taken_out(entity: Entity) -> pl.Expr:
    """What becomes of a record that the files no longer hold (the statements `*_take_out` of the store)."""
    if entity is PERSON:
        return pl.when(pl.col("kind") == "student").then(pl.lit("archived")).otherwise(pl.lit("disconnected"))
    return pl.lit("archived" if entity is CLASSROOM else "ended")


def _of(entity: Entity, rows: pl.DataFrame) -> pl.DataFrame:
    was, is_now = pl.col("status").is_not_null(), pl.col(f"status{LEFT}").is_not_null()
    named = rows.with_columns(
        pl.col("kind").alias("type") if entity.name == "person" else pl.lit(entity.name).alias("type"),
        pl.concat_str([column for column in entity.key if column != "kind"], separator="/").alias("name"),
    )
    none = pl.lit(None, pl.String)
    whole = named.filter(was != is_now).select(
        "type",
        pl.col("name").alias("key"),
        pl.when(was).then(pl.lit("removed")).otherwise(pl.lit("created")).alias("action"),
        none.alias("field"),
        none.alias("before"),
        none.alias("after"),
    )
    updates = [
        named.filter(was & is_now & pl.col(field).ne_missing(pl.col(f"{field}{LEFT}"))).select(
            "type",
            pl.col("name").alias("key"),
            _action_of(field).alias("action"),
            pl.lit(field).alias("field"),
            pl.col(field).alias("before"),
            pl.col(f"{field}{LEFT}").alias("after"),
        )
        for field in entity.fields
    ]
    return pl.concat([whole, *updates])


def _action_of(field: str) -> pl.Expr:
    if field != "status":
        return pl.lit("updated")
    now = pl.col(f"status{LEFT}")
    return pl.when(now == "active").then(pl.lit("restored")).otherwise(now)
