"""A header against the columns that its file must have: names are exact, and so is their order."""

import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Final

from validators.findings import Finding
from validators.headers import folded
from validators.passwords import is_password

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_METADATA: Final = "metadata."

# The same thing by the name that another version has for it (oneroster-csv 4, 5.1).
_OTHER_NAMES: Final = (
    *(("schoolYearId", "schoolYearSourcedId"), ("grade", "grades"), ("termSourcedId", "termSourcedIds")),
    *(("userId", "userIds"), ("agents", "agentSourcedIds"), ("userSourcedId", "sourcedId")),
    *(("birthdate", "birthDate"), ("gradingPeriodSourcedId", "academicSessionSourcedId")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns that a version gives to a file.

    `names`: in their order. `required`: those whose cells must be filled, so that a file without them is no such file.
    `secret`: those that must not be read.
    """

    names: tuple[str, ...]
    required: frozenset[str]
    secret: frozenset[str] = frozenset()

    def secrets(self, cells: Sequence[str]) -> frozenset[int]:
        """Where columns stand that must not be read: known ones, and others that are named like passwords."""
        return frozenset(place for place, cell in enumerate(cells) if self._is_secret(cell))

    def _is_secret(self, cell: str) -> bool:
        return cell in self.secret or (cell not in self.names and is_password(folded(cell)))


def cells_of_header(utf8: bytes, body_at: int) -> tuple[str, ...]:
    """The cells of a header as they stand there, with their blanks; `body_at` is where the rows begin."""
    line = _LINE_END.split(utf8[:body_at].removesuffix(b"\n").removesuffix(b"\r"))[-1]
    return tuple(next(csv.reader([line.decode()]), ()))


def places(cells: Sequence[str], columns: Columns) -> dict[str, int]:
    """Where each column stands that is read; the first place of one that is repeated."""
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        if cell in columns.names and cell not in columns.secret:
            found.setdefault(cell, place)
    return found


def findings(cells: Sequence[str], columns: Columns, line: int) -> Iterator[Finding]:
    """What there is to say about a header; whether it refuses its file, the codes say."""
    strangers = [cell for cell in cells if cell.strip() and cell not in columns.names and not _is_own(cell)]
    near = {column: _meant(column, strangers) for column in columns.names if column not in cells}
    for column, meant in near.items():
        which = "required" if column in columns.required else "optional"
        yield Finding(code=f"oneroster.header.{which}_missing", line=line, column=column, detail=meant)
    for column in sorted({cell for cell in cells if cells.count(cell) > 1 and cell in columns.names}):
        which = "required" if column in columns.required else "optional"
        yield Finding(code=f"oneroster.header.{which}_repeated", line=line, column=column)
    if unnamed := sum(not cell.strip() for cell in cells):
        yield Finding(code="oneroster.header.name_empty", line=line, count=unnamed)
    for cell in strangers:
        if cell not in near.values():
            hint = _nearest(cell, columns.names)
            yield Finding(code="oneroster.header.column_unknown", line=line, detail=cell, hint=hint)
    yield from _about_order(cells, columns, line)


def _about_order(cells: Sequence[str], columns: Columns, line: int) -> Iterator[Finding]:
    known = [cell for cell in dict.fromkeys(cells) if cell in columns.names]
    order = {name: place for place, name in enumerate(columns.names)}
    late = next((later for before, later in pairwise(known) if order[before] > order[later]), None)
    if late is not None:
        yield Finding(code="oneroster.header.order", line=line, column=late)
    last_known = max((place for place, cell in enumerate(cells) if cell in columns.names), default=-1)
    for place, cell in enumerate(cells):
        if cell not in columns.names and _is_own(cell):
            if not cell.removeprefix(_METADATA).strip("."):
                yield Finding(code="oneroster.header.metadata_name", line=line)
            elif place < last_known:
                yield Finding(code="oneroster.header.metadata_position", line=line, detail=cell)


def _is_own(cell: str) -> bool:
    """Whether a column is one of the sender's own (oneroster-csv 6.9)."""
    return cell.startswith(_METADATA)


def _meant(column: str, strangers: Collection[str]) -> str | None:
    """The column that was probably meant to be this one: another case, the name of another version, a slip."""
    alike = [cell for cell in strangers if folded(cell) == folded(column) or _are_names_of_one(cell, column)]
    return alike[0] if alike else _nearest(column, strangers)


def _are_names_of_one(one: str, other: str) -> bool:
    return (one, other) in _OTHER_NAMES or (other, one) in _OTHER_NAMES


def _nearest(word: str, known: Collection[str]) -> str | None:
    by_folded: Mapping[str, str] = {folded(name): name for name in known}
    near = get_close_matches(folded(word), by_folded, n=1, cutoff=0.8)
    return by_folded[near[0]] if near else None
