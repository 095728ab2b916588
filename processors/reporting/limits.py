"""What was counted before anything was removed: what is held back and why, and what came near."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

from config.tables import TABLES, file_of
from config.wording import Words
from processors.guarding import Limit
from processors.reporting.contents import Report
from processors.reporting.groups import Group
from processors.reporting.wording import records

_EXPLAINED: Final[Mapping[str, Sequence[str]]] = {
    "users": ("student", "staff", "guardian"),
    "classes": ("classroom",),
    "guardians": ("guardian",),
    "guardianships": ("guardian",),
}
"""Types of records that seem to vanish where a file is empty, so that nobody need ask whether they really left."""


def held_back(report: Report, groups: Sequence[Group], say: Words) -> tuple[str, ...]:
    """Why removals are held back: reasons that lie in the files, then limits that tripped, the worst first."""
    if report.guard is None or report.verdict != "withheld":
        return ()
    reasons = [group.message for group in groups if group.code in report.guard.reasons]
    untold = (say("limit.unusable", file=file) for file in _untold(report, groups, say))
    return (*reasons, *untold, *(_counted(limit, report, say) for limit in _tripped(report)))


def links_that_end(report: Report, say: Words) -> tuple[str, ...]:
    """How many class memberships and guardian links end, or wait with the rest, each with its share of all."""
    ending = [one for one in report.guard.links if one.ending] if report.guard else []
    what = [
        say(
            "limit.link",
            ending=one.ending,
            managed=records(say, one.managed, one.type),
            percent=f"{one.percent:g}",
        )
        for one in ending
    ]
    key = "limit.links_wait" if report.verdict == "withheld" else "limit.links"
    return (say(key, what=say.listed(what)),) if what else ()


def near_limits(report: Report, say: Words) -> tuple[str, ...]:
    """Limits that came near or, where the batch is not applied, would have tripped; and links that wait with the rest.

    What Connect calls a limit that tripped is told too, so that people recognise it (connect-behaviour 9.5).
    """
    if report.guard is None:
        return ()
    tripped = _tripped(report)
    over = [] if report.verdict == "withheld" else tripped
    near = [limit for limit in report.guard.limits if _is_near(limit)]
    return (
        *(say("limit.over", counted=_counted(limit, report, say)) for limit in over),
        *(say("limit.near", counted=_counted(limit, report, say)) for limit in near),
        *(links_that_end(report, say) if report.guard.tripped else ()),
        *([say("limit.in_connects_words")] if tripped else []),
    )


def steps_without_finding(report: Report, groups: Sequence[Group], say: Words) -> tuple[str, ...]:
    """What to do about reasons that withhold and that no finding speaks of."""
    return tuple(say("limit.unusable_step", file=file) for file in _untold(report, groups, say))


def unexplained(report: Report) -> Limit | None:
    """The worst limit that tripped and that no empty file explains."""
    reasons = report.guard.reasons if report.guard else ()
    explained = set(chain.from_iterable(_EXPLAINED.get(reason.split(".")[0], ()) for reason in reasons))
    return next((limit for limit in _tripped(report) if limit.type not in explained), None)


def school_name(limit: Limit, report: Report, say: Words) -> str:
    """A school as people know it, with its ID."""
    name = report.judgement.schools.get(limit.school)
    if name and name != limit.school:
        return say("limit.school_named", name=name, id=limit.school)
    return say("limit.school", id=limit.school)


def _tripped(report: Report) -> list[Limit]:
    """Limits that tripped, the most records too many first."""
    limits = report.guard.limits if report.guard else ()
    return sorted((one for one in limits if one.tripped), key=lambda one: one.allowed - one.vanishing)


def _untold(report: Report, groups: Sequence[Group], say: Words) -> list[str]:
    """Files of which nothing could be used, for reasons that no finding tells."""
    told = {group.code for group in groups}
    reasons = report.guard.reasons if report.guard else ()
    return [_file_of(reason) or say("limit.some_file") for reason in reasons if reason not in told]


def _file_of(reason: str) -> str | None:
    return next((file_of(table) for table in TABLES if reason.startswith(f"{table}.")), None)


def _is_near(limit: Limit) -> bool:
    """Whether three quarters of what is allowed would vanish; one or two records always may."""
    return not limit.tripped and limit.vanishing > 2 and limit.vanishing * 4 >= limit.allowed * 3


def _counted(limit: Limit, report: Report, say: Words) -> str:
    return say(
        "limit.counted",
        school=school_name(limit, report, say),
        vanishing=limit.vanishing,
        managed=records(say, limit.managed, limit.type),
        allowed=limit.allowed,
    )
