"""report.html: one page that needs nothing else, runs nothing, and reads well on a phone, in print and aloud."""

import base64
import hashlib
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from processors.reporting.contents import ACTIONS, FileCounts
from processors.reporting.escaping import visible
from processors.reporting.story import MOST_HELD_BACK, Story
from processors.reporting.wording import at_most, many, type_name

_TEMPLATES: Final = Path(__file__).parent / "templates"
_BAR_WIDTH: Final = 1000
_SMALLEST_PART: Final = 8


def as_html(story: Story) -> str:
    """The text of report.html."""
    style = _style()
    page = _templates().get_template("report.html")
    return page.render(
        story=story,
        style=Markup(style),  # noqa: S704 - our own file, no value is in it
        style_hash=_hash(style),
    )


def bar_segments(counts: FileCounts) -> list[tuple[str, int, int]]:
    """Class, left end and width of each part of a file's bar; a single row among thousands can still be seen."""
    numbers = {"accepted": counts.accepted, "rejected": counts.rejected, "aside": counts.set_aside_in_all}
    there = {name: number for name, number in numbers.items() if number}
    widths = {name: max(number * _BAR_WIDTH // counts.facts.rows, _SMALLEST_PART) for name, number in there.items()}
    if there:
        widest = max(there, key=there.__getitem__)
        widths[widest] += _BAR_WIDTH - sum(widths.values())
    lefts = accumulate(widths.values(), initial=0)
    return [(name, left, width) for (name, width), left in zip(widths.items(), lefts, strict=False)]


@cache
def _templates() -> Environment:
    """Templates that escape every value and fail where a name is missing."""
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.globals.update(actions=ACTIONS, most_held_back=MOST_HELD_BACK, many=many, type_name=type_name)
    environment.filters["at_most"] = at_most
    environment.filters["segments"] = bar_segments
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment


@cache
def _style() -> str:
    return (_TEMPLATES / "report.css").read_text("utf-8")


def _hash(style: str) -> str:
    """What the page's policy allows beside nothing at all: this one style sheet."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"
