"""A header line to canonical columns: which separator it proves, which known column each of its cells means."""

import csv
import difflib
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, Self

from config.origins import ORIGIN
from validators.cells import EDGES
from validators.findings import Finding
from validators.passwords import is_password

SEPARATORS: Final = (",", ";", "\t", "|")

_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
MOST_COLUMNS: Final = 4_000  # each costs time in every step; real exports have less than a hundred
_MOST_BYTES: Final = 64 * MOST_COLUMNS  # of a line that may be a header
_MOST_TITLES: Final = 20  # lines above a header
_PREFIX: Final = re.compile(r"[A-Za-z][_.](?=[A-Za-z])|(?:[A-Za-z]\w*\.)+(?=[A-Za-z])")
_EXCEL_HINT: Final = re.compile(r"sep=.?", re.IGNORECASE)  # the first line by which Excel is told the separator


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of a table as its JSON Schema names them.

    `names` and `aliases`: what headers spell, folded, to canonical names; `chosen`: likewise, as the profile
    says. `one_of`: groups of which a file needs one column.
    """

    names: Mapping[str, str]
    aliases: Mapping[str, str]
    required: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...]
    chosen: Mapping[str, str] = field(default_factory=dict)

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

    def with_chosen(self, headers: Mapping[str, str]) -> Self:
        """The layout of a district whose files name columns otherwise; `headers` is canonical name to their header."""
        return replace(self, chosen={folded(header): name for name, header in headers.items()})

    def without(self, dispensable: Collection[str]) -> Self:
        """The layout of a district whose files may lack these columns."""
        return replace(self, required=tuple(name for name in self.required if name not in dispensable))

    def known(self, header: str) -> str | None:
        """The canonical name that a header spells, whatever its case and spaces, or that of which it is an alias."""
        key = folded(header)
        return self.chosen.get(key) or self.names.get(key) or self.aliases.get(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header line of a file and where its rows begin.

    `line`: the physical line it stands on; `body_at`: offset of the first byte after it; `blank_lines`: before it.
    `has_excel_hint`: whether a line before it tells Excel the separator. `better`: where it names no column, the line
    among those that follow that names at least two. `is_too_wide`: whether `cells` are only its first ones.
    """

    cells: tuple[str, ...]
    separator: str
    line: int
    body_at: int
    blank_lines: int = 0
    has_excel_hint: bool = False
    better: int | None = None
    is_too_wide: bool = False


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
    blank_lines, has_excel_hint = 0, False
    for line, match in enumerate(_LINE.finditer(utf8), start=1):
        whole = _start_of(match)
        text = whole.strip(EDGES)
        if text and not _EXCEL_HINT.fullmatch(text):
            separator = _proven_separator(text, layout)
            cells = _split(whole, separator)
            return Header(
                cells=tuple(cell.strip(EDGES) for cell in cells[:MOST_COLUMNS]),
                separator=separator,
                line=line,
                body_at=match.end(),
                blank_lines=blank_lines,
                has_excel_hint=has_excel_hint,
                better=None if _known_in(text, separator, layout) else _header_below(utf8, line, match.end(), layout),
                is_too_wide=len(cells) > MOST_COLUMNS or len(match[0]) > _MOST_BYTES,
            )
        blank_lines += not text
        has_excel_hint = has_excel_hint or bool(text)
    return None


def _header_below(utf8: bytes, line: int, at: int, layout: Layout) -> int | None:
    """The line that is the header where titles stand above it; nobody is asked to guess, so it is only named (44)."""
    for number, match in enumerate(islice(_LINE.finditer(utf8, at), _MOST_TITLES), start=line + 1):
        text = _start_of(match)
        if any(_known_in(text, separator, layout) >= 2 for separator in SEPARATORS):
            return number
    return None


def _start_of(line: re.Match[bytes]) -> str:
    """A line, of one that is too long for a header its start."""
    return line[0][:_MOST_BYTES].decode(errors="replace")


def _proven_separator(line: str, layout: Layout) -> str:
    """The comma, unless another separator gives more known columns (sis-deviations 20 to 22)."""
    return max(SEPARATORS, key=lambda separator: _known_in(line, separator, layout))


def _known_in(line: str, separator: str, layout: Layout) -> int:
    """How many known columns a line names."""
    return sum(layout.known(cell) is not None for cell in _split(line, separator))


def _split(line: str, separator: str) -> list[str]:
    return next(csv.reader([line.rstrip("\r\n")], delimiter=separator))


def columns_of(header: Header, layout: Layout) -> Columns:
    """What each cell of a header means.

    What the profile chooses comes first. An alias counts only where its column is not there under its own name.
    """
    keys = [folded(cell) for cell in header.cells]
    known = layout.names.keys() | layout.aliases.keys()
    passwords = frozenset(place for place, key in enumerate(keys) if key not in known and is_password(key))
    names = [None if place in passwords else layout.chosen.get(key) for place, key in enumerate(keys)]
    by_choice = frozenset(names)
    for place, key in enumerate(keys):
        if names[place] is None and place not in passwords and layout.names.get(key) not in by_choice:
            names[place] = layout.names.get(key)
    for place, key in enumerate(keys):
        if names[place] is None and place not in passwords and layout.aliases.get(key) not in names:
            names[place] = layout.aliases.get(key)
    return Columns(header=header, names=tuple(names), passwords=passwords)


def missing_columns(columns: Columns, layout: Layout) -> tuple[str, ...]:
    """Required columns that a header lacks; a group of which one is needed is named like `email or sms`."""
    alone = [column for column in layout.required if column not in columns.names]
    groups = [" or ".join(group) for group in layout.one_of if not set(group) & set(columns.names)]
    return (*alone, *groups)


def refusals(columns: Columns, layout: Layout) -> Iterator[Finding]:
    """Why a file cannot be used, judged by its header alone, and what may help to mend it."""
    header, line = columns.header, columns.header.line
    shape = _other_format(header.cells)
    if not any(columns.names):
        below = None if header.better is None else str(header.better)
        yield Finding(code="header.missing", line=line, detail=shape, hint=below)
        return
    if header.is_too_wide:
        yield Finding(code="header.too_wide", line=line, detail=f"{MOST_COLUMNS:,}")
        return
    unknown = [cell for _, cell in columns.unknown()]
    missing = missing_columns(columns, layout)
    for column in missing:
        yield Finding(
            code="header.column_missing", line=line, column=column, detail=shape, hint=_near_miss(column, unknown)
        )
    prefixed = [cell for cell in unknown if _PREFIX.match(cell) and not cell.startswith("metadata.")]
    if missing and len(prefixed) >= 2:
        yield Finding(code="header.template_names", line=line, detail=", ".join(map(_listed, prefixed)))


def notes(columns: Columns, read: Sequence[str]) -> Iterator[Finding]:
    """What was met in a header that was used. `read`: the names of the table's columns."""
    header = columns.header
    if header.separator != ",":
        yield Finding(code="header.delimiter", line=header.line, detail=_spoken(header.separator))
    for cell, name in zip(header.cells, columns.names, strict=True):
        if name is not None and cell != name:
            yield Finding(code="header.column_alias", line=header.line, column=name, value=cell)
    if header.has_excel_hint:
        yield Finding(code="header.excel_hint", line=header.line)
    if columns.passwords:
        yield Finding(code="file.password_dropped", line=header.line)
    if unknown := [name for name in read if name not in columns.names and name not in ORIGIN]:
        yield Finding(code="header.column_unknown", line=header.line, detail=", ".join(map(_listed, unknown)))


def _spoken(separator: str) -> str:
    return {";": "semicolon", "\t": "tab", "|": "pipe"}[separator]


def _listed(name: str) -> str:
    """A name as it stands in a list; one that holds a comma is in quotes, so that it is not taken for two."""
    return f"“{name}”" if "," in name else name


def _near_miss(column: str, unknown: Sequence[str]) -> str | None:
    """The unknown column that was probably meant; one with the prefix of an export template is one without (51)."""
    by_folded = {folded(_PREFIX.sub("", cell, count=1)): cell for cell in unknown}
    near = difflib.get_close_matches(folded(column), by_folded, n=1, cutoff=0.7)
    return by_folded[near[0]] if near else None


# Of each group at least one column.
_FORMATS: Final[Mapping[str, Sequence[frozenset[str]]]] = {
    "Clever": (frozenset({"schoolid"}), frozenset({"studentid", "sectionid", "teacherid", "staffid"})),
    "School Data Sync": (frozenset({"schoolsisid", "sectionsisid"}),),
    "OneRoster 1.2": (frozenset({"usermasteridentifier", "primaryorgsourceid"}),),
}


def _other_format(cells: Sequence[str]) -> str | None:
    """The name of a format that is not ours, where a header shows it (sis-deviations 57, 58)."""
    shown = {folded(cell) for cell in cells}
    return next((name for name, groups in _FORMATS.items() if all(group & shown for group in groups)), None)
