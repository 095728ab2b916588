"""The reports' own words, by language (`texts/<language>.toml` beside this module), and what is often said in them."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from config.wording import Words, words_of

say_in: Final = partial(words_of, package="processors.reporting")
"""The reports' words in a language: `say_in("es")("badge.refused")`."""


say_on_page: Final = partial(words_of, package="processors.reporting", path="templates/{language}.toml")
"""The words of report.html beside those of all reports, in a language."""


def records(say: Words, count: int, kind: str) -> str:
    """A count of records: `1 staff member`, `12 students`."""
    return say(f"records.{kind}", count=count)


def at_most(say: Words, lines: Sequence[str], most: int) -> list[str]:
    """The first lines, and how many more there are."""
    more = len(lines) - most
    return [*lines[:most], say("list.more", count=more)] if more > 0 else list(lines)


def how_long(say: Words, span: timedelta) -> str:
    """A span of time in the largest unit that says enough."""
    minutes = max(int(span.total_seconds() // 60), 0)
    return say("age.minutes", count=minutes) if minutes < 60 else say("age.hours", count=minutes // 60)
