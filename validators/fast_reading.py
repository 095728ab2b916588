"""The fast reader: one polars read, or nothing at all where its result cannot be proved."""

import re
from typing import Final

import polars as pl

from validators.bookkeeping import Sums, form_of, occurrences, sums_of
from validators.cells import MOST_LINES, Cells, none_broken, shape, tidied
from validators.tables import Newline

_ONE_END: Final = re.compile(rb"[^\r\n]\r?\n\Z")
_LONE_RETURN: Final = re.compile(rb"\r(?!\n)")


def read_fast(body: bytes, *, width: int, separator: str, first_line: int, exact: bool = False) -> Cells | None:
    """The rows of a file in UTF-8, or None where the careful reader must look.

    Args:
        body: everything below the header.
        width: how many columns the header has.
        separator: one ASCII character.
        first_line: the physical line on which `body` begins.
        exact: whether cells stay as they are and rows must fit the header, also where what is too much is blank.
    """
    rows, blank_lines = _without_end(body)
    form = None if _LONE_RETURN.search(body, max(len(rows) - 1, 0)) else form_of(rows, separator)
    if form is None:
        return None
    cells = _parsed(rows, width=width, separator=separator)
    sums = None if cells is None else sums_of(rows, form, cells)
    if cells is None or sums is None:
        return None
    breaks = _by_row(cells, "\n") if sums.breaks else None
    if breaks is not None and _may_have_swallowed_rows(cells, breaks, width=width, separator=separator):
        return None
    lines = _physical_lines(cells.height, breaks, first_line)
    tidy = tidied(lines, cells, bare=form.bare, quoted=form.quotes > 0, exact=exact)
    newline = _newline(cells, sums) if rows is body else None
    return Cells(
        rows=tidy.rows,
        broken=none_broken(),
        blank_lines=blank_lines + tidy.blank_lines,
        trimmed=tidy.trimmed,
        newline=newline,
    )


def _newline(cells: pl.DataFrame, sums: Sums) -> Newline | None:
    if not sums.returns and not sums.breaks:
        return "LF"
    return "CRLF" if sums.returns == cells.height and not sums.breaks else None


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


def _physical_lines(rows: int, breaks: pl.Series | None, first_line: int) -> pl.Series:
    """The line on which each row begins: one for each row and each line break before it."""
    lines = pl.int_range(first_line, first_line + rows, dtype=pl.UInt32, eager=True)
    return lines if breaks is None else lines + (breaks.cum_sum() - breaks)


def _may_have_swallowed_rows(cells: pl.DataFrame, breaks: pl.Series, *, width: int, separator: str) -> bool:
    """Whether a quoted cell is so long that an unclosed quote is likely; the careful reader decides."""
    tall = cells.filter(breaks >= 2)
    return bool((breaks >= MOST_LINES).any()) or bool((_by_row(tall, separator) >= width - 1).any())


def _by_row(cells: pl.DataFrame, text: str) -> pl.Series:
    return cells.select(pl.sum_horizontal(occurrences(text).fill_null(0)).cast(pl.UInt32)).to_series()
