"""Which way of rostering suits a district (section 5 of connect-behaviour)."""

import json
from pathlib import Path

import pytest

from config.profiles import SourceKind
from roster_sources.advising import QUESTIONS, Yes, advise
from roster_sources.observing import observed
from rosterdrop.__main__ import run
from tests.stories.springfield import ANA, BEN, GIL, TOM, as_csv

Answers = dict[str, Yes]


@pytest.mark.parametrize(
    ("answers", "way", "guardians"),
    [
        ({"clever": "yes", "contacts": "yes"}, "clever", "same"),
        ({"clever": "yes", "contacts": "no", "exports": "yes"}, "clever", "file"),
        ({"clever": "yes", "contacts": "no", "exports": "no"}, "clever", "hand"),
        ({"classlink": "yes", "links": "no", "exports": "yes"}, "classlink", "file"),
        ({"clever": "yes", "classes": "no", "exports": "yes"}, "files", "same"),
        ({"clever": "yes", "classes": "no", "exports": "yes", "sign_on": "yes"}, "clever", "same"),
        ({"clever": "yes", "several_schools": "yes", "exports": "yes"}, "clever", "same"),
        ({"clever": "yes", "schools": "no", "exports": "yes"}, "files", "same"),
        ({"server": "yes", "exports": "yes"}, "oneroster", "same"),
        ({"server": "yes", "links": "no", "exports": "yes"}, "oneroster", "file"),
        ({"exports": "yes", "site": "yes"}, "site", "same"),
        ({"classlink": "yes", "classes": "no", "exports": "yes", "site": "yes"}, "site", "same"),
        ({"exports": "yes"}, "files", "same"),
        ({"exports": "no"}, "hand", "hand"),
        ({"still": "yes", "clever": "yes"}, "hand", "hand"),
        ({}, "files", "same"),
    ],
)
def test_the_way_that_suits(answers: Answers, way: str, guardians: str) -> None:
    advice = advise(answers)

    assert (advice.way, advice.guardians) == (way, guardians)
    assert advice.reasons


def test_with_files_the_sign_on_of_a_service_is_lost_and_that_is_said() -> None:
    advice = advise({"clever": "yes", "classes": "no", "exports": "yes"})

    assert any("Signing on" in loss for loss in advice.losses)


def test_several_schools_of_a_student_are_a_setting_of_clever() -> None:
    assert any("clever.schools = all" in step for step in advise({"clever": "yes", "several_schools": "yes"}).first)


def test_contacts_without_types_are_mended_first() -> None:
    steps = advise({"clever": "yes", "contact_types": "no"}).first

    assert any("emergency contacts are guardians" in step for step in steps)


def test_the_primary_school_alone_says_nothing_of_others(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(as_csv("users", [ANA, BEN]))

    assert "several_schools" not in observed(tmp_path, "clever")
    assert observed(tmp_path, "classlink")["several_schools"] == "no"


def test_one_school_cannot_feed_two_every_day_and_that_is_said() -> None:
    assert any("cannot feed two schools" in loss for loss in advise({"clever": "yes", "split": "yes"}).losses)


def test_what_classlink_can_mend_comes_first() -> None:
    advice = advise({"classlink": "yes", "links": "no", "guardian_schools": "no"})

    assert any("schools of their students" in step for step in advice.first)


@pytest.mark.parametrize(
    ("kind", "guardians", "answers"),
    [
        ("clever", [], {"contacts": "no", "contact_ids": "yes"}),
        ("clever", [("ana", "g1"), ("ben", "g2")], {"contacts": "yes", "contact_ids": "yes"}),
        ("clever", [("ana", ""), ("ben", "")], {"contacts": "yes", "contact_ids": "no"}),
    ],
)
def test_a_pull_answers_what_its_files_show(
    kind: SourceKind, guardians: list[tuple[str, str]], answers: Answers, tmp_path: Path
) -> None:
    rows = [{"studentSourcedId": student, "guardianSourcedId": key} for student, key in guardians]
    (tmp_path / "users.csv").write_bytes(as_csv("users", [ANA, BEN, TOM]))
    (tmp_path / "guardians.csv").write_bytes(as_csv("guardians", rows))

    found = observed(tmp_path, kind)

    assert answers.items() <= found.items()
    assert found["clever"] == "yes"
    assert found.keys() <= QUESTIONS.keys()


def test_guardians_among_the_users_answer_whether_they_are_linked(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(as_csv("users", [ANA, BEN, GIL]))

    assert observed(tmp_path, "classlink") == {
        "classlink": "yes",
        "several_schools": "no",
        "contacts": "yes",
        "links": "no",
        "guardian_schools": "yes",
    }


def test_the_command_needs_no_home(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--json", "source", "advise", "--answer", "clever=yes", "--answer", "contacts=no"]) == 0

    assert json.loads(capsys.readouterr().out)["way"] == "clever"


def test_an_answer_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["source", "advise", "--answer", "clever=perhaps"]) == 2

    assert "clever=perhaps" in capsys.readouterr().err


def test_nothing_is_advised_where_nothing_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["source", "advise"]) == 2

    assert "clever, classlink" in capsys.readouterr().err
