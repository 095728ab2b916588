"""What the query of a request to a OneRoster server wants: `filter`, `sort`, `fields` (clever-classlink C4, C5)."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Record = dict[str, Any]

_CLAUSE: Final = re.compile(r"(?P<field>[\w.]+)(?P<operator>!=|>=|<=|=|>|<|~)'(?P<value>.*)'")
_COMPARING: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "~": lambda text, value: value.lower() in text.lower(),
}


class QueryRefused(Exception):
    """The server does not understand; `minor` says what, in the standard's words."""

    def __init__(self, minor: str) -> None:
        super().__init__(minor)
        self.minor = minor


def filtered(records: Sequence[Record], text: str) -> list[Record]:
    """The records that a filter lets through: clauses joined by AND, such groups by OR."""
    groups = [[_clause(clause, records) for clause in group.split(" AND ")] for group in text.split(" OR ")]
    return [record for record in records if any(all(holds(record) for holds in group) for group in groups)]


def _clause(text: str, records: Sequence[Record]) -> Callable[[Record], bool]:
    match = _CLAUSE.fullmatch(text.strip())
    if match is None:
        raise QueryRefused("invalid_filter_field")
    name, compare, value = match["field"], _COMPARING[match["operator"]], match["value"]
    _require_known(name, records, "invalid_filter_field")
    is_contained = match["operator"] == "~"

    def holds(record: Record) -> bool:
        found = _value(record, name)
        if isinstance(found, list) and is_contained:
            return any(compare(_text(one), value) for one in found)
        return compare(_text(found), value)

    return holds


def ordered(records: Sequence[Record], field: str, *, descending: bool) -> list[Record]:
    """The records by a field, and by their IDs where that is the same."""
    _require_known(field, records, "invalid_sort_field")
    return sorted(records, key=lambda one: (_text(_value(one, field)), one["sourcedId"]), reverse=descending)


def selected(records: Sequence[Record], fields: str) -> list[Record]:
    """Of each record these fields only."""
    names = fields.split(",")
    for name in names:
        _require_known(name, records, "invalid_selection_field")
    return [{name: record[name] for name in names if name in record} for record in records]


def _require_known(name: str, records: Sequence[Record], minor: str) -> None:
    first = name.partition(".")[0]
    if records and not any(first in record for record in records):
        raise QueryRefused(minor)


def _value(record: Record, name: str) -> Any:
    found: Any = record
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return "" if value is None else str(value)
