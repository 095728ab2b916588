"""What both readers hand over: the cells of a file by position, before anybody knows what its columns mean."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from validators.findings import Finding
from validators.tables import BROKEN, LINE, Newline

MOST_LINES: Final = 100
"""Physical lines that one row may span; a quote that is open for longer was never meant to open (sis-deviations 28)."""

EDGES: Final = "".join(
    map(chr, (*range(0x21), 0x7F, 0x85, 0xA0, 0xAD, 0x1680, 0x180E, *range(0x2000, 0x2010)))
) + "".join(map(chr, (*range(0x2028, 0x2030), 0x205F, 0x2060, 0x3000, 0xFEFF)))
"""Characters that mean nothing at the edge of a cell: space, invisible and control characters (2, 9, 11, 12, 40)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The rows of a file by position.

    `rows`: `line` u32, then one text column for each column of the header, named by its position.
    `broken`: as BROKEN. `notes`: findings about single rows, without their file. `blank_lines`: lines without any
    content, separators or not. `trimmed`: cells that lost something at their edges and hold something still.
    `truncated`: whether the file ends in the middle of a row. `newline`: the line ends of all rows, where the reader
    can tell without counting.
    """

    rows: pl.DataFrame
    broken: pl.DataFrame
    notes: tuple[Finding, ...] = ()
    blank_lines: int = 0
    trimmed: int = 0
    truncated: bool = False
    newline: Newline | None = None


def position(index: int) -> str:
    """The name of a column before it is known by its header."""
    return str(index)


def shape(width: int) -> dict[str, pl.DataType]:
    """The text columns of a file with `width` columns, by position."""
    return {position(index): pl.String() for index in range(width)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidy:
    """Cells with bare edges, empty ones null, rows without content left out; and what was met, as in `Cells`."""

    rows: pl.DataFrame
    blank_lines: int
    trimmed: int


def tidied(
    lines: pl.Series, cells: pl.DataFrame, *, bare: bool = False, quoted: bool = True, exact: bool = False
) -> Tidy:
    """The rows in cells as a reader found them.

    Args:
        lines: where each row begins.
        cells: as a reader found them.
        bare: whether their edges are known to be bare.
        quoted: whether any may be empty text, which only quotes can bring.
        exact: whether cells keep their edges, and a row of empty cells is a row.
    """
    stripped = cells if bare or exact else cells.select(pl.all().str.strip_chars(EDGES))
    named = stripped if (bare or exact) and not quoted else stripped.select(pl.when(pl.all() != "").then(pl.all()))
    trimmed = 0 if bare or exact else _trimmed(cells, named)
    rows = named.insert_column(0, lines.cast(pl.UInt32).alias(LINE))
    if exact or any(not column.null_count() for column in named.get_columns()[1:]):
        return Tidy(rows=rows, blank_lines=0, trimmed=trimmed)
    with_content = rows.filter(pl.any_horizontal(pl.exclude(LINE).is_not_null()))
    blank_lines = rows.height - with_content.height
    return Tidy(rows=with_content, blank_lines=blank_lines, trimmed=trimmed)


def _trimmed(cells: pl.DataFrame, bare: pl.DataFrame) -> int:
    """How many cells lost something at their edges; in most files none, which one sum over each frame tells."""
    length = pl.all().str.len_bytes()
    given, left = (frame.select(pl.sum_horizontal(length.sum().cast(pl.UInt64))) for frame in (cells, bare))
    if given.item() == left.item():
        return 0
    shorter = [cells.get_column(name).str.len_bytes() > bare.get_column(name).str.len_bytes() for name in cells.columns]
    return sum(int(column.sum()) for column in shorter)


def none_broken() -> pl.DataFrame:
    """No broken row (BROKEN)."""
    return pl.DataFrame(schema=BROKEN)
