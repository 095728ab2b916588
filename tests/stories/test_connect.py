"""`rosterdrop connect`: thin over connect_store.manual, whose rules its own tests hold."""

import json
from pathlib import Path

import pytest

from config.home import Home
from processors.locks import district_lock
from rosterdrop.commands import connect
from tests.rosterdrop.command_line import rosterdrop
from tests.stories.springfield import NIGHT, Springfield


@pytest.fixture
def home(springfield_at_rest: Springfield) -> Path:
    springfield_at_rest.uploads_by_hand(**NIGHT)
    return springfield_at_rest.home.root


def test_what_is_done_by_hand_stands_in_the_history_of_the_person(home: Path) -> None:
    added = rosterdrop(
        *("--json", "connect", "add-guardian", "springfield", "ana"),
        *("--given", "Uma", "--family", "Gray", "--email", "uma@example.org"),
        home=home,
    )
    key = json.loads(added.out)["guardian"]
    found = json.loads(rosterdrop("--json", "person", "find", "springfield", "--id", "ana", home=home).out)
    assert {link["key"] for link in found["people"][0]["guardians"]} == {"gil", key}
    history = json.loads(rosterdrop("--json", "person", "history", "springfield", "--id", key, home=home).out)
    assert {step["origin"] for step in history["people"][0]["steps"]} == {"hand"}


def test_what_the_sync_keeps_is_refused_in_a_sentence(home: Path) -> None:
    """connect-behaviour 8.2: enrol a student."""
    answer = rosterdrop(
        *("connect", "enrol-student", "springfield", "--school", "0042", "--given", "Eve", "--family", "Moss"),
        home=home,
    )
    assert answer.code == 2
    assert answer.err == (
        "error: cannot enrol a student: students of a synced school come from the SIS; add the student there\n"
    )
    assert rosterdrop("connect", "archive-classroom", "springfield", "nowhere", home=home).code == 5


def test_a_staff_member_does_what_their_permissions_allow(home: Path) -> None:
    words = ("connect", "remove-guardian", "springfield", "ana", "--guardian", "gil", "--as", "tom")
    refused = rosterdrop(*words, home=home)
    assert (refused.code, "rostering_administrator" in refused.err) == (2, True)
    rosterdrop("connect", "grant", "springfield", "tom", "--permission", "rostering_administrator", home=home)
    assert rosterdrop(*words, home=home).code == 0


def test_no_night_comes_between_reading_a_record_and_writing_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_LOCK_WAIT_S", 0.0)
    with district_lock(Home(home), "springfield", who="the service", wait_s=0):
        answer = rosterdrop("connect", "archive-classroom", "springfield", "math", home=home)
    assert answer.code != 0
    assert "the service" in answer.err
    assert rosterdrop("connect", "archive-classroom", "springfield", "math", home=home).code == 0
