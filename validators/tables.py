"""A table: one file as a frame of text with the line numbers that an editor shows, and the facts about its file."""

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from config.tables import TableName

Newline = Literal["LF", "CRLF", "CR", "mixed"]

LINE: Final = "line"
"""Column of every table: the physical line on which a row begins, the header being line 1 (u32)."""

BROKEN: Final[dict[str, pl.DataType]] = {"line": pl.UInt32(), "raw": pl.String(), "code": pl.String()}
"""Shape of rows that could not be read: where they begin, their text, and the code of the finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What is known of a delivered file. `bytes` and `sha256` are of the file as it was frozen."""

    file: str
    bytes: int
    sha256: str
    encoding: str = "utf-8"
    newline: Newline = "LF"
    rows: int = 0  # data rows, broken ones included, blank lines not
    carried_from: int | None = None  # number of the batch that this file was carried from


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The rows of a file, whatever it is; `rows` and `broken` as a Table has them."""

    facts: FileFacts
    rows: pl.DataFrame
    broken: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Sheet):
    """One file, read.

    `rows`: `line` u32 and one text column for each column of the file, under its canonical name where it is a known
    one (`sourcedId` whatever case or spelling the header used), else under the header's own text. An empty cell is
    null. A column that holds passwords is not here: it is dropped at reading.
    `broken`: rows that could not be read as cells (see BROKEN).
    `may_lack_letters`: whether any cell can hold U+FFFD, which stands for a letter that was lost.
    """

    name: TableName
    may_lack_letters: bool = True

    def has(self, column: str) -> bool:
        """Whether the file has this column."""
        return column in self.rows.columns
