"""Rows of schools that are not the district's: set aside and counted, and nothing else is said of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """Who belongs to the district by the schools that a row names (connect-behaviour 9.4).

    Attributes:
        schools: the IDs of those that count.
        district_ids: what files call the district itself; its staff belong to it.
        through_students: whether guardians belong where their students do, whatever their row names.
    """

    schools: Collection[str]
    district_ids: Collection[str] = ()
    through_students: bool = False

    def of_row(self) -> pl.Expr:
        """Of users with `kind` and `orgs`: those of `orgs` that count for the person (list of str)."""
        of_school = _among(self.schools)
        if not self.district_ids:
            return of_school
        return pl.when(kind="staff").then(_among([*self.schools, *self.district_ids])).otherwise(of_school)


def _among(ids: Collection[str]) -> pl.Expr:
    return pl.col("orgs").list.eval(pl.element().filter(pl.element().is_in(list(ids))))


def without_other_schools(sieve: Sieve, belonging: Belonging, but: pl.Expr | None = None) -> Sieve:
    """Users and classes without those that name schools, none of which counts; other tables as they are.

    Args:
        sieve: users with `kind` and `orgs` (list of str), classes with `schoolSourcedId`.
        belonging: which schools count, and for whom.
        but: a key; a row stays whose key a row of ours has too, for the two contradict each other.
    """
    if sieve.name not in _CODES:
        return sieve
    if all_are_of(sieve.standing[_CODES[sieve.name][1]], belonging.schools):
        return sieve
    if sieve.name == "users":
        named, is_ours = pl.col("orgs"), belonging.of_row().list.len() > 0
        if belonging.through_students:
            is_ours |= pl.col("kind") == "guardian"
    else:
        named = pl.concat_list("schoolSourcedId").list.drop_nulls()
        is_ours = pl.col("schoolSourcedId").is_in(list(belonging.schools))
    key = but if but is not None else pl.lit(None, pl.String)
    told = sieve.standing.select(LINE, named=named, is_ours=is_ours, key=key)
    other = told.filter(pl.col("named").list.len() > 0, ~pl.col("is_ours"))
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
