"""What can be seen of a set once everything is judged: its people, its families, who sits where.

Nothing in this room changes the fate of a row or a link; it only says what a person should look at. Rows know the place
of whom they name (`pointers`), so people and families are put together by numbers, and text is compared at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from config.tables import TableName
from validators.pointers import STUDENT_AT, USER_AT, places_of
from validators.sets import GuardianSource
from validators.sifting import NOTHING_FOUND, Sieve
from validators.tables import LINE

Notice = tuple[TableName, pl.DataFrame]
"""Findings (as `sifting.FOUND`, what they lack is null) on one table."""

_ADULT: Final = ("givenName", "familyName", "email", "sms")
_APART: Final = "\x1f"  # stands in no cell: it is a control character
_COUNTED: Final = pl.Schema(
    {
        "code": pl.String(),
        LINE: pl.UInt32(),
        **dict.fromkeys(("column", "value", "detail", "hint"), pl.String()),
        "count": pl.UInt32(),
    }
)


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

    def standing(self, name: TableName) -> pl.DataFrame:
        """The rows of a table that stand; none, without columns, where the table is not part of the batch."""
        sieve = self.sieves.get(name)
        return pl.DataFrame() if sieve is None else sieve.standing

    @cached_property
    def family_file(self) -> TableName | None:
        """The table whose rows bring guardians tonight; None where none does."""
        return None if self.guardians_from == "none" or self.guardians_from not in self.sieves else self.guardians_from

    @cached_property
    def by_kind(self) -> Mapping[str, pl.DataFrame]:
        """The people of users.csv who stand: students, guardians and staff; nothing where the file is not there."""
        users = self.standing("users")
        return {} if users.is_empty() else {kind: users.filter(kind=kind) for kind in ("student", "guardian", "staff")}

    @cached_property
    def row_of_person(self) -> pl.Series:
        """For each place (`user_at`) the row in which this person stands in users.csv; null where they do not stand."""
        places = self.standing("users")[USER_AT]
        rows = pl.int_range(places.len(), dtype=pl.UInt32, eager=True)
        last = self.sieves["users"].rows[USER_AT].max()
        assert isinstance(last, int)  # a row that stands has a place
        return pl.repeat(None, last + 1, dtype=pl.UInt32, eager=True).scatter(places, rows)

    @cached_property
    def adults(self) -> pl.DataFrame:
        """Guardians who stand, each once: `line`, `guardian` (ID), names, `email`, `sms`.

        One without an ID goes by name and contacts, as the store takes them (connect-behaviour 9.2).
        """
        if self.family_file == "users" and self.by_kind:
            return self.by_kind["guardian"].select(LINE, *_ADULT, guardian="sourcedId")
        if self.family_file == "guardians":
            return self._contacts.unique("guardian", keep="first", maintain_order=True).drop("student")
        return pl.DataFrame(schema={LINE: pl.UInt32, **dict.fromkeys((*_ADULT, "guardian"), pl.String)})

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """Links that stand, as rows: `student` in users.csv, `adult` in `adults`."""
        if not self.by_kind or self.family_file is None:
            return pl.DataFrame(schema={"student": pl.UInt32, "adult": pl.UInt32})
        if self.family_file == "users":
            users = self.standing("users").select("agents", student=pl.int_range(pl.len(), dtype=pl.UInt32))
            links = users.filter(pl.col("agents").list.len() > 0).explode("agents").rename({"agents": "guardian"})
        else:
            links = self._contacts.select("student", "guardian").drop_nulls("student")
        adult = places_of(links["guardian"], self.adults.select(key="guardian"))
        return links.select("student", adult=adult)

    def of_student(self, column: str) -> pl.Series:
        """A cell of the student of each link in `pairs`."""
        return self.standing("users")[column].gather(self.pairs["student"])

    def of_adult(self, column: str) -> pl.Series:
        """A cell of the guardian of each link in `pairs`."""
        return self.adults[column].gather(self.pairs["adult"])

    def linked(self, which: pl.Series) -> pl.DataFrame:
        """The guardians of the links for which `which` (a Boolean for each of `pairs`) is true, each once."""
        return self.adults[self.pairs["adult"].filter(which).unique().sort()]

    @property
    def id_column(self) -> str:
        """The column that holds the ID of a guardian."""
        return "sourcedId" if self.family_file == "users" else "guardianSourcedId"

    @cached_property
    def _contacts(self) -> pl.DataFrame:
        """The rows of guardians.csv that stand, with `guardian`, and `student` as a row of users.csv."""
        rows = self.standing("guardians")
        guardian = pl.col("guardianSourcedId")
        if rows["guardianSourcedId"].null_count():
            described = pl.concat_str([pl.col(column).fill_null("") for column in _ADULT], separator=_APART)
            guardian = pl.coalesce(guardian, described)
        student = pl.lit(None, pl.UInt32)
        if STUDENT_AT in rows.columns and self.by_kind:
            # A seventh guardian is linked to nobody, and so names no student any more.
            places = pl.when(pl.col("studentSourcedId").is_not_null()).then(STUDENT_AT)
            student = pl.lit(self.row_of_person).gather(places)
        return rows.select(LINE, *_ADULT, guardian=guardian, student=student)


def counted(
    rows: pl.DataFrame,
    code: str,
    *,
    column: str | None = None,
    value: str | None = None,
    detail: str | None = None,
    hint: str | None = None,
) -> pl.DataFrame:
    """One finding for all of `rows`: how many they are, and the line of the first.

    Args:
        rows: with `line`.
        code: of the finding.
        column: that it speaks of.
        value: the column of `rows` whose first cell is shown.
        detail: what the message needs.
        hint: the column of `rows` whose first cell was probably meant.
    """
    if rows.is_empty():
        return NOTHING_FOUND
    first = rows.row(rows[LINE].arg_min() or 0, named=True)
    cells = (code, first[LINE], column, value and first[value], detail, hint and first[hint], rows.height)
    return pl.DataFrame([cells], schema=_COUNTED, orient="row")


def counted_by(rows: pl.DataFrame, code: str, detail: str, *, column: str | None = None) -> pl.DataFrame:
    """One finding for each `detail` (a column of `rows`): how many there are, and the line of the first."""
    if rows.is_empty():
        return NOTHING_FOUND
    return rows.group_by(detail=pl.col(detail), maintain_order=True).agg(
        pl.col(LINE).min(), code=pl.lit(code).first(), column=pl.lit(column, pl.String).first(), count=pl.len()
    )


def of_the_file(found: pl.DataFrame) -> pl.DataFrame:
    """Findings that speak of their file and not of a line."""
    return found.with_columns(pl.lit(None, pl.UInt32).alias(LINE))
