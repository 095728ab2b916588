"""The same district, by every way that Connect is rostered."""

from pathlib import Path
from typing import Any

import pytest

from tests.roster_servers.clever_files import clever_files
from tests.roster_servers.oneroster import Auth
from tests.roster_sources.fetched import (
    Roster,
    district_of_night,
    fetched_home,
    from_classlink,
    from_clever,
    from_oneroster,
    generated,
)


@pytest.fixture(scope="module")
def by_files(tmp_path_factory: pytest.TempPathFactory) -> Roster:
    """What Connect has when the files come over SFTP."""
    district = fetched_home(tmp_path_factory.mktemp("files") / "home")
    report = district.upload(generated()[0])
    assert report.verdict == "accepted"
    return district.roster()


def test_clever_brings_the_same_roster_except_what_it_does_not_know(
    by_files: Roster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost by the way: languages, phones of staff and students, a second phone of guardians, kinds of teachers."""
    with from_clever(tmp_path / "home", monkeypatch) as (district, _):
        report = district.night()

    assert report.verdict == "accepted"
    _require_all_that_clever_knows(district.roster(), by_files)


def test_clevers_own_files_bring_the_same_roster_except_what_they_do_not_know(by_files: Roster, tmp_path: Path) -> None:
    """The same is lost as by the API, and staff who are of no school: staff.csv has no row for them."""
    district = fetched_home(tmp_path / "home")
    folder = tmp_path / "clever"
    folder.mkdir()
    for name, content in clever_files(district_of_night()).items():
        (folder / name).write_bytes(content)

    report = district.upload(folder)

    assert report.verdict == "accepted"
    _require_all_that_clever_knows(district.roster(), by_files)


def _require_all_that_clever_knows(brought: Roster, by_files: Roster) -> None:
    for name in ("attachment", "membership", "guardianship"):
        assert brought[name] == by_files[name], name
    assert _as_clever_knows(brought) == _as_clever_knows(by_files)
    assert {row[:3] for row in brought["classroom"]} == {row[:3] for row in by_files["classroom"]}


def _as_clever_knows(roster: Roster) -> set[tuple[Any, ...]]:
    known = set()
    for kind, key, given, family, email, sms, phone, _language, grades, _role, status in roster["person"]:
        reached = sms or phone if kind == "guardian" else None
        known.add((kind, key, given, family, email, reached, grades, status))
    return known


def test_classlink_brings_the_same_roster(by_files: Roster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with from_classlink(tmp_path / "home", monkeypatch) as (district, _):
        assert district.night().verdict == "accepted"

    assert district.roster() == by_files


@pytest.mark.parametrize(
    ("version", "auth"),
    [("1.1", "oauth1-sha1"), ("1.1", "oauth1-sha256"), ("1.2", "oauth2"), ("1.1", "bearer")],
    ids=str,
)
def test_a_oneroster_server_brings_the_same_roster(
    version: Any, auth: Auth, by_files: Roster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with from_oneroster(tmp_path / "home", monkeypatch, version, auth) as (district, _):
        assert district.night().verdict == "accepted"

    assert district.roster() == by_files
