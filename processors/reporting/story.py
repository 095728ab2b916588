"""A report as a story in plain words: what happened, what to do first, and the tables behind it.

Sentences for people that are not the text of a finding stand in `texts/`; this module and those that it asks choose
them, text and HTML only lay them out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.tables import TableName
from config.wording import Words
from processors.reporting.contents import (
    FileCounts,
    LeftOut,
    Report,
    change_counts,
    file_counts,
    is_foreign,
)
from processors.reporting.details import FileDetails, details_of, rooted
from processors.reporting.folders import folder_name
from processors.reporting.groups import Group, groups_of
from processors.reporting.headlines import badge, headline, is_applied
from processors.reporting.limits import held_back, near_limits
from processors.reporting.ordering import findings_in_order, rejected_rows
from processors.reporting.people import NOBODY_NAMED, People, people_in
from processors.reporting.steps import first_steps, gist, step_about
from processors.reporting.wording import how_long, say_in
from processors.verdicts import HOLDING, ChangeCounts, Verdict
from validators.tables import Table

MOST_HELD_BACK: Final = 6
"""Lines that tell why removals are held back; all of them stand in report.json."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStory:
    """One line of the table of files.

    Attributes:
        counts: where its rows ended.
        is_used: whether its accepted rows count; not in a refused set, and not where the file could not be used.
        carried: from where, None where it came by itself.
        set_aside: how many rows and why.
        accepted: how many rows were accepted, in words where none of them is used.
    """

    counts: FileCounts
    is_used: bool
    carried: str | None
    set_aside: tuple[str, ...]
    accepted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One report in words.

    Attributes:
        say: the reports' own words, in the language of this report.
        title: whose report this is.
        badge: the verdict in a few words.
        headline: what happened, in one to four sentences.
        held_back: why removals are held back, the worst first.
        notes: limits that came near, what stayed as it was, what was carried.
        first: what to do first, root causes before their consequences.
        then: what else people ask: what comes of doing nothing, how to send rows back, whom to ask.
        details: the findings file by file, for the page.
        people: whom the findings are about; nobody where values are hidden.
        anchors: step to what a link to its details is called.
        folder: name of the folder in the drop where this report stands, None offline.
        left_out: rows that were rejected by file, and for how many reasons; None stands for all files.
        has_rejected_rows: whether rejected rows lie beside it, to be repaired.
        masked: whether values are hidden.
    """

    say: Words
    title: str
    verdict: Verdict
    badge: str
    received: str | None
    headline: str
    held_back: tuple[str, ...]
    notes: tuple[str, ...]
    first: tuple[str, ...]
    then: tuple[str, ...]
    files: tuple[FileStory, ...]
    changes: ChangeCounts | None
    changes_title: str
    groups: tuple[Group, ...]
    details: tuple[FileDetails, ...]
    people: People
    anchors: Mapping[str, str]
    folder: str | None
    left_out: Mapping[str | None, LeftOut]
    has_rejected_rows: bool
    masked: bool


def story_of(
    report: Report,
    *,
    masked: bool,
    findings: pl.DataFrame | None = None,
    tables: Mapping[TableName, Table] | None = None,
) -> Story:
    """The report in words; with `masked`, no value of the files is in it.

    Args:
        report: what is told.
        masked: whether values are reduced to kind and length.
        findings: as `findings_in_order` tells them, where somebody has them already.
        tables: as they were read, for the names of people.
    """
    say = say_in(report.language)
    if findings is None:
        findings = findings_in_order(report, masked=masked)
    groups = groups_of(findings, report.verdict, say)
    traced = rooted(findings)
    details = details_of(traced, report.verdict, say)
    is_open = not masked and not is_foreign(report)
    people = people_in(traced, _places(details), tables or {}, report.student_id, say) if is_open else NOBODY_NAMED
    counts = file_counts(report.judgement)
    rejected = sum(file.rejected for file in counts)
    left_out = _left_out(counts, traced)
    first = first_steps(report, groups, people, say)
    return Story(
        say=say,
        title=title(report, say("title.check") if report.number is None else _batch(report, say)),
        verdict=report.verdict,
        badge=badge(report, say),
        received=say.time(report.received, report.time_zone) if report.received else None,
        headline=headline(report, left_out[None], _reason(report, groups), say),
        notes=(*near_limits(report, say), *_notes(report, counts, rejected, say)),
        held_back=held_back(report, groups, say),
        first=first,
        then=tuple(_then(report, say, masked=masked)) if first else (),
        files=tuple(_file_story(file, report, groups, say) for file in counts),
        changes=change_counts(report),
        changes_title=say("changes.title_done" if is_applied(report) else "changes.title_would"),
        groups=groups,
        details=details,
        people=people,
        anchors=_anchors(groups, details, people, say),
        folder=_folder(report),
        left_out=left_out,
        has_rejected_rows=not masked and not rejected_rows(report, masked=True).is_empty(),
        masked=masked,
    )


def _left_out(counts: Sequence[FileCounts], traced: pl.DataFrame) -> Mapping[str | None, LeftOut]:
    rejecting = traced.filter(pl.col("rejects") == "row")
    reasons = dict(rejecting.group_by("judged_file").agg(pl.col("family").n_unique()).iter_rows())
    by_file: dict[str | None, LeftOut] = {
        file.facts.file: LeftOut(rows=file.rejected, reasons=reasons.get(file.facts.file, 0))
        for file in counts
        if file.rejected
    }
    rows = sum(one.rows for one in by_file.values())
    return by_file | {None: LeftOut(rows=rows, reasons=rejecting["family"].n_unique())}


def _places(details: Sequence[FileDetails]) -> Iterator[tuple[str, int]]:
    """Lines that the page lists."""
    for file in details:
        for detail in file.details:
            yield from ((file.file, spot.line) for spot in detail.spots if file.file and spot.line)


def _anchors(groups: Sequence[Group], details: Sequence[FileDetails], people: People, say: Words) -> Mapping[str, str]:
    there = {(detail.code, file.file): detail.anchor for file in details for detail in file.details}
    places = {step_about(group, people, say): there.get((group.code, group.file)) for group in groups}
    return {step: anchor for step, anchor in places.items() if anchor}


def title(report: Report, what: str) -> str:
    """Whose report this is."""
    name = report.district_name or report.district
    return say_in(report.language)("title.of", name=name, what=what) if name else what


def _batch(report: Report, say: Words) -> str:
    return say("title.batch", number=str(report.number))


def _folder(report: Report) -> str | None:
    if report.number is None or report.received is None:
        return None
    return folder_name(report.received, report.time_zone, f"batch-{report.number}")


def _reason(report: Report, groups: Sequence[Group]) -> str | None:
    """The first thing that refuses a refused batch, or what puts one on hold."""
    if report.verdict == "held":
        return next((gist(group.message) for group in groups if group.code in HOLDING), None)
    if report.verdict != "refused":
        return None
    return next((group.message for group in groups if group.rejects in {"batch", "file"}), None)


def _notes(report: Report, counts: Sequence[FileCounts], rejected: int, say: Words) -> Iterator[str]:
    carried: dict[str, list[str]] = {}
    for file in counts:
        if told := _carried(file, report, say):
            carried.setdefault(told, []).append(file.facts.file)
    for told, files in carried.items():
        yield say("file.is_carried", count=len(files), files=say.listed(files), carried=told)
    if rejected and is_applied(report):
        yield say("note.kept", count=rejected)


def _has_own_faults(report: Report) -> bool:
    """Whether a rejected row is itself at fault: to repair rows that only wait for others helps nobody."""
    return not report.judgement.rejected["cascade"].all()


def _then(report: Report, say: Words, *, masked: bool) -> Iterator[str]:
    """What people ask when they have read what to do first; of files that were only checked nobody asks it."""
    if report.number is None or report.test:
        return
    if report.applied_at is not None:
        yield say("then.later", at=say.time(report.applied_at, report.time_zone))
    else:
        yield say("then.nothing" if is_applied(report) else "then.nothing_held")
    if not masked and _has_own_faults(report):
        yield say("then.repair")
    if report.answer_code is not None and not masked:
        yield say(f"then.answer_{report.verdict}", number=str(report.number), code=report.answer_code)
    yield (
        say("then.ask", contact=report.contact)
        if report.contact
        else say("then.ask_support", number=str(report.number))
    )


def _file_story(file: FileCounts, report: Report, groups: Sequence[Group], say: Words) -> FileStory:
    is_unusable = any(group.rejects == "file" and group.file == file.facts.file for group in groups)
    is_used = report.verdict != "refused" and not is_unusable
    return FileStory(
        counts=file,
        is_used=is_used,
        carried=_carried(file, report, say),
        set_aside=tuple(say(f"aside.{reason}", count=count) for reason, count in file.set_aside.items() if count),
        accepted=say.number(file.accepted) if is_used else say("file.not_used"),
    )


def _carried(file: FileCounts, report: Report, say: Words) -> str | None:
    """From which batch a file is carried and how old it is; None where it came by itself."""
    number = file.facts.carried_from
    if number is None:
        return None
    came = report.carried.get(number)
    if came is None or report.received is None:
        return say("file.carried", number=str(number))
    return say("file.carried_for", number=str(number), age=how_long(say, report.received - came))
