"""Rows of schools that are not the district's: set aside and counted, and nothing else is said of them."""

from collections.abc import Collection, Mapping
from typing import Final

import polars as pl

from config.tables import TableName
from validators.sifting import Sieve
from validators.tables import LINE
from validators.values import ids_in

_CODES: Final[Mapping[TableName, tuple[str, str]]] = {
    "users": ("user.school.other", "orgSourcedIds"),
    "classes": ("class.school.other", "schoolSourcedId"),
}


def without_other_schools(sieve: Sieve, schools: Collection[str], but: pl.Expr | None = None) -> Sieve:
    """Users and classes without those that name schools, none of which counts; other tables as they are.

    Args:
        sieve: users with `orgs` (list of str), classes with `schoolSourcedId`.
        schools: the IDs of those that count.
        but: a key; a row stays whose key a row of ours has too, for the two contradict each other.
    """
    if sieve.name not in _CODES:
        return sieve
    if all_are_of(sieve.standing[_CODES[sieve.name][1]], schools):
        return sieve
    named = pl.col("orgs") if sieve.name == "users" else pl.concat_list("schoolSourcedId").list.drop_nulls()
    told = sieve.standing.select(LINE, named=named, key=but if but is not None else pl.lit(None, pl.String))
    is_ours = pl.col("named").list.eval(pl.element().is_in(list(schools))).list.any()
    other = told.filter(pl.col("named").list.len() > 0, ~is_ours)
    if other.is_empty():
        return sieve
    ours = told.join(other, on=LINE, how="anti").select("key")
    alien = other.join(ours, on="key", how="anti", maintain_order="left")
    return of_other_schools(sieve, alien.select(LINE, school=pl.col("named").list.first()), *_CODES[sieve.name])


def all_are_of(cells: pl.Series, schools: Collection[str]) -> bool:
    """Whether no cell names a school that is none of `schools`."""
    return ids_in(cells) <= frozenset(schools)


def of_other_schools(sieve: Sieve, rows: pl.DataFrame, code: str, column: str | None) -> Sieve:
    """Without `rows` (`line`, `school`), with one note for each school that says how many."""
    if rows.is_empty():
        return sieve
    notes = (
        rows.group_by(detail="school", maintain_order=True)
        .agg(pl.col(LINE).min(), count=pl.len())
        .with_columns(code=pl.lit(code), column=pl.lit(column, pl.String))
    )
    return sieve.setting_aside(rows, "other_school").noting(notes)
