"""The deadline of a district: at midnight, in the nights the clock changes, when a clock jumps (reference 7, 23)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.profiles import Arrival as ArrivalRule
from sftp_gateway.sets.completeness import Take, Wait
from sftp_gateway.sets.deadlines import believable, deadline_on, due_deadline, has_grace

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


def fired(rule: ArrivalRule, time_zone: ZoneInfo, moments: list[datetime], handled: date | None) -> list[date]:
    """The days whose deadline is handled when the clock shows these moments, one after the other."""
    days = []
    for now in moments:
        day = due_deadline(rule, time_zone, now)
        assert day is not None
        handled = believable(handled, day)
        if handled is None or handled < day:
            handled = day
            days.append(day)
    return days


def every(minutes: int, start: datetime, end: datetime) -> list[datetime]:
    return [start + timedelta(minutes=minutes * step) for step in range((end - start) // timedelta(minutes=minutes))]


@pytest.mark.parametrize("at", [time(0, 0), time(1, 30), time(2, 30), time(23, 59)])
@pytest.mark.parametrize("night", [date(2026, 3, 8), date(2026, 11, 1)])
def test_a_deadline_fires_once_a_day_over_a_night_the_clock_changes(night: date, at: time) -> None:
    start = datetime.combine(night - timedelta(days=2), time(12), tzinfo=CHICAGO).astimezone(UTC)
    moments = every(7, start, start + timedelta(days=4))
    before = due_deadline(ArrivalRule(deadline=at), CHICAGO, start)
    assert before is not None
    days = fired(ArrivalRule(deadline=at), CHICAGO, moments, before)
    assert days == [before + timedelta(days=day) for day in (1, 2, 3, 4)]


def test_a_deadline_at_midnight_belongs_to_the_day_that_begins() -> None:
    rule = ArrivalRule(deadline=time(0, 0))
    before, after = datetime(2026, 11, 24, 5, 59, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    assert [due_deadline(rule, CHICAGO, now) for now in (before, after)] == [date(2026, 11, 23), date(2026, 11, 24)]


def test_a_clock_that_goes_back_fires_no_deadline_again() -> None:
    rule = ArrivalRule(deadline=time(6, 0))
    noon = datetime(2026, 11, 24, 18, tzinfo=UTC)
    moments = [noon, noon - timedelta(hours=12), noon]
    assert fired(rule, CHICAGO, moments, date(2026, 11, 23)) == [date(2026, 11, 24)]


def test_a_clock_that_was_a_year_ahead_silences_no_deadline() -> None:
    rule = ArrivalRule(deadline=time(6, 0))
    noon = datetime(2026, 11, 24, 18, tzinfo=UTC)
    moments = [noon + timedelta(days=365), noon, noon + timedelta(days=1)]
    days = fired(rule, CHICAGO, moments, date(2026, 11, 23))
    assert days == [date(2027, 11, 24), date(2026, 11, 24), date(2026, 11, 25)]


def test_a_deadline_that_is_moved_to_a_later_hour_does_not_fire_twice() -> None:
    now = datetime(2026, 11, 24, 18, tzinfo=UTC)
    assert fired(ArrivalRule(deadline=time(6, 0)), CHICAGO, [now], date(2026, 11, 23)) == [date(2026, 11, 24)]
    assert fired(ArrivalRule(deadline=time(20, 0)), CHICAGO, [now], date(2026, 11, 24)) == []
