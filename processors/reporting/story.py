"""A report as a story in plain words: what happened, what to do first, and the tables behind it.

Every sentence for people that is not the text of a finding stands in this module; text and HTML only lay it out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from processors.guarding import Limit
from processors.reporting.contents import (
    FileCounts,
    Report,
    change_counts,
    file_counts,
    folder_name,
)
from processors.reporting.groups import Group, groups_of
from processors.reporting.headlines import badge, headline, is_applied
from processors.reporting.ordering import findings_in_order, rejected_rows, stage_of
from processors.reporting.wording import how_long, local_time, many, many_records
from processors.verdicts import ChangeCounts, Verdict

MOST_STEPS: Final = 5

REASONS: Final[Mapping[str, str]] = {
    "other_school": "other school",
    "duplicate": "identical duplicate",
    "absent": "marked tobedeleted",
    "no_contact": "guardian without contact",
    "other_source": "guardian from another source",
}


_SENTENCE_END: Final = re.compile(r"(?<=[.!?]) +")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStory:
    """One line of the table of files.

    Attributes:
        counts: where its rows ended.
        is_used: whether its accepted rows count; not in a refused set, and not where the file could not be used.
        carried: from where, None where it came by itself.
        set_aside: how many rows and why.
    """

    counts: FileCounts
    is_used: bool
    carried: str | None
    set_aside: tuple[str, ...]

    @property
    def accepted(self) -> str:
        """How many rows were accepted, in words where none of them is used."""
        return f"{self.counts.accepted:,}" if self.is_used else "not used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One report in words.

    Attributes:
        title: whose report this is.
        badge: the verdict in a few words.
        headline: what happened, in one to four sentences.
        notes: what stayed as it was, what was carried, that it was a test.
        first: what to do first, root causes before their consequences.
        guard: limits that tripped or came near.
        folder: name of the folder in the drop where this report stands, None offline.
        has_rejected_rows: whether rejected rows lie beside it, to be repaired.
        masked: whether values are hidden.
    """

    title: str
    verdict: Verdict
    badge: str
    received: str | None
    headline: str
    notes: tuple[str, ...]
    first: tuple[str, ...]
    files: tuple[FileStory, ...]
    changes: ChangeCounts | None
    changes_title: str
    guard: tuple[str, ...]
    groups: tuple[Group, ...]
    folder: str | None
    has_rejected_rows: bool
    masked: bool


def story_of(report: Report, *, masked: bool) -> Story:
    """The report in words; with `masked`, no value of the files is in it."""
    groups = groups_of(findings_in_order(report, masked=masked, fold=False), report.verdict)
    counts = file_counts(report.judgement)
    rejected = sum(file.rejected for file in counts)
    return Story(
        title=_title(report),
        verdict=report.verdict,
        badge=badge(report),
        received=local_time(report.received, report.time_zone) if report.received else None,
        headline=headline(report, rejected, _reason(report, groups)),
        notes=tuple(_notes(report, counts, rejected)),
        first=_first_steps(report, groups),
        files=tuple(_file_story(file, report, groups) for file in counts),
        changes=change_counts(report),
        changes_title="What changed in Connect" if is_applied(report) else "What would change in Connect",
        guard=_guard_lines(report, groups),
        groups=groups,
        folder=_folder(report),
        has_rejected_rows=not masked and not rejected_rows(report, masked=True).is_empty(),
        masked=masked,
    )


def _first_steps(report: Report, groups: Sequence[Group]) -> tuple[str, ...]:
    """What to do first: errors before warnings, root causes in the order of repair, at most MOST_STEPS."""
    steps = list(_decision(report))
    roots = sorted((group for group in groups if group.level != "info" and not group.is_consequence), key=_urgency)
    free = MOST_STEPS - len(steps)
    shown = roots if len(roots) <= free else roots[: free - 1]
    steps += [_step(group) for group in shown]
    if len(shown) < len(roots):
        steps.append(f"Then {many(len(roots) - len(shown), 'more kind')} of findings, listed below.")
    return tuple(steps)


def _urgency(group: Group) -> tuple[bool, int, int]:
    """Errors, then the order of repair, then what most findings go away with."""
    return group.level != "error", stage_of(group.code, group.file), -(group.count + group.brings)


def _decision(report: Report) -> Iterator[str]:
    """What a person has to decide before anything else."""
    if report.number is None or report.test:
        return
    batch = f"batch {report.number}"
    if report.verdict == "held":
        yield f"Look below and send better files. If these are right, ask us to raise the limit and run {batch} again."
    elif report.verdict == "withheld":
        yield f"Did they really leave? Then ask us to raise the limit and run {batch} again. If not, send their rows."


def _step(group: Group) -> str:
    causes = f"({group.causes})" if group.causes else None
    return _where(group) + " ".join(part for part in (_gist(group.message), group.fix, causes) if part)


def _gist(message: str) -> str:
    """The first sentence of a message, and a question that comes right after it ("Did you mean ...?")."""
    first, *rest = _SENTENCE_END.split(message)
    return " ".join([first, *takewhile(lambda sentence: sentence.endswith("?"), rest)])


def _where(group: Group) -> str:
    """File and line or number of rows, as far as the message does not say it itself."""
    if group.file is None or group.file in group.message:
        return ""
    if not group.places:
        return f"{group.file}: "
    return f"{group.file}, {f'line {group.places[0].line}' if group.count == 1 else f'{group.count:,} rows'}: "


def _title(report: Report) -> str:
    what = "Roster check" if report.number is None else f"Roster report, batch {report.number}"
    name = report.district_name or report.district
    return f"{name}: {what}" if name else what


def _folder(report: Report) -> str | None:
    if report.number is None or report.received is None:
        return None
    return folder_name(report.received, report.time_zone, f"batch-{report.number}")


def _reason(report: Report, groups: Sequence[Group]) -> str | None:
    """The first thing that refuses a refused batch."""
    if report.verdict != "refused":
        return None
    return next((group.message for group in groups if group.rejects in {"batch", "file"}), None)


def _notes(report: Report, counts: Sequence[FileCounts], rejected: int) -> Iterator[str]:
    for file in counts:
        if carried := _carried(file, report):
            yield f"{file.facts.file} is {carried}."
    if rejected and is_applied(report):
        whose = "it" if rejected == 1 else "them"
        yield f"{many(rejected, 'rejected row')}: what Connect holds for {whose} stays as it was."


def _file_story(file: FileCounts, report: Report, groups: Sequence[Group]) -> FileStory:
    reasons = [f"{count:,} {REASONS[reason]}" for reason, count in file.set_aside.items() if count]
    is_unusable = any(group.rejects == "file" and group.file == file.facts.file for group in groups)
    is_used = report.verdict != "refused" and not is_unusable
    return FileStory(counts=file, is_used=is_used, carried=_carried(file, report), set_aside=tuple(reasons))


def _carried(file: FileCounts, report: Report) -> str | None:
    """From which batch a file is carried and how old it is; None where it came by itself."""
    number = file.facts.carried_from
    if number is None:
        return None
    came = report.carried.get(number)
    age = f", {how_long(report.received - came)} old" if came and report.received else ""
    return f"carried from batch {number}{age}"


def _guard_lines(report: Report, groups: Sequence[Group]) -> tuple[str, ...]:
    """Limits that tripped, then those that came near, then reasons that withhold whatever the counts say."""
    if report.guard is None:
        return ()
    schools = report.judgement.schools
    tripped = [_limit_line(limit, schools, "Over the limit") for limit in report.guard.limits if limit.tripped]
    near = [_limit_line(limit, schools, "Near the limit") for limit in report.guard.limits if _is_near(limit)]
    reasons = [group.message for group in groups if group.code in report.guard.reasons]
    return (*tripped, *reasons, *near)


def _is_near(limit: Limit) -> bool:
    """Whether three quarters of what is allowed would vanish; one or two records always may."""
    return not limit.tripped and limit.vanishing > 2 and limit.vanishing * 4 >= limit.allowed * 3


def _limit_line(limit: Limit, schools: Mapping[str, str], how: str) -> str:
    name = schools.get(limit.school)
    school = f"{name} ({limit.school})" if name and name != limit.school else f"school {limit.school}"
    return (
        f"{how}: {school}, {limit.vanishing:,} of {many_records(limit.managed, limit.type)} would go; "
        f"{limit.allowed:,} may."
    )
