"""The fast reader: one polars read, or nothing at all where its result cannot be proved."""

import re
from typing import Final

import polars as pl

from validators.bookkeeping import Bytes, adds_up, could_add_up, has_lone_returns, occurrences
from validators.cells import MOST_LINES, Cells, none_broken, shape, tidied

_ONE_END: Final = re.compile(rb"[^\r\n]\r?\n\Z")


def read_fast(body: bytes, *, width: int, separator: str, first_line: int) -> Cells | None:
    """The rows of a file in UTF-8, or None where the careful reader must look.

    Args:
        body: everything below the header.
        width: how many columns the header has.
        separator: one ASCII character.
        first_line: the physical line on which `body` begins.
    """
    if has_lone_returns(body):
        return None
    rows, blank_lines = _without_end(body)
    file = Bytes.of_file(rows, separator)
    if not could_add_up(file, rows, width=width, separator=separator):
        return None
    cells = _parsed(rows, width=width, separator=separator)
    if cells is None:
        return None
    within = Bytes.of_cells(cells, file, separator)
    if not adds_up(file, within, height=cells.height, width=width):
        return None
    breaks = _breaks(cells, within)
    if _may_have_swallowed_rows(cells, breaks, width=width, separator=separator):
        return None
    tidy, empty_rows = tidied(_physical_lines(breaks, first_line), cells)
    return Cells(rows=tidy, broken=none_broken(), blank_lines=blank_lines + empty_rows)


def _without_end(body: bytes) -> tuple[bytes, int]:
    """The rows with exactly one line end after the last, and how many blank lines stood at the end."""
    if _ONE_END.search(body[-3:]):
        return body, 0
    bare = body.rstrip(b"\r\n")
    end = body[len(bare) :]
    if not bare:
        return b"", end.count(b"\n")
    return bare + b"\n", max(end.count(b"\n") - 1, 0)


def _parsed(rows: bytes, *, width: int, separator: str) -> pl.DataFrame | None:
    if not rows:
        return pl.DataFrame(schema=shape(width))
    try:
        return pl.read_csv(rows, has_header=False, schema=shape(width), separator=separator)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def _breaks(cells: pl.DataFrame, within: Bytes) -> pl.Series:
    """How many line breaks each row holds inside its cells."""
    if not within.line_feeds:
        return pl.repeat(0, cells.height, dtype=pl.UInt32, eager=True)
    return _by_row(cells, "\n")


def _physical_lines(breaks: pl.Series, first_line: int) -> pl.Series:
    """The line on which each row begins: one for each row and each line break before it."""
    before = breaks.cum_sum() - breaks
    return before + pl.int_range(first_line, first_line + len(breaks), eager=True)


def _may_have_swallowed_rows(cells: pl.DataFrame, breaks: pl.Series, *, width: int, separator: str) -> bool:
    """Whether a quoted cell is so long that an unclosed quote is likely; the careful reader decides."""
    if not breaks.sum():
        return False
    tall = cells.filter(breaks >= 2)
    return bool((breaks >= MOST_LINES).any()) or bool((_by_row(tall, separator) >= width - 1).any())


def _by_row(cells: pl.DataFrame, text: str) -> pl.Series:
    return cells.select(pl.sum_horizontal(occurrences(text).fill_null(0)).cast(pl.UInt32)).to_series()
