"""The deadline of a district: at midnight, in the nights the clock changes, when a clock jumps (reference 7, 23)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.profiles import Arrival as ArrivalRule
from sftp_gateway.completeness import Take, Wait
from sftp_gateway.deadlines import deadline_on, due_deadline, has_grace

RULE = ArrivalRule()
CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 24, 11, 59, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 24, 12, 0, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 25, 3, 0, tzinfo=UTC), date(2026, 11, 24)),
    ],
)
def test_the_deadline_stands_in_the_districts_time_zone(now: datetime, day: date) -> None:
    assert due_deadline(ArrivalRule(deadline=time(6, 0)), CHICAGO, now) == day


def test_no_deadline_is_never_due() -> None:
    assert due_deadline(RULE, CHICAGO, datetime(2026, 11, 24, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("night", "moment"),
    [
        (date(2026, 3, 8), datetime(2026, 3, 8, 8, 30, tzinfo=UTC)),  # 02:30 does not exist: 03:30
        (date(2026, 11, 1), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),  # 01:30 comes twice: the first
    ],
)
def test_a_deadline_comes_once_in_the_nights_the_clock_changes(night: date, moment: datetime) -> None:
    at = time(2, 30) if night.month == 3 else time(1, 30)
    assert deadline_on(night, ArrivalRule(deadline=at), CHICAGO) == moment


@pytest.mark.parametrize(
    ("found", "seconds_late", "has"),
    [
        (Wait(1.0), 1, True),
        (Wait(1.0), 299, True),
        (Wait(1.0), 301, False),  # a session that never ends
        (Wait(), 1, False),  # something is missing, open or cut off
        (Take(()), 1, False),
    ],
)
def test_a_set_that_only_settles_has_grace_at_its_deadline(found: Take | Wait, seconds_late: int, *, has: bool) -> None:
    deadline = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert has_grace(found, RULE, deadline, deadline + timedelta(seconds=seconds_late)) is has
