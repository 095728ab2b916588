"""What differs between two nights, record by record and field by field."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from connect_store.records import ENTITIES, Entity, EntityName
from connect_store.undo_record import LEFT

DIFFERENCES: Final[dict[str, pl.DataType]] = {
    "type": pl.String(),
    "key": pl.String(),
    "action": pl.String(),
    "field": pl.String(),
    "before": pl.String(),
    "after": pl.String(),
}
"""Shape of differences. `type`: a kind of person or an entity; `key`: its parts with `/`; `action`: created, updated,
removed; `field`: of an update, else null, as are both values."""


def differences_in(between: Mapping[EntityName, pl.DataFrame]) -> pl.DataFrame:
    """The differences of `connect_store.undo_record.differences`, as DIFFERENCES, ordered by type and key."""
    found = [_of(ENTITIES[name], rows) for name, rows in between.items()]
    return pl.concat([pl.DataFrame(schema=DIFFERENCES), *found]).sort("type", "key", "field", maintain_order=True)


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
            pl.lit("updated").alias("action"),
            pl.lit(field).alias("field"),
            pl.col(field).alias("before"),
            pl.col(f"{field}{LEFT}").alias("after"),
        )
        for field in entity.fields
    ]
    return pl.concat([whole, *updates])
