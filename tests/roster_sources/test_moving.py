"""Rows that move between the pages of a walk (clever-classlink E 13, 20), where no revision tells of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from config.profiles import OneRosterApi, Profile, Source
from roster_sources.failures import PullFailed
from roster_sources.pulling import pull
from tests.roster_servers.faults import Reply
from tests.roster_servers.oneroster import OneRosterServer
from tests.roster_servers.serving import Request, document
from tests.roster_sources.fetched import QUICK, district_of_night

SMALL = replace(QUICK, page_records=50)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OneRosterServer]:
    with OneRosterServer(district_of_night()) as running:
        monkeypatch.setenv("TOKEN", running.token)
        yield running


def profile_of(server: OneRosterServer) -> Profile:
    settings = OneRosterApi(url=server.api_url, auth="bearer", secret="env:TOKEN")
    district = Profile(id="d", name="District", time_zone=ZoneInfo("UTC"))
    return replace(district, source=Source(kind="oneroster"), oneroster=settings)


def test_a_row_that_comes_twice_means_that_another_did_not_come(server: OneRosterServer, tmp_path: Path) -> None:
    """One comes at the beginning and one goes at the end: the total is what it was."""
    before = server.district
    *_, last = sorted(before.people, key=lambda person: person.id)
    first = replace(last, id="!first")
    after = before.without_person(last.id).with_person(first)
    server.faults.then("users", 2, lambda: setattr(server, "district", after))

    pull(profile_of(server), tmp_path, patience=SMALL)

    brought = pl.read_csv(tmp_path / "users.csv", infer_schema=False)["sourcedId"]
    assert set(brought) == {person.id for person in after.people}


@pytest.mark.parametrize("place", [0, 60, -1], ids=["first", "somewhere", "last"])
def test_a_row_that_is_counted_and_does_not_come_is_missed(server: OneRosterServer, tmp_path: Path, place: int) -> None:
    missing = sorted(person.id for person in server.district.people)[place]

    def without_it(request: Request, reply: Reply) -> Reply:
        if not request.path.endswith("/users"):
            return reply
        users = [one for one in json.loads(reply.body)["users"] if one["sourcedId"] != missing]
        return document({"users": users}, headers=reply.headers)

    server.disturb = without_it
    with pytest.raises(PullFailed) as failed:
        pull(profile_of(server), tmp_path, patience=SMALL)

    assert failed.value.code == "source.changed"
    assert len([one for one in server.requests if "/orgs" in one]) == 3  # walks


@pytest.mark.parametrize("page", [1, 2, 3, 4])
def test_people_who_come_and_go_at_any_page_make_no_mixture(server: OneRosterServer, tmp_path: Path, page: int) -> None:
    """Two go at the beginning and one comes at the end: what is brought is the old list or the new one."""
    before = server.district
    first, second, *_, last = sorted(before.people, key=lambda person: person.id)
    after = before.without_person(first.id).without_person(second.id).with_person(replace(last, id="~last"))
    server.faults.then("users", page, lambda: setattr(server, "district", after))

    pull(profile_of(server), tmp_path, patience=SMALL)

    brought = set(pl.read_csv(tmp_path / "users.csv", infer_schema=False)["sourcedId"])
    assert brought == {person.id for person in after.people}


@pytest.mark.parametrize("page", [2, 4])
def test_a_row_that_goes_where_no_total_tells_of_it_costs_nobody(
    server: OneRosterServer, tmp_path: Path, page: int
) -> None:
    """All rows behind it move up by one: the first of the next page would never come."""
    server.totals, server.links, server.revision = False, False, None
    first, *_ = sorted(server.district.people, key=lambda person: person.id)
    after = server.district.without_person(first.id)
    server.faults.then("users", page, lambda: setattr(server, "district", after))

    pull(profile_of(server), tmp_path, patience=SMALL)

    brought = pl.read_csv(tmp_path / "users.csv", infer_schema=False)["sourcedId"]
    assert set(brought) == {person.id for person in after.people}


def test_a_row_that_comes_on_two_pages_far_apart_means_that_another_did_not_come(
    server: OneRosterServer, tmp_path: Path
) -> None:
    pages: list[list[object]] = []

    def with_a_row_of_the_first_page(asked: Request, reply: Reply) -> Reply:
        if not asked.path.endswith("/users"):
            return reply
        told = json.loads(reply.body)
        pages.append(told["users"])
        if len(pages) == 3:
            told["users"][25] = pages[0][10]
        return replace(reply, body=json.dumps(told).encode())

    server.disturb = with_a_row_of_the_first_page
    pull(profile_of(server), tmp_path, patience=SMALL)

    brought = pl.read_csv(tmp_path / "users.csv", infer_schema=False)["sourcedId"]
    assert set(brought) == {person.id for person in server.district.people}


@pytest.mark.parametrize("totals", [True, False])
def test_a_server_that_sends_its_first_page_for_ever_is_left(
    server: OneRosterServer, tmp_path: Path, *, totals: bool
) -> None:
    server.totals, server.links = totals, False
    server.faults.first_page_only = True

    with pytest.raises(PullFailed) as failed:
        pull(profile_of(server), tmp_path, patience=SMALL)

    assert failed.value.code == "source.endless"
    assert len(server.requests) < 20
