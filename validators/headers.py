"""A header line to canonical columns: which separator it proves, which known column each of its cells means."""

import csv
import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from validators.cells import EDGES
from validators.findings import Finding
from validators.passwords import is_password

SEPARATORS: Final = (",", ";", "\t", "|")

_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_EXCEL_HINT: Final = re.compile(r"sep=.?", re.IGNORECASE)  # the first line by which Excel is told the separator


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of a table as its JSON Schema names them.

    `names` and `aliases`: what headers spell, folded, to canonical names. `one_of`: groups of which a file needs one
    column.
    """

    names: Mapping[str, str]
    aliases: Mapping[str, str]
    required: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Self:
        """The layout in the JSON Schema of a table."""
        columns = {name: rule for name, rule in schema["properties"].items() if not rule.get("x-dropped")}
        choices = [rule["anyOf"] for rule in schema.get("allOf", ()) if "anyOf" in rule]
        return cls(
            names={folded(name): name for name in columns},
            aliases={folded(alias): name for name, rule in columns.items() for alias in rule.get("x-aliases", ())},
            required=tuple(schema["required"]),
            one_of=tuple(tuple(option["required"][0] for option in options) for options in choices),
        )

    def known(self, header: str) -> str | None:
        """The canonical name that a header spells, whatever its case and spaces, or that of which it is an alias."""
        key = folded(header)
        return self.names.get(key) or self.aliases.get(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header line of a file and where its rows begin.

    `line`: the physical line it stands on; `body_at`: offset of the first byte after it; `blank_lines`: before it.
    """

    cells: tuple[str, ...]
    separator: str
    line: int
    body_at: int
    blank_lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the cells of a header mean.

    `names`: for each cell its canonical name, or None; a name stands more than once where the header repeats it.
    `passwords`: positions of columns that must not be read.
    """

    header: Header
    names: tuple[str | None, ...]
    passwords: frozenset[int]

    def places(self) -> dict[str, list[int]]:
        """Where each known column stands, more than once where the header repeats it."""
        found: dict[str, list[int]] = {}
        for place, name in enumerate(self.names):
            if name is not None:
                found.setdefault(name, []).append(place)
        return found

    def unknown(self) -> list[tuple[int, str]]:
        """Where columns stand that nothing knows, with their text; passwords are not among them."""
        cells = enumerate(self.header.cells)
        return [(place, cell) for place, cell in cells if self.names[place] is None and place not in self.passwords]


def folded(header: str) -> str:
    """A header without case, spaces, underscores, quotes and invisible characters; `sourceId` is `sourcedId`.

    >>> folded(" Org Sourced_IDs") == folded("orgSourceIds")
    True
    """
    letters = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", header)).casefold()
    return letters.replace("sourcedid", "sourceid")


def header_of(utf8: bytes, layout: Layout) -> Header | None:
    """The first line of a text that says anything, split as most known columns demand; None where none does."""
    blank_lines = 0
    for line, match in enumerate(_LINE.finditer(utf8), start=1):
        text = match[0].decode(errors="replace").strip(EDGES)
        if text and not _EXCEL_HINT.fullmatch(text):
            separator = _proven_separator(text, layout)
            cells = tuple(cell.strip(EDGES) for cell in _split(match[0].decode(errors="replace"), separator))
            return Header(cells=cells, separator=separator, line=line, body_at=match.end(), blank_lines=blank_lines)
        blank_lines += not text
    return None


def _proven_separator(line: str, layout: Layout) -> str:
    """The comma, unless another separator gives more known columns (sis-deviations 20 to 22)."""
    return max(
        SEPARATORS, key=lambda separator: sum(layout.known(cell) is not None for cell in _split(line, separator))
    )


def _split(line: str, separator: str) -> list[str]:
    return next(csv.reader([line.rstrip("\r\n")], delimiter=separator))


def columns_of(header: Header, layout: Layout) -> Columns:
    """What each cell of a header means. An alias counts only where its column is not there under its own name."""
    keys = [folded(cell) for cell in header.cells]
    passwords = frozenset(place for place, key in enumerate(keys) if is_password(key))
    names = [layout.names.get(key) for key in keys]
    for place, key in enumerate(keys):
        meant = layout.aliases.get(key)
        if names[place] is None and place not in passwords and meant not in names:
            names[place] = meant
    return Columns(header=header, names=tuple(names), passwords=passwords)


def missing_columns(columns: Columns, layout: Layout) -> tuple[str, ...]:
    """Required columns that a header lacks; a group of which one is needed is named like `email or sms`."""
    alone = [column for column in layout.required if column not in columns.names]
    groups = [" or ".join(group) for group in layout.one_of if not set(group) & set(columns.names)]
    return (*alone, *groups)


def refusals(columns: Columns, layout: Layout) -> Iterator[Finding]:
    """Why a file cannot be used, judged by its header alone."""
    line = columns.header.line
    if not any(columns.names):
        yield Finding(code="header.missing", line=line, detail=_other_format(columns.header.cells))
        return
    unknown = [cell for _, cell in columns.unknown()]
    for column in missing_columns(columns, layout):
        yield Finding(code="header.column_missing", line=line, column=column, hint=_near_miss(column, unknown))


def notes(columns: Columns, read: Sequence[str]) -> Iterator[Finding]:
    """What was met in a header that was used. `read`: the names of the table's columns."""
    header = columns.header
    if header.separator != ",":
        yield Finding(code="header.delimiter", line=header.line, detail=_spoken(header.separator))
    for cell, name in zip(header.cells, columns.names, strict=True):
        if name is not None and cell != name:
            yield Finding(code="header.column_alias", line=header.line, column=name, value=cell)
    if columns.passwords:
        yield Finding(code="file.password_dropped", line=header.line)
    if unknown := [name for name in read if name not in columns.names]:
        yield Finding(code="header.column_unknown", line=header.line, detail=", ".join(map(_listed, unknown)))


def _spoken(separator: str) -> str:
    return {";": "semicolon", "\t": "tab", "|": "pipe"}[separator]


def _listed(name: str) -> str:
    """A name as it stands in a list; one that holds a comma is in quotes, so that it is not taken for two."""
    return f"“{name}”" if "," in name else name


def _near_miss(column: str, unknown: Sequence[str]) -> str | None:
    by_folded = {folded(cell): cell for cell in unknown}
    near = difflib.get_close_matches(folded(column), by_folded, n=1, cutoff=0.7)
    return by_folded[near[0]] if near else None


def _other_format(cells: Sequence[str]) -> str | None:
    """The name of a format that is not ours, where a header shows it (sis-deviations 58)."""
    shown = {folded(cell) for cell in cells}
    return "Clever" if shown & {"studentid", "sectionid", "teacherid"} and "schoolid" in shown else None
