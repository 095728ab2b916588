"""IDs that almost match: leading zeros lost, another case, digits cut by a spreadsheet, one number for two people.

Nothing is matched in silence (sis-deviations 79, 109): the ID that was probably meant stands in the hint.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.tables import TableName, file_of
from validators.distinct import all_differ
from validators.noticing.scene import Notice, Scene, counted
from validators.sifting import NOTHING_FOUND, Sieve
from validators.tables import LINE

LONG: Final = 16
"""Digits from which on a spreadsheet keeps fifteen and writes zeros for the rest (sis-deviations 82)."""

ROUNDED: Final = 0.5
"""Share of the long numbers that end in zeros from which on they were cut; by chance it is one in a thousand."""

FEW: Final = 3
"""Fewer IDs than this make no pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pointer:
    """A column that points at a table, and the code of a finding on what it does not find there."""

    table: TableName
    code: str
    target: TableName


POINTERS: Final = (
    _Pointer(table="enrollments", code="enrollment.user.unknown", target="users"),
    _Pointer(table="enrollments", code="enrollment.class.unknown", target="classes"),
    _Pointer(table="guardians", code="guardian.student.unknown", target="users"),
    _Pointer(table="student_attributes", code="attribute.student.unknown", target="users"),
    _Pointer(table="users", code="user.agent.unknown", target="users"),
)

_TWINS: Final[Mapping[TableName, str]] = {"users": "user.sourcedId.twin", "classes": "class.sourcedId.twin"}


def notices(scene: Scene) -> Iterator[Notice]:
    """What is odd about the IDs of tonight's files."""
    for name, code in _TWINS.items():
        sieve = scene.sieves.get(name)
        if sieve is not None:
            yield name, _twins(sieve, code)
            yield name, _rounded(sieve)
    users = scene.sieves.get("users")
    if users is not None:
        yield "users", _across_kinds(users)


def with_hints(scene: Scene) -> dict[TableName, Sieve]:
    """The tables, with hints on what points at an ID that is almost there, and one finding for each such column."""
    sieves = dict(scene.sieves)
    for pointer in POINTERS:
        sieve, target = sieves.get(pointer.table), sieves.get(pointer.target)
        if sieve is not None and target is not None:
            sieves[pointer.table] = _with_hints(sieve, pointer, target)
    return sieves


def _with_hints(sieve: Sieve, pointer: _Pointer, target: Sieve) -> Sieve:
    lost = sieve.found.filter(code=pointer.code)
    if lost.is_empty():
        return sieve
    hints = _almost(lost["value"].unique().drop_nulls(), target.rows["sourcedId"].unique().drop_nulls())
    if hints.is_empty():
        return sieve
    meant = sieve.found.join(
        hints.with_columns(code=pl.lit(pointer.code)), on=["code", "value"], how="left", maintain_order="left"
    )
    found = meant.with_columns(hint=pl.coalesce("hint", "meant"))
    told = sieve.telling(found.drop("meant", "how"))
    for how, code in (("zeros", "ids.zeros_lost"), ("case", "ids.case_differs")):
        alike = meant.filter(how=how)
        if not alike.is_empty():
            column = alike["column"].item(0)
            told = told.noting(
                counted(alike, code, column=column, value="value", detail=file_of(pointer.target), hint="meant")
            )
    return told


def _almost(values: pl.Series, known: pl.Series) -> pl.DataFrame:
    """`value`, `meant` and `how` for values that are a known one but for leading zeros (`zeros`) or case (`case`).

    Where two known ones would fit, nobody knows which is meant.
    """
    lost, there = values.alias("value").to_frame(), known.alias("meant").to_frame()
    parts = []
    for how, zeros in (("case", ""), ("zeros", "0")):
        keyed = there.with_columns(key=_loosely(pl.col("meant"), zeros)).filter(pl.col("key") != "")
        fits = lost.with_columns(key=_loosely(pl.col("value"), zeros)).join(keyed, on="key", how="inner")
        parts.append(fits.filter(~pl.col("value").is_duplicated()).select("value", "meant", how=pl.lit(how)))
    return pl.concat(parts).unique("value", keep="first", maintain_order=True)


def _loosely(cell: pl.Expr, zeros: str) -> pl.Expr:
    lower = cell.str.to_lowercase()
    return lower.str.strip_chars_start(zeros) if zeros else lower


def _twins(sieve: Sieve, code: str) -> pl.DataFrame:
    """IDs of one file, and of people of one kind, that differ in leading zeros or in case only."""
    kind = "kind" if sieve.name == "users" else LINE
    ids = sieve.standing.select(LINE, "sourcedId", kind=kind, bare=_loosely(pl.col("sourcedId"), "0"))
    if all_differ(ids["bare"]):
        return NOTHING_FOUND
    group = ["bare"] if sieve.name == "classes" else ["bare", "kind"]
    twins = ids.filter(pl.struct(group).is_duplicated())
    return counted(twins.sort(LINE), code, column="sourcedId", value="sourcedId")


def _rounded(sieve: Sieve) -> pl.DataFrame:
    """Long numbers of which a spreadsheet has kept the first fifteen digits."""
    long = sieve.rows.filter(pl.col("sourcedId").str.len_bytes() >= LONG)
    if long.is_empty():
        return NOTHING_FOUND
    numbers = long.filter(pl.col("sourcedId").str.contains("^[0-9]+$"))
    cut = numbers.filter(pl.col("sourcedId").str.ends_with("0" * FEW))
    if cut.height < FEW or cut.height < ROUNDED * numbers.height:
        return NOTHING_FOUND
    return counted(cut, "ids.digits_lost", column="sourcedId", value="sourcedId")


def _across_kinds(users: Sieve) -> pl.DataFrame:
    """IDs that stand for people of two kinds, so that none of them can be taken (sis-deviations 108)."""
    conflicting = users.rejected.filter(code="user.sourcedId.conflict")
    if conflicting.is_empty():
        return NOTHING_FOUND
    kinds = (
        users.rows.join(conflicting, on=LINE, how="semi")
        .drop_nulls("kind")
        .group_by("sourcedId")
        .agg(pl.col(LINE).min(), kinds=pl.col("kind").n_unique())
    )
    return counted(kinds.filter(pl.col("kinds") > 1), "ids.across_kinds", column="sourcedId", value="sourcedId")
