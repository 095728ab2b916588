"""Contacts without an ID in the SIS: Clever gives them another one whenever anything of them changes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import polars as pl
import pytest

from tests.roster_servers.asking import get
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.district import Person
from tests.roster_sources.fetched import Fetched, from_clever


@pytest.fixture
def clever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Fetched, CleverServer]]:
    """A district after a good night whose SIS has no IDs of contacts."""
    with from_clever(tmp_path / "home", monkeypatch) as (district, server):
        server.shape = replace(server.shape, contact_ids=False)
        assert district.night().verdict == "accepted"
        yield district, server


def ids_at_clever(server: CleverServer) -> set[str]:
    answer: httpx2.Response = get(f"{server.url}/v3.1/users?role=contact&limit=1000", token=server.token)
    return {one["data"]["id"] for one in answer.json()["data"]}


def guardians(district: Fetched) -> set[tuple[object, ...]]:
    """Who they are, and whether they are active."""
    return {(row[1], row[-1]) for row in district.roster()["person"] if row[0] == "guardian"}


def with_mail_and_phone(guardian: Person) -> bool:
    return bool(guardian.email and guardian.sms)


def with_a_phone_alone(guardian: Person) -> bool:
    return bool(guardian.sms) and not guardian.email


@pytest.mark.parametrize(
    ("who", "change"),
    [
        (with_mail_and_phone, {"sms": "3125550199"}),
        (with_mail_and_phone, {"email": "another@example.org"}),
        (with_a_phone_alone, {"sms": "3125550199"}),
    ],
    ids=["phone", "mail", "only phone"],
)
def test_a_contact_whose_id_churns_is_the_same_guardian(
    clever: tuple[Fetched, CleverServer], who: Callable[[Person], bool], change: dict[str, str]
) -> None:
    """E 12: nobody archived, nobody new, though an ID went and another came."""
    district, server = clever
    people, links, ids = guardians(district), district.roster()["guardianship"], ids_at_clever(server)
    some = next(one for one in server.district.guardians if who(one) and server.district.students_of.get(one.id))
    server.district = server.district.changed(some.id, **change)
    assert (len(ids - ids_at_clever(server)), len(ids_at_clever(server) - ids)) == (1, 1)

    report = district.night()

    assert report.verdict == "accepted"
    assert report.document["changes"]["guardian"]["updated"] == 1
    assert guardians(district) == people
    assert district.roster()["guardianship"] == links


def test_a_phone_of_no_known_type_is_no_mobile(clever: tuple[Fetched, CleverServer]) -> None:
    """clever-classlink D1: nobody gets a message by SMS at a number that may be a desk."""
    district, server = clever
    server.disturb = lambda _, reply: replace(
        reply, body=reply.body.replace(b'"phone_type":"Cell"', b'"phone_type":""')
    )

    number = district.night().number

    frozen = district.home.batch("springfield", number) / "files" / "guardians.csv"
    guardians = pl.read_csv(frozen, infer_schema=False)
    assert guardians["sms"].null_count() == guardians.height
    assert guardians["phone"].null_count() < guardians.height
