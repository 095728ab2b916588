"""What can be seen of a set once everything is judged: its people, its families, who sits where.

Nothing in this room changes the fate of a row or a link; it only says what a person should look at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from config.tables import TableName
from validators.sets import GuardianSource
from validators.sifting import NOTHING_FOUND, Sieve
from validators.tables import LINE

Notice = tuple[TableName, pl.DataFrame]
"""Findings (as `sifting.FOUND`, what they lack is null) on one table."""

_ADULT: Final = ("givenName", "familyName", "email", "sms")
_APART: Final = "\x1f"  # stands in no cell: it is a control character


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The tables after judging, and what they were judged by.

    Attributes:
        sieves: the tables of the batch.
        guardians_from: which file guardians come from.
        schools: SIS ID to name of those that count.
    """

    sieves: Mapping[TableName, Sieve]
    guardians_from: GuardianSource
    schools: Mapping[str, str]

    def standing(self, name: TableName) -> pl.DataFrame | None:
        """The rows of a table that stand; None where the table is not part of the batch."""
        sieve = self.sieves.get(name)
        return None if sieve is None else sieve.standing

    def of_kind(self, kind: str) -> pl.DataFrame | None:
        """The people of users.csv who stand and are students, guardians or staff."""
        users = self.standing("users")
        return None if users is None else users.filter(kind=kind)

    @cached_property
    def students(self) -> pl.DataFrame | None:
        """The students who stand."""
        return self.of_kind("student")

    @cached_property
    def staff(self) -> pl.DataFrame | None:
        """The staff that stands."""
        return self.of_kind("staff")

    @cached_property
    def family_file(self) -> TableName | None:
        """The table whose rows bring guardians tonight; None where none does."""
        return None if self.guardians_from == "none" or self.guardians_from not in self.sieves else self.guardians_from

    @cached_property
    def guardians(self) -> pl.DataFrame:
        """Guardians who stand, each once: `line`, `guardian` (ID), names, `email`, `sms`.

        One without an ID goes by name and contacts, as the store takes them (connect-behaviour 9.2).
        """
        if self.family_file == "users":
            return self._guardians_of_users
        return self._links_of_guardians.unique("guardian", keep="first", maintain_order=True).drop("student")

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """Links that stand: `student`, `guardian`, and what `guardians` has of the guardian."""
        if self.family_file == "guardians":
            return self._links_of_guardians.drop_nulls("student")
        if self.students is None or self.family_file is None:
            return self.guardians.clear().with_columns(student=pl.lit(None, pl.String))
        links = self.students.select(student="sourcedId", guardian="agents").explode("guardian").drop_nulls("guardian")
        return links.join(self.guardians, on="guardian", how="inner", maintain_order="left")

    @cached_property
    def _guardians_of_users(self) -> pl.DataFrame:
        people = self.of_kind("guardian")
        assert people is not None  # `family_file` says so
        return people.select(LINE, *_ADULT, guardian="sourcedId")

    @cached_property
    def _links_of_guardians(self) -> pl.DataFrame:
        rows = self.standing("guardians")
        if rows is None or self.family_file is None:
            none = dict.fromkeys((*_ADULT, "guardian", "student"), pl.String)
            return pl.DataFrame(schema={LINE: pl.UInt32, **none})
        described = pl.concat_str([pl.col(column).fill_null("") for column in _ADULT], separator=_APART)
        return rows.select(
            LINE, *_ADULT, guardian=pl.coalesce("guardianSourcedId", described), student="studentSourcedId"
        )


def counted(
    rows: pl.DataFrame, code: str, *, column: str | None = None, value: str | None = None, detail: str | None = None
) -> pl.DataFrame:
    """One finding for all of `rows`: how many they are, and the line of the first.

    Args:
        rows: with `line`.
        code: of the finding.
        column: that it speaks of.
        value: the column of `rows` whose first cell is shown.
        detail: what the message needs.
    """
    if rows.is_empty():
        return NOTHING_FOUND
    first = rows.row(rows[LINE].arg_min() or 0, named=True)
    return pl.DataFrame(
        {
            "code": [code],
            LINE: [first[LINE]],
            "column": [column],
            "value": [first[value] if value else None],
            "detail": [detail],
            "count": [rows.height],
        },
        schema={
            "code": pl.String,
            LINE: pl.UInt32,
            "column": pl.String,
            "value": pl.String,
            "detail": pl.String,
            "count": pl.UInt32,
        },
    )


def counted_by(rows: pl.DataFrame, code: str, detail: str, *, column: str | None = None) -> pl.DataFrame:
    """One finding for each `detail` (a column of `rows`): how many there are, and the line of the first."""
    if rows.is_empty():
        return NOTHING_FOUND
    return rows.group_by(detail=pl.col(detail), maintain_order=True).agg(
        pl.col(LINE).min(), code=pl.lit(code).first(), column=pl.lit(column, pl.String).first(), count=pl.len()
    )
