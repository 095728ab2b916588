"""When a roster is fetched by the clock."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.profiles import Days, Profile, Source, Sync
from connect_store.pulls import Outcome, PullNote
from rosterdrop import schedule
from rosterdrop.schedule import SPREAD, last_start

CHICAGO = ZoneInfo("America/Chicago")
FETCHED = Profile(
    id="springfield",
    name="Springfield",
    time_zone=CHICAGO,
    source=Source(kind="clever"),
    sync=Sync(start_time=time(20)),
)
EVENING = datetime(2026, 11, 24, 20, 30, tzinfo=CHICAGO).astimezone(UTC)
"""Half an hour after the start."""


def pulled(at: datetime, outcome: Outcome = "taken", code: str | None = None) -> PullNote:
    return PullNote(at=at, who="service", outcome=outcome, code=code)


FIRST = replace(pulled(EVENING - timedelta(days=90)), facts={"kind": "clever"})
"""What somebody looked at, months ago."""


def is_due(profile: Profile, pulls: Sequence[PullNote], now: datetime, taken: PullNote | None = FIRST) -> bool:
    return schedule.is_due(profile, pulls, now, taken=taken)


YESTERDAY = pulled(EVENING - timedelta(days=1))


def test_a_roster_is_fetched_once_after_its_start_time() -> None:
    assert is_due(FETCHED, [YESTERDAY], EVENING)
    assert not is_due(FETCHED, [pulled(EVENING), YESTERDAY], EVENING + timedelta(minutes=1))


def test_the_first_pull_is_made_by_hand() -> None:
    assert not is_due(FETCHED, [], EVENING, None)


def test_a_first_pull_that_brought_nothing_is_none() -> None:
    assert not is_due(FETCHED, [pulled(EVENING - timedelta(days=1), "failed", "source.access")], EVENING, None)


def test_the_first_pull_of_another_source_is_made_by_hand_too() -> None:
    moved = replace(FETCHED, source=Source(kind="classlink"))

    assert not is_due(moved, [YESTERDAY], EVENING)
    assert is_due(moved, [YESTERDAY], EVENING, replace(FIRST, facts={"kind": "classlink"}))


@pytest.mark.parametrize("profile", [replace(FETCHED, sync=Sync()), replace(FETCHED, source=Source())])
def test_without_a_start_time_or_a_source_nothing_is_fetched(profile: Profile) -> None:
    assert not is_due(profile, [YESTERDAY], EVENING)


def test_disabled_daily_sync_fetches_nothing() -> None:
    """connect-behaviour 2.1: daily sync on or off."""
    disabled = replace(FETCHED, sync=Sync(start_time=time(20), daily=False))

    assert not is_due(disabled, [YESTERDAY], EVENING)


def test_a_start_that_was_missed_is_made_up_for_in_the_morning() -> None:
    morning = EVENING + timedelta(hours=12)

    assert is_due(FETCHED, [YESTERDAY], morning)


def test_days_without_a_pull_are_left_out() -> None:
    days = Days(first=date(2026, 11, 24), last=date(2026, 11, 26))
    resting = replace(FETCHED, source=Source(kind="clever", blackout=(days,)))

    assert not is_due(resting, [YESTERDAY], EVENING)
    assert is_due(resting, [YESTERDAY], EVENING + timedelta(days=3))


@pytest.mark.parametrize(("code", "again"), [("source.unreachable", True), ("source.access", False)])
def test_what_may_pass_is_tried_again_after_an_hour(code: str, *, again: bool) -> None:
    failed = pulled(EVENING, "failed", code)

    assert not is_due(FETCHED, [failed, YESTERDAY], EVENING + timedelta(minutes=59))
    assert is_due(FETCHED, [failed, YESTERDAY], EVENING + timedelta(minutes=61)) == again


def test_after_three_tries_the_next_evening_is_waited_for() -> None:
    failed = [pulled(EVENING + timedelta(hours=hours), "failed", "source.busy") for hours in (2, 1, 0)]

    assert not is_due(FETCHED, failed, EVENING + timedelta(hours=8))
    assert is_due(FETCHED, failed, EVENING + timedelta(days=1))


def test_districts_begin_at_moments_of_their_own() -> None:
    starts = {last_start(replace(FETCHED, id=f"district-{number}"), EVENING) for number in range(20)}

    assert len(starts) > 15
    assert all(start and timedelta(0) <= start - (EVENING - timedelta(minutes=30)) < SPREAD for start in starts)


def test_the_clock_is_that_of_the_district_also_where_it_is_set_back() -> None:
    after_change = datetime(2026, 11, 1, 20, 30, tzinfo=CHICAGO)

    start = last_start(FETCHED, after_change.astimezone(UTC))

    assert start is not None
    assert start.astimezone(CHICAGO).date() == date(2026, 11, 1)
    assert is_due(FETCHED, [pulled(after_change.astimezone(UTC) - timedelta(days=1))], after_change.astimezone(UTC))
