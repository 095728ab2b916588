"""The deadline of a district, once a day in its own time zone: values in, an answer out.

No moment comes from a clock of this machine's choosing: a night that the clock changes, a clock that jumps and a time
zone that an edit changes are all the same to it.
"""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from config.profiles import Arrival as ArrivalRule
from sftp_gateway.sets.completeness import Take, Wait

_A_DAY: Final = timedelta(days=1)


def due_deadline(rule: ArrivalRule, time_zone: ZoneInfo, now: datetime) -> date | None:
    """The day, in the district's time zone, whose deadline is the last one passed; None without a deadline."""
    if rule.deadline is None:
        return None
    today = now.astimezone(time_zone).date()
    return today if now >= deadline_on(today, rule, time_zone) else today - _A_DAY


def deadline_on(day: date, rule: ArrivalRule, time_zone: ZoneInfo) -> datetime:
    """The moment of a day's deadline; in a night that skips it, the hour after; in one that has it twice, the first."""
    assert rule.deadline is not None
    return datetime.combine(day, rule.deadline, tzinfo=time_zone).astimezone(ZoneInfo("UTC"))


def believable(handled: date | None, due: date) -> date | None:
    """The last day that was handled; None where it lies ahead, because the clock did when it was noted.

    Without this a clock that was a year ahead for a minute would silence a year of deadlines. One day more than is due
    may be true: somebody has moved the deadline to a later hour, or the district to another zone.
    """
    return handled if handled and handled <= due + _A_DAY else None


def has_grace(step: Take | Wait, rule: ArrivalRule, deadline: datetime, now: datetime) -> bool:
    """Whether a set whose deadline has passed may still be taken in time: it only waits for quiet, and not for long.

    A set that came a second before its deadline is no incomplete one; a session that never ends is not waited for.
    """
    longest = timedelta(seconds=max(rule.settle_s, rule.quiet_s, rule.partial_quiet_s))
    return isinstance(step, Wait) and step.seconds is not None and now < deadline + longest
