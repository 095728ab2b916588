"""What was counted before anything was removed: what is held back and why, and what came near."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

from config.tables import TABLES, file_of
from processors.guarding import Limit
from processors.reporting.contents import Report
from processors.reporting.groups import Group
from processors.reporting.wording import many_records

_EXPLAINED: Final[Mapping[str, Sequence[str]]] = {
    "users": ("student", "staff", "guardian"),
    "classes": ("classroom",),
    "guardians": ("guardian",),
    "guardianships": ("guardian",),
}
"""Types of records that seem to vanish where a file is empty, so that nobody need ask whether they really left."""


def held_back(report: Report, groups: Sequence[Group]) -> tuple[str, ...]:
    """Why removals are held back: reasons that lie in the files, then limits that tripped, the worst first."""
    if report.guard is None or report.verdict != "withheld":
        return ()
    reasons = [group.message for group in groups if group.code in report.guard.reasons]
    untold = (why for why, _ in _untold(report, groups))
    return (*reasons, *untold, *(_counted(limit, report) for limit in _tripped(report)))


def near_limits(report: Report) -> tuple[str, ...]:
    """Limits that came near; and where the batch is not applied, those that would have tripped."""
    if report.guard is None:
        return ()
    over = (
        [] if report.verdict == "withheld" else [f"Over the limit: {_counted(one, report)}" for one in _tripped(report)]
    )
    near = [f"Near the limit: {_counted(limit, report)}" for limit in report.guard.limits if _is_near(limit)]
    return (*over, *near)


def steps_without_finding(report: Report, groups: Sequence[Group]) -> tuple[str, ...]:
    """What to do about reasons that withhold and that no finding speaks of."""
    return tuple(step for _, step in _untold(report, groups))


def unexplained(report: Report) -> Limit | None:
    """The worst limit that tripped and that no empty file explains."""
    reasons = report.guard.reasons if report.guard else ()
    explained = set(chain.from_iterable(_EXPLAINED.get(reason.split(".")[0], ()) for reason in reasons))
    return next((limit for limit in _tripped(report) if limit.type not in explained), None)


def school_name(limit: Limit, report: Report) -> str:
    """A school as people know it, with its ID."""
    name = report.judgement.schools.get(limit.school)
    return f"{name} ({limit.school})" if name and name != limit.school else f"school {limit.school}"


def _tripped(report: Report) -> list[Limit]:
    """Limits that tripped, the most records too many first."""
    limits = report.guard.limits if report.guard else ()
    return sorted((one for one in limits if one.tripped), key=lambda one: one.allowed - one.vanishing)


def _untold(report: Report, groups: Sequence[Group]) -> list[tuple[str, str]]:
    told = {group.code for group in groups}
    reasons = report.guard.reasons if report.guard else ()
    return [_unusable(reason) for reason in reasons if reason not in told]


def _unusable(reason: str) -> tuple[str, str]:
    file = next((file_of(table) for table in TABLES if reason.startswith(f"{table}.")), "one of the files")
    return f"Nothing of {file} could be used.", f"Check the export of {file} and send all files again."


def _is_near(limit: Limit) -> bool:
    """Whether three quarters of what is allowed would vanish; one or two records always may."""
    return not limit.tripped and limit.vanishing > 2 and limit.vanishing * 4 >= limit.allowed * 3


def _counted(limit: Limit, report: Report) -> str:
    managed = many_records(limit.managed, limit.type)
    return f"{school_name(limit, report)}: {limit.vanishing:,} of {managed} would go; {limit.allowed:,} may."
