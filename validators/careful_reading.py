"""The careful reader: Python's csv module in strict mode, one row at a time, that loses nothing and says what it met.

After a row that cannot be read it goes on with the next physical line, so that one bad quote costs one row.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, Self

import polars as pl

from validators.cells import EDGES, MOST_LINES, Cells, shape, tidied
from validators.findings import Finding
from validators.tables import BROKEN

# The limit of 128 KiB a cell is one of the whole process. Here a row of many lines ends a cell, and nothing else may.
csv.field_size_limit(2**31 - 1)

_LINE_END: Final = "\r\n"
_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")


def read_carefully(text: str, *, width: int, separator: str, first_line: int, exact: bool = False) -> Cells:
    """The rows of a file, and those of its lines that are none.

    Args:
        text: everything below the header.
        width: how many columns the header has.
        separator: one ASCII character.
        first_line: the physical line on which `text` begins.
        exact: whether cells stay as they are and rows must fit the header, also where what is too much is blank.
    """
    found = _Found(width=width, separator=separator, first_line=first_line, exact=exact)
    lines = _Lines(text)
    records = csv.reader(lines, delimiter=separator, strict=True)
    while not lines.ended:
        lines.begin_row()
        try:
            found.take(next(records), lines)
        except csv.Error:  # text after a closing quote, or a quote that nothing closes
            found.give_up(lines, "row.quote")
    return found.as_cells()


class _Lines:
    r"""The physical lines of a text, with their ends (\n, \r\n or \r), that can be read again from any of them."""

    def __init__(self, text: str) -> None:
        self.lines = list(io.StringIO(text, newline=""))
        self.at = 0
        self.start = 0

    @property
    def ended(self) -> bool:
        return self.at >= len(self.lines)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.ended or self.at - self.start >= MOST_LINES:
            raise StopIteration
        self.at += 1
        return self.lines[self.at - 1]

    def begin_row(self) -> None:
        self.start = self.at

    def keep_first_only(self) -> None:
        """Go back, so that the next row begins on the line after the one where this row began."""
        self.at = self.start + 1

    @property
    def taken(self) -> list[str]:
        """The lines of the row that was read last."""
        return self.lines[self.start : self.at]

    @property
    def is_plain(self) -> bool:
        """Whether the row that was read last is a line without quotes."""
        return self.at == self.start + 1 and '"' not in self.lines[self.start]

    @property
    def cut_off(self) -> bool:
        """Whether the row that was read last ends the text without a line end."""
        return self.ended and not self.lines[-1].endswith(("\r", "\n"))


@dataclass(slots=True, kw_only=True)
class _Broken:
    """A row that cannot be read; `cells` is how many it has, None where its quotes hide that."""

    line: int
    raw: str
    code: str
    cells: int | None

    def joins(self, following: Self) -> bool:
        """Whether the one that follows stands on the very next line, and both count their cells."""
        apart = following.line - self.line
        return None not in (self.cells, following.cells) and apart == len(_LINE_BREAK.findall(self.raw)) + 1


@dataclass(slots=True, kw_only=True)
class _Found:
    """What was met so far."""

    width: int
    separator: str
    first_line: int
    exact: bool
    begins: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    padded: list[_Broken] = field(default_factory=list)  # rows that stand, with separators behind their last cell
    broken: list[_Broken] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    blank_lines: int = 0
    truncated: bool = False

    def take(self, cells: list[str], lines: _Lines) -> None:
        """Sort one record of the csv module into rows, blank lines and broken rows."""
        if len(cells) == self.width and lines.is_plain:
            self.begins.append(self.first_line + lines.start)
            self.rows.append(cells)
        elif _is_blank(cells) and not (self.exact and len(cells) > 1):
            self.blank_lines += 1
        elif self._swallowed_rows(cells, lines):
            self.give_up(lines, "row.quote")
        elif len(cells) < self.width or (
            len(cells) > self.width and (self.exact or not _is_blank(cells[self.width :]))
        ):
            self.give_up(lines, "row.cells", cells=len(cells))
        else:
            if len(cells) > self.width:
                self.padded.append(self._left(lines, "row.cells", len(cells)))
            self._keep(cells[: self.width], lines)

    def _left(self, lines: _Lines, code: str, cells: int | None) -> _Broken:
        """The row that was read last, as one that cannot be used."""
        return _Broken(
            line=self.first_line + lines.start, raw="".join(lines.taken).rstrip(_LINE_END), code=code, cells=cells
        )

    def give_up(self, lines: _Lines, code: str, *, cells: int | None = None) -> None:
        """Note a row that cannot be read; where a quote is to blame, its first line only."""
        if code == "row.quote":
            lines.keep_first_only()
        row = self._left(lines, code, cells)
        self.broken.append(row)
        unfinished = row.raw.count('"') % 2 == 1 if cells is None else cells < self.width
        self.truncated = lines.cut_off and unfinished

    def _keep(self, cells: list[str], lines: _Lines) -> None:
        line = self.first_line + lines.start
        self.begins.append(line)
        self.rows.append(cells)
        if '"' in "".join(cells) and _has_stray_quote("".join(lines.taken), self.separator):
            self.notes.append(Finding(code="row.stray_quote", line=line))

    def _swallowed_rows(self, cells: list[str], lines: _Lines) -> bool:
        """Whether whole rows lie inside a quoted cell: then its quote was not meant to open.

        Where the record fits the header, only lines wholly inside one cell count, as its last line must look like a
        row's end. Where it does not fit, any line after the first may be a row.
        """
        if len(lines.taken) == 1 or self.width == 1:
            return False
        inside = [line for cell in cells for line in _LINE_BREAK.split(cell)[1:-1]]
        after = lines.taken[1:] if len(cells) != self.width else []
        return any(line.count(self.separator) == self.width - 1 for line in (*inside, *after))

    def _doubt_padding(self) -> None:
        """Separators behind the last cell mean nothing where each row has as many.

        Else a text with a separator in it may have shifted the cells of a row whose last one was empty.
        """
        if not self.padded or (len(self.padded) == len(self.rows) and len({row.cells for row in self.padded}) == 1):
            return
        doubted = {row.line for row in self.padded}
        standing = [place for place, line in enumerate(self.begins) if line not in doubted]
        self.begins = [self.begins[place] for place in standing]
        self.rows = [self.rows[place] for place in standing]
        self.notes = [note for note in self.notes if note.line not in doubted]
        self.broken = sorted((*self.broken, *self.padded), key=attrgetter("line"))

    def _name_line_breaks(self) -> None:
        """Short rows, one below the other, that make one row of the header's width: a line break split it (30)."""
        at = 0
        while at < len(self.broken):
            end, cells = at + 1, self.broken[at].cells or self.width
            while cells < self.width and end < len(self.broken) and self.broken[end - 1].joins(self.broken[end]):
                cells += (self.broken[end].cells or 0) - 1
                end += 1
            if cells == self.width and end > at + 1:
                for part in self.broken[at:end]:
                    part.code = "row.line_break"
            at = end if cells == self.width else at + 1

    def _said(self) -> list[Finding]:
        about_rows = (
            Finding(code=row.code, line=row.line, detail=None if row.cells is None else f"{row.cells}/{self.width}")
            for row in self.broken
        )
        return sorted((*self.notes, *about_rows), key=lambda finding: finding.line or 0)

    def as_cells(self) -> Cells:
        self._doubt_padding()
        self._name_line_breaks()
        columns = list(zip(*self.rows, strict=True)) or [()] * self.width
        cells = pl.DataFrame(dict(zip(shape(self.width), columns, strict=True)), schema=shape(self.width))
        tidy = tidied(pl.Series(self.begins, dtype=pl.UInt32), cells, exact=self.exact)
        return Cells(
            rows=tidy.rows,
            broken=pl.DataFrame([(row.line, row.raw, row.code) for row in self.broken], schema=BROKEN, orient="row"),
            notes=tuple(self._said()),
            blank_lines=self.blank_lines + tidy.blank_lines,
            trimmed=tidy.trimmed,
            truncated=self.truncated,
        )


def _is_blank(cells: list[str]) -> bool:
    return not "".join(cells).strip(EDGES)


def _has_stray_quote(raw: str, separator: str) -> bool:
    """Whether a quote stands within a plain cell. What lies between whole quoted cells touches them with structure."""
    if raw.count('"') % 2 == 1:
        return True
    first, *between, last = raw.rstrip(_LINE_END).split('"')[::2]
    opens = not first or first.endswith(separator)
    joins = all(not part or (part.startswith(separator) and part.endswith(separator)) for part in between)
    closes = not last or last.startswith(separator)
    return not (opens and joins and closes)
