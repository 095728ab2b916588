"""What a source tells of itself: that it rests, is in trouble, is another district's, or older than it was."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from connect_store.pulls import last_pulls
from connect_store.store import open_store
from processors.freezing import sweep
from processors.locks import Held, pull_lock
from rosterdrop.pulls import _by_the_clock
from tests.roster_servers.classlink import ClassLinkServer
from tests.roster_servers.clever import CleverServer, RateLimit
from tests.roster_servers.faults import Reply
from tests.roster_servers.serving import Request
from tests.roster_sources.fetched import QUICK, Fetched, from_classlink, from_clever, from_oneroster


@pytest.fixture
def clever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Fetched, CleverServer]]:
    """A district after a good night."""
    with from_clever(tmp_path / "home", monkeypatch) as (district, server):
        assert district.night().verdict == "accepted"
        yield district, server


def noon(day: date) -> datetime:
    return datetime.combine(day, time(18), UTC)


def somebody_leaves(server: CleverServer) -> None:
    server.district = server.district.without_person(server.district.students[0].id)


def test_a_district_that_rests_is_left_alone(clever: tuple[Fetched, CleverServer]) -> None:
    """E 8: over the summer Clever shows the data of last year."""
    district, server = clever
    server.state = "paused"

    ended = district.pull()

    assert (ended.batch, ended.rests) == (None, True)


def test_a_district_in_the_middle_of_its_sync_is_not_read(clever: tuple[Fetched, CleverServer]) -> None:
    """E 10: a half-finished sync shows a part of the district."""
    district, server = clever
    server.state = "running"
    asked = len(server.requests)

    report = district.night()

    assert (report.verdict, report.codes) == ("refused", {"source.changed"})
    assert len(server.requests) == asked + 3


def test_what_did_not_change_is_not_read_again(clever: tuple[Fetched, CleverServer]) -> None:
    district, server = clever
    asked = len(server.requests)

    assert district.pull(only_new=True).batch is None
    assert len(server.requests) == asked + 1


def test_what_was_not_applied_is_read_again_though_it_did_not_change(clever: tuple[Fetched, CleverServer]) -> None:
    """E 8: since the last pull that was applied."""
    district, server = clever
    server.last_sync = "2026-11-25T08:00:00.000Z"
    district.set(schools__0099="A school that the source does not have")
    assert district.night().verdict == "refused"

    assert district.pull(only_new=True).batch is not None


def test_trouble_on_the_side_of_the_source_is_told(clever: tuple[Fetched, CleverServer]) -> None:
    district, server = clever
    server.state = "error"

    report = district.night()

    assert report.verdict == "accepted"
    assert "source.trouble" in report.codes


def test_data_that_stand_still_for_two_weeks_of_school_are_told(clever: tuple[Fetched, CleverServer]) -> None:
    """E 9: an app that Clever froze goes on to see its old data, and their sync seems to run."""
    district, server = clever
    district.set(source__blackout='["2026-12-21/2027-01-03"]')
    somebody_leaves(server)
    codes = {}
    for day in (date(2026, 12, 7), date(2026, 12, 18), date(2027, 1, 4), date(2027, 1, 5)):
        server.last_sync = f"{day}T08:00:00.000Z"
        codes[day.isoformat()] = "source.still" in district.night(now=noon(day)).codes

    assert codes == {"2026-12-07": False, "2026-12-18": False, "2027-01-04": True, "2027-01-05": True}

    somebody_leaves(server)
    assert "source.still" not in district.night(now=noon(date(2027, 1, 6))).codes


def test_a_source_that_tells_of_no_change_for_two_weeks_is_read_all_the_same(
    clever: tuple[Fetched, CleverServer],
) -> None:
    """E 9: a sync that stopped is as still as a frozen app."""
    district, server = clever
    somebody_leaves(server)
    district.night(now=noon(date(2026, 12, 7)))

    assert district.pull(only_new=True, now=noon(date(2026, 12, 18))).batch is None
    number = district.pull(only_new=True, now=noon(date(2026, 12, 21))).batch

    assert number is not None
    assert "source.still" in district.finish(number).codes


def test_who_wants_no_word_of_data_that_stand_still_gets_none(clever: tuple[Fetched, CleverServer]) -> None:
    district, server = clever
    district.set(source__still_days="0")
    somebody_leaves(server)
    district.night(now=noon(date(2026, 12, 7)))

    assert "source.still" not in district.night(now=noon(date(2027, 3, 1))).codes


def test_a_teacher_list_that_lost_a_good_part_is_told(clever: tuple[Fetched, CleverServer]) -> None:
    """E 23: a rule of the sharing was changed."""
    district, server = clever
    teachers = server.district.teachers
    for teacher in teachers[:20]:
        server.district = server.district.without_person(teacher.id)

    report = district.night()

    assert {"source.teachers", "class.without_teacher"} <= report.codes
    assert "source.teachers" not in district.night().codes


def test_the_token_of_another_district_brings_nothing(clever: tuple[Fetched, CleverServer]) -> None:
    """E 24."""
    district, _ = clever
    district.set(clever__district_id="66f0a1b2c3d4e5f6010203ff")

    report = district.night()

    assert (report.verdict, report.codes) == ("refused", {"source.other_district"})


@pytest.mark.parametrize("opened", [from_clever, from_classlink])
def test_data_that_went_back_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[..., Any]
) -> None:
    """E 26: a cache of days ago."""
    with opened(tmp_path / "home", monkeypatch) as (district, server):
        district.night()

        def last_year(_: Request, reply: Reply) -> Reply:
            return replace(reply, body=re.sub(rb'(odified":"20)26', rb"\g<1>25", reply.body))

        server.disturb = last_year
        report = district.night()

        assert (report.verdict, report.codes) == ("refused", {"source.stale"})


def withdrawn(server: ClassLinkServer) -> None:
    server.is_listed = False


def disabled(server: ClassLinkServer) -> None:
    server.enabled = "false"


def of_another_tenant(server: ClassLinkServer) -> None:
    server.faults.other_district = True


@pytest.mark.parametrize("turn", [withdrawn, disabled, of_another_tenant])
def test_a_district_that_classlink_does_not_list_for_us_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: Callable[[ClassLinkServer], None]
) -> None:
    """E 1, 24: whatever stands in the list is another's, or is switched off."""
    with from_classlink(tmp_path / "home", monkeypatch) as (district, server):
        district.night()
        before = district.roster()
        turn(server)

        report = district.night()

        assert (report.verdict, report.codes) == ("refused", {"source.access"})
        assert district.roster() == before


def test_a_clock_that_is_wrong_is_told_in_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """E 25: a signature is worth nothing then."""
    with from_oneroster(tmp_path / "home", monkeypatch, "1.1", "oauth1-sha256") as (district, server):
        server.faults.skew_s = 3600.0

        report = district.night()

    assert (report.verdict, report.codes) == ("refused", {"source.access"})
    assert "(Wrong Credentials): clock" in report.document["findings"][0]["message"]


def test_a_window_of_requests_that_is_full_is_waited_out(clever: tuple[Fetched, CleverServer]) -> None:
    """E 15: the window is a real one, and begins anew."""
    district, server = clever
    server.rate = RateLimit(limit=6, window_s=0.8)

    assert district.night(replace(QUICK, longest_wait_s=2.0)).verdict == "accepted"
    assert server.rate.refused > 0


def test_two_pulls_of_a_district_do_not_run_at_once(clever: tuple[Fetched, CleverServer]) -> None:
    """E 29."""
    district, _ = clever

    with pull_lock(district.home, "springfield", who="another"), pytest.raises(Held, match="another"):
        district.pull()


def test_the_clock_leaves_a_district_alone_that_somebody_pulls(
    clever: tuple[Fetched, CleverServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """E 29: and takes the other pull for no failure."""
    district, _ = clever
    monkeypatch.setattr("os.umask", lambda _: 0)
    with open_store(district.home.store_db) as store:
        before = last_pulls(store, "springfield")

    with pull_lock(district.home, "springfield", who="another"):
        assert _by_the_clock(str(district.home.root), "springfield") == 0

    with open_store(district.home.store_db) as store:
        assert last_pulls(store, "springfield") == before


def test_a_service_that_starts_leaves_the_folder_of_a_pull_by_hand(clever: tuple[Fetched, CleverServer]) -> None:
    """E 30: what a pull left that was killed goes, and what one needs that runs stays."""
    district, _ = clever
    of_pull, of_freezing = (
        district.home.batches / "springfield" / name for name in (".freezing-pull-x", ".freezing-y")
    )
    of_pull.mkdir()
    of_freezing.mkdir()

    with pull_lock(district.home, "springfield", who="somebody"):
        sweep(district.home, ["springfield"])
        assert (of_pull.exists(), of_freezing.exists()) == (True, False)

    sweep(district.home, ["springfield"])
    assert not of_pull.exists()


def test_a_pull_whose_process_is_killed_leaves_the_last_good_night(clever: tuple[Fetched, CleverServer]) -> None:
    """E 30: no batch, no lock, and the files of it go with the next pull."""
    district, server = clever
    server.last_sync = "2026-11-30T08:00:00.000Z"
    before, came = district.roster(), threading.Event()
    server.faults.then("students", 1, came.set)
    server.faults.hang(60.0, "students", 1, times=1)
    command = [sys.executable, "-m", "rosterdrop.pulls", str(district.home.root), "springfield"]
    with subprocess.Popen(command) as process:
        assert came.wait(60.0)
        process.kill()
    left = list(district.home.batches.rglob(".freezing-*"))

    assert (len(left), district.roster()) == (1, before)
    assert district.night().verdict == "accepted"
    assert not left[0].exists()
