"""What speaks against a pull only beside the one before: what does not count, and who may take it all the same."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connect_store import ledger
from connect_store.pulls import PullNote, note_pull
from connect_store.store import open_store
from processors import steering
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.faults import Reply
from tests.roster_servers.serving import Request
from tests.roster_sources.fetched import Fetched, from_classlink, from_clever


@pytest.fixture
def clever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Fetched, CleverServer]]:
    with from_clever(tmp_path / "home", monkeypatch) as opened:
        yield opened


def dated(server: CleverServer, moment: str) -> None:
    server.shape = replace(server.shape, modified=moment)


def events(district: Fetched, number: int) -> list[tuple[str, str, str | None]]:
    with open_store(district.home.store_db) as store:
        return [(one.event, one.who, one.detail) for one in ledger.events(store, number)]


def test_a_night_with_dates_of_the_future_does_not_make_all_later_ones_old(
    clever: tuple[Fetched, CleverServer],
) -> None:
    district, server = clever
    dated(server, "2131-01-01T00:00:00.000Z")
    district.night()
    dated(server, "2026-11-20T07:00:09.480Z")

    assert district.night().verdict == "accepted"


@pytest.mark.parametrize("moment", ["2026-11-20T07:00:09", "11/20/2026", "2026-13-45", "yesterday"])
def test_moments_of_any_form_break_nothing(clever: tuple[Fetched, CleverServer], moment: str) -> None:
    district, server = clever
    district.night()
    dated(server, moment)

    assert district.night().verdict == "accepted"


def test_what_another_kind_of_source_told_is_compared_with_nothing(clever: tuple[Fetched, CleverServer]) -> None:
    district, _ = clever
    facts = {"kind": "classlink", "newest": "2026-11-27", "counts": {"terms": 50}}
    note = PullNote(at=datetime(2026, 11, 27, tzinfo=UTC), who="test", outcome="taken", facts=facts)
    with open_store(district.home.store_db) as store, store.writing():
        note_pull(store, "springfield", note)

    assert district.night().verdict == "accepted"


def test_old_data_are_taken_where_somebody_wants_them_and_the_history_says_who(
    clever: tuple[Fetched, CleverServer],
) -> None:
    """E 26."""
    district, server = clever
    district.night()
    dated(server, "2026-10-20T07:00:09.480Z")
    refused = district.night()
    assert refused.codes == {"source.stale"}
    assert "--anyway" in refused.document["findings"][0]["fix"]

    report = district.finish(district.taken_anyway())

    assert report.verdict == "accepted"
    assert ("anyway", "test", "source.stale") in events(district, report.number)
    assert district.night().verdict == "accepted"


def test_the_token_of_another_district_of_classlink_is_known_by_the_district_that_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E 24: whoever has no partner's key cannot ask whose a token is."""
    with from_classlink(tmp_path / "home", monkeypatch) as (district, server):
        district.night()

        def of_another(asked: Request, reply: Reply) -> Reply:
            if not asked.path.endswith("/orgs"):
                return reply
            told = json.loads(reply.body)
            for org in told["orgs"]:
                if org["type"] == "district":
                    org["sourcedId"] = "another"
            return replace(reply, body=json.dumps(told).encode())

        server.disturb = of_another
        assert district.night().codes == {"source.other_district"}

        assert district.finish(district.taken_anyway()).verdict == "accepted"
        assert district.night().verdict == "accepted"


def test_a_list_that_is_meant_to_be_empty_is_taken_and_the_guard_still_decides(
    clever: tuple[Fetched, CleverServer],
) -> None:
    """E 4: the whole office in one night."""
    district, server = clever
    district.set(guard__limit_percent="1", guard__at_least="0")
    district.night()
    active = district.active("staff")
    server.faults.hidden_collections = {"staff"}
    assert district.night().codes == {"source.emptied"}

    report = district.finish(district.taken_anyway())

    assert report.verdict == "withheld"
    assert district.active("staff") == active


def test_a_pull_against_which_nothing_speaks_is_a_pull_like_any_other(clever: tuple[Fetched, CleverServer]) -> None:
    district, _ = clever

    number = district.taken_anyway()

    assert "anyway" not in {event for event, _, _ in events(district, number)}


def test_the_few_that_were_all_of_their_kind_may_go(clever: tuple[Fetched, CleverServer]) -> None:
    """Between the years there are no terms."""
    district, server = clever
    district.night()
    server.faults.hidden_collections = {"terms"}

    assert district.night().verdict == "accepted"


def test_what_was_undone_is_read_again_though_the_source_did_not_change(clever: tuple[Fetched, CleverServer]) -> None:
    district, _ = clever
    number = district.night().number
    assert district.pull(only_new=True).batch is None
    steering.undo(district.home, number, who="test", why="too early")

    assert district.pull(only_new=True).batch is not None
