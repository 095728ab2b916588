"""Whatever goes wrong at whichever page of a pull: nobody is archived, and the report says why (clever-classlink E)."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from config.loading import load_profile
from connect_store.pulls import last_pulls
from connect_store.store import open_store
from roster_sources.asking import Patience
from roster_sources.pulling import Advance, nobody_watches, pull
from rosterdrop.pulls import _by_the_clock, pull_roster
from tests.roster_servers.classlink import ClassLinkServer
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.faults import HTML, Reply
from tests.roster_servers.serving import Request, document
from tests.roster_sources.fetched import QUICK, Fetched, from_classlink, from_clever

Server = CleverServer | ClassLinkServer
SMALL = replace(QUICK, page_records=40)
ONCE = replace(SMALL, tries=1)
PAGES = ["some", pytest.param("all", marks=pytest.mark.soak)]


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
    "cut json": (lambda reply: replace(reply, body=reply.body[: len(reply.body) // 2]), "source.unusable"),
    "broken chunk": (lambda reply: replace(reply, chunked=True, cut=5), "source.unreachable"),
    "hangs": (lambda reply: replace(reply, hang_s=2.0), "source.unreachable"),
    "trickles": (lambda reply: replace(reply, pause_s=0.1), "source.unreachable"),
    "too large": (lambda _: Reply(body=b" " * 200_000), "source.endless"),
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
PATIENCE = {
    "hangs": replace(ONCE, silence_s=0.4),
    "trickles": replace(ONCE, page_s=0.4),
    "too large": replace(ONCE, page_bytes=100_000),
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


def _whole_walk(fetched: Fetched, server: Server, advance: Advance = nobody_watches) -> list[str]:
    """What a whole walk asks, in order."""
    before = len(server.requests)
    with TemporaryDirectory() as folder:
        pull(load_profile(fetched.home, "springfield"), Path(folder), patience=SMALL, advance=advance)
    assert len(server.requests) - before > 10
    return server.requests[before:]


def _some(pages: str, count: int, which: int = 1) -> Sequence[int]:
    """Which requests go wrong, one after the other: all, or the first, the middle or the last one."""
    return range(count) if pages == "all" else ((0, count // 2, count - 1)[which % 3],)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("pages", PAGES)
def test_a_page_that_fails_fails_the_pull_whichever_it_is(
    district: tuple[Fetched, Server], fault: str, pages: str
) -> None:
    """E 1, 6, 7, 15 to 19, 21: and the next night begins anew."""
    fetched, server = district
    whole = _whole_walk(fetched, server)
    does, code = FAULTS[fault]

    with _nothing_changes(fetched):
        for page in _some(pages, len(whole), [*FAULTS].index(fault)):
            server.disturb = At(page, does)
            report = fetched.night(PATIENCE.get(fault, ONCE))
            assert (report.verdict, report.codes) == ("refused", {code}), f"request {page}"

    server.disturb = None
    before = len(server.requests)
    assert fetched.night(SMALL).verdict == "accepted"
    assert server.requests[before:] == whole


def test_a_page_that_fails_once_is_asked_again_and_nobody_notices(district: tuple[Fetched, Server]) -> None:
    fetched, server = district
    whole = _whole_walk(fetched, server)

    for page in range(0, len(whole), 8):
        server.disturb = At(page, FAULTS["502"][0], times=1)
        assert fetched.night(SMALL).verdict == "accepted", f"request {page}"


@pytest.mark.parametrize("pages", PAGES)
def test_a_token_that_is_changed_at_any_page_is_taken_from_there(
    district: tuple[Fetched, Server], pages: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E 2: the new one stands where the old one stood, or in the list of ClassLink; one page is asked twice."""
    fetched, server = district
    *whole, _ = _whole_walk(fetched, server)

    for page in _some(pages, len(whole)):

        def changed(reply: Reply) -> Reply:
            monkeypatch.setenv("CLEVER_TOKEN", server.rotate_token())
            return reply

        before = len(server.requests)
        server.disturb = At(page, changed, times=1)
        assert fetched.night(SMALL).verdict == "accepted", f"request {page}"
        asked = [one for one in server.requests[before:] if not one.startswith("/applications")]
        told = [one for one in whole if not one.startswith("/applications")]
        assert len(asked) <= len(told) + 2, f"request {page}"


@pytest.mark.parametrize("pages", PAGES)
def test_a_sync_that_ends_during_the_walk_makes_it_begin_anew(district: tuple[Fetched, Server], pages: str) -> None:
    """E 10: the second walk is of one state."""
    fetched, server = district
    *whole, _ = _whole_walk(fetched, server)
    student = server.district.students[0].id

    for page in _some(pages, len(whole), 2):

        def synced(reply: Reply, page: int = page) -> Reply:
            server.district = server.district.changed(student, given=f"Name{page}")
            if isinstance(server, CleverServer):
                server.last_sync = f"2026-11-24T08:12:44.{page:03}Z"
            else:
                server.revision = f"after {page}"
            return reply

        server.disturb = At(page, synced, times=1)
        assert fetched.night(SMALL).verdict == "accepted", f"request {page}"
        assert f"Name{page}" in {row[2] for row in fetched.roster()["person"]}, f"request {page}"


@pytest.mark.parametrize("pages", PAGES)
def test_a_pull_that_dies_at_any_page_leaves_nothing_half_done(district: tuple[Fetched, Server], pages: str) -> None:
    """E 30: nothing is noted, nothing is left on the disk, and the next walk begins anew."""
    fetched, server = district
    seen: list[str] = []
    whole = _whole_walk(fetched, server, lambda collection, _: seen.append(collection))

    with _nothing_changes(fetched):
        for page in _some(pages, len(seen)):
            with pytest.raises(_Killed):
                _pull_that_dies(fetched, page)
            assert not list(fetched.home.batches.rglob(".freezing-*")), f"page {page}"

    before = len(server.requests)
    assert fetched.night(SMALL).verdict == "accepted"
    assert server.requests[before:] == whole


@pytest.mark.parametrize("pages", PAGES)
def test_a_next_page_that_is_this_one_ends_the_pull(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pages: str
) -> None:
    """E 20: at whichever page of Clever; a server that counts rows is asked by its offsets."""
    with from_clever(tmp_path / "home", monkeypatch) as (fetched, server):
        fetched.night(SMALL)
        whole = [one for one in _whole_walk(fetched, server) if "/districts" not in one]

        with _nothing_changes(fetched):
            for page in _some(pages, len(whole)):
                server.disturb = Looping(page)
                report = fetched.night(ONCE)
                assert (report.verdict, report.codes) == ("refused", {"source.endless"}), f"page {page}"


@dataclass
class Looping:
    """From a page with a number on, each names itself as the next; lists alone are counted."""

    page: int
    seen: int = -1

    def __call__(self, request: Request, reply: Reply) -> Reply:
        if request.path.endswith("/districts"):
            return reply
        self.seen += 1
        if self.seen < self.page:
            return reply
        told = json.loads(reply.body)
        return document({**told, "links": [{"rel": "next", "uri": request.target}]})


EMPTIED = {
    "clever": ("schools", "sections", "teachers", "staff", "students"),
    "classlink": ("orgs", "classes", "users", "enrollments"),
}


def test_a_collection_that_was_full_and_is_empty_is_no_empty_school(district: tuple[Fetched, Server]) -> None:
    """E 4: a switch of the sharing, whichever it is."""
    fetched, server = district
    kind = "clever" if isinstance(server, CleverServer) else "classlink"

    with _nothing_changes(fetched):
        for collection in EMPTIED[kind]:
            server.faults.hidden_collections = {collection}
            fetched.pull(patience=SMALL)
            with open_store(fetched.home.store_db) as store:
                assert last_pulls(store, "springfield")[0].code == "source.emptied", collection
        report = fetched.night(SMALL)

    assert (report.verdict, report.codes) == ("refused", {"source.emptied"})


@pytest.mark.parametrize("opened", [from_clever, from_classlink])
def test_what_is_not_shared_yet_is_no_empty_district(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[..., Any]
) -> None:
    """E 4: the token is there, and the sharing was never saved."""
    with opened(tmp_path / "home", monkeypatch) as (fetched, server):
        server.faults.hidden_collections = {*EMPTIED["clever"], *EMPTIED["classlink"], "contacts", "district_admins"}

        report = fetched.night(SMALL)

        assert (report.verdict, report.codes) == ("refused", {"source.nothing_shared"})


def test_where_students_are_no_longer_shared_their_sections_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E 22: half of them are hidden, and all answers are right in themselves."""
    with from_clever(tmp_path / "home", monkeypatch) as (fetched, server):
        fetched.night(SMALL)

        def half(request: Request, reply: Reply) -> Reply:
            if request.query.get("role") != "student":
                return reply
            told = json.loads(reply.body)
            return document({**told, "data": told["data"][::2]})

        server.disturb = half
        with _nothing_changes(fetched):
            report = fetched.night(SMALL)

        assert (report.verdict, report.codes) == ("refused", {"source.half_shared"})


@pytest.mark.parametrize("patience", [SMALL, QUICK], ids=["full", "not full"])
def test_a_page_of_clever_without_links_is_no_proven_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: Patience
) -> None:
    """E 6, 17: the students after it would seem to have left."""
    with from_clever(tmp_path / "home", monkeypatch) as (fetched, server):
        fetched.night(SMALL)

        def without_links(_: Request, reply: Reply) -> Reply:
            told = json.loads(reply.body)
            del told["links"]
            return document(told)

        server.disturb = without_links
        with _nothing_changes(fetched):
            report = fetched.night(patience)

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

            assert report.verdict == "accepted"
            assert "source.contacts_hidden" in report.codes
            assert "guardians.missing" in report.codes
            assert fetched.active("guardian") == guardians > 0


def test_guardians_whom_classlink_hides_are_not_archived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """E 5: “Unenrolled users” was switched off, and their students still name them."""
    with from_classlink(tmp_path / "home", monkeypatch) as (fetched, server):
        fetched.night(SMALL)
        server.faults.hidden_roles = {"guardian"}

        with _nothing_changes(fetched):
            for _ in range(2):
                report = fetched.night(SMALL)
                assert report.verdict == "withheld"
                assert {"source.guardian.hidden", "guardianships.none_left"} <= report.codes


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
    assert "ids.renumbered" in report.codes


class _Killed(BaseException):
    """As if the process had ended."""


def _pull_that_dies(fetched: Fetched, page: int) -> None:
    seen = -1

    def advance(_collection: str, _records: int) -> None:
        nonlocal seen
        seen += 1
        if seen == page:
            raise _Killed

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
    assert (newest.outcome, newest.code, newest.who) == ("failed", "source.fault", "service")
    assert newest.batch is not None
    assert "RuntimeError" in fetched.finish(newest.batch).document["findings"][0]["message"]
