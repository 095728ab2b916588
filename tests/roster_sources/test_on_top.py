"""Guardians from a file on top of a roster that is fetched, replaying, and moving from one source to another."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connect_store.manual import Desk, Terms, add_guardian
from connect_store.store import open_store
from roster_sources.pulling import OtherSource
from rosterdrop.pulls import replay_batch
from tests.roster_servers.clever import CleverServer
from tests.roster_sources.fetched import Fetched, district_of_night, from_classlink, from_clever, generated
from tests.stories.springfield import as_csv


@pytest.fixture
def clever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Fetched, CleverServer]]:
    with from_clever(tmp_path / "home", monkeypatch) as opened:
        yield opened


@pytest.fixture
def guardian_file(tmp_path: Path) -> Path:
    """guardians.csv of the district's own, with one guardian of the first student."""
    student = district_of_night().students[0].id
    row = {"studentSourcedId": student, "guardianSourcedId": "k1", "givenName": "Rosa", "familyName": "Delgado"}
    path = tmp_path / "guardians.csv"
    path.write_bytes(as_csv("guardians", [{**row, "email": "rosa@example.org"}]))
    return path


def test_guardians_of_a_file_stand_beside_what_is_fetched(
    clever: tuple[Fetched, CleverServer], guardian_file: Path
) -> None:
    """E 28: neither archives what the other brings."""
    district, _ = clever
    district.set(source__guardians="false")
    district.night()
    students = district.active("student")

    report = district.upload(guardian_file)
    assert report.verdict == "accepted"
    assert report.file("users.csv")["carried_from"] is not None
    assert (district.active("guardian"), district.active("student")) == (1, students)

    again = district.night()
    assert again.file("guardians.csv")["carried_from"] == report.number
    assert (district.active("guardian"), district.active("student")) == (1, students)


def test_guardians_that_a_pull_made_of_contacts_are_no_file_of_the_district(
    clever: tuple[Fetched, CleverServer],
) -> None:
    """They stay in Connect as they are, and old ones do not come again every night."""
    district, _ = clever
    district.night()
    guardians = district.active("guardian")
    district.set(source__guardians="false")

    report = district.night()

    assert {file["file"] for file in report.document["files"]} == {"users.csv", "classes.csv", "enrollments.csv"}
    assert district.active("guardian") == guardians > 0


def test_a_guardian_file_that_is_too_old_is_carried_no_more(
    clever: tuple[Fetched, CleverServer], guardian_file: Path
) -> None:
    district, _ = clever
    district.set(source__guardians="false")
    district.night()
    district.upload(guardian_file)
    district.set(arrival__carry_hours="0")

    assert "guardians.csv" not in {file["file"] for file in district.night().document["files"]}
    assert district.active("guardian") == 1


def test_a_pull_that_failed_does_not_come_between(clever: tuple[Fetched, CleverServer], guardian_file: Path) -> None:
    district, server = clever
    district.set(source__guardians="false")
    district.night()
    district.upload(guardian_file)
    right, server.token = server.token, "another"
    assert district.night().codes == {"source.access"}
    server.token = right

    assert district.night().file("guardians.csv")["carried_from"] is not None
    assert district.active("guardian") == 1


def test_what_was_answered_can_be_read_anew_by_other_settings(clever: tuple[Fetched, CleverServer]) -> None:
    district, server = clever
    number = district.night().number
    classroom = server.district.classrooms[0]
    server.faults.hidden_collections = {"sections"}
    district.set(source__leave_classes=f'["id={classroom.id}"]')

    report = district.finish(replay_batch(district.home, "springfield", number, who="test"))

    assert report.verdict == "accepted"
    assert report.document["changes"]["classroom"]["archived"] == 1


def test_two_schools_of_the_source_are_one_of_connect(clever: tuple[Fetched, CleverServer]) -> None:
    """The setting reading.same_school holds for a pull too."""
    district, _ = clever
    one, two, *_ = generated()[1]
    profile = district.home.profile_file("springfield")
    profile.write_text("".join(line for line in profile.read_text().splitlines(keepends=True) if two not in line))
    district.set(reading__same_school=f'["{two}={one}"]')

    assert district.night().verdict == "accepted"
    attached = {row[2] for row in district.roster()["attachment"]}
    assert one in attached
    assert two not in attached


def test_guardians_that_people_enter_stand_beside_what_is_fetched(clever: tuple[Fetched, CleverServer]) -> None:
    district, _ = clever
    district.set(source__guardians="false")
    district.night()
    student = district_of_night().students[0].id
    with open_store(district.home.store_db) as store:
        desk = Desk(store=store, district="springfield", terms=Terms(), who="test", at=datetime.now(UTC))
        add_guardian(desk, student, given_name="Rosa", family_name="Delgado", email="rosa@example.org")

    assert district.night().verdict == "accepted"
    assert district.active("guardian") == 1


def test_answers_of_another_kind_of_source_are_not_read(clever: tuple[Fetched, CleverServer]) -> None:
    district, _ = clever
    number = district.night().number
    district.set(source__kind="classlink", classlink__partner_key="env:KEY")

    with pytest.raises(OtherSource, match=r"source\.kind"):
        replay_batch(district.home, "springfield", number, who="test")


def test_no_password_or_token_of_an_answer_is_kept_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """E 27: ClassLink tells both."""
    with from_classlink(tmp_path / "home", monkeypatch) as (district, server):
        district.night()

    for file in (path for path in district.home.root.rglob("*") if path.is_file()):
        content = _opened(file)
        assert b"invented-" not in content, file
        assert server.token.encode() not in content, file


def _opened(file: Path) -> bytes:
    import gzip

    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def test_a_district_that_sent_files_moves_to_clever_and_nobody_is_archived(
    clever: tuple[Fetched, CleverServer],
) -> None:
    """By the IDs of the SIS people are the same; classes are, where class_ids says so."""
    district, _ = clever
    district.set(guard__limit_percent="0", guard__at_least="0")
    assert district.upload(generated()[0]).verdict == "accepted"
    before = district.roster()

    report = district.night()

    assert report.verdict == "accepted"
    assert {row[:2] for row in district.roster()["person"]} == {row[:2] for row in before["person"]}
    assert all(counts.get("archived", 0) == 0 for counts in report.document["changes"].values())


def test_moving_by_the_ids_of_clever_is_held_before_everybody_seems_to_leave(
    clever: tuple[Fetched, CleverServer],
) -> None:
    district, _ = clever
    district.set(guard__limit_percent="10", clever__people_ids="clever_id")
    district.upload(generated()[0])
    before = district.roster()

    assert district.night().verdict == "held"
    assert district.roster() == before
