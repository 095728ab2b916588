"""Who is affected: rows that were left out, and records that vanish, by school and kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.tables import TableName, table_of
from processors.reporting.contents import CHANGED_TYPES, Report, is_foreign
from validators.people import kind_of
from validators.tables import LINE, Table
from validators.values import listed

PERSON: Final = "person"
"""The kind of somebody whose role nobody can read."""

KINDS: Final = (*CHANGED_TYPES[:3], PERSON, *CHANGED_TYPES[3:])

_KIND_OF_TABLE: Final[Mapping[str, str]] = {
    "classes": "classroom",
    "enrollments": "membership",
    "guardians": "guardianship",
}
_OWN_SCHOOL: Final = {"users": "orgSourcedIds", "classes": "schoolSourcedId"}
_SCHOOL_BY: Final[Mapping[str, tuple[str, TableName]]] = {
    "enrollments": ("classSourcedId", "classes"),
    "guardians": ("studentSourcedId", "users"),
    "student_attributes": ("studentSourcedId", "users"),
}
_AROUND: Final = " \t\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolCounts:
    """Numbers of one school by kind; `school` is None for what names no school of the district."""

    school: str | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """Who is affected, each as one entry a school, those with the most first.

    Attributes:
        left_out: rejected rows.
        vanishing: people and classes that are no longer in the files, removed or held back.
        names: SIS ID to name of schools.
    """

    left_out: tuple[SchoolCounts, ...] = ()
    vanishing: tuple[SchoolCounts, ...] = ()
    names: Mapping[str, str]

    @staticmethod
    def kinds(schools: tuple[SchoolCounts, ...]) -> list[str]:
        """The kinds that occur, in the order in which people read them."""
        there = {kind for school in schools for kind, count in school.counts.items() if count}
        return [kind for kind in KINDS if kind in there]

    @classmethod
    def total(cls, schools: tuple[SchoolCounts, ...]) -> dict[str, int]:
        """How many of each kind that occurs."""
        return {kind: sum(school.counts.get(kind, 0) for school in schools) for kind in cls.kinds(schools)}


def affected(report: Report, tables: Mapping[TableName, Table]) -> Affected:
    """Who is affected by a report.

    Args:
        report: what is told.
        tables: as they were read; where they lack one, its rejected rows are of no known school.
    """
    names = report.judgement.schools
    if is_foreign(report) or report.rules == "oneroster":
        return Affected(names={})
    left_out = [
        _left_out(str(file), rejected, tables, list(names))
        for (file,), rejected in report.judgement.rejected.partition_by("file", as_dict=True).items()
    ]
    limits = report.guard.limits if report.guard else ()
    vanishing = pl.DataFrame(
        [(limit.school, limit.type, limit.vanishing) for limit in limits if limit.vanishing],
        schema=_COUNTS,
        orient="row",
    )
    return Affected(
        left_out=_by_school(pl.concat(left_out) if left_out else pl.DataFrame(schema=_COUNTS)),
        vanishing=_by_school(vanishing),
        names=names,
    )


_COUNTS: Final[dict[str, pl.DataType]] = {"school": pl.String(), "kind": pl.String(), "count": pl.UInt32()}


def _left_out(file: str, rejected: pl.DataFrame, tables: Mapping[TableName, Table], schools: list[str]) -> pl.DataFrame:
    """Rejected rows of a file by school and kind: `school` of the row that counts, else null."""
    name = table_of(file)
    table = tables.get(name) if name else None
    if name is None or table is None:
        kind = _KIND_OF_TABLE.get(name or "", PERSON)
        return pl.DataFrame([(None, kind, rejected.height)], schema=_COUNTS, orient="row")
    rows = rejected.select(LINE).join(_schools_of(name, table, tables, schools), on=LINE, how="left")
    return (
        rows.with_columns(kind=pl.col("kind").fill_null(_KIND_OF_TABLE.get(name, PERSON)))
        .group_by("school", "kind")
        .agg(pl.len().alias("count"))
        .select(pl.col(column).cast(dtype) for column, dtype in _COUNTS.items())
    )


def _schools_of(name: TableName, table: Table, tables: Mapping[TableName, Table], schools: list[str]) -> pl.DataFrame:
    """`line`, `school` and `kind` of the rows of a table, as far as they tell."""
    if own := _OWN_SCHOOL.get(name):
        return table.rows.select(
            LINE,
            school=listed(_own_school(table, own, schools))
            .list.eval(pl.element().filter(pl.element().is_in(schools)))
            .list.first(),
            kind=kind_of(_cell(table, "role").str.strip_chars(_AROUND).str.to_lowercase())
            if name == "users"
            else pl.lit(None, pl.String),
        )
    column, other = _SCHOOL_BY[name]
    rows = table.rows.select(LINE, key=_cell(table, column), kind=pl.lit(None, pl.String))
    if (owner := tables.get(other)) is None:
        return rows.select(LINE, "kind", school=pl.lit(None, pl.String))
    there = _schools_of(other, owner, tables, schools).with_columns(owner.rows.select(key=_cell(owner, "sourcedId")))
    return rows.join(there.unique("key", keep="first").select("key", "school"), on="key", how="left").drop("key")


def _own_school(table: Table, column: str, schools: list[str]) -> pl.Expr:
    """What a row says of its schools; files of a district with one school need not (connect-behaviour 3.1)."""
    if table.has(column) or len(schools) > 1:
        return _cell(table, column)
    return pl.repeat(schools[0] if schools else None, pl.len(), dtype=pl.String)


def _cell(table: Table, column: str) -> pl.Expr:
    return pl.col(column) if table.has(column) else pl.repeat(None, pl.len(), dtype=pl.String)


def _by_school(counts: pl.DataFrame) -> tuple[SchoolCounts, ...]:
    """Counts as one entry a school, those with the most first and those of no school last."""
    found: dict[str | None, dict[str, int]] = {}
    summed = counts.group_by("school", "kind").agg(pl.col("count").sum())  # files may share a kind, as `person`
    for school, kind, count in summed.sort("school", "kind").iter_rows():
        found.setdefault(school, {})[kind] = count
    entries = [SchoolCounts(school=school, counts=by_kind) for school, by_kind in found.items()]
    return tuple(sorted(entries, key=lambda one: (one.school is None, -sum(one.counts.values()), one.school)))
