"""report.txt: the report for a terminal of 80 columns, and its first twenty lines for commands."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from textwrap import wrap
from typing import Final

from config.tables import TableName
from config.unseen import visible
from config.wording import Words
from processors.reporting.contents import ACTIONS, Report
from processors.reporting.groups import Group, Place, done_about
from processors.reporting.people import told_people
from processors.reporting.steps import sentences
from processors.reporting.story import MOST_HELD_BACK, FileStory, Story, story_of
from processors.reporting.wording import at_most
from validators.tables import Table

WIDTH: Final = 80
MOST_SUMMARY_LINES: Final = 20

_TITLE_LINES: Final = 2
_MOST_HEADLINE_LINES: Final = 5  # whether anybody was deleted is said in its last sentence
_MOST_TABLE_LINES: Final = 6
_LONGEST_VALUE: Final = 40
_MOST_SUMMARY_HELD_BACK: Final = 2

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
_LEVELS: Final = ("error", "warning", "info")


def as_text(story: Story) -> str:
    """The text of report.txt: what happened and what to do in full, then the tables and every group of findings."""
    parts = [*_opening(story), *_file_notes(story), *_changes(story), *_findings(story), *_where(story)]
    return "\n".join(_plain(line) for line in parts) + "\n"


def summary_lines(report: Report, *, masked: bool = True, tables: Mapping[TableName, Table] | None = None) -> list[str]:
    """What happened and what to do first, in at most twenty lines of eighty columns."""
    return [_plain(line) for line in _summary(story_of(report, masked=masked, tables=tables))]


def _opening(story: Story) -> Iterable[str]:
    """The first part of report.txt, without a blank line, so that it can be told from the details."""
    yield from _wrapped(story.title, "")
    yield from _wrapped(_verdict(story), "")
    yield from _wrapped(story.headline, "")
    if story.held_back:
        yield story.say("heading.held_back_line")
    for line in at_most(story.say, story.held_back, MOST_HELD_BACK):
        yield from _wrapped(line, "- ")
    yield from _file_table(story.files, story.say)
    if story.first:
        yield story.say("heading.first_line")
    for number, step in enumerate(story.first, start=1):
        yield from _wrapped(step, f"{number}. ")
    for line in story.then:
        yield from _wrapped(line, "")


def _summary(story: Story) -> list[str]:
    """The same with as much of every sentence as there is room for, and with the notes where room is left."""
    say = story.say
    worst_first = sorted(story.files, key=lambda file: not file.counts.rejected)
    table = at_most(say, _file_table(worst_first, say), _MOST_TABLE_LINES)
    steps = [(step, f"{number}. ") for number, step in enumerate(story.first, start=1)]
    held_back = at_most(say, story.held_back, _MOST_SUMMARY_HELD_BACK)
    held_line = say("heading.held_back_line")
    held_label = [held_line] if len(held_back) > 1 else []
    held = [(line, "- " if held_label else f"{held_line} ") for line in held_back]
    first_label = [say("heading.first_line")] if steps else []
    headline = _short(story.headline, "", _MOST_HEADLINE_LINES)
    room = MOST_SUMMARY_LINES - _TITLE_LINES - len(table) - len(held_label) - len(first_label) - len(headline)
    fitted = _fitted([*steps, *held], room)
    step_lines, held_lines = fitted[: len(steps)], fitted[len(steps) :]
    spare = room - sum(map(len, fitted))
    note_lines = _fitted([(note, "* ") for note in story.notes[:spare]], spare)
    opening = [_cut(story.title), _cut(_verdict(story)), *headline, *held_label, *chain(*held_lines)]
    return [*opening, *table, *chain(*note_lines), *first_label, *chain(*step_lines)]


def _verdict(story: Story) -> str:
    if story.received is None:
        return story.badge
    return story.say("text.verdict", badge=story.badge, received=story.received)


def _fitted(items: Sequence[tuple[str, str]], room: int) -> list[list[str]]:
    """Texts with their openings as lines, so many in all: the first one whole, the others in turn as there is room."""
    wanted = [len(_wrapped(text, opening)) for text, opening in items]
    given = [1] * len(items)
    spare = room - len(items)
    if items and spare > 0:
        given[0] = min(wanted[0], spare + 1)
        spare -= given[0] - 1
    for most in range(2, room + 1):
        for place, lines in enumerate(wanted):
            if spare > 0 and lines >= most > given[place]:
                given[place] += 1
                spare -= 1
    return [_short(text, opening, most) for (text, opening), most in zip(items, given, strict=True)]


def _file_table(files: Sequence[FileStory], say: Words) -> list[str]:
    if not files:
        return []
    rows = [
        (
            visible(file.counts.facts.file),
            say.number(file.counts.facts.rows),
            file.accepted,
            say.number(file.counts.rejected),
            say.number(file.counts.set_aside_in_all),
        )
        for file in files
    ]
    head = [say(f"column.{name}").lower() for name in ("file", "rows", "accepted", "rejected", "set_aside")]
    return _table(head, rows)


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
        story.say("file.set_aside", file=file.counts.facts.file, reasons=story.say.listed(file.set_aside))
        for file in story.files
        if file.set_aside
    ]
    texts = [*story.notes, *asides]
    if texts:
        yield from ("", *_heading(story.say("heading.detail")))
    for text in texts:
        yield from _wrapped(text, "- ")


def _changes(story: Story) -> Iterable[str]:
    if story.changes is None:
        return
    yield from ("", *_heading(story.changes_title))
    rows = [
        (story.say(f"type.{kind}").lower(), *(story.say.number(by_action[action]) for action in ACTIONS))
        for kind, by_action in story.changes.items()
    ]
    yield from _table(("", *(story.say(f"column.{action}").lower() for action in ACTIONS)), rows)


def _findings(story: Story) -> Iterable[str]:
    for level in _LEVELS:
        groups = [group for group in story.groups if group.level == level]
        if groups:
            yield from ("", *_heading(story.say(f"heading.{level}")))
        for alike in _alike(groups) if level == "info" else ([group] for group in groups):
            yield from _group(alike, story)


def _alike(notes: Sequence[Group]) -> Iterable[Sequence[Group]]:
    """Notes that several files have alike, each once."""
    found: dict[tuple[str, ...], list[Group]] = {}
    for note in notes:
        is_of_file = note.file is not None and note.file in note.message
        found.setdefault((note.code,) if is_of_file else (note.message, note.fix or ""), []).append(note)
    return found.values()


def _group(groups: Sequence[Group], story: Story) -> Iterable[str]:
    """What is said alike: mostly of one file, of notes also of several."""
    say = story.say
    first, files = groups[0], [group.file for group in groups if group.file]
    total = sum(group.count for group in groups)
    yield ""
    title = {"code": ", ".join(dict.fromkeys(group.code for group in groups)), "times": say("group.times", count=total)}
    if files:
        yield from _wrapped(say("group.title", file=say.listed(files), **title), "")
    else:
        yield from _wrapped(say("group.title_no_file", **title), "")
    for text in _once(*(group.message for group in groups), *(group.because for group in groups)):
        yield from _wrapped(text, "  ")
    if causes := _once(*(group.causes for group in groups)):
        yield from _wrapped("; ".join(causes), "  ")
    people = chain.from_iterable(
        told_people(story.people.of(group.code, group.file), group.file, say) for group in groups
    )
    if who := "; ".join(people):
        yield from _wrapped(who, _label("who", say))
    if places := "; ".join(_places(groups, say)):
        yield from _wrapped(places, _label("where", say))
    if more := sum(group.more for group in groups):
        yield f"  {say('group.more', count=more)}"
    about = {"code": first.code, "level": first.level, "rejects": first.rejects, "count": total}
    done = first.done if len(groups) == 1 else done_about(about, story.verdict, say)
    yield from _wrapped(done, _label("did", say))
    if fixes := _once(*(group.fix for group in groups)):
        yield from _wrapped(" ".join(fixes), _label("todo", say))


def _once(*texts: str | None) -> Sequence[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _places(groups: Sequence[Group], say: Words) -> Iterable[str]:
    """The places of each group, with its file where there are several."""
    for group in groups:
        places = "; ".join(_place(place, say) for place in group.places)
        if places:
            yield f"{group.file} {places}" if len(groups) > 1 and group.file else places


def _label(name: str, say: Words) -> str:
    return f"  {say('group.label', label=say(f'group.{name}'))}"


def _place(place: Place, say: Words) -> str:
    line = say("group.line", line=str(place.line))
    value = _shortened(place.value) if place.value else None
    return " ".join([line, *(part for part in (place.column, value) if part)])


def _shortened(value: str) -> str:
    """As much of a value as a line holds; findings.csv has the rest."""
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}\u2026"


def _where(story: Story) -> Iterable[str]:
    if story.folder is None:
        return
    yield ""
    key = "text.folder_rejected" if story.has_rejected_rows else "text.folder"
    yield from _wrapped(story.say(key, folder=story.folder), "")


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
