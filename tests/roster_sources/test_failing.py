"""Whatever goes wrong at whichever page of a pull: nobody is archived, and the report says why (clever-classlink E)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from connect_store.pulls import last_pulls
from connect_store.store import open_store
from rosterdrop.pulls import _by_the_clock
from tests.roster_servers.classlink import ClassLinkServer
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.faults import HTML, Reply
from tests.roster_servers.serving import Request, document
from tests.roster_sources.fetched import QUICK, Fetched, from_classlink, from_clever

Server = CleverServer | ClassLinkServer
SMALL = replace(QUICK, page_records=40)
ONCE = replace(SMALL, tries=1)


@dataclass
class At:
    """Goes wrong at the request with a number, counted from 0; before it all is well."""

    page: int
    does: Callable[[Reply], Reply]
    times: int = 10**6
    seen: int = -1

    def __call__(self, _: Request, reply: Reply) -> Reply:
        self.seen += 1
        if self.page <= self.seen < self.page + self.times:
            return self.does(reply)
        return reply


FAULTS: dict[str, tuple[Callable[[Reply], Reply], str]] = {
    "500": (lambda _: document({"message": "our fault"}, status=500), "source.unreachable"),
    "html": (lambda _: Reply(body=HTML, content_type="text/html"), "source.unusable"),
    "502": (lambda _: Reply(status=502, body=HTML, content_type="text/html"), "source.unreachable"),
    "cut": (lambda reply: replace(reply, cut=5), "source.unreachable"),
    "hung up": (lambda reply: replace(reply, hang_up=True), "source.unreachable"),
    "no list": (lambda _: document({"imsx_codeMajor": "failure"}), "source.unusable"),
    "revoked": (lambda _: document({"message": "Unauthorized"}, status=401), "source.access"),
    "busy": (lambda _: document({"message": "Too many requests"}, status=429), "source.busy"),
    "redirected": (
        lambda _: document({}, status=302, headers={"Location": "https://other.example.org/"}),
        "source.elsewhere",
    ),
    "gone": (lambda _: document({"message": "not found"}, status=404), "source.not_found"),
}


@pytest.fixture(params=["clever", "classlink"])
def district(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Fetched, Server]]:
    """A district after a good night."""
    opened = from_clever if request.param == "clever" else from_classlink
    with opened(tmp_path / "home", monkeypatch) as (fetched, server):
        assert fetched.night(SMALL).verdict == "accepted"
        yield fetched, server


@contextmanager
def _nothing_changes(fetched: Fetched) -> Iterator[None]:
    before = fetched.roster()
    yield
    assert fetched.roster() == before


def _requests_of_a_pull(fetched: Fetched, server: Server) -> int:
    before = len(server.requests)
    fetched.night(SMALL)
    return len(server.requests) - before


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("pages", ["first, middle, last", pytest.param("all", marks=pytest.mark.soak)])
def test_a_page_that_fails_fails_the_pull_whichever_it_is(
    district: tuple[Fetched, Server], fault: str, pages: str
) -> None:
    """E 1, 6, 7, 15, 16, 17, 19, 21."""
    fetched, server = district
    requests = _requests_of_a_pull(fetched, server)
    does, code = FAULTS[fault]
    assert requests > 10

    with _nothing_changes(fetched):
        for page in range(requests) if pages == "all" else (0, requests // 2, requests - 1):
            server.disturb = At(page, does)
            report = fetched.night(ONCE)
            assert (report.verdict, report.codes) == ("refused", {code}), f"request {page}"

    server.disturb = None
    assert fetched.night(SMALL).verdict == "accepted"


def test_a_page_that_fails_once_is_asked_again_and_nobody_notices(district: tuple[Fetched, Server]) -> None:
    fetched, server = district
    requests = _requests_of_a_pull(fetched, server)

    for page in range(0, requests, 4):
        server.disturb = At(page, FAULTS["502"][0], times=1)
        assert fetched.night(SMALL).verdict == "accepted", f"request {page}"


def test_a_collection_that_was_full_and_is_empty_is_no_empty_school(district: tuple[Fetched, Server]) -> None:
    """E 4: a switch of the sharing."""
    fetched, server = district
    server.faults.hidden_collections = {"sections", "classes"}

    with _nothing_changes(fetched):
        report = fetched.night(SMALL)

    assert (report.verdict, report.codes) == ("refused", {"source.emptied"})


def test_a_full_page_of_clever_without_links_is_no_proven_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """E 6, 17: the students after it would seem to have left."""
    with from_clever(tmp_path / "home", monkeypatch) as (fetched, server):
        fetched.night(SMALL)

        def without_links(_: Request, reply: Reply) -> Reply:
            told = json.loads(reply.body)
            del told["links"]
            return document(told)

        server.disturb = without_links
        with _nothing_changes(fetched):
            report = fetched.night(SMALL)

        assert (report.verdict, report.codes) == ("refused", {"source.unusable"})


def test_contacts_that_stay_hidden_are_told_every_night_and_archive_no_guardian(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E 5: the second such night must not take the first one for how things are."""
    with from_clever(tmp_path / "home", monkeypatch) as (fetched, server):
        fetched.night(SMALL)
        guardians = fetched.active("guardian")
        server.faults.hidden_collections = {"contacts"}

        for _ in range(2):
            report = fetched.night(SMALL)

            assert "source.contacts_hidden" in report.codes
            assert fetched.active("guardian") == guardians > 0


def test_data_that_change_during_each_walk_are_not_taken(district: tuple[Fetched, Server]) -> None:
    """E 10: half of an old roster and half of a new one."""
    fetched, server = district
    asked = len(server.requests)

    def changes(_: Request, reply: Reply) -> Reply:
        now = len(server.requests)
        if isinstance(server, CleverServer):
            server.last_sync = f"2026-11-23T08:12:44.{now:03}Z"
        else:
            server.revision = str(now)
        return reply

    server.disturb = changes
    with _nothing_changes(fetched):
        report = fetched.night(SMALL)

    assert (report.verdict, report.codes) == ("refused", {"source.changed"})
    assert len(server.requests) > asked + 3


def test_a_school_that_is_no_longer_shared_is_named_and_nobody_of_it_is_archived(
    district: tuple[Fetched, Server],
) -> None:
    """E 3: Schools to Sync Are Not Found."""
    fetched, server = district
    server.faults.hidden_schools = {"0042"}

    with _nothing_changes(fetched):
        report = fetched.night(SMALL)

    assert report.verdict == "refused"
    assert "school.missing" in report.codes or "source.half_shared" in report.codes


def test_ids_that_all_changed_are_not_taken_for_everybody_leaving(district: tuple[Fetched, Server]) -> None:
    """E 11: as many come as go, with the same names."""
    fetched, server = district
    fetched.set(guard__limit_percent="10")
    server.faults.renumbered = "a new SIS"

    with _nothing_changes(fetched):
        report = fetched.night(SMALL)

    assert report.verdict == "held"


def test_a_pull_that_died_leaves_nothing_half_done(district: tuple[Fetched, Server]) -> None:
    """E 30: the next walk begins anew."""
    fetched, server = district

    class Killed(BaseException):
        pass

    def dies(_: Request, reply: Reply) -> Reply:
        if len(server.requests) > asked + 5:
            raise_in_client.append(True)
        return reply

    asked, raise_in_client = len(server.requests), list[bool]()
    server.disturb = dies
    with _nothing_changes(fetched), pytest.raises(Killed):
        _pull_until(fetched, raise_in_client, Killed)

    server.disturb = None
    assert fetched.night(SMALL).verdict == "accepted"
    assert not list(fetched.home.batches.rglob(".freezing-*"))


def _pull_until(fetched: Fetched, stop: list[bool], error: type[BaseException]) -> None:
    from rosterdrop.pulls import pull_roster

    def advance(_collection: str, _records: int) -> None:
        if stop:
            raise error

    pull_roster(fetched.home, "springfield", who="test", patience=SMALL, advance=advance)


def test_failed_pulls_stand_in_the_history(district: tuple[Fetched, Server]) -> None:
    fetched, server = district
    server.disturb = At(3, FAULTS["revoked"][0])
    number = fetched.night(ONCE).number

    with open_store(fetched.home.store_db) as store:
        newest = last_pulls(store, "springfield")[0]
    assert (newest.outcome, newest.code, newest.batch) == ("failed", "source.access", number)


def test_a_pull_that_broke_by_the_clock_is_noted_and_so_not_due_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("rosterdrop.pulls.pull", breaks)
    monkeypatch.setattr("os.umask", lambda _: 0)
    with from_clever(tmp_path / "home", monkeypatch) as (fetched, _):
        with pytest.raises(RuntimeError):
            _by_the_clock(str(fetched.home.root), "springfield")

        with open_store(fetched.home.store_db) as store:
            newest = last_pulls(store, "springfield")[0]
    assert (newest.outcome, newest.code, newest.who) == ("failed", None, "service")
