"""report.txt: the report for a terminal of 80 columns, and its first twenty lines for commands."""

from collections.abc import Iterable, Sequence
from itertools import chain
from textwrap import wrap
from typing import Final

from processors.reporting.contents import ACTIONS, Report
from processors.reporting.escaping import visible
from processors.reporting.groups import Group, Place
from processors.reporting.steps import sentences
from processors.reporting.story import MOST_HELD_BACK, FileStory, Story, story_of
from processors.reporting.wording import at_most, many, type_name

WIDTH: Final = 80
MOST_SUMMARY_LINES: Final = 20

_TITLE_LINES: Final = 2
_MOST_TABLE_LINES: Final = 6
_MOST_SUMMARY_HELD_BACK: Final = 2
_HELD_BACK: Final = "Held back:"
_FIRST: Final = "What to do first:"

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
    """The text of report.txt: what happened and what to do in full, then the tables and every group of findings."""
    parts = [*_opening(story), *_file_notes(story), *_changes(story), *_findings(story), *_where(story)]
    return "\n".join(_plain(line) for line in parts) + "\n"


def summary_lines(report: Report, *, masked: bool = True) -> list[str]:
    """What happened and what to do first, in at most twenty lines of eighty columns."""
    return [_plain(line) for line in _summary(story_of(report, masked=masked))]


def _opening(story: Story) -> Iterable[str]:
    """The first part of report.txt, without a blank line, so that it can be told from the details."""
    yield from _wrapped(story.title, "")
    yield from _wrapped(_verdict(story), "")
    yield from _wrapped(story.headline, "")
    if story.held_back:
        yield _HELD_BACK
    for line in at_most(story.held_back, MOST_HELD_BACK):
        yield from _wrapped(line, "- ")
    yield from _file_table(story.files)
    if story.first:
        yield _FIRST
    for number, step in enumerate(story.first, start=1):
        yield from _wrapped(step, f"{number}. ")


def _summary(story: Story) -> list[str]:
    """The same with as much of every sentence as there is room for, and with the notes where room is left."""
    table = at_most(_file_table(story.files), _MOST_TABLE_LINES)
    steps = [(step, f"{number}. ") for number, step in enumerate(story.first, start=1)]
    held_back = at_most(story.held_back, _MOST_SUMMARY_HELD_BACK)
    held_label = [_HELD_BACK] if len(held_back) > 1 else []
    held = [(line, "- " if held_label else f"{_HELD_BACK} ") for line in held_back]
    first_label = [_FIRST] if steps else []
    room = MOST_SUMMARY_LINES - _TITLE_LINES - len(table) - len(held_label) - len(first_label)
    fitted = _fitted([*steps, (story.headline, ""), *held], room)
    step_lines, (headline, *held_lines) = fitted[: len(steps)], fitted[len(steps) :]
    spare = room - sum(map(len, fitted))
    note_lines = _fitted([(note, "* ") for note in story.notes[:spare]], spare)
    opening = [_cut(story.title), _cut(_verdict(story)), *headline, *held_label, *chain(*held_lines)]
    return [*opening, *table, *chain(*note_lines), *first_label, *chain(*step_lines)]


def _verdict(story: Story) -> str:
    return f"{story.badge} - {story.received}" if story.received else story.badge


def _fitted(items: Sequence[tuple[str, str]], room: int) -> list[list[str]]:
    """Texts with their openings as lines, so many in all: one each, then in turn one more while there is room."""
    wanted = [len(_wrapped(text, opening)) for text, opening in items]
    given = [1] * len(items)
    spare = room - len(items)
    for most in range(2, room + 1):
        for place, lines in enumerate(wanted):
            if spare > 0 and lines >= most:
                given[place] += 1
                spare -= 1
    return [_short(text, opening, most) for (text, opening), most in zip(items, given, strict=True)]


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
    texts = [*story.notes, *asides]
    if texts:
        yield from ("", *_heading("In detail"))
    for text in texts:
        yield from _wrapped(text, "- ")


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
    """A paragraph of at most so many lines: whole sentences where one fits, else dots where something is left out."""
    lines = _wrapped(text, opening)
    if len(lines) <= most:
        return lines
    every = sentences(text)
    shorter = (_wrapped(" ".join(every[:count]), opening) for count in range(len(every) - 1, 0, -1))
    whole = next((fewer for fewer in shorter if len(fewer) <= most), None)
    return whole or [*lines[: most - 1], _cut(f"{lines[most - 1]} {lines[most].lstrip()}")]


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
