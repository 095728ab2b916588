"""What both readers hand over: the cells of a file by position, before anybody knows what its columns mean."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from validators.findings import Finding
from validators.tables import BROKEN, LINE, Newline

MOST_LINES: Final = 100
"""Physical lines that one row may span; a quote that is open for longer was never meant to open (sis-deviations 28)."""

EDGES: Final = "".join(
    map(chr, (*range(0x01, 0x21), 0x7F, 0x85, 0xA0, 0xAD, 0x1680, 0x180E, *range(0x2000, 0x2010)))
) + "".join(map(chr, (*range(0x2028, 0x2030), 0x205F, 0x2060, 0x3000, 0xFEFF)))
"""Characters that mean nothing at the edge of a cell: white space, invisible and control characters (2, 11, 12, 40)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The rows of a file by position.

    `rows`: `line` u32, then one text column for each column of the header, named by its position.
    `broken`: as BROKEN. `notes`: findings about single rows, without their file. `blank_lines`: lines without any
    content, separators or not. `truncated`: whether the file ends in the middle of a row. `newline`: the line ends of
    all rows, where the reader can tell without counting.
    """

    rows: pl.DataFrame
    broken: pl.DataFrame
    notes: tuple[Finding, ...] = ()
    blank_lines: int = 0
    truncated: bool = False
    newline: Newline | None = None


def position(index: int) -> str:
    """The name of a column before it is known by its header."""
    return str(index)


def shape(width: int) -> dict[str, pl.DataType]:
    """The text columns of a file with `width` columns, by position."""
    return {position(index): pl.String() for index in range(width)}


def tidied(
    lines: pl.Series, cells: pl.DataFrame, *, bare: bool = False, quoted: bool = True
) -> tuple[pl.DataFrame, int]:
    """Cells with bare edges, empty ones null, rows without content left out; and how many those were.

    Args:
        lines: where each row begins.
        cells: as a reader found them.
        bare: whether their edges are known to be bare.
        quoted: whether any may be empty text, which only quotes can bring.
    """
    stripped = cells if bare else cells.select(pl.all().str.strip_chars(EDGES))
    named = stripped if bare and not quoted else stripped.select(pl.when(pl.all() != "").then(pl.all()))
    rows = named.insert_column(0, lines.cast(pl.UInt32).alias(LINE))
    if any(not column.null_count() for column in named.get_columns()[1:]):
        return rows, 0
    with_content = rows.filter(pl.any_horizontal(pl.exclude(LINE).is_not_null()))
    return with_content, rows.height - with_content.height


def none_broken() -> pl.DataFrame:
    """No broken row (BROKEN)."""
    return pl.DataFrame(schema=BROKEN)
