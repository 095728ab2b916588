"""One file before it is written: a frame of text, what faults did to it, and how its bytes are spelt."""

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl

Cells: TypeAlias = dict[str, str]
"""A row: what stands in each column."""

_RETURN: Final = "\r\n"  # RFC 4180


@dataclass(kw_only=True)
class Sheet:
    """One file before it is written.

    Rows are counted from 0, those that faults add come last. Cells are never null.

    Attributes:
        file: its name without `.csv`.
        frame: the rows as the district has them.
        edits: cells that faults wrote over, by row and column.
        added: rows that faults added.
        torn: the text of rows that are no longer cells.
        gone: rows that are not there any more.
        between: lines that are no rows, by the row before which they stand; after the last one they are a footer.
        above: lines above the header.
        headers: what stands in the header instead of a column's name.
        separator: between cells.
        newline: after each line.
        encoding: of the bytes.
        replaced: bytes that stand there instead of others.
        start: bytes before everything else.
        tail: bytes after everything else.
        last_end: what ends the last line, where it is not what ends the others.
        whole: bytes that stand there instead of a table.
        name: the name under which the file is delivered; empty where it is not delivered at all.
    """

    file: str
    frame: pl.DataFrame
    edits: dict[tuple[int, str], str] = field(default_factory=dict)
    added: list[Cells] = field(default_factory=list)
    torn: dict[int, str] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    between: dict[int, list[str]] = field(default_factory=dict)
    above: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    separator: str = ","
    newline: str = _RETURN
    encoding: str = "utf-8"
    replaced: dict[bytes, bytes] = field(default_factory=dict)
    start: bytes = b""
    tail: bytes = b""
    last_end: str | None = None
    whole: bytes | None = None
    name: str = ""

    def __post_init__(self) -> None:
        self.name = self.name or f"{self.file}.csv"

    @property
    def columns(self) -> list[str]:
        """The columns in their order."""
        return self.frame.columns

    @property
    def height(self) -> int:
        """How many rows there are, those that are gone included."""
        return self.frame.height + len(self.added)

    def cell(self, row: int, column: str) -> str:
        """What a cell holds."""
        if row >= self.frame.height:
            return self.added[row - self.frame.height][column]
        edited = self.edits.get((row, column))
        return str(self.frame[row, column]) if edited is None else edited

    def row(self, row: int) -> Cells:
        """What each cell of a row holds."""
        return {column: self.cell(row, column) for column in self.columns}

    def put(self, row: int, column: str, value: str) -> None:
        """Write into a cell."""
        if row >= self.frame.height:
            self.added[row - self.frame.height][column] = value
        else:
            self.edits[row, column] = value

    def append(self, cells: Mapping[str, str]) -> int:
        """Add a row at the end; its position. Columns that are not named stay empty."""
        self.added.append({column: cells.get(column, "") for column in self.columns})
        return self.height - 1

    def add_column(self, column: str, value: str) -> None:
        """Add a column that holds the same everywhere."""
        self.frame = self.frame.with_columns(pl.lit(value).alias(column))
        for row in self.added:
            row[column] = value

    @property
    def rows(self) -> int:
        """How many rows are left."""
        return self.height - len(self.gone)

    @cached_property
    def _breaks(self) -> Counter[int]:
        """How many line breaks the cells of a row hold; only faults bring any."""
        texts = [(row, text) for (row, _), text in self.edits.items()]
        texts += [(self.frame.height + place, text) for place, row in enumerate(self.added) for text in row.values()]
        breaks: Counter[int] = Counter()
        for row, text in (*texts, *self.torn.items()):
            breaks[row] += text.count("\n")
        return breaks

    @property
    def header_line(self) -> int:
        """The line of the header."""
        return len(self.above) + 1

    def line_of(self, row: int) -> int:
        """The line of a row, as an editor counts: breaks in cells and lines that are no rows move it down.

        Asked only when all faults stand.
        """
        breaks = sum(count for above, count in self._breaks.items() if above < row)
        others = sum(len(lines) for before, lines in self.between.items() if before <= row)
        return self.header_line + 1 + row + breaks + others - sum(other < row for other in self.gone)


def write_sheet(folder: Path, sheet: Sheet) -> None:
    """Write a file as RFC 4180 has it, CRLF and quotes only where a cell needs them, unless a fault says otherwise."""
    if sheet.name:
        (folder / sheet.name).write_bytes(bytes_of(sheet))


def bytes_of(sheet: Sheet) -> bytes:
    """The bytes of a file."""
    if sheet.whole is not None:
        return sheet.whole
    text = _written(sheet)
    if sheet.last_end is not None:
        text = text.removesuffix(sheet.newline.encode()) + sheet.last_end.encode()
    if sheet.encoding != "utf-8":
        text = text.decode().encode(sheet.encoding)
    for old, new in sheet.replaced.items():
        text = text.replace(old, new)
    return sheet.start + text + sheet.tail


def _written(sheet: Sheet) -> bytes:
    """The text, in UTF-8."""
    header = as_text((sheet.headers.get(column, column) for column in sheet.columns), sheet.separator)
    out = io.BytesIO()
    _write_lines(out, sheet, (*sheet.above, header))
    rows = _final_rows(sheet)
    stops = sorted({*sheet.torn, *sheet.gone, *sheet.between, sheet.height})
    for start, stop in pairwise((0, *stops)):
        first = start + (start in sheet.torn or start in sheet.gone)
        _write_rows(out, sheet, rows.slice(first, max(stop - first, 0)))
        _write_lines(out, sheet, sheet.between.get(stop, ()))
        _write_lines(out, sheet, [sheet.torn[stop]] if stop in sheet.torn else ())
    return out.getvalue()


def _write_lines(out: io.BytesIO, sheet: Sheet, lines: Iterable[str]) -> None:
    out.writelines((line + sheet.newline).encode() for line in lines)


def _write_rows(out: io.BytesIO, sheet: Sheet, rows: pl.DataFrame) -> None:
    rows.write_csv(
        out, include_header=False, separator=sheet.separator, line_terminator=sheet.newline, quote_style="necessary"
    )


def _final_rows(sheet: Sheet) -> pl.DataFrame:
    """The rows with all that faults did to them; an empty cell is null, so that no quotes are written for it."""
    written = pl.concat([_edited(sheet), pl.DataFrame(sheet.added, schema=sheet.frame.schema)])
    return written.with_columns(pl.when(pl.all() != "").then(pl.all()))


def _edited(sheet: Sheet) -> pl.DataFrame:
    by_column: dict[str, dict[int, str]] = {}
    for (row, column), text in sheet.edits.items():
        by_column.setdefault(column, {})[row] = text
    return sheet.frame.with_columns(
        sheet.frame.get_column(column).scatter(list(texts), list(texts.values())) for column, texts in by_column.items()
    )


def as_text(cells: Iterable[str], separator: str = ",") -> str:
    """One row as it is written, without its line end."""
    return separator.join(
        _quoted(cell) if any(sign in cell for sign in ('"', "\n", separator)) else cell for cell in cells
    )


def _quoted(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
