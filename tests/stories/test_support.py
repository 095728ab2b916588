"""What a support engineer does with a batch, on the home itself, with or without a running service."""

import asyncio
import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.loading import load_profile
from config.mistakes import ConfigError
from config.tables import TableName
from connect_store.store import open_store
from processors import deliveries, freezing, frozen, pipeline
from processors.frozen import Frozen
from processors.lending import NotJudgedYet
from processors.lifecycle import MOST_ATTEMPTS
from processors.reporting.json_document import as_json
from rosterdrop.service import Service
from sftp_gateway import Interruption, Shortage
from tests.stories.springfield import (
    ANA,
    BEN,
    EVERYBODY,
    GIL,
    MATH,
    MEMBERS,
    NIGHT,
    TOM,
    Row,
    Springfield,
    as_csv,
    person,
)

MANY = [person(f"s{number:02}", "student") for number in range(30)]


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    return springfield_at_rest


def test_a_withheld_night_is_run_again_with_a_higher_limit(springfield: Springfield) -> None:
    """connect-behaviour 2.2, T6; 9.5: restart."""
    springfield.settles(guard__limit_percent="10")
    springfield.uploads_by_hand(users=[*EVERYBODY, *MANY], classes=[MATH], enrollments=MEMBERS)
    report = springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    assert report.verdict == "withheld"
    assert springfield.status_of("s07") == "active"

    springfield.settles(guard__limit_percent="100")
    with pytest.raises(freezing.NewerBatch, match="a newer batch"):
        springfield.runs_again(1)
    assert springfield.runs_again(report.number) == 3
    assert springfield.status_of("s07") == "archived"


def test_a_file_that_was_probably_misread_is_held_until_a_better_one_comes(springfield: Springfield) -> None:
    """connect-behaviour 9.2: too many rejected rows."""
    springfield.uploads_by_hand(users=[*EVERYBODY, *MANY], classes=[MATH], enrollments=MEMBERS)
    before = springfield.connect_rows()
    shifted = [{**row, "role": "Lincoln High"} for row in MANY]
    report = springfield.uploads_by_hand(users=[*EVERYBODY, *shifted], classes=[MATH], enrollments=MEMBERS)
    assert report.verdict == "held"
    assert springfield.connect_rows() == before

    springfield.uploads_by_hand(users=[*EVERYBODY, *MANY], classes=[MATH], enrollments=MEMBERS)
    assert springfield.ledger() == [
        (1, "reported", "accepted"),
        (2, "superseded", "held"),
        (3, "reported", "accepted"),
    ]


def test_what_is_too_old_is_not_carried(springfield: Springfield) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    springfield.settles(arrival__carry_hours="0")
    report = springfield.uploads_by_hand(users=EVERYBODY)

    assert report.verdict == "refused"
    assert "file.missing" in report.codes


def test_a_district_may_take_the_schools_of_its_first_batch(springfield: Springfield) -> None:
    springfield.takes_schools_as_they_come()
    report = springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)

    assert "schools.adopted" in report.codes
    assert load_profile(springfield.home, "springfield").schools == {"0042": "0042"}


def test_guardians_of_the_guardian_file_stay_when_it_does_not_come(springfield: Springfield) -> None:
    """connect-behaviour 9.1: guardian file missing."""
    tables: dict[str, Sequence[Row]] = {
        "users": [{**ANA, "agentSourcedIds": ""}, BEN, TOM],
        "classes": [MATH],
        "enrollments": MEMBERS,
    }
    gil = {"studentSourcedId": "ana", "guardianSourcedId": "gil", "givenName": "Gil", "familyName": "Gray"}
    springfield.uploads_by_hand(**tables, guardians=[gil | {"email": "gil@example.org"}])
    assert springfield.status_of("gil") == "active"

    before = springfield.connect_rows()
    report = springfield.uploads_by_hand(**tables)
    assert "guardians.missing" in report.codes
    assert springfield.connect_rows() == before


def test_a_guardian_without_contact_is_no_fault_and_comes_with_one(springfield: Springfield) -> None:
    """connect-behaviour 6, G3; 9.3: phone validity."""
    silent = [ANA, BEN, {**GIL, "email": "", "sms": ""}, TOM]
    report = springfield.uploads_by_hand(users=silent, classes=[MATH], enrollments=MEMBERS)
    assert report.file("users.csv")["set_aside"]["no_contact"] == 1
    assert springfield.status_of("gil") is None

    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    assert springfield.status_of("gil") == "active"


def test_a_user_who_is_not_enabled_is_brought_and_no_student_gets_an_account(springfield: Springfield) -> None:
    """connect-behaviour 9.3: enabledUser."""
    users = [{**row, "enabledUser": "true" if row is ANA else "false"} for row in EVERYBODY]
    assert springfield.uploads_by_hand(users=users, classes=[MATH], enrollments=MEMBERS).verdict == "accepted"

    assert {springfield.status_of(row["sourcedId"]) for row in EVERYBODY} == {"active"}
    with open_store(springfield.home.store_db) as store:
        accounts = store._database.execute("select kind, account from person where kind <> 'guardian'").fetchall()
    assert set(accounts) == {("student", "none"), ("staff", "invitee")}


def test_a_batch_whose_folder_is_lost_steps_aside_too(springfield: Springfield) -> None:
    lost = springfield.leaves_waiting(NIGHT)
    shutil.rmtree(springfield.home.batch("springfield", lost))
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(ConfigError):
            pipeline.work(springfield.home, "springfield", who="a story")
    assert springfield.uploads_by_hand(**NIGHT).verdict == "accepted"
    assert springfield.ledger()[0] == (lost, "failed", None)


def test_a_batch_that_fails_three_times_steps_aside(springfield: Springfield, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "judge_set", fails)
        with pytest.raises(MemoryError):
            springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
        for _ in range(MOST_ATTEMPTS - 1):
            with pytest.raises(MemoryError):
                pipeline.work(springfield.home, "springfield", who="a story")
    assert springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS).verdict == "accepted"
    assert [(number, state) for number, state, _ in springfield.ledger()] == [(1, "failed"), (2, "reported")]


def test_a_set_that_is_not_whole_at_the_deadline_is_told(springfield: Springfield) -> None:
    receiver = Service(springfield.home)._receiver
    cut = Interruption(
        district="springfield", drop="main", name="users.csv", size=512, at=datetime.now(UTC), account="vendor"
    )
    missing: frozenset[TableName] = frozenset({"users", "classes"})
    shortage = Shortage(because="deadline", present=(), missing=missing, interrupted=(cut,))
    asyncio.run(receiver.incomplete("springfield", "main", shortage))

    latest = json.loads((springfield.home.reports("springfield") / "latest.json").read_text())
    assert latest["verdict"] == "refused"
    assert {finding["file"] for finding in latest["findings"]} >= {"users.csv", "classes.csv"}
    assert "512" in (springfield.home.reports("springfield") / "latest.txt").read_text()


def test_a_set_that_came_by_hand_is_not_called_missing(springfield: Springfield) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    shortage = Shortage(because="deadline", present=(), missing=frozenset({"users"}))
    asyncio.run(Service(springfield.home)._receiver.incomplete("springfield", "main", shortage))

    assert not list(springfield.home.reports("springfield").glob("*-incomplete"))


def test_an_older_batch_is_not_run_again_while_a_newer_one_waits(springfield: Springfield) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    springfield.leaves_waiting(NIGHT)

    with pytest.raises(freezing.NewerBatch):
        springfield.runs_again(1)


def test_files_of_another_district_are_never_lent(springfield: Springfield) -> None:
    foreign = {"orgSourcedIds": "ZQ-77-XY"}
    own = springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    springfield.uploads_by_hand(
        users=[{**row, **foreign} for row in EVERYBODY],
        classes=[{**MATH, "schoolSourcedId": "ZQ-77-XY"}],
        enrollments=MEMBERS,
    )
    report = springfield.uploads_by_hand(users=EVERYBODY)

    assert report.verdict == "accepted"
    assert report.file("classes.csv")["carried_from"] == own.number


def test_a_table_is_carried_from_the_newest_night_once_that_is_judged(springfield: Springfield) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    newer = springfield.leaves_waiting({**NIGHT, "classes": [{**MATH, "title": "Math 6"}]})
    with pytest.raises(NotJudgedYet, match="batch 2"):
        springfield.leaves_waiting({"users": [ANA, BEN, GIL]})

    pipeline.finish(springfield.home, "springfield", newer, who="a story")
    assert springfield.uploads_by_hand(users=[ANA, BEN, GIL]).file("classes.csv")["carried_from"] == newer


def test_a_night_that_comes_while_a_table_is_carried_is_not_overtaken(
    springfield: Springfield, monkeypatch: pytest.MonkeyPatch
) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    by_hand = springfield.home.root / "by-hand"
    take_all = freezing._take_all

    def take_slowly(*args: Any) -> Frozen:
        monkeypatch.setattr(freezing, "_take_all", take_all)
        by_hand.rename(by_hand.with_name("users-only"))
        springfield.leaves_waiting(NIGHT)
        by_hand.with_name("users-only").rename(by_hand)
        return take_all(*args)

    monkeypatch.setattr(freezing, "_take_all", take_slowly)
    with pytest.raises(NotJudgedYet, match="batch 2"):
        springfield.leaves_waiting({"users": EVERYBODY})


def test_a_set_is_overtaken_only_by_one_that_was_not_refused(springfield: Springfield, tmp_path: Path) -> None:
    for table, rows in NIGHT.items():
        (tmp_path / f"{table}.csv").write_bytes(as_csv(table, rows))
    profile = load_profile(springfield.home, "springfield")
    with open_store(springfield.home.store_db) as store:
        older = deliveries.upload(store, profile, deliveries.files_at([tmp_path]), who="a story")

    assert (
        springfield.uploads_by_hand(users=b"no,roster\n1,2\n", classes=[MATH], enrollments=MEMBERS).verdict == "refused"
    )
    with open_store(springfield.home.store_db) as store:
        assert deliveries.without_older(store, profile, older, now=datetime.now(UTC)) == older
    springfield.uploads_by_hand(**NIGHT)
    with open_store(springfield.home.store_db) as store:
        assert deliveries.without_older(store, profile, older, now=datetime.now(UTC)) is None


def test_an_edit_that_is_not_valid_leaves_the_last_good_profile_in_force(springfield: Springfield) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    number = springfield.leaves_waiting(NIGHT, spoilt_profile=True)

    assert pipeline.finish(springfield.home, "springfield", number, who="a story").verdict == "accepted"


def test_a_frozen_file_that_was_damaged_is_not_judged(springfield: Springfield) -> None:
    number = springfield.leaves_waiting(NIGHT)
    users = springfield.home.batch("springfield", number) / "files" / "users.csv"
    users.write_bytes(users.read_bytes()[:-60])

    with pytest.raises(frozen.Damaged, match=r"users\.csv of batch 1"):
        pipeline.finish(springfield.home, "springfield", number, who="a story")
    assert springfield.status_of("ana") is None


def test_a_report_that_is_made_again_is_the_same_report(springfield: Springfield) -> None:
    gil = {"studentSourcedId": "ana", "guardianSourcedId": "gil", "givenName": "Gil", "familyName": "Gray"}
    ida = {**gil, "guardianSourcedId": "ida", "givenName": "Ida"}
    report = springfield.uploads_by_hand(
        users=[{**ANA, "agentSourcedIds": ""}, BEN, TOM],
        classes=[MATH],
        enrollments=MEMBERS,
        guardians=[ida, gil | {"email": "gil@example.org"}],
    )
    again = pipeline.outcome_of(springfield.home, report.number).report

    assert json.loads(as_json(again, masked=False)) == report.document


def test_a_report_that_cannot_be_written_keeps_no_later_batch_waiting(
    springfield: Springfield, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "publish", full)
        with pytest.raises(OSError):
            springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    springfield.leaves_waiting(NIGHT)
    pipeline.work(springfield.home, "springfield", who="a story")

    assert [state for _, state, _ in springfield.ledger()] == ["reported", "reported"]


def test_a_batch_that_nobody_could_work_on_is_told_to_the_district(springfield: Springfield) -> None:
    number = springfield.leaves_waiting(NIGHT)
    (springfield.home.batch("springfield", number) / "files" / "users.csv").unlink()
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(frozen.Damaged):
            pipeline.work(springfield.home, "springfield", who="a story")
    pipeline.work(springfield.home, "springfield", who="a story")

    latest = json.loads((springfield.home.reports("springfield") / "latest.json").read_text())
    assert (latest["batch"], [finding["code"] for finding in latest["findings"]]) == (number, ["batch.failed"])


def test_schools_are_adopted_once_and_never_from_the_test_drop(springfield: Springfield) -> None:
    springfield.takes_schools_as_they_come()
    other: dict[str, Sequence[Row]] = {
        "users": [person("zoe", "student", orgSourcedIds="0099")],
        "classes": (),
        "enrollments": (),
    }
    springfield.leaves_waiting(other, test=True)
    springfield.leaves_waiting(NIGHT)
    springfield.leaves_waiting(other)
    pipeline.work(springfield.home, "springfield", who="a story")

    assert load_profile(springfield.home, "springfield").schools == {"0042": "0042"}
    assert [verdict for _, _, verdict in springfield.ledger()][1:] == ["accepted", "refused"]


def test_the_same_guardian_file_twice_changes_nothing(springfield: Springfield) -> None:
    """A guardian whose first row lacks the contact that a later one has."""
    ida = {"guardianSourcedId": "ida", "givenName": "Ida", "familyName": "Gray"}
    tables: dict[str, Sequence[Row]] = {
        "users": [{**ANA, "agentSourcedIds": ""}, BEN, TOM],
        "classes": [MATH],
        "enrollments": MEMBERS,
        "guardians": [
            {**ida, "studentSourcedId": "ana"},
            {**ida, "studentSourcedId": "ben", "email": "ida@example.org"},
        ],
    }
    springfield.uploads_by_hand(**tables)
    before = springfield.connect_rows()
    springfield.uploads_by_hand(**tables)

    assert (found := springfield.find("ida")) and found.email == "ida@example.org"
    assert springfield.connect_rows() == before
