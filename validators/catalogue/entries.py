"""The entries of the catalogue, as the files beside this module say them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

Level = Literal["error", "warning", "info"]
Rejects = Literal["batch", "file", "row", "value"]
Kind = Literal["ours", "word", "known", "school", "schools", "headers", "file"]
"""What a public text is: IDs or numbers of this program, a word of it (a key of `texts/<language>/words.toml`), or text
of a file that is shown only where it has the form of one (`hiding.is_harmless`): a known column or role, IDs of
schools, names of columns, the name of a file."""
Edit = Mapping[str, Any]

GROUPS: Final = (
    *(
        "sets",
        "archives",
        "sources",
        "clever",
        "repairs",
        "reading",
        "users",
        "classes",
        "enrollments",
        "guardians",
        "attributes",
    ),
    *("families", "memberships", "identifiers"),
    *("nights", "causes"),
    "oneroster",
)
"""The files of the catalogue, each with one of texts for each language."""

_LARGE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a code means for a batch; its texts stand in `texts/<language>/`, a file for each group.

    An example is a list of edits of a small valid set (`tests/validators/examples.py`): `set` cells of a `line` of a
    `file`, `add` a row, `repeat` or `drop` a line, `rows = 0`, a `text` (or `hex`) for the whole file, or what the
    profile and the set are.

    Attributes:
        code: as in findings.
        level: error, warning or info.
        rejects: what is left out because of it.
        source: the clause behind it.
        file: the file that it speaks of, where it is always the same one.
        column: the column, likewise.
        public: which of `detail` and `hint` may be read by everybody, as far as they are of this kind.
        passes: an example without this finding.
        fails: an example with it.
        line: where the failing example has it.
        also: codes that cannot but come with it in the failing example.
        needs: a file that the set of the examples must have beside the usual ones.
        occurs: in words when it is found, where no files alone can show it.
    """

    code: str
    level: Level
    rejects: Rejects | None = None
    source: str
    file: str | None = None
    column: str | None = None
    public: Mapping[str, Kind] = field(default_factory=dict)
    passes: Sequence[Edit] | None = None
    fails: Sequence[Edit] | None = None
    line: int | None = None
    also: Sequence[str] = ()
    needs: str | None = None
    occurs: str | None = None


def entry(code: str) -> Entry:
    """The entry of a code.

    Raises:
        KeyError: no such code.
    """
    return entries()[code]


def codes() -> tuple[str, ...]:
    """Every code, in the order of the catalogue."""
    return tuple(entries())


def groups() -> Mapping[str, tuple[str, ...]]:
    """The codes of each group, which is what they are about."""
    return {group: tuple(loaded(group)) for group in GROUPS}


@cache
def rejecting(what: Rejects) -> frozenset[str]:
    """The codes that reject a batch, a file, a row or a value."""
    return frozenset(code for code, about in entries().items() if about.rejects == what)


@cache
def of_level(level: Level) -> frozenset[str]:
    """The codes of a level."""
    return frozenset(code for code, about in entries().items() if about.level == level)


@cache
def entries() -> Mapping[str, Entry]:
    """The whole catalogue by code."""
    return {code: Entry(code=code, **about) for group in GROUPS for code, about in loaded(group).items()}


def loaded(name: str) -> dict[str, dict[str, Any]]:
    """One file of the catalogue; `name` as `users` or `texts/en/users`."""
    return tomllib.loads(resources.files(__package__).joinpath(*f"{name}.toml".split("/")).read_text(encoding="utf-8"))


def shown(example: Sequence[Edit]) -> list[str]:
    """An example as people read it, a line for each edit: `users.csv: role = "teachr"`."""
    return [_shown(edit) for edit in example]


def _shown(edit: Edit) -> str:
    match edit:
        case {"file": file, "set": cells}:
            return f"{file}.csv: {_cells(cells)}"
        case {"file": file, "add": cells}:
            return f"{file}.csv, another row: {_cells(cells)}"
        case {"file": file, "text": text}:
            return f"{file}.csv: {_short(text)}"
        case {"file": file, **what}:
            return f"{file}.csv: {_cells(what)}"
    return _cells(edit)


def _cells(cells: Mapping[str, Any]) -> str:
    return ", ".join(f"{column} = {_short(value)}" for column, value in cells.items())


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, str) else '"' + value.encode("unicode_escape").decode() + '"'
    return text if len(text) <= _LARGE else f"{text[:_LARGE]}…"
