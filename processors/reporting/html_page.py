"""report.html: one page that needs nothing else, runs nothing, and reads well on a phone, in print and aloud."""

import base64
import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from config.tables import TableName
from processors.reporting.affected import Affected, SchoolCounts, affected
from processors.reporting.charts import by_worst, changes, guard_bar, stacked
from processors.reporting.contents import ACTIONS, FileCounts, Report
from processors.reporting.escaping import visible
from processors.reporting.headlines import is_applied
from processors.reporting.limits import school_name
from processors.reporting.steps import gist
from processors.reporting.story import MOST_HELD_BACK, Story
from processors.reporting.wording import at_most, listed, many_records, type_name
from processors.verdicts import ChangeCounts
from validators.tables import Table

_TEMPLATES: Final = Path(__file__).parent / "templates"
_SHOWN_AT_ONCE: Final = 10
_LONGEST_VALUE: Final = 200
_MOST_BARS: Final = 12
_PEOPLE_AND_CLASSES: Final = ("student", "guardian", "staff", "classroom")
_LINKS: Final = ("membership", "guardianship")


def as_html(story: Story, report: Report, tables: Mapping[TableName, Table]) -> str:
    """The text of report.html.

    Args:
        story: the report in words.
        report: its numbers.
        tables: as they were read, for the schools of rejected rows.
    """
    style = _style()
    who = list(_who(affected(report, tables), report))
    page = _templates().get_template("report.html")
    return page.render(
        story=story,
        language="en",
        style=Markup(style),  # noqa: S704 - our own file, no value is in it
        style_hash=_hash(style),
        parts=list(_parts(story, report)),
        deleted=list(_deleted(report, story.changes)),
        who=who,
        changed=list(_changed(story.changes or {})),
        guard=_guard(report),
    )


def _parts(story: Story, report: Report) -> Iterator[str]:
    """The parts of the page in their order, as far as they are there."""
    yield "happened"
    yield "deleted"
    if story.files:
        yield "affected"
    yield "first"
    there = {"notes": story.notes, "details": story.details, "files": story.files, "changes": story.changes}
    yield from (part for part, content in there.items() if content)
    if report.guard is not None:
        yield "guard"


def _deleted(report: Report, counts: ChangeCounts | None) -> Iterator[str]:
    """What follows on the "No" to the question whether anybody was deleted."""
    if report.number is None and report.received is None:
        yield _say("deleted.checked")
    elif report.test:
        yield _say("deleted.tested")
    elif not is_applied(report):
        yield _say("deleted.nothing")
    elif report.verdict == "withheld":
        withheld = sum(by_action["withheld"] for by_action in (counts or {}).values())
        yield _say("deleted.withheld", count=withheld) if withheld else _say("deleted.held")
    else:
        yield from _archived(counts or {})


def _archived(counts: ChangeCounts) -> Iterator[str]:
    gone = _in_words(counts, _PEOPLE_AND_CLASSES)
    unlinked = _in_words(counts, _LINKS)
    if gone:
        yield _say("deleted.archived", what=_as_sentence(gone))
    else:
        yield _say("deleted.none")
    if unlinked:
        yield _say("deleted.unlinked", what=_as_sentence(unlinked))


def _in_words(counts: ChangeCounts, kinds: Sequence[str]) -> list[str]:
    archived = {kind: counts.get(kind, {}).get("archived", 0) for kind in kinds}
    return [many_records(number, kind) for kind, number in archived.items() if number]


def _as_sentence(words: Sequence[str]) -> str:
    return listed(words)


def _who(who: Affected, report: Report) -> Iterator[dict[str, Any]]:
    """The tables of who is affected, by school and kind."""
    if who.left_out:
        count = sum(Affected.total(who.left_out).values())
        kept = _say("affected.left_out_applied" if is_applied(report) else "affected.left_out_kept")
        lead = f"{_say('affected.left_out', count=count)}. {kept}"
        yield _counts_table("left-out", lead, _say("affected.by_school"), who, who.left_out)
    if who.vanishing:
        removed = is_applied(report) and report.verdict != "withheld"
        caption = _say("affected.vanishing_applied" if removed else "affected.vanishing_held")
        yield _counts_table("vanishing", None, caption, who, who.vanishing)


def _counts_table(
    anchor: str, lead: str | None, caption: str, who: Affected, schools: tuple[SchoolCounts, ...]
) -> dict[str, Any]:
    kinds = Affected.kinds(schools)
    rows = [
        {"name": _named(one.school, who.names), "counts": [one.counts.get(kind, 0) for kind in kinds]}
        for one in schools
    ]
    total = Affected.total(schools)
    return {"id": anchor, "lead": lead, "caption": caption, "kinds": kinds, "rows": rows, "total": total}


def _named(school: str | None, names: Mapping[str, str]) -> str:
    if school is None:
        return _say("affected.no_school")
    name = names.get(school)
    return _say("affected.named", name=name, school=school) if name and name != school else school


def _changed(counts: ChangeCounts) -> Iterator[dict[str, Any]]:
    """A bar for each type of records, all on the scale of the one that changed most."""
    by_kind = {kind: changes(by_action) for kind, by_action in counts.items()}
    whole = max((sum(numbers.values()) for numbers in by_kind.values()), default=0)
    for kind, numbers in by_kind.items():
        if any(numbers.values()):
            words = [f"{count:,} {_say(f'changes.{action}').lower()}" for action, count in numbers.items() if count]
            yield {
                "kind": kind,
                "numbers": numbers,
                "parts": stacked(numbers, whole=whole),
                "words": f"{', '.join(words)}.",
            }


def _guard(report: Report) -> dict[str, Any] | None:
    if report.guard is None:
        return None
    limits = by_worst(report.guard.limits)
    drawn = [
        {
            "title": _say("guard.bar", kind=_kind_name(limit.type), school=school_name(limit, report)),
            "words": _say("guard.bar_words", vanishing=limit.vanishing, managed=limit.managed, allowed=limit.allowed),
            "bar": guard_bar(limit),
            "tripped": limit.tripped,
        }
        for limit in limits[:_MOST_BARS]
    ]
    return {"drawn": drawn, "more": max(len(limits) - _MOST_BARS, 0)}


def _kind_name(kind: str) -> str:
    name = _say("affected.person") if kind == "person" else type_name(kind)
    return name[:1].upper() + name[1:]


def _row_parts(counts: FileCounts) -> Any:
    numbers = {"accepted": counts.accepted, "rejected": counts.rejected, "aside": counts.set_aside_in_all}
    return stacked(numbers, whole=counts.facts.rows)


def _shortened(value: str) -> str:
    """A value that a page can hold; findings.csv has the rest of it."""
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}\u2026"


def _say(key: str, **holes: str | int) -> str:
    """A text of the page with its holes filled; numbers are written as people write them."""
    text = _words()[key]
    if isinstance(text, list):
        text = text[holes["count"] != 1]
    told = {name: f"{value:,}" if isinstance(value, int) else value for name, value in holes.items()}
    return str(text.format_map(told))


@cache
def _words() -> Mapping[str, str | list[str]]:
    tables = tomllib.loads((_TEMPLATES / "en.toml").read_text("utf-8"))
    flat: dict[str, str | list[str]] = {}
    for key, value in tables.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": text for inner, text in value.items()}
        else:
            flat[key] = value
    return flat


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
    environment.globals.update(
        actions=ACTIONS,
        most_held_back=MOST_HELD_BACK,
        shown_at_once=_SHOWN_AT_ONCE,
        kind_name=_kind_name,
        say=_say,
    )
    environment.filters.update(
        at_most=at_most,
        gist=gist,
        row_parts=_row_parts,
        shortened=_shortened,
        thousands=lambda number: f"{number:,}",
    )
    return environment


@cache
def _style() -> str:
    return (_TEMPLATES / "report.css").read_text("utf-8")


def _hash(style: str) -> str:
    """What the page's policy allows beside nothing at all: this one style sheet."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"
