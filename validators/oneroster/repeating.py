"""Rows that share their ID: identical ones count once, differing ones not at all (INTERFACES, "Rule sets")."""

from dataclasses import replace

import polars as pl

from validators.oneroster.sifted import Sifted
from validators.tables import LINE


def without_doubles(sifted: Sifted) -> Sifted:
    """A file with its doubles found: rows are compared in all of their cells, those of own columns too."""
    keyed = sifted.rows.filter(pl.col(sifted.key).is_duplicated(), pl.col(sifted.key).is_not_null())
    if keyed.is_empty():
        return sifted
    cells = [name for name in sifted.rows.columns if name != LINE]
    shared = keyed.with_columns(
        first=pl.col(LINE).min().over(sifted.key), kinds=pl.struct(cells).n_unique().over(sifted.key)
    )
    again = shared.filter(pl.col("kinds") == 1, pl.col(LINE) != pl.col("first"))
    differing = shared.filter(pl.col("kinds") > 1)
    noted = sifted.noting(
        _named(again, sifted, "oneroster.sourcedId.repeated"),
        _named(differing, sifted, "oneroster.sourcedId.conflict").join(
            _differences(differing, sifted.key, cells), on="value", how="left", maintain_order="left"
        ),
    )
    lost = noted.lost[LINE]
    return replace(noted, repeated=again[LINE].filter(~again[LINE].is_in(lost.implode())))


def _named(rows: pl.DataFrame, sifted: Sifted, code: str) -> pl.DataFrame:
    return rows.select(LINE, code=pl.lit(code), column=pl.lit(sifted.key), value=sifted.key)


def _differences(differing: pl.DataFrame, key: str, cells: list[str]) -> pl.DataFrame:
    """For each ID in which columns its rows differ: `value`, `detail`."""
    others = [name for name in cells if name != key]
    differs = [pl.when(pl.col(name).n_unique() > 1).then(pl.lit(name)).alias(name) for name in others]
    return (
        differing.group_by(pl.col(key).alias("value"))
        .agg(*differs)
        .select("value", detail=pl.concat_list(others).list.drop_nulls().list.join(", "))
    )
