"""A source that shows a part: who is only not shown has not left (clever-classlink B6, E 10, 22)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.roster_servers.classlink import ClassLinkServer
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.faults import Reply
from tests.roster_servers.serving import Request, document
from tests.roster_sources.fetched import Fetched, from_classlink, from_clever


@pytest.fixture(params=[from_clever, from_classlink], ids=["clever", "classlink"])
def district(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Fetched, CleverServer | ClassLinkServer]]:
    with request.param(tmp_path / "home", monkeypatch) as opened:
        yield opened


@pytest.fixture
def classlink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Fetched, ClassLinkServer]]:
    with from_classlink(tmp_path / "home", monkeypatch) as opened:
        yield opened


def test_a_guardian_whom_students_name_and_who_is_not_shown_stays(
    classlink: tuple[Fetched, ClassLinkServer],
) -> None:
    """B6: not created, and not archived."""
    district, server = classlink
    guardians = [link.guardian for link in server.district.guardianships]
    newcomer, *hidden = dict.fromkeys(guardians[:4])
    whole = server.district
    server.district = whole.without_person(newcomer)
    district.night()
    before = district.roster()

    for guardian in hidden:
        server.district = server.district.without_person(guardian)
    report = district.night()

    assert report.verdict == "accepted"
    assert "source.guardian.hidden" in report.codes
    assert district.roster() == before


def test_a_guardian_whom_nobody_names_any_more_leaves(classlink: tuple[Fetched, ClassLinkServer]) -> None:
    district, server = classlink
    district.night()
    before = district.active("guardian")
    gone = server.district.guardianships[0].guardian
    links = tuple(one for one in server.district.guardianships if one.guardian != gone)
    server.district = replace(server.district, guardianships=links).without_person(gone)

    district.night()

    assert district.active("guardian") == before - 1


def test_guardians_who_do_not_come_from_the_source_are_named_by_nobody(
    classlink: tuple[Fetched, ClassLinkServer],
) -> None:
    district, _ = classlink
    district.set(source__guardians="false")

    report = district.night()

    assert report.verdict == "accepted"
    assert not {code for code in report.codes if "agent" in code or code.startswith("source.guardian")}


def test_less_than_half_of_the_memberships_is_not_taken(
    district: tuple[Fetched, CleverServer | ClassLinkServer],
) -> None:
    """E 10: all people and classes are there, and a third of who is in them."""
    fetched, server = district
    fetched.night()
    before = fetched.roster()
    server.district = replace(server.district, enrollments=server.district.enrollments[::3])

    report = fetched.night()
    assert (report.verdict, report.codes) == ("refused", {"source.halved"})
    assert fetched.roster() == before

    assert fetched.finish(fetched.taken_anyway()).verdict == "accepted"
    assert fetched.night().verdict == "accepted"


def test_a_section_without_its_list_of_students_is_none_without_students(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A4: Clever always gives it."""
    with from_clever(tmp_path / "home", monkeypatch) as (fetched, server):
        fetched.night()
        before = fetched.roster()

        def without_students(_: Request, reply: Reply) -> Reply:
            told = json.loads(reply.body)
            for record in told["data"]:
                record["data"].pop("students", None)
            return document(told)

        server.disturb = without_students
        report = fetched.night()

    assert (report.verdict, report.codes) == ("refused", {"source.unusable"})
    assert fetched.roster() == before


def test_guardians_of_a_district_that_is_not_listed_come_to_the_schools_of_their_students(
    classlink: tuple[Fetched, ClassLinkServer],
) -> None:
    """B6: /orgs lists schools alone."""
    fetched, server = classlink
    server.shape = replace(server.shape, guardians_at_district=True)
    server.totals = server.counts = False

    def schools_alone(_: Request, reply: Reply) -> Reply:
        told = json.loads(reply.body)
        if "orgs" not in told:
            return reply
        return document({"orgs": [org for org in told["orgs"] if org["type"] == "school"]})

    server.disturb = schools_alone
    fetched.set(guardians__schools_from_students="true")

    assert fetched.night().verdict == "accepted"
    assert fetched.active("guardian") > 0
