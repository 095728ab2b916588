"""The rows of one table on their way: each ends standing, rejected or set aside, with what is to be said about it."""

from dataclasses import dataclass, replace
from typing import Final, Self

import polars as pl

from config.tables import TableName, file_of
from validators.findings import FINDINGS
from validators.schemas import columns_of
from validators.tables import LINE, Table

KEPT: Final = "kept"

KEYS: Final[dict[TableName, tuple[str, ...]]] = {
    "users": ("sourcedId",),
    "classes": ("sourcedId",),
    "enrollments": ("classSourcedId", "userSourcedId"),
    "guardians": ("studentSourcedId", "guardianSourcedId"),
    "student_attributes": ("studentSourcedId",),
}
"""What identifies a row of each table."""

FOUND: Final = pl.Schema(
    {
        **{name: kind for name, kind in FINDINGS.items() if name != "cause"},
        "cause_file": pl.String(),
        "cause_line": pl.UInt32(),
    }
)
"""Findings before they have an order: what one follows from is named by its place instead of its index."""

NOTHING_FOUND: Final = pl.DataFrame(schema=FOUND)
"""No finding. Most files break few rules: where there is nothing to say, polars is not asked.

Each of its calls costs 0.1 to 2 ms whatever the size, and judging made 800 of them (polars 2.1, four rows a file).
"""

WHOLE_FILE: Final = 0
"""As `cause_line`: what a finding says of the file and not of a line."""

_FATES: Final = pl.Schema({"line": pl.UInt32(), "code": pl.String(), "cascade": pl.Boolean()})
_ASIDE: Final = pl.Schema({"line": pl.UInt32(), "reason": pl.String()})


class LostRowsError(RuntimeError):
    """A row of a file has no fate, or more than one: a mistake of ours, and nothing of the batch may be applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """One table while it is judged; every step returns a new one.

    Attributes:
        table: as it was read.
        rows: every row that could be read, normalised; stays as it is, so that fates can be looked up by line.
        standing: the rows that still stand, with `kept` (list of str).
        rejected: `line`, `code`, `cascade`; one row for each code that rejects a row.
        aside: `line`, `reason`.
        found: as FOUND.
    """

    table: Table
    rows: pl.DataFrame
    standing: pl.DataFrame
    rejected: pl.DataFrame
    aside: pl.DataFrame
    found: pl.DataFrame

    @classmethod
    def of(cls, table: Table, rows: pl.DataFrame) -> Self:
        """All readable rows stand; those that could not be read are rejected, as the reader has said already."""
        return cls(
            table=table,
            rows=rows,
            standing=rows.with_columns(pl.lit([], pl.List(pl.String)).alias(KEPT)),
            rejected=table.broken.select(LINE, "code", cascade=pl.lit(value=False)).cast(_FATES),
            aside=pl.DataFrame(schema=_ASIDE),
            found=NOTHING_FOUND,
        )

    @property
    def name(self) -> TableName:
        """Which table this is."""
        return self.table.name

    def noting(self, found: pl.DataFrame) -> Self:
        """The same rows, and something to say about them."""
        if found.is_empty():
            return self
        about_this_file = found.with_columns(file=pl.lit(file_of(self.name)))
        return replace(self, found=joined_found(self.found, about_this_file))

    def telling(self, found: pl.DataFrame) -> Self:
        """The same rows, and `found` (as FOUND) in place of what was said so far."""
        return replace(self, found=found)

    def rejecting(self, found: pl.DataFrame, *, cascade: bool = False) -> Self:
        """Without the standing rows that `found` names by `line`; each of its codes is a reason."""
        if found.is_empty():
            return self
        reasons = found.select(LINE, "code", cascade=pl.lit(cascade)).cast(_FATES)
        return replace(
            self.noting(found),
            standing=self.standing.join(found, on=LINE, how="anti"),
            rejected=pl.concat([self.rejected, reasons]),
        )

    def setting_aside(self, rows: pl.DataFrame, reason: str) -> Self:
        """Without the standing rows that `rows` names by `line`; they are no fault."""
        if rows.is_empty():
            return self
        lines = rows.select(LINE, reason=pl.lit(reason)).cast(_ASIDE)
        return replace(
            self, standing=self.standing.join(rows, on=LINE, how="anti"), aside=pl.concat([self.aside, lines])
        )

    def without_values(self, found: pl.DataFrame, *, stored_stays: bool = True) -> Self:
        """The cells that `found` names by `line` and `column` are empty, if their column is known.

        They are named in `kept`, unless what is stored is not to stay either.
        """
        if found.is_empty():
            return self
        lost = found.group_by(LINE).agg(lost=pl.col("column").unique(maintain_order=True))
        columns = [name for name in found["column"].unique() if name in columns_of(self.name)]
        emptied = (pl.when(~pl.col("lost").list.contains(name).fill_null(value=False)).then(name) for name in columns)
        standing = (
            self.standing.lazy()
            .join(lost.lazy(), on=LINE, how="left", maintain_order="left")
            .with_columns(*(cell.alias(name) for name, cell in zip(columns, emptied, strict=True)))
            .with_columns(pl.col(KEPT).list.concat(pl.col("lost").fill_null([])) if stored_stays else pl.col(KEPT))
            .drop("lost")
            .collect()
        )
        return replace(self.noting(found), standing=standing)

    def changed(self, standing: pl.DataFrame) -> Self:
        """The same rows standing, with other columns."""
        return replace(self, standing=standing)

    def fates(self) -> pl.DataFrame:
        """What became of every readable row so far: the columns of `rows`, `fate` str.

        `fate` is `standing`, `rejected` or the reason for which a row was set aside.
        """
        if self.standing.height == self.rows.height:
            return self.rows.with_columns(fate=pl.lit("standing"))
        rejected = self.rejected.select(LINE, fate=pl.lit("rejected")).unique()
        aside = self.aside.select(LINE, fate="reason")
        return (
            self.rows.lazy()
            .join(pl.concat([rejected, aside]).lazy(), on=LINE, how="left", maintain_order="left")
            .with_columns(pl.col("fate").fill_null("standing"))
            .collect()
        )

    def check(self) -> None:
        """Every row of the file has exactly one fate, or it raises."""
        lines = pl.concat([self.standing[LINE], self.rejected[LINE].unique(), self.aside[LINE]])
        delivered = self.table.rows.height + self.table.broken.height
        if lines.len() != delivered or lines.n_unique() != delivered:
            msg = f"{file_of(self.name)}: {delivered} rows were read, {lines.len()} fates were given"
            raise LostRowsError(msg)


def joined_found(*frames: pl.DataFrame) -> pl.DataFrame:
    """Frames of findings as one; what a frame lacks is null, a missing count is 1."""
    some = [frame for frame in frames if not frame.is_empty()]
    if not some:
        return NOTHING_FOUND
    parts = [NOTHING_FOUND, *(frame.select(pl.selectors.by_name(*FOUND, require_all=False)) for frame in some)]
    return pl.concat(parts, how="diagonal_relaxed").cast(FOUND).with_columns(pl.col("count").fill_null(1))


def key_of(table: TableName) -> pl.Expr:
    """The key of a row as one text, halves joined by `/`; null where the row names neither half."""
    halves = [pl.col(column) for column in KEYS[table]]
    joined = pl.concat_str([half.fill_null("") for half in halves], separator="/")
    return pl.when(pl.any_horizontal(half.is_not_null() for half in halves)).then(joined)
