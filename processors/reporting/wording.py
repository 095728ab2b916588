"""Counts, times and kinds of records as people say them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_TYPES: Final = {
    "student": ("student", "students"),
    "guardian": ("guardian", "guardians"),
    "staff": ("staff member", "staff members"),
    "classroom": ("classroom", "classrooms"),
    "membership": ("class membership", "class memberships"),
    "guardianship": ("guardian link", "guardian links"),
}


def many(count: int, one: str, more: str | None = None) -> str:
    """A count with its noun: `1 row`, `1,204 rows`."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


def many_records(count: int, kind: str) -> str:
    """A count of records: `1 staff member`, `12 students`."""
    return many(count, *_TYPES.get(kind, (kind,)))


def type_name(kind: str) -> str:
    """How people call records of a type."""
    return _TYPES[kind][1]


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def at_most(lines: Sequence[str], most: int) -> list[str]:
    """The first lines, and how many more there are."""
    more = len(lines) - most
    return [*lines[:most], f"and {more:,} more"] if more > 0 else list(lines)


def local_time(at: datetime, time_zone: str) -> str:
    """A moment as people in the district read it."""
    local = at.astimezone(ZoneInfo(time_zone))
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} ({time_zone})"


def how_long(span: timedelta) -> str:
    """A span of time in the largest unit that says enough."""
    minutes = max(int(span.total_seconds() // 60), 0)
    return many(minutes, "minute") if minutes < 60 else many(minutes // 60, "hour")
