"""The rows of one file on their way: what is found in them, and which of them still stand."""

from dataclasses import dataclass, replace
from typing import Final, Self

import polars as pl

from config.oneroster import Version
from validators.catalogue import rejecting
from validators.oneroster.rows import Mode, key_of, whole
from validators.sifting import NOTHING_FOUND, joined_found
from validators.tables import LINE, Sheet

CASCADES: Final = frozenset(
    {"oneroster.reference.unknown", "oneroster.reference.file_missing", "oneroster.reference.rejected"}
)
"""Codes of rows that are fine themselves: only what they lead to is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """One file while it is judged; every step returns a new one.

    Attributes:
        file: which file it is, without `.csv`.
        sheet: as it was read.
        rows: every row that could be read, with every column of the version.
        key: the column that identifies a row.
        mode: whether it holds everything or changes.
        repeated: lines of rows that say again what another says.
        found: as sifting.FOUND.
    """

    file: str
    sheet: Sheet
    rows: pl.DataFrame
    key: str
    mode: Mode
    repeated: pl.Series
    found: pl.DataFrame

    @classmethod
    def of(cls, file: str, sheet: Sheet, version: Version, mode: Mode) -> Self:
        """A file of which nothing is known but its rows."""
        return cls(
            file=file,
            sheet=sheet,
            rows=whole(sheet.rows, version, file),
            key=key_of(version, file),
            mode=mode,
            repeated=pl.Series([], dtype=pl.UInt32),
            found=NOTHING_FOUND,
        )

    def noting(self, *found: pl.DataFrame) -> Self:
        """The same rows, and something to say about them."""
        some = [frame.with_columns(file=pl.lit(self.sheet.facts.file)) for frame in found if not frame.is_empty()]
        return replace(self, found=joined_found(self.found, *some)) if some else self

    @property
    def lost(self) -> pl.DataFrame:
        """The lines of readable rows that were rejected, each once, and the first code of each."""
        reasons = self.found.filter(pl.col("code").is_in(rejecting("row")), pl.col(LINE).is_not_null())
        return reasons.select(LINE, "code").unique(LINE, keep="first", maintain_order=True)

    def standing(self) -> pl.DataFrame:
        """The rows that are neither rejected nor said again."""
        lost = self.lost
        rows = self.rows if lost.is_empty() else self.rows.join(lost, on=LINE, how="anti", maintain_order="left")
        return rows.filter(~pl.col(LINE).is_in(self.repeated.implode())) if len(self.repeated) else rows
