"""`check --rules oneroster`: options, report and exit codes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

import pytest
from jsonschema import Draft202012Validator

from config.documents import schema
from rosterdrop.terminal import Terminal
from tests.cases.deliveries import BASES
from tests.rosterdrop.command_line import rosterdrop


def test_a_valid_delivery_conforms() -> None:
    answer = rosterdrop("--json", "check", BASES / "1.2", "--rules", "oneroster")

    assert answer.code == 0
    assert answer.document["rules"] == "oneroster"
    assert (answer.document["version"], answer.document["mode"]) == ("1.2", "bulk")
    Draft202012Validator(schema("report")).validate(answer.document)


def test_a_bad_row_is_told_and_comes_back_in_the_report_folder(tmp_path: Path) -> None:
    delivery = copytree(BASES / "1.1", tmp_path / "delivery")
    users = delivery / "users.csv"
    users.write_text(users.read_text().replace(",student,", ",pupil,", 1))

    answer = rosterdrop(
        "check", delivery, "--rules", "oneroster", "--version", "1.1", "--show-values", "--out", tmp_path / "report"
    )

    assert answer.code == 3
    assert "conform to OneRoster 1.1" in answer.out
    assert "Connect" not in answer.out
    rejected = (tmp_path / "report" / "rejected" / "users.csv").read_text()
    assert "oneroster.enum.unknown: “pupil” is no value of role" in rejected
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert {file["file"] for file in report["files"]} == {path.name for path in delivery.iterdir()}
    assert "Connect" not in (tmp_path / "report" / "report.txt").read_text()


@pytest.mark.parametrize(
    ("language", "said"), [("en", '"c-404" is not in classes.csv'), ("es", '"c-404" no está en classes.csv')]
)
def test_a_record_that_many_rows_name_is_told_once(tmp_path: Path, language: str, said: str) -> None:
    delivery = copytree(BASES / "1.1", tmp_path / "delivery")
    enrollments = delivery / "enrollments.csv"
    header, *rows = enrollments.read_text().splitlines()
    place = header.split(",").index("classSourcedId")
    lost = [[*(cells := row.split(","))[:place], "c-404", *cells[place + 1 :]] for row in rows]
    enrollments.write_text("\n".join([header, *map(",".join, lost)]) + "\n")
    asked = ("--rules", "oneroster", "--version", "1.1", "--show-values", "--language", language)

    answer = rosterdrop("check", delivery, *asked, "--out", tmp_path / "report")

    assert answer.code == 3
    assert said in " ".join(answer.out.split())
    findings = json.loads((tmp_path / "report" / "report.json").read_text())["findings"]
    (missing,) = [place for place, one in enumerate(findings) if one["code"] == "oneroster.reference.missing"]
    follow = [one for one in findings if one["code"] == "oneroster.reference.unknown"]
    assert [(one["cause"], one["count"]) for one in follow] == [(missing, len(rows))]


def test_the_report_speaks_spanish() -> None:
    answer = rosterdrop("check", BASES / "1.1", "--rules", "oneroster", "--language", "es")
    assert "Estos archivos cumplen OneRoster 1.1." in answer.out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--rules", "oneroster", "--against", "springfield"), "judges by the specification"),
        (("--version", "1.1"), "--version is asked with --rules oneroster only"),
        (("--rules", "oneroster", "--version", "1.3"), "'1.3' is not one of"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments: tuple[str, ...], why: str) -> None:
    answer = rosterdrop("check", BASES / "1.1", *arguments)
    assert answer.code == 2
    assert why in answer.err


def test_nothing_there_is_wrong_usage(tmp_path: Path) -> None:
    assert rosterdrop("check", tmp_path, "--rules", "oneroster").code == 2
    assert rosterdrop("check", tmp_path / "none.zip", "--rules", "oneroster").code == 2


def test_no_bar_is_drawn_where_nobody_watches() -> None:
    answer = rosterdrop("check", BASES / "1.1", "--rules", "oneroster")
    assert answer.err == ""


@pytest.mark.parametrize("rules", ["oneroster", "connect"])
def test_who_watches_is_told_how_far_reading_is(rules: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    @contextmanager
    def progress(_self: Terminal, _title: str, total: int) -> Iterator[Callable[[int], None]]:
        told.append(-total)
        yield told.append

    monkeypatch.setattr(Terminal, "progress", progress)
    rosterdrop("check", BASES / "1.1", "--rules", rules)
    assert len(told) > 3
    assert min(told) == told[0] <= -sum(told[1:])
    assert (sum(told) == 0) == (rules == "oneroster")  # connect leaves out the files that it does not know
