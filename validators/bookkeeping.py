r"""Whether a fast read can be trusted: every byte of the file must be in a cell or be structure that the cells explain.

Measured with polars 2.1: a row that is too short is filled up in silence, also with `missing_columns="raise"`; a last
line that ends in a separator loses a cell; text and quotes after a closing quote vanish (`"a"x"y"` becomes `axy`); a
lone carriage return stays in the text; a blank line is a row of empty cells. A row that is too long raises. So:

- every cell must be without quotes, or wholly in quotes, and every line end `\n` or `\r\n`, in one pass of an automaton
  over the bytes: then no byte vanishes, and where a cell ends is not open to interpretation;
- the cells that came back, with the structure of as many full rows around them, must be as long as the file: no row is
  longer, hence none is shorter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import polars as pl

from validators.cells import EDGES

_PIECE: Final = 1 << 22
_NEVER_ODD: Final = bytes(byte for byte in range(0x21, 0x7F) if byte != ord('"')) + b"\n"
"""Bytes of which no row has to be proved to be anything: no quote, nothing that is meaningless at an edge."""

_SPECIAL: Final = "".join(rf"\x{{{ord(character):x}}}" for character in EDGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How the rows of a file are written.

    `quotes` and `returns`: how many there are, within cells or around them. `bare`: whether no cell has anything at its
    edges that means nothing.
    """

    quotes: int
    returns: int
    bare: bool


def form_of(rows: bytes, separator: str) -> Form | None:
    """The form of a file's rows, which end in a line end; None where a cell or a line end is not as it should be."""
    odd = rows.translate(None, _NEVER_ODD)
    form = Form(quotes=odd.count(b'"'), returns=odd.count(b"\r"), bare=True)
    is_plain = form.returns == len(odd) and (not odd or rows.count(b"\r\n") == len(odd))
    if is_plain or _is_all(rows, _grammar(separator, inner=_SPECIAL)):  # the first in half of the automaton's time
        return form
    return replace(form, bare=False) if _is_all(rows, _grammar(separator)) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What adds up: how many line breaks stand within cells, and how many rows end in a carriage return."""

    breaks: int
    returns: int


def sums_of(rows: bytes, form: Form, cells: pl.DataFrame) -> Sums | None:
    """The sums, if what lies outside of the cells is exactly the structure of `cells.height` rows of `cells.width`."""
    outside = len(rows) - _length(cells) - cells.height * cells.width
    breaks = 0
    if form.quotes:
        outside -= form.quotes - (_occurrences(cells, '"') if b'""' in rows else 0)
        breaks = rows.count(b"\n") - cells.height
        if breaks and breaks != _occurrences(cells, "\n"):
            return None
    returns = form.returns - (_occurrences(cells, "\r") if form.returns and breaks else 0)
    return Sums(breaks=breaks, returns=returns) if outside == returns else None


def occurrences(text: str) -> pl.Expr:
    """How often `text` occurs in each cell, for all columns."""
    return pl.all().str.count_matches(text, literal=True)


def _occurrences(cells: pl.DataFrame, text: str) -> int:
    return int(cells.select(pl.sum_horizontal(occurrences(text).sum())).item())


def _length(cells: pl.DataFrame) -> int:
    return int(cells.select(pl.sum_horizontal(pl.all().str.len_bytes().cast(pl.UInt64).sum())).item())


@cache
def _grammar(separator: str, *, inner: str = "") -> str:
    r"""Rows of cells, each without a quote or wholly in quotes, that end in \n or \r\n.

    Args:
        separator: what stands between cells.
        inner: what may stand within a cell and not at its edges.
    """
    mark = re.escape(separator)
    plain = rf'[^"{mark}\r\n{inner}](?:[^"{mark}\r\n]*[^"{mark}\r\n{inner}])?'
    quoted = rf'(?:[^"\r{inner}]|"")(?:(?:[^"\r]|""|\r\n)*(?:[^"\r{inner}]|""))?' if inner else r'(?:[^"\r]|""|\r\n)+'
    return rf'\A(?:(?:{plain}|"(?:{quoted})?")?(?:{mark}|\r?\n))*\z'


def _is_all(rows: bytes, grammar: str) -> bool:
    """Whether rows are of a grammar: in pieces, each of which must begin and end where a row does."""
    if all(all(_each_contains(pieces, grammar)) for pieces in _pieces(rows)):
        return True
    # A cut may have met a line break within quotes.
    return len(rows) > _PIECE and b'"' in rows and all(_each_contains([rows], grammar))


def _each_contains(texts: list[bytes], pattern: str) -> tuple[bool, ...]:
    """In polars, whose automaton takes a tenth of the time of Python's; one text on each of two cores."""
    asked = [
        pl.lit(pl.Series([text], dtype=pl.Binary)).cast(pl.String).str.contains(pattern).alias(str(place))
        for place, text in enumerate(texts)
    ]
    return pl.select(asked).row(0)


def _pieces(rows: bytes) -> Iterator[list[bytes]]:
    """Two pieces of whole lines at a time, so that no second copy of the file stands in memory."""
    start = 0
    pair: list[bytes] = []
    length = min(_PIECE, len(rows) // 2)
    while start < len(rows):
        end = rows.find(b"\n", start + length) + 1 or len(rows)
        pair.append(rows[start:end])
        start = end
        if len(pair) == 2 or start == len(rows):
            yield pair
            pair = []
