"""Administrators are told of nights that failed and that it is well again; nobody else, and never of the first run."""

from typing import Any

import pytest

from connect_store.events import events_after
from connect_store.notices import tell_missing
from connect_store.store import open_store
from processors import pipeline
from processors.lifecycle import MOST_ATTEMPTS
from tests.processors.connect import NOW
from tests.stories.springfield import BEN, EVERYBODY, MATH, MEMBERS, NIGHT, Springfield, as_csv

WITHOUT_USERS: dict[str, Any] = {**NIGHT, "users": ()}
pytestmark = pytest.mark.usefixtures("engine")


def notices(springfield: Springfield) -> list[tuple[str, str | None]]:
    with open_store(springfield.home.store_db) as store:
        told = events_after(store, "springfield", 0, 99)
    assert {(one.kind, one.key) for one in told} <= {("district", "springfield")}
    return [(one.event, one.detail) for one in told]


def fails(*_: object) -> None:
    raise RuntimeError


def misses_files(springfield: Springfield) -> None:
    with open_store(springfield.home.store_db) as store:
        tell_missing(store, district="springfield", at=NOW, reason="deadline: classes.csv")


def test_administrators_are_told_of_failures_and_once_that_it_is_well_again(springfield_at_rest: Springfield) -> None:
    """connect-behaviour 9.5: notify administrators."""
    springfield = springfield_at_rest
    springfield.uploads_by_hand(**NIGHT)
    springfield.uploads_by_hand(**NIGHT)
    assert notices(springfield) == []
    springfield.uploads_by_hand(**WITHOUT_USERS)
    misses_files(springfield)
    springfield.uploads_by_hand(**NIGHT)
    springfield.uploads_by_hand(**NIGHT)
    assert notices(springfield) == [
        ("sync_failed", "refused"),
        ("files_missing", "deadline: classes.csv"),
        ("sync_recovered", "accepted"),
    ]


def test_a_night_that_we_cannot_work_on_is_told(
    springfield_at_rest: Springfield, monkeypatch: pytest.MonkeyPatch
) -> None:
    """connect-behaviour 9.5: notify administrators."""
    springfield = springfield_at_rest
    springfield.uploads_by_hand(**NIGHT)
    springfield.leaves_waiting(NIGHT)
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "decide", fails)
        for _ in range(MOST_ATTEMPTS):
            with pytest.raises(RuntimeError):
                pipeline.work(springfield.home, "springfield", who="a test")
        pipeline.work(springfield.home, "springfield", who="a test")
    assert notices(springfield) == [("sync_failed", "failed")]


def test_removals_that_are_held_back_are_a_failure(springfield_at_rest: Springfield) -> None:
    springfield = springfield_at_rest
    springfield.uploads_by_hand(**NIGHT)
    springfield.settles(guard__limit_percent="0", guard__at_least="0")
    staying = [row for row in EVERYBODY if row != BEN]
    springfield.uploads_by_hand(users=staying, classes=(MATH,), enrollments=MEMBERS[:1])
    assert [notice for notice in notices(springfield) if notice[0].startswith("sync")] == [("sync_failed", "withheld")]


def test_nobody_is_told_of_what_fails_before_the_first_night_stands(springfield_at_rest: Springfield) -> None:
    """connect-behaviour 9.5: notify administrators."""
    springfield_at_rest.uploads_by_hand(**WITHOUT_USERS)
    misses_files(springfield_at_rest)
    springfield_at_rest.uploads_by_hand(**NIGHT)
    assert notices(springfield_at_rest) == []


def test_a_paused_district_and_one_that_wants_no_notices_get_none(springfield_at_rest: Springfield) -> None:
    springfield = springfield_at_rest
    springfield.uploads_by_hand(**NIGHT)
    springfield.settles(notices__enabled="false")
    springfield.uploads_by_hand(**WITHOUT_USERS)
    springfield.settles(notices__enabled="true", sync__daily="false")
    springfield.uploads_by_hand(**NIGHT)
    assert notices(springfield) == []


def test_a_set_that_does_not_become_whole_is_told_by_the_service(springfield: Springfield) -> None:
    """connect-behaviour 9.5: notify administrators."""
    springfield.settles(arrival__carry_hours="0")
    springfield.pushes()
    springfield.uploads({"users.csv": as_csv("users", EVERYBODY), "tonight.done": b""})
    springfield.waits_until(lambda: notices(springfield) != [])
    assert notices(springfield) == [("files_missing", "trigger: classes.csv, enrollments.csv")]
