"""What `rosterdrop doctor` finds wrong with an installation, and that it finds nothing where nothing is."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from connect_store import ledger
from processors import steering
from processors.locks import district_lock
from tests.rosterdrop.command_line import rosterdrop
from tests.stories.springfield import EVERYBODY, MATH, MEMBERS, NIGHT, Springfield
from tests.stories.test_retention import NOW
from tests.stories.test_steering import MANY, WHO

pytestmark = pytest.mark.sqlite


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    springfield_at_rest.uploads_by_hand(**NIGHT)
    springfield_at_rest.home.store_db.chmod(0o600)  # as every command makes it
    return springfield_at_rest


def looked(springfield: Springfield, *options: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code, and what is not well by the look that found it."""
    answer = rosterdrop("--json", "doctor", *options, home=springfield.home.root)
    found: dict[str, list[dict[str, Any]]] = {}
    for one in answer.document["findings"]:
        assert (one["todo"] is None) == (one["level"] == "ok")
        if one["level"] != "ok":
            found.setdefault(one["check"], []).append(one)
    return answer.code, found


def test_of_a_sound_home_it_says_only_that_no_service_runs(springfield: Springfield) -> None:
    code, found = looked(springfield)
    assert (code, list(found)) == (0, ["service"])
    assert "serve" in found["service"][0]["todo"]
    told = rosterdrop("doctor", home=springfield.home.root).out
    assert "3 frozen files are what was frozen" in told
    assert "no service runs on this home" in told


def spoils_a_file(springfield: Springfield) -> None:
    (springfield.home.batch("springfield", 1) / "files" / "users.csv").write_bytes(b"sourcedId\n")


def opens_the_store(springfield: Springfield) -> None:
    springfield.home.store_db.chmod(0o644)


def loses_the_keys(springfield: Springfield) -> None:
    for key in springfield.home.keys.glob("*"):
        key.unlink()


def mistypes_a_setting(springfield: Springfield) -> None:
    springfield.home.settings_file.write_text("[server]\nport = true\n")


def loses_a_folder(springfield: Springfield) -> None:
    springfield.home.audit.rmdir()


def damages_the_store(springfield: Springfield) -> None:
    with closing(sqlite3.connect(springfield.home.store_db)) as connection:
        connection.execute("pragma journal_mode = delete")
        connection.execute("insert into membership values ('d', 'no', 'student', 'no', 'active', 1, 'sync')")
        connection.commit()


def leaves_a_batch(springfield: Springfield) -> None:
    number = springfield.leaves_waiting(NIGHT)
    springfield.turns_back_received(number, ledger.stamp(NOW - timedelta(hours=2)))


@pytest.mark.parametrize(
    ("spoils", "check", "says"),
    [
        (spoils_a_file, "files", "users.csv of batch 1 is not what was frozen"),
        (opens_the_store, "permissions", "connect.db is open to other users"),
        (loses_the_keys, "keys", "no host key"),
        (mistypes_a_setting, "settings", "server.port"),
        (loses_a_folder, "home", "audit is not there"),
        (damages_the_store, "store", "the store is damaged"),
        (leaves_a_batch, "batches", "batch 2 of springfield is frozen since"),
    ],
)
def test_what_is_wrong_is_found_with_what_to_do(
    springfield: Springfield, spoils: Callable[[Springfield], None], check: str, says: str
) -> None:
    spoils(springfield)
    code, found = looked(springfield)
    assert code == 2
    assert says in found[check][0]["says"]


def test_what_waits_for_people_is_a_warning(springfield: Springfield) -> None:
    steering.pause(springfield.home, "springfield", **WHO)
    springfield.settles(guard__rejected_percent="1")
    rows = [{**one, "role": "studnt"} for one in MANY]
    springfield.uploads_by_hand(users=(*EVERYBODY, *rows), classes=(MATH,), enrollments=MEMBERS)
    held = springfield.ledger()[-1]
    code, found = looked(springfield)
    assert (code, held[2]) == (0, "held")
    assert [one["level"] for one in found["batches"]] == ["warning", "warning"]
    assert "is held and waits for a decision" in found["batches"][0]["says"]
    assert found["batches"][0]["todo"].startswith("rosterdrop district resume springfield"), "approve is refused"
    assert "is paused since" in found["batches"][1]["says"]


def test_older_files_are_looked_at_where_that_is_asked(springfield: Springfield) -> None:
    springfield.uploads_by_hand(**NIGHT)
    spoils_a_file(springfield)
    assert looked(springfield)[0] == 0
    code, found = looked(springfield, "--all-files")
    assert (code, len(found["files"])) == (2, 1)


def test_somebody_who_works_is_no_finding(springfield: Springfield) -> None:
    with district_lock(springfield.home, "springfield", who="a story", wait_s=0):
        assert "locks" not in looked(springfield)[1]
