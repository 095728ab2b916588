"""The bytes of one file to its rows, exactly as they are: no cell is trimmed, no name is guessed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from config.oneroster import FILES, Version, header_of, schema_of
from validators.careful_reading import read_carefully
from validators.catalogue import rejecting
from validators.cells import Cells, position
from validators.decoding import Decoded, decoded
from validators.fast_reading import read_fast
from validators.findings import Finding
from validators.headers import MOST_COLUMNS, Header, Layout, folded
from validators.headers import header_of as found_header
from validators.oneroster import columns, manifest
from validators.oneroster.columns import Columns
from validators.oneroster.package import MANIFEST
from validators.oneroster.rows import LIFE
from validators.passwords import without_passwords
from validators.reading import free_name, newline_met
from validators.tables import LINE, FileFacts, Newline, Sheet

_BOM: Final = b"\xef\xbb\xbf"

# What the readers say of a file or a row, as this rule set says it.
CODES: Final = {
    "file.empty": "oneroster.file.empty",
    "file.not_csv": "oneroster.file.not_csv",
    "file.nul": "oneroster.file.not_csv",
    "file.nul_bytes": "oneroster.file.not_csv",
    "file.truncated": "oneroster.file.truncated",
    "file.not_utf8": "oneroster.file.not_utf8",
    "file.decoded": "oneroster.file.not_utf8",
    "file.inner_marks": "oneroster.file.byte_order_mark",
    "row.cells": "oneroster.row.cells",
    "row.quote": "oneroster.row.quote",
    "row.stray_quote": "oneroster.row.stray_quote",
    "row.line_break": "oneroster.row.line_break",
}
_NUL: Final = frozenset({"file.nul", "file.nul_bytes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One file of a delivery, read.

    Attributes:
        file: which file it is, without `.csv`.
        facts: what is known of it.
        sheet: its rows under the names of their columns; None where the file cannot be judged.
        findings: what reading found.
    """

    file: str
    facts: FileFacts
    sheet: Sheet | None
    findings: tuple[Finding, ...]


def columns_of(version: Version, file: str, *, delta: bool) -> Columns:
    """The columns that a file must have; in a delta file those of a record's life are among the required ones."""
    if file == MANIFEST:
        return Columns(names=manifest.COLUMNS, required=frozenset(manifest.COLUMNS))
    schema = schema_of(version, file)
    required = frozenset(schema["required"])
    return Columns(
        names=header_of(version, file),
        required=required | set(LIFE) if delta else required,
        secret=frozenset(name for name, part in schema["properties"].items() if part.get("x-dropped")),
    )


def header_cells(start: bytes, file: str) -> tuple[str, ...]:
    """The header of a file from its first bytes; nothing where they are no table."""
    text = decoded(start, "utf-8")
    if isinstance(text, Finding):
        return ()
    header = found_header(text.utf8, _layout(_latest(file), file))
    if header is None:
        return ()
    if header.is_too_wide or header.separator != ",":
        return header.cells
    return columns.cells_of_header(text.utf8, header.body_at)


def read(data: bytes, version: Version, file: str, *, sha256: str, delta: bool = False) -> Read:
    """A file of a delivery; nothing is raised for what it holds.

    Args:
        data: the whole file.
        version: by which it is judged.
        file: which one it is, without `.csv`.
        sha256: of the file.
        delta: whether the manifest says that it holds changes.
    """
    facts = FileFacts(file=f"{file}.csv", bytes=len(data), sha256=sha256)
    text = decoded(data, "utf-8")
    if isinstance(text, Finding):
        return _read(file, facts, None, [_in_our_words(text)])
    facts = replace(facts, encoding=text.encoding)
    notes = [*map(_in_our_words, text.notes)]
    if data.startswith(_BOM):
        notes.append(Finding(code="oneroster.file.byte_order_mark"))
    header = found_header(text.utf8, _layout(version, file))
    if header is None:
        return _read(file, replace(facts, newline=text.newline), None, [*notes, Finding(code="oneroster.file.empty")])
    wanted = columns_of(version, file, delta=delta)
    about_header = list(_about_header(text, header, wanted, version, file))
    if any(finding.code in rejecting("file") for finding in (*notes, *about_header)):
        return _read(file, replace(facts, newline=text.newline), None, [*notes, *about_header])
    return _with_rows(file, facts, text, header, wanted, [*notes, *about_header])


def _read(file: str, facts: FileFacts, sheet: Sheet | None, findings: Iterable[Finding]) -> Read:
    placed = tuple(replace(finding, file=facts.file) for finding in findings)
    return Read(file=file, facts=facts, sheet=sheet, findings=placed)


def _in_our_words(finding: Finding) -> Finding:
    if finding.code in _NUL:
        return replace(finding, code=CODES[finding.code], detail="NUL", count=1)
    return replace(finding, code=CODES[finding.code])


def _latest(file: str) -> Version:
    return "1.1" if file == MANIFEST or file in FILES["1.1"] else "1.2"


def _layout(version: Version, file: str) -> Layout:
    """What the readers need to find the header line and its separator."""
    names = manifest.COLUMNS if file == MANIFEST else header_of(version, file)
    known = {folded(name): name for name in names}
    return Layout(names=known, aliases={}, required=(), one_of=())


def _about_header(text: Decoded, header: Header, wanted: Columns, version: Version, file: str) -> Iterator[Finding]:
    if header.separator != ",":
        name = {";": "semicolon", "\t": "tab", "|": "pipe"}[header.separator]
        yield Finding(code="oneroster.header.delimiter", line=header.line, detail=name)
        return
    if header.is_too_wide:
        yield Finding(code="oneroster.header.too_wide", line=header.line, detail=f"{MOST_COLUMNS:,}")
        return
    cells = columns.cells_of_header(text.utf8, header.body_at)
    if file == MANIFEST:
        if cells != manifest.COLUMNS:
            yield Finding(code="oneroster.manifest.header", line=header.line, detail=", ".join(cells))
        return
    if not any(_layout(version, file).known(cell) for cell in cells):
        yield Finding(code="oneroster.header.missing", line=header.line)
        return
    for finding in columns.findings(cells, wanted, header.line):
        is_superseded = version == "1.2" and file == "users" and finding.detail == "resourceSourcedIds"
        code = "oneroster.version.superseded" if is_superseded else finding.code
        column = finding.detail if is_superseded else finding.column
        yield replace(finding, code=code, column=column, detail=None if is_superseded else finding.detail)


def _with_rows(
    file: str, facts: FileFacts, text: Decoded, header: Header, wanted: Columns, said: list[Finding]
) -> Read:
    exact = replace(header, cells=columns.cells_of_header(text.utf8, header.body_at))
    cells = _cells_of(text.utf8, exact)
    newline = newline_met(text, header, cells, rows=len(text.utf8) - header.body_at)
    facts = replace(facts, newline=newline, rows=cells.rows.height + cells.broken.height)
    said += [*_about_cells(text, header, cells, newline), *map(_in_our_words, cells.notes)]
    if any(finding.code in rejecting("file") for finding in said):
        return _read(file, facts, None, said)
    passwords = wanted.secrets(exact.cells)
    if passwords:
        said.append(Finding(code="oneroster.file.password_dropped", line=header.line))
    broken = without_passwords(cells.broken, passwords, width=len(exact.cells), separator=",")
    names = _names(exact.cells, wanted, passwords)
    rows = cells.rows.select(LINE, **{name: pl.col(position(place)) for name, place in names.items()})
    return _read(file, facts, Sheet(facts=facts, rows=rows, broken=broken), said)


def _cells_of(utf8: bytes, header: Header) -> Cells:
    """The cells below a header as they are: from the fast reader where it can prove them, from the careful one else."""
    body, width, first_line = utf8[header.body_at :], len(header.cells), header.line + 1
    fast = read_fast(body, width=width, separator=",", first_line=first_line, exact=True)
    if fast is not None:
        return fast
    return read_carefully(body.decode(), width=width, separator=",", first_line=first_line, exact=True)


def _about_cells(text: Decoded, header: Header, cells: Cells, newline: Newline) -> Iterator[Finding]:
    """What there is to say about the lines of a file; of a broken row the readers say it."""
    if cells.truncated:
        yield Finding(code="oneroster.file.truncated", line=cells.broken.get_column(LINE).item(-1))
    elif not (cells.rows.height + cells.broken.height):
        yield Finding(code="oneroster.file.no_rows")
    if newline in {"CR", "mixed"} and text.utf8.count(b"\r") != text.utf8.count(b"\r\n"):
        yield Finding(code="oneroster.file.carriage_returns")
    if blank := cells.blank_lines + header.blank_lines:
        yield Finding(code="oneroster.file.blank_lines", count=blank)


def _names(cells: tuple[str, ...], wanted: Columns, passwords: frozenset[int]) -> dict[str, int]:
    """The columns to be kept: those that are known by their names, others under a name of their own."""
    known = columns.places(cells, wanted)
    named = {place: name for name, place in known.items()}
    for place, cell in enumerate(cells):
        if place not in named and place not in passwords:
            named[place] = free_name(cell or f"column {place + 1}", {LINE, *wanted.names, *named.values()})
    return {named[place]: place for place in sorted(named)}
