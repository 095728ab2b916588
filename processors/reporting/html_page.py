"""report.html: one page that needs nothing else, runs nothing, and reads well on a phone, in print and aloud."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from config.tables import TableName
from config.unseen import visible
from config.wording import Words
from processors.reporting.affected import PERSON, Affected, SchoolCounts, affected
from processors.reporting.charts import by_worst, changes, guard_bar, stacked
from processors.reporting.contents import ACTIONS, FileCounts, Report
from processors.reporting.headlines import is_applied
from processors.reporting.limits import links_that_end, school_name
from processors.reporting.people import told_people
from processors.reporting.steps import SAFETY, gist
from processors.reporting.story import MOST_HELD_BACK, Story
from processors.reporting.wording import at_most, records, say_on_page
from processors.verdicts import ChangeCounts
from validators.tables import Table

_TEMPLATES: Final = Path(__file__).parent / "templates"
_SHOWN_AT_ONCE: Final = 10
_CAUSES_AT_ONCE: Final = 5
_LONGEST_VALUE: Final = 200
_MOST_BARS: Final = 12
_PEOPLE: Final = ("student", "guardian", "staff")
_PEOPLE_AND_CLASSES: Final = (*_PEOPLE, "classroom")
_LINKS: Final = ("membership", "guardianship")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """What the page says, and what it says in the words of all reports."""

    page: Words
    reports: Words


def as_html(story: Story, report: Report, tables: Mapping[TableName, Table]) -> str:
    """The text of report.html.

    Args:
        story: the report in words.
        report: its numbers.
        tables: as they were read, for the schools of rejected rows.
    """
    style = _style()
    words = PageWords(page=say_on_page(report.language), reports=story.say)
    say = words.page
    page = _templates().get_template("report.html")
    return page.render(
        story=story,
        say=say,
        number=say.number,
        at_most=partial(at_most, story.say),
        kind_name=partial(_kind_name, words),
        style=Markup(style),  # noqa: S704 - our own file, no value is in it
        style_hash=_hash(style),
        parts=list(_parts(story, report)),
        deleted=list(_deleted(report, story.changes, words)),
        who=list(_who(affected(report, tables), story, report, words)),
        changed=list(_changed(story.changes or {}, say)),
        guard=_guard(report, words),
        causes=list(_causes(story)),
        quiet=_quiet_notes(story),
    )


def _parts(story: Story, report: Report) -> Iterator[str]:
    """The parts of the page in their order, as far as they are there."""
    yield "happened"
    yield "deleted"
    yield "first"
    if story.files:
        yield "affected"
    there = {"details": has_details(story), "files": story.files, "changes": story.changes}
    yield from (part for part, content in there.items() if content)
    if report.guard is not None:
        yield "guard"
    if story.notes or any(file.count("info") for file in story.details):
        yield "notes"


def has_details(story: Story) -> bool:
    """Whether anything was found that somebody has to look at."""
    return any(detail.level != "info" for file in story.details for detail in file.details)


def _deleted(report: Report, counts: ChangeCounts | None, words: PageWords) -> Iterator[str]:
    """What follows on the "No" to the question whether anybody was deleted."""
    if report.number is None and report.received is None:
        yield words.page("deleted.checked")
    elif report.test:
        yield words.page("deleted.tested")
    elif not is_applied(report):
        yield words.page("deleted.nothing")
    elif report.verdict == "withheld":
        withheld = sum(by_action["withheld"] for by_action in (counts or {}).values())
        yield words.page("deleted.withheld", count=withheld) if withheld else words.page("deleted.held")
    else:
        yield from _archived(counts or {}, words)


def _archived(counts: ChangeCounts, words: PageWords) -> Iterator[str]:
    gone = _in_words(counts, _PEOPLE_AND_CLASSES, words)
    unlinked = _in_words(counts, _LINKS, words)
    if gone:
        yield words.page("deleted.archived", what=words.page.listed(gone))
        yield from _who_comes_back(counts, words)
    else:
        yield words.page("deleted.none")
    if unlinked:
        yield words.page("deleted.unlinked", what=words.page.listed(unlinked))


def _who_comes_back(counts: ChangeCounts, words: PageWords) -> Iterator[str]:
    if _in_words(counts, _PEOPLE, words):
        yield words.page("deleted.back_people")
    if _in_words(counts, ("classroom",), words):
        yield words.page("deleted.back_classes")


def _in_words(counts: ChangeCounts, kinds: Sequence[str], words: PageWords) -> list[str]:
    archived = {kind: counts.get(kind, {}).get("archived", 0) for kind in kinds}
    return [records(words.reports, number, kind) for kind, number in archived.items() if number]


def _who(who: Affected, story: Story, report: Report, words: PageWords) -> Iterator[dict[str, Any]]:
    """The tables of who is affected, by school and kind."""
    if who.left_out:
        total = Affected.total(who.left_out)
        count = sum(total.values())
        what = [_counted(number, kind, words) for kind, number in total.items()]
        reasons = words.reports("reasons", count=story.left_out[None].reasons)
        kept = words.page("affected.left_out_applied" if is_applied(report) else "affected.left_out_kept")
        told = words.page("affected.left_out", count=count, reasons=reasons, what=words.page.listed(what))
        lead = f"{told} {kept}"
        yield _counts_table("left-out", lead, words.page("affected.by_school"), who, who.left_out, words)
    if who.vanishing:
        removed = is_applied(report) and report.verdict != "withheld"
        caption = words.page("affected.vanishing_applied" if removed else "affected.vanishing_held")
        gone = words.page("affected.taken_out") if removed else None
        yield _counts_table("vanishing", gone, caption, who, who.vanishing, words)


def _causes(story: Story) -> Iterator[dict[str, Any]]:
    """Whom each reason concerns for which something was left out, and first of all what may put a child at risk."""
    details = [(detail, file.file) for file in story.details for detail in file.details]
    shown = [(detail, file) for detail, file in details if detail.level == "error" or detail.code in SAFETY]
    for detail, file in sorted(shown, key=lambda one: one[0].code not in SAFETY):
        concerned = story.people.of(detail.code, file)
        if concerned.first:
            yield {"detail": detail, "people": told_people(concerned, file, story.say)}


def _quiet_notes(story: Story) -> list[dict[str, Any]]:
    """What nobody has to act on: what is said alike of several files once, with the files."""
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for file in story.details:
        for detail in file.details:
            if detail.level == "info":
                is_of_file = file.file is not None and file.file in detail.title
                key = (detail.code,) if is_of_file else (detail.title, detail.fix or "")
                found.setdefault(key, []).append({"detail": detail, "file": file.file})
    return [
        {
            "every": every,
            "title": " ".join(dict.fromkeys(one["detail"].title for one in every)),
            "files": story.say.listed([one["file"] for one in every if one["file"]]),
        }
        for every in found.values()
    ]


def _counts_table(
    anchor: str, lead: str | None, caption: str, who: Affected, schools: tuple[SchoolCounts, ...], words: PageWords
) -> dict[str, Any]:
    kinds = Affected.kinds(schools)
    rows = [
        {"name": _named(one.school, who.names, words.page), "counts": [one.counts.get(kind, 0) for kind in kinds]}
        for one in schools
    ]
    total = Affected.total(schools)
    return {"id": anchor, "lead": lead, "caption": caption, "kinds": kinds, "rows": rows, "total": total}


def _named(school: str | None, names: Mapping[str, str], say: Words) -> str:
    if school is None:
        return say("affected.no_school")
    name = names.get(school)
    return say("affected.named", name=name, school=school) if name and name != school else school


def _changed(counts: ChangeCounts, say: Words) -> Iterator[dict[str, Any]]:
    """A bar for each type of records, all on the scale of the one that changed most."""
    by_kind = {kind: changes(by_action) for kind, by_action in counts.items()}
    whole = max((sum(numbers.values()) for numbers in by_kind.values()), default=0)
    for kind, numbers in by_kind.items():
        if any(numbers.values()):
            words = [
                f"{say.number(count)} {say(f'changes.{action}').lower()}" for action, count in numbers.items() if count
            ]
            yield {
                "kind": kind,
                "numbers": numbers,
                "parts": stacked(numbers, whole=whole),
                "words": f"{', '.join(words)}.",
            }


def _guard(report: Report, words: PageWords) -> dict[str, Any] | None:
    if report.guard is None:
        return None
    limits = by_worst(report.guard.limits)
    drawn = [
        {
            "title": words.page(
                "guard.bar", kind=_kind_name(words, limit.type), school=school_name(limit, report, words.reports)
            ),
            "words": words.page(
                "guard.bar_words", vanishing=limit.vanishing, managed=limit.managed, allowed=limit.allowed
            ),
            "bar": guard_bar(limit),
            "tripped": limit.tripped,
        }
        for limit in limits[:_MOST_BARS]
    ]
    return {
        "drawn": drawn,
        "more": max(len(limits) - _MOST_BARS, 0),
        "links": links_that_end(report, words.reports),
    }


def _kind_name(words: PageWords, kind: str) -> str:
    return words.page("affected.person") if kind == PERSON else words.reports(f"type.{kind}")


def _counted(count: int, kind: str, words: PageWords) -> str:
    if kind == PERSON:
        return words.page("affected.people", count=count)
    return records(words.reports, count, kind)


def _row_parts(counts: FileCounts) -> Any:
    numbers = {"accepted": counts.accepted, "rejected": counts.rejected, "aside": counts.set_aside_in_all}
    return stacked(numbers, whole=counts.facts.rows)


def _at_line(line: int, file: str | None, who: Mapping[tuple[str, int], str]) -> str | None:
    """Who stands in a line of a file."""
    return who.get((file or "", line))


def _shortened(value: str) -> str:
    """A value that a page can hold; findings.csv has the rest of it."""
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}\u2026"


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
        causes_at_once=_CAUSES_AT_ONCE,
    )
    environment.filters.update(
        at_line=_at_line,
        gist=gist,
        row_parts=_row_parts,
        shortened=_shortened,
    )
    return environment


@cache
def _style() -> str:
    return (_TEMPLATES / "report.css").read_text("utf-8")


def _hash(style: str) -> str:
    """What the page's policy allows beside nothing at all: this one style sheet."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"
