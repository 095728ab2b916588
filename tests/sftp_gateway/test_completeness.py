"""When a set is complete, case by case (INTERFACES, "What a batch is made of")."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.profiles import Arrival as ArrivalRule
from config.tables import TableName, table_of
from sftp_gateway.completeness import (
    DropState,
    Take,
    Wait,
    blocked_by,
    deadline_on,
    due_deadline,
    has_grace,
    makes_good,
    next_step,
    standing,
)
from sftp_gateway.receiving import ArrivedFile

RULE = ArrivalRule()
NONE: frozenset[TableName] = frozenset()
NOW_S = 10_000.0


def file(name: str, generation: int = 1, *, by_gateway: bool = True) -> ArrivedFile:
    return ArrivedFile(
        name=name,
        table=table_of(name),
        path=Path(name),
        size=1,
        inode=generation,
        mtime_ns=generation,
        generation=generation,
        by_gateway=by_gateway,
        arrived_at=datetime(2026, 11, 24, tzinfo=UTC),
    )


def files(*names: str) -> tuple[ArrivedFile, ...]:
    return tuple(file(name, generation) for generation, name in enumerate(names, 1))


WHOLE = files("users.csv", "classes.csv", "enrollments.csv")
PART = files("users.csv", "classes.csv")


def drop(new: tuple[ArrivedFile, ...] = WHOLE, quiet_s: float = 1000.0, **facts: object) -> DropState:
    return replace(DropState(new=new, last_event_s=NOW_S - quiet_s), **facts)  # type: ignore[arg-type] # test's own


def step(state: DropState, rule: ArrivalRule = RULE, carriable: frozenset[TableName] = NONE) -> Take | Wait:
    return next_step(state, rule, carriable, NOW_S)


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        (drop(()), None),
        (drop(WHOLE, quiet_s=0.5), 1.5),
        (drop(WHOLE, quiet_s=5, session_ended=False), 55.0),
        (drop(WHOLE, open_handles=1), None),
        (drop(WHOLE, interrupted=frozenset({"users.csv"})), None),
        (drop(WHOLE, interrupted=frozenset({"enrollments.csv.0a1b2c3d.partial"})), None),
        (drop(WHOLE, interrupted=frozenset({"guardians.csv"})), None),
        (drop(PART, quiet_s=100), 200.0),
        (drop(PART), None),
        (drop(files("notes.csv")), None),
        (drop(files("users.csv.filepart", "classes.csv", "enrollments.csv"), quiet_s=299), 1.0),
        (drop((*PART, file("enrollments.csv", 3, by_gateway=False)), quiet_s=20), 40.0),
    ],
)
def test_what_a_set_waits_for(state: DropState, waits: float | None) -> None:
    assert step(state) == Wait(waits)


@pytest.mark.parametrize(
    "state",
    [
        drop(WHOLE, quiet_s=2),
        drop(WHOLE, quiet_s=60, session_ended=False),
        drop(WHOLE, quiet_s=2, interrupted=frozenset({"notes.csv"})),
        drop(files("Users.CSV", "CLASSES.csv", "enrollments.csv"), quiet_s=2),
        drop(files("user.csv", "classes.csv", "enrollments.csv"), quiet_s=2),
    ],
)
def test_a_whole_set_is_taken(state: DropState) -> None:
    assert step(state) == Take(state.new)


def test_files_that_are_not_expected_travel_along() -> None:
    new = (*WHOLE, file("guardians.csv", 4), file("notes.csv", 5), file("users.csv.part", 6))
    taken = step(drop(new))
    assert isinstance(taken, Take)
    assert [(one.name, one.unexpected) for one in taken.files[3:]] == [("guardians.csv", False), ("notes.csv", True)]


def test_missing_tables_are_carried_when_all_of_them_can_be() -> None:
    assert step(drop(PART), carriable=frozenset({"enrollments"})) == Take(PART, frozenset({"enrollments"}))


def test_a_set_waits_when_one_missing_table_cannot_be_carried() -> None:
    assert step(drop(files("users.csv")), carriable=frozenset({"classes"})) == Wait(None)


def test_what_is_expected_is_the_profiles_choice() -> None:
    rule = ArrivalRule(expected=("users", "guardians"))
    new = files("users.csv", "guardians.csv")
    assert step(drop(new, quiet_s=2), rule) == Take(new)


def test_of_two_names_for_one_table_the_newer_stands() -> None:
    lower, upper = file("users.csv", 7), file("Users.csv", 8)
    assert [(one.name, one.unexpected) for one in standing((upper, lower))] == [
        ("users.csv", True),
        ("Users.csv", False),
    ]


def test_names_that_block() -> None:
    assert blocked_by({"users.csv.filepart", "old/users.csv", "notes.csv"}) == {"users"}


@pytest.mark.parametrize(
    ("arrived", "interrupted", "is_retry"),
    [
        ("users.csv", "users.csv", True),
        ("users.csv", "users.csv.0a1b2c3d.partial", True),
        ("users.csv", "USERS.CSV", True),
        ("users.csv", "user.csv.filepart", True),
        ("notes.txt", "notes.txt.part", True),
        ("users.csv", "classes.csv", False),
        ("notes.txt", "Notes.txt", False),
        ("users.csv.part", "users.csv", False),
    ],
)
def test_what_makes_an_interrupted_upload_good(arrived: str, interrupted: str, *, is_retry: bool) -> None:
    assert makes_good(arrived, interrupted) is is_retry


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
        (Take(WHOLE), 1, False),
    ],
)
def test_a_set_that_only_settles_has_grace_at_its_deadline(found: Take | Wait, seconds_late: int, *, has: bool) -> None:
    deadline = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert has_grace(found, RULE, deadline, deadline + timedelta(seconds=seconds_late)) is has
