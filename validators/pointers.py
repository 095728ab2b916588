"""Whom and what a row names, looked up once: IDs become places, and everything after that is a gather.

`people` and `classes` (`relations.by_id`) hold one row for each ID. A column of places says for each row of a table in
which row of such a frame the ID of its cell stands; null where the cell is empty or the ID stands nowhere. Rows have

- users: `user_at`, the place of their own ID in `people`;
- classes: `class_at`, that of their own ID in `classes`;
- enrollments: `user_at` and `class_at`;
- guardians: `student_at`.

A column is there only where its target is part of the batch. `at` reads a fact of the target: its fate, kind, school,
line, or its `row` in the table (null where only a row that could not be read has the ID). A relation therefore never
compares text again:

    enrollments.rows.filter(at(people, "kind", USER_AT) == "guardian")
    users.rows["grades"].gather(people["row"].gather(enrollments.rows[USER_AT]))
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import polars as pl

from validators.sifting import Sieve
from validators.tables import LINE

USER_AT: Final = "user_at"
CLASS_AT: Final = "class_at"
STUDENT_AT: Final = "student_at"


def at(targets: pl.DataFrame, fact: str, places: str) -> pl.Expr:
    """A fact of each row's target; null where it has none.

    Args:
        targets: `people` or `classes`.
        fact: one of its columns.
        places: the column that points into it.
    """
    return pl.lit(targets[fact]).gather(pl.col(places)).alias(fact)


def resolved(sieve: Sieve, pointing: Mapping[str, tuple[str, pl.DataFrame | None]]) -> Sieve:
    """A table whose rows, all and standing, have columns of places.

    Args:
        sieve: the table.
        pointing: for each column of places the column of IDs and what they are looked up in; None is not asked.
    """
    columns = [
        places_of(sieve.rows[ids], targets).alias(name)
        for name, (ids, targets) in pointing.items()
        if targets is not None
    ]
    rows = sieve.rows.with_columns(columns)
    if sieve.standing.height != rows.height:
        standing = rows[LINE].search_sorted(sieve.standing[LINE])
        columns = [column.gather(standing) for column in columns]
    return replace(sieve, rows=rows, standing=sieve.standing.with_columns(columns))


def places_of(ids: pl.Series, targets: pl.DataFrame) -> pl.Series:
    """Where each ID stands in `key` of `targets`, u32."""
    keys = targets["key"]
    if ids.len() == keys.len() and ids.equals(keys):
        return pl.int_range(ids.len(), dtype=pl.UInt32, eager=True)
    # Measured, a million IDs in half a million: numbers 0.2 s, text 0.4 s. What hashing says is held against the text.
    found = _looked_up(ids.hash(), keys.hash())
    if found.len() == ids.len() and ids.filter(found.is_not_null()).equals(keys.gather(found.drop_nulls())):
        return found.set(ids.is_null(), None) if ids.null_count() else found
    return _looked_up(ids, keys)


def _looked_up(wanted: pl.Series, keys: pl.Series) -> pl.Series:
    place = pl.DataFrame({"key": keys}).with_row_index("place")
    return wanted.to_frame("key").join(place, on="key", how="left", maintain_order="left")["place"]
