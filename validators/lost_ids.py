"""Rows that lost their ID, and the missing ID that each of them probably had: two findings that are one story.

A class whose cell for the ID is empty or damaged is told of in classes.csv, and the enrollments in it name a class that
nobody finds. The two belong together where the ID is the same but for the damage, or where nothing else is left: only
this row can be the one that is missing, and it can be no other. What the rows say of schools and roles decides which
can be which.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from config.tables import TableName
from validators.people import kind_of
from validators.sifting import Sieve
from validators.tables import LINE

MOST: Final = 20
"""From so many rows or missing IDs on the export is at fault, and nothing is guessed of single ones."""

_LOST: Final = ("missing", "characters", "spreadsheet")
_DAMAGE: Final = r"[\s\p{Cf}\p{Cc}\x22\u2018-\u201e']|\.0+$"


def lost_rows(numbered: pl.DataFrame, sieve: Sieve | None, singular: str, kinds: Sequence[str | None]) -> pl.DataFrame:
    """The rows of a table that lost their ID.

    Args:
        numbered: findings as FOUND, with `at`.
        sieve: the table in which IDs are missing.
        singular: what its codes begin with.
        kinds: which people may be meant; None stands for those of unknown role, and for classes.

    Returns: `at` u32 (the finding), `line`, `value` (what is left of the ID), `schools` list, `kind`.
    """
    said = numbered.filter(pl.col("code").is_in([f"{singular}.sourcedId.{how}" for how in _LOST]))
    if sieve is None or said.is_empty() or said.height >= MOST:
        return _NONE_LOST
    is_people = sieve.name == "users"
    about = sieve.rows.select(
        LINE,
        schools=pl.col("orgs") if is_people else pl.concat_list("schoolSourcedId").list.drop_nulls(),
        kind=pl.col("kind") if is_people else pl.lit(None, pl.String),
    )
    rows = said.select("at", LINE, "value").join(about, on=LINE, maintain_order="left")
    return rows.filter(pl.col("kind").is_in(kinds, nulls_equal=True)).unique(LINE, maintain_order=True)


_NONE_LOST: Final = pl.DataFrame(
    schema={"at": pl.UInt32, LINE: pl.UInt32, "value": pl.String, "schools": pl.List(pl.String), "kind": pl.String}
)


def possible(lost: pl.DataFrame, pointing: pl.DataFrame, sieves: Mapping[TableName, Sieve]) -> pl.DataFrame:
    """Which row may be which missing ID, as far as no school and no role says otherwise.

    Args:
        lost: as `lost_rows` tells them.
        pointing: findings on rows that name the missing IDs, with `file`, `line` and the ID as `value`.
        sieves: the tables in which these rows stand.

    Returns: `at`, `line`, `target` (the missing ID), `same` bool (the IDs are alike but for the damage).
    """
    if lost.is_empty() or pointing["value"].n_unique() >= MOST:
        return _NONE_POSSIBLE
    named = pl.concat(_named(pointing, sieve) for sieve in sieves.values()).unique(maintain_order=True)
    unsaid = pl.col("school").is_null() | pl.col("schools").is_null() | (pl.col("schools").list.len() == 0)
    school_fits = unsaid | pl.col("schools").list.contains(pl.col("school"))
    kind_fits = pl.col("kind").is_null() | pl.col("as_kind").is_null() | (pl.col("kind") == pl.col("as_kind"))
    like = pl.col("value").str.replace_all(_DAMAGE, "") == pl.col("target").str.replace_all(_DAMAGE, "")
    return (
        lost.join(named, how="cross")
        .group_by("at", LINE, "value", "target", maintain_order=True)
        .agg(fits=(school_fits & kind_fits).all())
        .filter("fits")
        .select("at", LINE, "target", same=like.fill_null(value=False))
    )


_NONE_POSSIBLE: Final = pl.DataFrame(schema={"at": pl.UInt32, LINE: pl.UInt32, "target": pl.String, "same": pl.Boolean})


def certain(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs that are the only one for both their row and their ID, those with the same ID first."""
    same = _only(pairs.filter("same"))
    others = pairs.join(same, on="at", how="anti", maintain_order="left")
    return pl.concat([same, _only(others.join(same, on="target", how="anti", maintain_order="left"))])


def _only(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.filter(pl.col("at").is_unique() & pl.col("target").is_unique())


def _named(pointing: pl.DataFrame, sieve: Sieve) -> pl.DataFrame:
    """What the rows of a table say of each missing ID, each once: `target`, `school`, `as_kind`, null for nothing."""
    rows = pointing.filter(pl.col("file") == sieve.table.facts.file).select(LINE, target="value")
    said = rows.join(sieve.rows.select(LINE, *_says(sieve)), on=LINE, how="left", maintain_order="left")
    return said.select("target", "school", "as_kind").unique(maintain_order=True)


def _says(sieve: Sieve) -> tuple[pl.Expr, pl.Expr]:
    """What a row says of whom it names: the school, and as what."""
    school = pl.lit(None, pl.String)
    if sieve.name == "enrollments":
        kind = kind_of(pl.col("role"))
        school = pl.col("schoolSourcedId") if sieve.table.has("schoolSourcedId") else school
    elif sieve.name == "users":
        kind = pl.when(kind="guardian").then(pl.lit("student")).otherwise(pl.lit("guardian"))
    else:
        kind = pl.lit("student")
    return school.alias("school"), kind.alias("as_kind")
