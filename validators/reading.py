"""A delivered file to a table, faithfully; this room's only contact with a disk."""

import hashlib
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, Self

import polars as pl

from config.profiles import Encoding
from config.tables import TableName, file_of
from validators import headers
from validators.careful_reading import read_carefully
from validators.cells import Cells, position
from validators.decoding import Decoded, decoded, newline_of
from validators.fast_reading import read_fast
from validators.findings import Finding, as_frame
from validators.headers import Columns, Header, Layout, columns_of, header_of, missing_columns
from validators.passwords import without_passwords
from validators.schemas import schema_of
from validators.tables import LINE, FileFacts, Newline, Table

_START: Final = 1 << 20  # bytes within which a header ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of one file: a table, or none where the file cannot be used, and what there is to say about it.

    `findings`: as FINDINGS; codes `file.*`, `header.*` and `row.*`, unmasked.
    """

    table: Table | None
    findings: pl.DataFrame
    facts: FileFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """What a receipt says of a file that just arrived.

    `rows`: line ends below the header, so blank lines and breaks within cells count too. `refused`: the code of what
    is wrong with the file or its header, None where nothing is. `missing`: required columns that it lacks.
    """

    rows: int
    refused: str | None = None
    missing: tuple[str, ...] = ()


def read(
    path: Path,
    name: TableName,
    *,
    encoding: Encoding = "utf-8",
    sha256: str | None = None,
    file: str | None = None,
    carried_from: int | None = None,
) -> Reading:
    """Read a delivered file as table `name`; nothing is raised for what it holds.

    Args:
        path: where the file lies.
        name: which table it is.
        encoding: what the profile names for files that are not UTF-8.
        sha256: its hash, where it is known already.
        file: the name under which it was delivered; that of `path` where it is not given.
        carried_from: the batch that it was carried from.
    """
    data = path.read_bytes()
    facts = FileFacts(
        file=file_of(name),
        bytes=len(data),
        sha256=sha256 or hashlib.sha256(data).hexdigest(),
        carried_from=carried_from,
    )
    reading = _reading_of(data, name, facts, encoding)
    delivered = file or path.name
    if delivered.casefold() == facts.file:
        return reading
    renamed = as_frame([Finding(code="file.renamed", file=facts.file, detail=delivered)])
    return replace(reading, findings=pl.concat([renamed, reading.findings]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file as it is written, for whoever changes single rows of it.

    `utf8`: its text, header included. `names`: for each cell of the header the column of the table that it became;
    None where it became none: a password, padding, a column that stands there again.
    """

    utf8: bytes
    header: Header
    names: tuple[str | None, ...]


def written(path: Path, name: TableName, *, encoding: Encoding = "utf-8") -> Written | None:
    """A file that was read as table `name`, as it is written; None where it can hold no table."""
    text = decoded(path.read_bytes(), encoding)
    header = None if isinstance(text, Finding) else header_of(text.utf8, layout_of(name))
    if isinstance(text, Finding) or header is None:
        return None
    columns = columns_of(header, layout_of(name))
    became = _became(_cells_of(text.utf8, header).rows, columns)
    return Written(utf8=text.utf8, header=header, names=tuple(map(became.get, range(len(header.cells)))))


def peek(path: Path, name: TableName, *, encoding: Encoding = "utf-8") -> Peek:
    """Count the lines of a file and judge its header, without reading its rows."""
    with path.open("rb") as stream:
        start = stream.read(_START)
        ends = Ends.of(start)
        while block := stream.read(_START):
            ends = ends.then(block)
    text = decoded(_whole_lines(start), encoding)
    if isinstance(text, Finding):
        return Peek(rows=0, refused=text.code)
    header = header_of(text.utf8, layout_of(name))
    if header is None:
        return Peek(rows=0, refused="file.empty")
    columns = columns_of(header, layout_of(name))
    refused = next((finding.code for finding in headers.refusals(columns, layout_of(name))), None)
    missing = missing_columns(columns, layout_of(name))
    return Peek(rows=max(ends.lines - header.line, 0), refused=refused, missing=missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Line ends counted block by block."""

    feeds: int
    returns: int
    last: bytes

    @classmethod
    def of(cls, block: bytes) -> Self:
        """The line ends of one block."""
        return cls(feeds=block.count(b"\n"), returns=block.count(b"\r"), last=block[-1:])

    def then(self, block: bytes) -> Self:
        """These and those of the block that follows."""
        more = self.of(block)
        return replace(more, feeds=self.feeds + more.feeds, returns=self.returns + more.returns)

    @property
    def lines(self) -> int:
        """How many lines these end, and one more where the last is not ended."""
        return (self.feeds or self.returns) + (self.last not in (b"", b"\n", b"\r", b"\0"))


def _whole_lines(start: bytes) -> bytes:
    """The start of a file without the line that the block cut; UTF-16 is cut between characters already."""
    is_whole = len(start) < _START or start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\n" not in start
    return start if is_whole else start[: start.rindex(b"\n") + 1]


@cache
def layout_of(name: TableName) -> Layout:
    """The columns of a table, as its JSON Schema names them."""
    return Layout.of(schema_of(name))


def _reading_of(data: bytes, name: TableName, facts: FileFacts, encoding: Encoding) -> Reading:
    text = decoded(data, encoding)
    if isinstance(text, Finding):
        return _unusable(facts, [text])
    facts = replace(facts, encoding=text.encoding)
    header = header_of(text.utf8, layout_of(name))
    if header is None:
        return _unusable(replace(facts, newline=text.newline), [Finding(code="file.empty")])
    columns = columns_of(header, layout_of(name))
    if refused := list(headers.refusals(columns, layout_of(name))):
        return _unusable(replace(facts, newline=text.newline), [*text.notes, *refused])
    cells = _cells_of(text.utf8, columns.header)
    newline = _newline(text, columns.header, cells)
    facts = replace(facts, newline=newline, rows=cells.rows.height + cells.broken.height)
    if refused := [*_truncation(cells), *_repetitions(cells.rows, columns)]:
        return _unusable(facts, [*text.notes, *refused])
    return _table_of(name, facts, columns, cells, text.notes)


def _unusable(facts: FileFacts, findings: Iterable[Finding]) -> Reading:
    return Reading(table=None, findings=_placed(facts, findings), facts=facts)


def _placed(facts: FileFacts, findings: Iterable[Finding]) -> pl.DataFrame:
    return as_frame(findings).with_columns(file=pl.lit(facts.file))


def _cells_of(utf8: bytes, header: Header) -> Cells:
    """The cells below a header: from the fast reader where it can prove them, from the careful one else."""
    body, first_line, width = utf8[header.body_at :], header.line + 1, len(header.cells)
    fast = read_fast(body, width=width, separator=header.separator, first_line=first_line)
    return fast or read_carefully(body.decode(), width=width, separator=header.separator, first_line=first_line)


def _newline(text: Decoded, header: Header, cells: Cells) -> Newline:
    """The line ends of a file: as the fast reader met them below the header, else counted."""
    above = newline_of(text.utf8[: header.body_at])
    return above if above == cells.newline else text.newline


def _truncation(cells: Cells) -> list[Finding]:
    if not cells.truncated:
        return []
    return [Finding(code="file.truncated", line=cells.broken.get_column(LINE).item(-1))]


def _repetitions(rows: pl.DataFrame, columns: Columns) -> list[Finding]:
    """Known columns that stand twice with different contents (sis-deviations 52)."""
    line = columns.header.line
    return [
        Finding(code="header.column_repeated", line=line, column=name)
        for name, places in columns.places().items()
        if len(_with_content(rows, places)) > 1
    ]


def _with_content(rows: pl.DataFrame, places: Sequence[int]) -> list[int]:
    """Of columns that should be one, those that hold something that no column before them holds."""
    kept: list[int] = []
    for place in places:
        cells = rows.get_column(position(place))
        is_empty = cells.null_count() == len(cells)
        if not is_empty and not any(cells.equals(rows.get_column(position(other))) for other in kept):
            kept.append(place)
    return kept


def _table_of(name: TableName, facts: FileFacts, columns: Columns, cells: Cells, notes: Iterable[Finding]) -> Reading:
    rows = cells.rows.select(LINE, **_chosen(cells.rows, columns))
    header = columns.header
    broken = without_passwords(cells.broken, columns.passwords, width=len(header.cells), separator=header.separator)
    said = [*notes, *headers.notes(columns, rows.columns[1:]), *_blank_lines(cells, header), *cells.notes]
    table = Table(name=name, facts=facts, rows=rows, broken=broken)
    return Reading(table=table, findings=_placed(facts, said), facts=facts)


def _chosen(rows: pl.DataFrame, columns: Columns) -> dict[str, pl.Expr]:
    """Which column of the file each column of the table is, in the order of the file."""
    return {name: pl.col(position(place)) for place, name in sorted(_became(rows, columns).items())}


def _became(rows: pl.DataFrame, columns: Columns) -> dict[int, str]:
    """The places of a file's columns to the names that they have in its table."""
    named = {(_with_content(rows, places) or places)[0]: name for name, places in columns.places().items()}
    for place, text in columns.unknown():
        is_padding = not text and rows.get_column(position(place)).null_count() == rows.height
        if not is_padding:
            named[place] = _free(text or f"column {place + 1}", {LINE, *columns.places(), *named.values()})
    return named


def _free(wanted: str, taken: Collection[str]) -> str:
    """A column name that is not taken: `line` becomes `line (2)`."""
    numbered = (f"{wanted} ({number})" for number in itertools.count(2))
    return wanted if wanted not in taken else next(name for name in numbered if name not in taken)


def _blank_lines(cells: Cells, header: Header) -> list[Finding]:
    count = cells.blank_lines + header.blank_lines
    return [Finding(code="file.blank_lines", count=count, detail=str(count))] if count else []
