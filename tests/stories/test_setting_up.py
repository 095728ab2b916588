"""How a sync begins and ends: once and then by hand, off and on again; the commands themselves."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.rosterdrop.command_line import Answer, rosterdrop
from tests.stories.springfield import BEN, EVERYBODY, MATH, MEMBERS, NIGHT, Springfield, person

pytestmark = pytest.mark.usefixtures("engine")

WITHOUT_BEN = [row for row in MEMBERS if row["userSourcedId"] != "ben"]
CARL = person("carl", "student", grades="05")


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    return springfield_at_rest


def does(springfield: Springfield, *words: str) -> Answer:
    command, *more = words
    return rosterdrop("connect", command, "springfield", *more, home=springfield.home.root)


def told(springfield: Springfield, *words: str) -> dict[str, Any]:
    command, *more = words
    answer = rosterdrop("--json", "connect", command, "springfield", *more, home=springfield.home.root)
    return dict(json.loads(answer.out))


def test_files_are_synced_once_and_then_everything_is_by_hand(springfield: Springfield) -> None:
    """connect-behaviour 2.1: daily sync on or off; 8.2: disable the sync."""
    springfield.settles(sync__daily="false")
    assert springfield.uploads_by_hand(**NIGHT).verdict == "held"
    assert springfield.find("ana") is None
    assert does(springfield, "sync-once", "--why", "the first week").code == 0
    assert springfield.status_of("ana") == "active"
    assert does(springfield, "archive-student", "ana").code == 0
    assert does(springfield, "enrol-student", "--school", "0042", "--given", "Eve").code == 0
    assert springfield.uploads_by_hand(**NIGHT).verdict == "held"
    assert springfield.status_of("ana") == "archived"


def test_what_is_synced_once_is_guarded_as_a_night(springfield: Springfield) -> None:
    springfield.uploads_by_hand(**NIGHT)
    springfield.settles(sync__daily="false", guard__limit_percent="0", guard__at_least="0")
    springfield.uploads_by_hand(users=[row for row in EVERYBODY if row != BEN], classes=[MATH], enrollments=WITHOUT_BEN)
    assert does(springfield, "sync-once", "--why", "once").code == 4
    assert springfield.status_of("ben") == "active"
    number = str(springfield.ledger()[-1][0])
    assert rosterdrop("batch", "approve", number, "--why", "he left", home=springfield.home.root).code == 0
    assert springfield.status_of("ben") == "archived"


def test_what_waits_because_the_sync_is_off_is_not_approved_past_the_guards(springfield: Springfield) -> None:
    springfield.settles(sync__daily="false")
    number = str(springfield.uploads_by_hand(**NIGHT).number)
    refused = rosterdrop("batch", "approve", number, "--why", "x", home=springfield.home.root)
    assert (refused.code, "connect sync-once springfield" in refused.err) == (2, True)
    assert springfield.find("ana") is None


def test_nothing_is_synced_once_where_the_sync_is_on_or_no_files_wait(springfield: Springfield) -> None:
    refused = does(springfield, "sync-once", "--why", "x")
    assert (refused.code, "is on" in refused.err) == (2, True)
    springfield.settles(sync__daily="false")
    refused = does(springfield, "sync-once", "--why", "x")
    assert (refused.code, "no files of springfield wait" in refused.err) == (2, True)


def test_a_sync_that_is_stopped_tells_what_is_manual_now_and_starts_again(springfield: Springfield) -> None:
    """connect-behaviour 8.2: disable the sync."""
    springfield.uploads_by_hand(**NIGHT)
    stopped = told(springfield, "stop-sync")
    assert stopped == {
        "district": "springfield",
        "enabled": False,
        "manual": {"student": 2, "guardian": 1, "staff": 1, "classroom": 1, "membership": 3, "guardianship": 1},
    }
    assert springfield.uploads_by_hand(**{**NIGHT, "users": [*EVERYBODY, CARL]}).verdict == "held"
    assert does(springfield, "start-sync").code == 0
    assert springfield.uploads_by_hand(**{**NIGHT, "users": [*EVERYBODY, CARL]}).verdict == "accepted"
    assert springfield.status_of("carl") == "active"


def test_one_school_leaves_the_sync_and_is_split_in_two(springfield: Springfield) -> None:
    """connect-behaviour 3.1: schools with an ID take part."""
    springfield.settles(schools__0043="Roosevelt Middle")
    other = [person("zoe", "student", orgSourcedIds="0043", grades="07")]
    springfield.uploads_by_hand(**{**NIGHT, "users": [*EVERYBODY, *other]})
    assert does(springfield, "split-school", "0042", "--into", "0042-b", "--grades", "05").code == 2
    assert does(springfield, "release-school", "0042").code == 0
    split = told(springfield, "split-school", "0042", "--into", "0042-b", "--grades", "05")
    assert (split["students"], split["classrooms"], split["adults"]) == (2, 1, 2)
    springfield.uploads_by_hand(**{**NIGHT, "users": [*EVERYBODY, *other]})
    found = springfield.find("ana")
    assert found
    assert {link.key: link.status for link in found.schools} == {"0042": "ended", "0042-b": "active"}
    assert (springfield.status_of("zoe"), springfield.status_of("ana")) == ("active", "active")
    assert "only school" in does(springfield, "release-school", "0043").err


def test_each_command_of_setting_up_says_what_it_answers(tmp_path: Path) -> None:
    for command in ("sync-once", "stop-sync", "start-sync"):
        assert "rosterdrop --home home connect" in rosterdrop("connect", command, "--help", home=tmp_path).out
