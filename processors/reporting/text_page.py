"""report.txt: the report for a terminal of 80 columns, and its first twenty lines for commands."""

from collections.abc import Iterable, Sequence
from itertools import chain
from textwrap import wrap
from typing import Final

from processors.reporting.contents import ACTIONS, Report
from processors.reporting.escaping import visible
from processors.reporting.groups import Group, Place
from processors.reporting.story import FileStory, Story, story_of
from processors.reporting.wording import many, type_name

WIDTH: Final = 80
MOST_SUMMARY_LINES: Final = 20

# What a terminal without UTF-8 shows wrongly, in our own sentences as in values.
_PLAIN: Final = str.maketrans(
    {
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2018": "'",
        "\u2019": "'",
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "\u00a0": " ",
    }
)
_LEVELS: Final = {"error": "Errors", "warning": "Warnings", "info": "Notes"}


def as_text(story: Story) -> str:
    """The text of report.txt: the summary, then the tables, then every group of findings."""
    parts = [*_summary(story), *_file_notes(story), *_changes(story), *_findings(story), *_where(story)]
    return "\n".join(_plain(line) for line in parts) + "\n"


def summary_lines(report: Report, *, masked: bool = True) -> list[str]:
    """What happened and what to do first, in at most twenty lines of eighty columns."""
    return [_plain(line) for line in _summary(story_of(report, masked=masked))]


def _summary(story: Story) -> list[str]:
    """The first lines. Every step and note gets one line, and a second one as long as there is room."""
    verdict = f"{story.badge} - {story.received}" if story.received else story.badge
    opening = [_cut(story.title), _cut(verdict), *_short(story.headline, "", 4), *_file_table(story.files)]
    heading = ["What to do first:"] if story.first else []
    steps = [(step, f"{number}. ") for number, step in enumerate(story.first, 1)]
    room = MOST_SUMMARY_LINES - len(opening) - len(heading)
    asides = [(text, "* ") for text in (*story.guard, *story.notes)][: room - len(steps)]
    shown = _fitted([*steps, *asides], room)
    return [*opening, *chain(*shown[len(steps) :]), *heading, *chain(*shown[: len(steps)])]


def _fitted(items: Sequence[tuple[str, str]], room: int) -> list[list[str]]:
    """Texts with their openings as lines, so many in all: one each, and two for the first ones while there is room."""
    spare = room - len(items)
    fitted = []
    for text, opening in items:
        lines = _short(text, opening, 2 if spare > 0 else 1)
        spare -= len(lines) - 1
        fitted.append(lines)
    return fitted


def _file_table(files: Sequence[FileStory]) -> list[str]:
    if not files:
        return []
    rows = [
        (
            visible(file.counts.facts.file),
            f"{file.counts.facts.rows:,}",
            file.accepted,
            f"{file.counts.rejected:,}",
            f"{file.counts.set_aside_in_all:,}",
        )
        for file in files
    ]
    return _table(("file", "rows", "accepted", "rejected", "set aside"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A first column of names and columns of numbers, aligned."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]


def _file_notes(story: Story) -> Iterable[str]:
    asides = [
        f"{file.counts.facts.file}, set aside: {', '.join(file.set_aside)}." for file in story.files if file.set_aside
    ]
    texts = [*story.guard, *story.notes, *asides]
    if texts:
        yield from ("", *_heading("In detail"))
    for text in texts:
        yield from _wrapped(text, "- ")
    if story.first:
        yield from ("", *_heading("What to do first"))
    for number, step in enumerate(story.first, start=1):
        yield from _wrapped(step, f"{number}. ")


def _changes(story: Story) -> Iterable[str]:
    if story.changes is None:
        return
    yield from ("", *_heading(story.changes_title))
    rows = [
        (type_name(kind), *(f"{by_action[action]:,}" for action in ACTIONS))
        for kind, by_action in story.changes.items()
    ]
    yield from _table(("", *ACTIONS), rows)


def _findings(story: Story) -> Iterable[str]:
    for level, title in _LEVELS.items():
        groups = [group for group in story.groups if group.level == level]
        if groups:
            yield from ("", *_heading(title))
        for group in groups:
            yield from _group(group)


def _group(group: Group) -> Iterable[str]:
    yield ""
    file = f"{group.file}, " if group.file else ""
    yield from _wrapped(f"{file}{group.code} ({many(group.count, 'time')})", "")
    yield from _wrapped(group.message, "  ")
    for relation in (group.because, group.causes):
        if relation:
            yield from _wrapped(relation, "  ")
    if group.places:
        yield from _wrapped("; ".join(_place(place) for place in group.places), "  Where: ")
    if group.more:
        yield f"  and {group.more:,} more, all in findings.csv"
    yield from _wrapped(group.done, "  What we did: ")
    if group.fix:
        yield from _wrapped(group.fix, "  What to do: ")


def _place(place: Place) -> str:
    column = f" {place.column}" if place.column else ""
    value = f" {place.value}" if place.value else ""
    return f"line {place.line}{column}{value}"


def _where(story: Story) -> Iterable[str]:
    if story.folder is None:
        return
    yield ""
    files = "findings.csv and rejected/" if story.has_rejected_rows else "findings.csv"
    yield from _wrapped(f"All of this, with {files}, is in the folder {story.folder}.", "")


def _heading(title: str) -> tuple[str, str]:
    return title, "-" * len(title)


def _short(text: str, opening: str, most: int) -> list[str]:
    """A paragraph of at most so many lines; dots where something is left out."""
    lines = _wrapped(text, opening)
    return lines if len(lines) <= most else [*lines[: most - 1], _cut(f"{lines[most - 1]} {lines[most].lstrip()}")]


def _cut(text: str) -> str:
    plain = _plain(visible(text))
    return plain if len(plain) <= WIDTH else f"{plain[: WIDTH - 3].rstrip()}..."


def _wrapped(text: str, opening: str) -> list[str]:
    """A paragraph in lines, those after the first indented: under a short opening, or by two under a long one."""
    margin = len(opening) - len(opening.lstrip())
    indent = " " * (len(opening) if len(opening) < 5 else margin + 2)
    plain = _plain(visible(text))
    return wrap(plain, WIDTH, initial_indent=opening, subsequent_indent=indent, break_on_hyphens=False)


def _plain(text: str) -> str:
    return text.translate(_PLAIN)
