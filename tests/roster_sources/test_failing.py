"""Whatever goes wrong at whichever page of a pull: nobody is archived, and the report says why (clever-classlink E)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from connect_store.pulls import last_pulls
from connect_store.store import open_store
from tests.roster_servers.http_server import Reply, Request
from tests.roster_sources.fetched import QUICK, Fetched, from_classlink, from_clever

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
    "500": (lambda _: Reply(status=500, document={"message": "our fault"}), "source.unreachable"),
    "html": (lambda _: Reply(text="<html>Please wait</html>"), "source.unusable"),
    "502": (lambda _: Reply(status=502, text="<html>Bad gateway</html>"), "source.unreachable"),
    "cut": (lambda reply: replace(reply, cut=5), "source.unreachable"),
    "hung up": (lambda reply: replace(reply, hang_up=True), "source.unreachable"),
    "no list": (lambda _: Reply(document={"imsx_codeMajor": "failure"}), "source.unusable"),
    "revoked": (lambda _: Reply(status=401, document={"message": "Unauthorized"}), "source.access"),
    "busy": (lambda _: Reply(status=429, document={"message": "Too many requests"}), "source.busy"),
    "redirected": (
        lambda _: Reply(status=302, headers={"Location": "https://other.example.org/"}, document={}),
        "source.elsewhere",
    ),
    "gone": (lambda _: Reply(status=404, document={"message": "not found"}), "source.not_found"),
}


@pytest.fixture(params=["clever", "classlink"])
def district(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Fetched, Any]]:
    """A district after a good night."""
    opened = {"clever": from_clever, "classlink": from_classlink}[request.param]
    with opened(tmp_path / "home", monkeypatch) as (fetched, server):
        assert fetched.night(SMALL).verdict == "accepted"
        yield fetched, server


@contextmanager
def _nothing_changes(fetched: Fetched) -> Iterator[None]:
    before = fetched.roster()
    yield
    assert fetched.roster() == before


def _requests_of_a_pull(fetched: Fetched, server: Any) -> int:
    before = len(server.asked)
    fetched.night(SMALL)
    return len(server.asked) - before


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("pages", ["first, middle, last", pytest.param("all", marks=pytest.mark.soak)])
def test_a_page_that_fails_fails_the_pull_whichever_it_is(
    district: tuple[Fetched, Any], fault: str, pages: str
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


def test_a_page_that_fails_once_is_asked_again_and_nobody_notices(district: tuple[Fetched, Any]) -> None:
    fetched, server = district
    requests = _requests_of_a_pull(fetched, server)

    for page in range(0, requests, 4):
        server.disturb = At(page, FAULTS["502"][0], times=1)
        assert fetched.night(SMALL).verdict == "accepted", f"request {page}"


def test_a_collection_that_was_full_and_is_empty_is_no_empty_school(district: tuple[Fetched, Any]) -> None:
    """E 4: a switch of the sharing."""
    fetched, server = district
    collection = "sections" if "sections" in server.records else "classes"
    server.records[collection] = []

    with _nothing_changes(fetched):
        report = fetched.night(SMALL)

    assert (report.verdict, report.codes) == ("refused", {"source.emptied"})


def test_data_that_change_during_each_walk_are_not_taken(district: tuple[Fetched, Any]) -> None:
    """E 10: half of an old roster and half of a new one."""
    fetched, server = district
    asked = len(server.asked)

    def changes(_: Request, reply: Reply) -> Reply:
        now = len(server.asked)
        if hasattr(server, "revision"):
            return replace(reply, headers={**reply.headers, "x-perm-rev": str(now)})
        server.records["districts"][0]["last_sync"] = f"2026-11-23T08:12:44.{now:03}Z"
        return reply

    server.disturb = changes
    with _nothing_changes(fetched):
        report = fetched.night(SMALL)

    assert (report.verdict, report.codes) == ("refused", {"source.changed"})
    assert len(server.asked) > asked + 3


def test_a_school_that_is_no_longer_shared_is_named_and_nobody_of_it_is_archived(
    district: tuple[Fetched, Any],
) -> None:
    """E 3: Schools to Sync Are Not Found."""
    fetched, server = district
    _without_school(server, "0042")

    with _nothing_changes(fetched):
        report = fetched.night(SMALL)

    assert report.verdict == "refused"
    assert "school.missing" in report.codes or "source.half_shared" in report.codes


def _without_school(server: Any, school: str) -> None:
    records = server.records
    if "schools" in records:
        gone = {one["id"] for one in records["schools"] if one["sis_id"] == school}
        records["schools"] = [one for one in records["schools"] if one["id"] not in gone]
        records["sections"] = [one for one in records["sections"] if one["school"] not in gone]
        records["users"] = [one for one in records["users"] if not _belongs(one, gone)]
    else:
        for name in ("orgs", "classes", "users", "enrollments"):
            records[name] = [one for one in records[name] if not _names(one, name, school)]


def _belongs(user: dict[str, Any], schools: set[str]) -> bool:
    return any(not schools.isdisjoint((role or {}).get("schools", ())) for role in user["roles"].values())


def _names(record: dict[str, Any], collection: str, school: str) -> bool:
    if collection == "orgs":
        return bool(record["sourcedId"] == school)
    if collection == "users":
        return any(org["sourcedId"] == school for org in record["orgs"])
    return bool(record["school"]["sourcedId"] == school)


def test_ids_that_all_changed_are_not_taken_for_everybody_leaving(district: tuple[Fetched, Any]) -> None:
    """E 11: as many come as go, with the same names."""
    fetched, server = district
    fetched.set(guard__limit_percent="10")
    for user in server.records["users"]:
        for role in (user.get("roles") or {}).values() if isinstance(user.get("roles"), dict) else ():
            for key in ("sis_id", "staff_id"):
                if role and role.get(key):
                    role[key] = f"new-{role[key]}"
        if "sourcedId" in user:
            user["sourcedId"] = f"new-{user['sourcedId']}"
            for agent in user["agents"]:
                agent["sourcedId"] = f"new-{agent['sourcedId']}"
    for enrollment in server.records.get("enrollments", ()):
        enrollment["user"]["sourcedId"] = f"new-{enrollment['user']['sourcedId']}"

    with _nothing_changes(fetched):
        report = fetched.night(SMALL)

    assert report.verdict == "held"


def test_a_pull_that_died_leaves_nothing_half_done(district: tuple[Fetched, Any]) -> None:
    """E 30: the next walk begins anew."""
    fetched, server = district

    class Killed(BaseException):
        pass

    def dies(_: Request, reply: Reply) -> Reply:
        if len(server.asked) > asked + 5:
            raise_in_client.append(True)
        return reply

    asked, raise_in_client = len(server.asked), list[bool]()
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


def test_failed_pulls_stand_in_the_history(district: tuple[Fetched, Any]) -> None:
    fetched, server = district
    server.disturb = At(3, FAULTS["revoked"][0])
    number = fetched.night(ONCE).number

    with open_store(fetched.home.store_db) as store:
        newest = last_pulls(store, "springfield")[0]
    assert (newest.outcome, newest.code, newest.batch) == ("failed", "source.access", number)
