"""A delivered file to a table, faithfully; this room's only contact with a disk."""

import hashlib
import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

import polars as pl

from config.profiles import Encoding
from config.tables import TableName, file_of
from validators.careful_reading import read_carefully
from validators.cells import Cells, position
from validators.decoding import BOM, Decoded, decoded, is_failed_query, newline_of, with_damage
from validators.fast_reading import read_fast
from validators.findings import Finding, as_frame
from validators.headers import Columns, Header, Layout, columns_of, header_of, missing_columns, refusals
from validators.headers import notes as header_notes
from validators.inner_headers import could_repeat_header, without_headers
from validators.passwords import without_passwords
from validators.schemas import schema_of, takes_any_column
from validators.surroundings import Body, body_of
from validators.tables import LINE, FileFacts, Newline, Sheet, Table
from validators.traces import LOST, cleaned, is_id

_LOST: Final = LOST.encode()
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
class SheetReading:
    """What came of one file that is no table of ours; `sheet` is None where it cannot be used.

    `findings` as a Reading has them; `may_lack_letters` as a Table has it.
    """

    sheet: Sheet | None
    findings: pl.DataFrame
    facts: FileFacts
    may_lack_letters: bool = False


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
    headers: Mapping[str, str] = MappingProxyType({}),
    dispensable: Collection[str] = (),
    sha256: str | None = None,
    file: str | None = None,
    carried_from: int | None = None,
) -> Reading:
    """Read a delivered file as table `name`; nothing is raised for what it holds.

    Args:
        path: where the file lies.
        name: which table it is.
        encoding: what the profile names for files that are not UTF-8.
        headers: what the profile says the file calls columns, by their canonical names.
        dispensable: required columns that it may lack.
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
    layout = layout_of(name).with_chosen(headers).without(dispensable)
    came = _sheet_of(data, facts, encoding, layout, takes_any=takes_any_column(name))
    sheet = came.sheet
    table = (
        None
        if sheet is None
        else Table(
            name=name, facts=came.facts, rows=sheet.rows, broken=sheet.broken, may_lack_letters=came.may_lack_letters
        )
    )
    delivered = file or path.name
    renamed = [] if delivered.casefold() == facts.file else [Finding(code="file.renamed", detail=delivered)]
    findings = pl.concat([_placed(facts, renamed), came.findings]) if renamed else came.findings
    return Reading(table=table, findings=findings, facts=came.facts)


def read_sheet(path: Path, layout: Layout, *, file: str, encoding: Encoding = "utf-8") -> SheetReading:
    """Read a delivered file that is no table of ours, with the same care; nothing is raised for what it holds.

    Args:
        path: where the file lies.
        layout: its columns.
        file: what it is called where it is spoken of.
        encoding: what the profile names for files that are not UTF-8.
    """
    data = path.read_bytes()
    facts = FileFacts(file=file, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    return _sheet_of(data, facts, encoding, layout, takes_any=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file as it is written, for whoever changes single rows of it.

    `utf8`: its text, header included; letters that are no UTF-8 as they came. `names`: for each cell of the header the
    column of the table that it became; None where it became none: a password, padding, a column that stands again.
    """

    utf8: bytes
    header: Header
    names: tuple[str | None, ...]


def written(
    path: Path,
    name: TableName,
    *,
    encoding: Encoding = "utf-8",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Written | None:
    """A file that was read as table `name`, as it is written; None where it can hold no table."""
    data = path.read_bytes()
    layout = layout_of(name).with_chosen(headers)
    text = _text_of(data, encoding)
    header = None if isinstance(text, Finding) else header_of(text.utf8, layout)
    if isinstance(text, Finding) or header is None:
        return None
    columns = columns_of(header, layout)
    cells, _ = _rows_of(body_of(text.utf8, header), columns, layout)
    became = _became(cells.rows, columns)
    utf8 = data.removeprefix(BOM) if text.damage else text.utf8
    return Written(utf8=utf8, header=header, names=tuple(map(became.get, range(len(header.cells)))))


def peek(
    path: Path,
    name: TableName,
    *,
    encoding: Encoding = "utf-8",
    headers: Mapping[str, str] = MappingProxyType({}),
    dispensable: Collection[str] = (),
) -> Peek:
    """Count the lines of a file and judge its header, without reading its rows."""
    with path.open("rb") as stream:
        start = stream.read(_START)
        ends = Ends.of(start)
        while block := stream.read(_START):
            ends = ends.then(block)
    layout = layout_of(name).with_chosen(headers).without(dispensable)
    text = _text_of(_whole_lines(start), encoding)
    if isinstance(text, Finding):
        return Peek(rows=0, refused=text.code)
    header = header_of(text.utf8, layout)
    if header is None:
        return Peek(rows=0, refused="file.empty")
    columns = columns_of(header, layout)
    refused = next((finding.code for finding in refusals(columns, layout)), None)
    missing = missing_columns(columns, layout)
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


def _sheet_of(data: bytes, facts: FileFacts, encoding: Encoding, layout: Layout, *, takes_any: bool) -> SheetReading:
    text = _text_of(data, encoding)
    if isinstance(text, Finding):
        return _unusable(facts, [text])
    facts = replace(facts, encoding=text.encoding)
    header = header_of(text.utf8, layout)
    if header is None:
        return _unusable(replace(facts, newline=text.newline), [Finding(code="file.empty")])
    columns = columns_of(header, layout)
    if refused := list(refusals(columns, layout)):
        refused = [text.damage] if text.damage and any(LOST in cell for cell in header.cells) else refused
        return _unusable(replace(facts, newline=text.newline), [*text.notes, *refused])
    body = body_of(text.utf8, header)
    cells, differs = _rows_of(body, columns, layout)
    facts = replace(
        facts,
        newline=newline_met(text, header, cells, rows=len(body.utf8)),
        rows=cells.rows.height + cells.broken.height,
    )
    sound = _without_damage(cells, columns, text.damage) if text.damage else cells
    if sound is None:
        return _unusable(facts, [text.damage] if text.damage else [])
    cells = sound
    if refused := [*_truncation(cells), *_failed_query(cells), *differs, *_repetitions(cells.rows, columns)]:
        return _unusable(facts, [*text.notes, *refused])
    return _usable(facts, columns, cells, body, text.notes, takes_any=takes_any)


def _text_of(data: bytes, encoding: Encoding) -> Decoded | Finding:
    """The text of a file; where it is not UTF-8 and the profile names nothing else, perhaps with damaged letters."""
    text = decoded(data, encoding)
    is_other = isinstance(text, Finding) and text.code == "file.not_utf8" and encoding == "utf-8"
    return with_damage(data, text) if is_other and isinstance(text, Finding) else text


def _rows_of(body: Body, columns: Columns, layout: Layout) -> tuple[Cells, list[Finding]]:
    """The rows, without headers that stand among them; or why the file is no table."""
    cells = _cells_of(body, columns.header)
    if not could_repeat_header(cells, columns, layout):
        return cells, []
    return without_headers(cells, columns, layout)


def _unusable(facts: FileFacts, findings: Iterable[Finding]) -> SheetReading:
    return SheetReading(sheet=None, findings=_placed(facts, findings), facts=facts)


def _placed(facts: FileFacts, findings: Iterable[Finding]) -> pl.DataFrame:
    return as_frame(replace(finding, file=facts.file) for finding in findings)


def _cells_of(body: Body, header: Header) -> Cells:
    """The cells below a header: from the fast reader where it can prove them, from the careful one else."""
    width, separator, first_line = len(header.cells), header.separator, body.first_line
    fast = read_fast(body.utf8, width=width, separator=separator, first_line=first_line)
    if fast is not None:
        return fast
    cells = read_carefully(body.utf8.decode(), width=width, separator=separator, first_line=first_line)
    if b'\\"' not in body.utf8 or _fits(cells):
        return cells
    escaped = body.utf8.replace(b'\\"', b'""').decode()
    doubled = read_carefully(escaped, width=width, separator=separator, first_line=first_line)
    return _noting_backslashes(doubled, body.utf8.count(b'\\"')) if _fits(doubled) else cells


def _fits(cells: Cells) -> bool:
    """Whether all quotes of a file fit."""
    return cells.broken.filter(code="row.quote").is_empty()


def _noting_backslashes(cells: Cells, count: int) -> Cells:
    """Says that quotes within texts have backslashes: taken so only where no quote fits otherwise (31)."""
    return replace(cells, notes=(Finding(code="file.backslashes", count=count, detail=str(count)), *cells.notes))


def newline_met(text: Decoded, header: Header, cells: Cells, *, rows: int) -> Newline:
    """The line ends of a file: as the fast reader met them in the `rows` bytes below the header, else counted.

    A footer may have others than the rows.
    """
    above = newline_of(text.utf8[: header.body_at])
    is_whole = header.body_at + rows == len(text.utf8)
    return above if is_whole and above == cells.newline else text.newline


def _truncation(cells: Cells) -> list[Finding]:
    if not cells.truncated:
        return []
    return [Finding(code="file.truncated", line=cells.broken.get_column(LINE).item(-1))]


def _failed_query(cells: Cells) -> list[Finding]:
    """A line among the rows by which a database tells that the query failed: rows are missing (41)."""
    for line, raw in cells.broken.select(LINE, "raw").iter_rows():
        if is_failed_query(raw.encode()):
            return [Finding(code="file.query_failed", line=line)]
    return []


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


def _usable(
    facts: FileFacts, columns: Columns, cells: Cells, body: Body, notes: Iterable[Finding], *, takes_any: bool
) -> SheetReading:
    header = columns.header
    chosen = cells.rows.select(LINE, **_chosen(cells.rows, columns))
    rows, traces = cleaned(chosen, body.utf8)
    broken = without_passwords(cells.broken, columns.passwords, width=len(header.cells), separator=header.separator)
    said = [
        *notes,
        *header_notes(columns, () if takes_any else rows.columns[1:]),
        *body.notes,
        *_counts(cells, header, facts, body),
        *cells.notes,
    ]
    found = pl.concat([_placed(facts, said), traces]).with_columns(file=pl.lit(facts.file))
    may_lack_letters = _LOST[:1] in body.utf8 and _LOST in body.utf8  # one byte is found ten times faster than three
    sheet = Sheet(facts=facts, rows=rows, broken=broken)
    return SheetReading(sheet=sheet, findings=found, facts=facts, may_lack_letters=may_lack_letters)


def _counts(cells: Cells, header: Header, facts: FileFacts, body: Body) -> Iterator[Finding]:
    """What was met how often, and whether the footer counts as many rows as there are."""
    if blank_lines := cells.blank_lines + header.blank_lines:
        yield Finding(code="file.blank_lines", count=blank_lines, detail=str(blank_lines))
    if facts.newline == "CR":
        yield Finding(code="file.returns")
    if cells.trimmed:
        yield Finding(code="file.trimmed", count=cells.trimmed, detail=str(cells.trimmed))
    # A row that is broken may be two lines of one.
    if body.promised is not None and not cells.rows.height <= body.promised <= facts.rows:
        yield Finding(code="file.rows_missing", detail=str(body.promised), hint=str(facts.rows))


def _chosen(rows: pl.DataFrame, columns: Columns) -> dict[str, pl.Expr]:
    """Which column of the file each column of the table is, in the order of the file."""
    return {name: pl.col(position(place)) for place, name in sorted(_became(rows, columns).items())}


def _became(rows: pl.DataFrame, columns: Columns) -> dict[int, str]:
    """The places of a file's columns to the names that they have in its table."""
    named = {(_with_content(rows, places) or places)[0]: name for name, places in columns.places().items()}
    for place, text in columns.unknown():
        is_padding = not text and rows.get_column(position(place)).null_count() == rows.height
        if not is_padding:
            named[place] = free_name(text or f"column {place + 1}", {LINE, *columns.places(), *named.values()})
    return named


def free_name(wanted: str, taken: Collection[str]) -> str:
    """A column name that is not taken: `line` becomes `line (2)`."""
    numbered = (f"{wanted} ({number})" for number in itertools.count(2))
    return wanted if wanted not in taken else next(name for name in numbered if name not in taken)


def _without_damage(cells: Cells, columns: Columns, damage: Finding) -> Cells | None:
    """The cells without rows that hold a letter that is no UTF-8; None where nothing can be taken from the file (4).

    Whoever they are about stays as stored. Where they are many, or an ID is damaged, nobody knows whom that means.
    """
    read = [position(place) for place in range(len(columns.names)) if place not in columns.passwords]
    ids = [position(place) for place, name in enumerate(columns.names) if name is not None and is_id(name)]
    hurt = cells.rows.filter(_is_damaged(read))
    rows = cells.rows.height + cells.broken.height
    is_unsure = not hurt.filter(_is_damaged(ids)).is_empty() or not cells.broken.filter(_is_damaged(["raw"])).is_empty()
    if is_unsure or hurt.height * 100 > rows:
        return None
    torn = hurt.select(LINE, raw=_as_written(columns.header), code=pl.lit("row.not_utf8"))
    notes = [Finding(code="row.not_utf8", line=line, detail=damage.detail) for line in torn.get_column(LINE)]
    return replace(
        cells,
        rows=cells.rows.join(hurt, on=LINE, how="anti", maintain_order="left"),
        broken=pl.concat([cells.broken, torn]).sort(LINE),
        notes=(*cells.notes, *notes),
    )


def _is_damaged(places: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(place).str.contains(LOST, literal=True).fill_null(value=False) for place in places)


def _as_written(header: Header) -> pl.Expr:
    """A row as CSV, each cell in quotes where it needs them."""
    cells = (pl.col(position(place)).fill_null("") for place in range(len(header.cells)))
    special = re.escape(header.separator)
    quoted = [
        pl.when(cell.str.contains(f'[{special}"\r\n]'))
        .then(pl.concat_str(pl.lit('"'), cell.str.replace_all('"', '""', literal=True), pl.lit('"')))
        .otherwise(cell)
        for cell in cells
    ]
    return pl.concat_str(quoted, separator=header.separator)
