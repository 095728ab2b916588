"""Reports where no file was judged: a set that is not complete yet, and a batch that failed by a fault of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from processors.reporting.contents import Report
from processors.reporting.groups import Group
from processors.reporting.story import Story, story_of
from processors.reporting.wording import listed, many
from validators.judging import REJECTED, SET_ASIDE, Judgement

_WAITING: Final = "The set is not complete yet; what came is waiting."
_WAITING_FOR_ALL: Final = "The set is not complete yet."


def unjudged(findings: pl.DataFrame) -> Judgement:
    """What can be said where no file was judged: `findings` as FINDINGS."""
    return Judgement(
        facts=(),
        standing={},
        findings=findings,
        rejected=pl.DataFrame(schema=REJECTED),
        set_aside=pl.DataFrame(schema=SET_ASIDE),
        refused=True,
    )


def failed_story(report: Report) -> Story:
    """A batch that could not be worked on, and that its sender has nothing to do about it."""
    opening = "This was a test. " if report.test else ""
    return replace(
        story_of(report, masked=True),
        badge="Our fault, nothing changed",
        headline=(
            f"{opening}Your files arrived and are safe. Something went wrong on our side and we could not work on "
            "them, so nothing was changed and nothing was deleted: Connect stays as it was."
        ),
        first=(
            "You need not send these files again.",
            f"Our support has to look at it. If you ask, name batch {report.number}: it can be run again as it is.",
            "If you go on sending files as always, the next set is worked on by itself.",
        ),
    )


def incomplete_story(
    report: Report, deadline: str, present: Sequence[str], missing: Sequence[str], interrupted: Mapping[str, int | None]
) -> Story:
    """A set of which files are missing at the deadline, in words for people, and what waits for them."""
    story = story_of(report, masked=True)
    waiting = _WAITING if present else _WAITING_FOR_ALL
    broken_off = [_broken_off(file, size) for file, size in interrupted.items()]
    return replace(
        story,
        title=f"{report.district_name}: Roster report, incomplete set",
        badge="Incomplete, nothing applied",
        headline=(
            f"{waiting} By {deadline} {many(len(missing), 'file was', 'files were')} missing: {listed(missing)}. "
            "Nothing was applied and nothing was deleted; Connect stays as it was."
        ),
        first=(f"Send {listed(missing)}, of the same export as the others.",),
        notes=(*broken_off, *(f"{file} is here and waits for the others." for file in present)),
        groups=tuple(_still_waiting(group, waiting) for group in story.groups),
    )


def _broken_off(file: str, size: int | None) -> str:
    if size is None:
        return f"{file}: the upload was resumed wrongly and holds its content twice; send it again from its start."
    return f"{file}: the upload broke off after {many(size, 'byte')}; send it again."


def _still_waiting(group: Group, waiting: str) -> Group:
    return replace(group, done=waiting)
