"""A district whose nights are applied at a time of day: judged and reported at once, applied then."""

import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import pytest

from connect_store import ledger
from connect_store.store import open_store
from processors import deliveries, freezing, pipeline, steering
from tests.asking import ask, change
from tests.rosterdrop.command_line import rosterdrop
from tests.stories.springfield import ANA, BEN, EVERYBODY, GIL, MATH, NIGHT, TOM, Springfield, as_csv


@pytest.fixture
def waiting(springfield: Springfield) -> Springfield:
    """A district whose nights are applied some hours from now."""
    later = datetime.now(ZoneInfo("America/Chicago")) + timedelta(hours=3)
    springfield.settles(sync__start_time=f"{later:%H:%M}")
    return springfield


def the_time_has_come(springfield: Springfield, number: int) -> None:
    with open_store(springfield.home.store_db) as store, store.writing():
        change(store, "update batch set due = '2026-01-01T00:00:00.000Z' where id = :number", number=number)


def states(springfield: Springfield) -> list[ledger.State]:
    with open_store(springfield.home.store_db) as store:
        return [batch.state for batch in ledger.history(store, "springfield", most=9)][::-1]


def test_a_night_is_judged_and_reported_at_once_and_applied_at_its_time(waiting: Springfield) -> None:
    """connect-behaviour 2.1: start time; 9.5: start."""
    report = waiting.pushes()

    assert report.verdict == "accepted"
    assert report.document["applied_at"] > report.document["received"]
    assert waiting.find("ana") is None
    told = waiting.reads("reports/latest.txt")
    assert "Accepted, not applied yet" in told
    assert "Nothing was applied yet." in told
    assert "not applied yet" in rosterdrop("status", home=waiting.home.root).out

    the_time_has_come(waiting, report.number)
    waiting.waits_until(lambda: waiting.status_of("ana") == "active")
    waiting.waits_until(lambda: states(waiting) == ["superseded", "reported"])
    assert "In Connect: 2 students new" in waiting.reads("reports/latest.txt")
    assert [event for event, _, _ in waiting.history_of(1)] == ["freeze", "take", "schedule", "supersede"]
    assert [event for event, _, _ in waiting.history_of(2)] == ["freeze", "take", "decide", "report"]


def test_what_people_do_while_a_night_waits_is_older_than_the_night(waiting: Springfield) -> None:
    """Undo gives back what the night found: their change too."""
    rename = ("connect", "rename-classroom", "springfield", "math", "--title", "By hand")
    rosterdrop("batch", "upload", "springfield", str(files_of(waiting)), "--wait", home=waiting.home.root)
    waiting.seen = 1
    night = waiting.pushes(classes=[{**MATH, "title": "Math 6"}])
    assert rosterdrop(*rename, home=waiting.home.root).code == 0
    the_time_has_come(waiting, night.number)
    waiting.waits_until(lambda: states(waiting)[-1] == "reported" and len(states(waiting)) == 4)
    waiting.waits_until(lambda: title(waiting) == "Math 6")

    assert rosterdrop("batch", "undo", "4", "--why", "a story", home=waiting.home.root).code == 0
    assert title(waiting) == "By hand"


def title(springfield: Springfield) -> str:
    with open_store(springfield.home.store_db) as store:
        return str(ask(store, "select title from classroom")[0][0])


def test_a_night_that_waits_is_shown_as_waiting(waiting: Springfield) -> None:
    number = waiting.pushes().number
    waiting.waits_until(lambda: states(waiting) == ["scheduled"])
    home = waiting.home.root

    listed = rosterdrop("batch", "list", home=home).out
    assert "accepted, not applied yet" in listed
    assert re.search(r"nothing yet, at \d{4}-\d\d-\d\d \d\d:\d\d: \d+ created", listed)
    shown = rosterdrop("batch", "show", str(number), home=home).out
    assert re.search(r"State: +scheduled, until ", shown)
    assert "Changes to come" in shown
    (entry,) = rosterdrop("--json", "batch", "list", home=home).document["batches"]
    assert entry["waits_until"] == entry["summary"]["due"]


def test_a_night_that_waits_can_be_discarded(waiting: Springfield) -> None:
    number = waiting.pushes().number
    waiting.waits_until(lambda: states(waiting) == ["scheduled"])
    discard = ("batch", "discard", str(number), "--why", "wrong school year")
    home = waiting.home.root
    assert rosterdrop("--json", *discard, home=home).document == {"batch": number, "state": "discarded"}

    the_time_has_come(waiting, number)
    assert waiting.history_of(number)[-1][0::2] == ("discard", "wrong school year")
    (entry,) = rosterdrop("--json", "batch", "list", home=home).document["batches"]
    assert (entry["state"], entry["waits_until"]) == ("discarded", None)
    listed = rosterdrop("batch", "list", home=home).out
    assert "accepted, discarded" in listed
    assert "created" not in listed
    assert "is neither held nor waits for its time" in rosterdrop(*discard, home=home).err
    assert waiting.find("ana") is None


def test_a_night_is_discarded_before_its_time_comes_or_applied_and_never_both(
    springfield_at_rest: Springfield,
) -> None:
    home = springfield_at_rest.home
    number = springfield_at_rest.uploads_by_hand(**NIGHT).number
    with open_store(home.store_db) as store:
        with store.writing():
            change(store, "update batch set state = 'scheduled' where id = :number", number=number)
        coming = deliveries.again(home, store, ledger.require(store, number), who="a story", origin="schedule")
        steering.discard(home, number, who="sue", why="a story")
        with pytest.raises(freezing.NoLongerWaits):
            freezing.deliver(home, coming)

        with store.writing():
            change(store, "update batch set state = 'scheduled' where id = :number", number=number)
    running = freezing.deliver(home, coming)
    with pytest.raises(steering.NotToBeDone, match=f"batch {running} applies it"):
        steering.discard(home, number, who="sue", why="a story")


def test_a_better_night_takes_the_place_of_one_that_waits(waiting: Springfield) -> None:
    first = waiting.pushes(users=[ANA, GIL, TOM])
    second = waiting.pushes(users=EVERYBODY)
    waiting.waits_until(lambda: states(waiting) == ["superseded", "scheduled"])

    the_time_has_come(waiting, second.number)
    waiting.waits_until(lambda: waiting.status_of("ben") == "active")
    assert waiting.reports_again(first.number)["verdict"] == "accepted_with_rejections"


def test_a_night_that_cannot_be_used_leaves_the_one_that_waits(waiting: Springfield) -> None:
    waiting.pushes()
    refused = waiting.pushes(users=b"nothing of a table")

    assert refused.verdict == "refused"
    assert refused.document["applied_at"] is None
    waiting.waits_until(lambda: states(waiting) == ["scheduled", "reported"])


def test_what_a_person_asks_for_does_not_wait(waiting: Springfield) -> None:
    night = waiting.pushes()
    again = rosterdrop("batch", "requeue", str(night.number), "--wait", home=waiting.home.root)

    assert again.code == 0
    assert waiting.status_of("ana") == "active"
    waiting.waits_until(lambda: states(waiting) == ["superseded", "reported"])
    assert waiting.find(BEN["sourcedId"])


def test_a_night_that_waited_in_vain_keeps_no_older_one_from_running_again(waiting: Springfield) -> None:
    night = str(files_of(waiting))
    assert rosterdrop("batch", "upload", "springfield", night, "--wait", home=waiting.home.root).code == 0
    waiting.seen = 1
    waiting.pushes(users=[ANA, GIL, TOM])
    waiting.waits_until(lambda: states(waiting) == ["reported", "scheduled"])
    again = rosterdrop("batch", "requeue", "2", "--wait", home=waiting.home.root)
    assert again.code == 3
    waiting.waits_until(lambda: states(waiting) == ["reported", "superseded", "reported"])
    rosterdrop("batch", "undo", "3", "--why", "a story", home=waiting.home.root)

    assert rosterdrop("batch", "requeue", "1", home=waiting.home.root).code == 0


def files_of(springfield: Springfield) -> Path:
    folder = springfield.home.root.parent / "night"
    folder.mkdir()
    for table, rows in NIGHT.items():
        (folder / f"{table}.csv").write_bytes(as_csv(table, rows))
    return folder


def test_a_night_whose_time_has_come_survives_a_crash_and_a_lost_folder(
    springfield_at_rest: Springfield, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = springfield_at_rest.home
    later = datetime.now(ZoneInfo("America/Chicago")) + timedelta(hours=3)
    springfield_at_rest.settles(sync__start_time=f"{later:%H:%M}")

    def a_night_waits() -> int:
        number = springfield_at_rest.leaves_waiting(NIGHT)
        with open_store(home.store_db) as store, store.writing():
            change(store, "update batch set origin = 'sftp' where id = :number", number=number)
        pipeline.work(home, "springfield", who="a story")
        assert states(springfield_at_rest)[-1] == "scheduled"
        the_time_has_come(springfield_at_rest, number)
        return number

    a_night_waits()
    with monkeypatch.context() as dying:
        dying.setattr(pipeline, "_supersede", Mock(side_effect=SystemExit))
        with pytest.raises(SystemExit):
            pipeline.work(home, "springfield", who="a story")
    assert states(springfield_at_rest) == ["scheduled", "frozen"]
    pipeline.work(home, "springfield", who="a story")
    assert states(springfield_at_rest) == ["superseded", "reported"]

    shutil.rmtree(home.batch("springfield", a_night_waits()))
    pipeline.work(home, "springfield", who="a story")
    assert states(springfield_at_rest) == ["superseded", "reported", "failed"]
