"""What a source tells of itself: that it rests, is in trouble, is another district's, or older than it was."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from processors.locks import Held, pull_lock
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.faults import Reply
from tests.roster_servers.serving import Request
from tests.roster_sources.fetched import Fetched, from_clever


@pytest.fixture
def clever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Fetched, CleverServer]]:
    """A district after a good night."""
    with from_clever(tmp_path / "home", monkeypatch) as (district, server):
        assert district.night().verdict == "accepted"
        yield district, server


def test_a_district_that_rests_is_left_alone(clever: tuple[Fetched, CleverServer]) -> None:
    """E 8: over the summer Clever shows the data of last year."""
    district, server = clever
    server.state = "paused"

    ended = district.pull()

    assert (ended.batch, ended.rests) == (None, True)


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


def test_the_token_of_another_district_brings_nothing(clever: tuple[Fetched, CleverServer]) -> None:
    """E 24."""
    district, _ = clever
    district.set(clever__district_id="66f0a1b2c3d4e5f6010203ff")

    report = district.night()

    assert (report.verdict, report.codes) == ("refused", {"source.other_district"})


def test_data_that_went_back_are_not_taken(clever: tuple[Fetched, CleverServer]) -> None:
    """E 26."""
    district, server = clever

    def last_year(_: Request, reply: Reply) -> Reply:
        return replace(reply, body=reply.body.replace(b'"last_modified":"2026', b'"last_modified":"2025'))

    server.disturb = last_year
    report = district.night()

    assert (report.verdict, report.codes) == ("refused", {"source.stale"})


def test_two_pulls_of_a_district_do_not_run_at_once(clever: tuple[Fetched, CleverServer]) -> None:
    """E 29."""
    district, _ = clever

    with pull_lock(district.home, "springfield", who="another"), pytest.raises(Held, match="another"):
        district.pull()
