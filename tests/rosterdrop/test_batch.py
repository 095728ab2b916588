"""What support sees of batches and people, by the command itself."""

import getpass
import json
import shutil
from pathlib import Path

import pytest

from rosterdrop import console
from rosterdrop.generating import generate
from tests.rosterdrop.command_line import in_a_process, rosterdrop


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("nights") / "week", students=300).nights[0]


@pytest.fixture(scope="module")
def loaded(made_home: Path, night: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home into which one night was brought; only looked at."""
    home = Path(shutil.copytree(made_home, tmp_path_factory.mktemp("loaded") / "home"))
    district = ("springfield", "--name", "Springfield Unified", "--time-zone", "America/Chicago")
    rosterdrop("district", "add", *district, "--school", "0042=Lincoln High", "--school", "0043", home=home)
    assert rosterdrop("batch", "upload", "springfield", night, "--wait", home=home).code == 0
    return home


def test_a_wait_ends_with_the_place_of_the_report(springfield: Path, night: Path) -> None:
    said = in_a_process("batch", "upload", "springfield", night, "--wait", home=springfield).out.splitlines()[-1]
    assert said.startswith("The whole report: ")
    assert Path(said.removeprefix("The whole report: ")).is_file()


def test_a_batch_that_waits_sayswho_will_work_on_it(springfield: Path, night: Path) -> None:
    rosterdrop("batch", "upload", "springfield", night, home=springfield)
    said = rosterdrop("batch", "requeue", "1", home=springfield).out
    assert "Batch 2 waits, and no service runs: `rosterdrop serve`" in said
    shown = rosterdrop("batch", "show", "2", home=springfield).out
    assert "From:     batch 1, run again" in shown
    assert "State:    frozen" in shown
    assert "Report:   none yet" in shown


def test_a_part_of_a_set_comes_after_the_set_that_waits(springfield: Path, night: Path) -> None:
    rosterdrop("batch", "upload", "springfield", night, home=springfield)
    part = ("batch", "upload", "springfield", night / "users.csv")
    refused = rosterdrop(*part, home=springfield)
    assert refused.code == 2
    assert "batch 1, which is not finished" in refused.err

    report = rosterdrop("--json", *part, "--wait", home=springfield).document
    assert {file["file"]: file["carried_from"] for file in report["files"]}["classes.csv"] == 1


def test_a_batch_shows_when_it_came_and_where_its_report_is(loaded: Path) -> None:
    shown = rosterdrop("--json", "batch", "show", "1", home=loaded).document
    assert shown["received"].endswith("Z")
    assert shown["received_local"][-6:] in {"-05:00", "-06:00"}
    assert (shown["time_zone"], shown["origin"], shown["state"]) == ("America/Chicago", "upload", "reported")
    assert json.loads((Path(shown["report"]) / "report.json").read_text())["batch"] == 1
    said = rosterdrop("batch", "show", "1", home=loaded).out
    assert "(Central time)" in said
    assert shown["report"] in said


def test_status_tells_programs_moments(loaded: Path) -> None:
    (district,) = rosterdrop("--json", "status", home=loaded).document["districts"]
    assert district["received"].endswith("Z")
    assert (district["state"], district["verdict"]) == ("reported", "accepted")


def test_every_mistake_has_a_line_in_status(springfield: Path) -> None:
    (springfield / "rosterdrop.toml").write_text("[server]\nprt = 1\nhst = 2\n")
    said = rosterdrop("status", home=springfield).out.splitlines()
    assert [line for line in said if line.startswith("Not valid: ")] == [
        line for line in said if "server.prt" in line or "server.hst" in line
    ]
    assert len([line for line in said if line.startswith("Not valid: ")]) == 2


def test_a_guardian_is_found_by_a_number_as_people_write_it(loaded: Path) -> None:
    by_id = rosterdrop("--json", "person", "find", "springfield", "--id", "g-000003", home=loaded)
    (guardian,) = by_id.document["people"]
    sms = guardian["sms"]
    for written in (
        f"{sms[2:5]}-{sms[5:8]}-{sms[8:]}",
        f"({sms[2:5]}) {sms[5:8]}.{sms[8:]}",
        guardian["email"].upper(),
    ):
        found = rosterdrop("--json", "person", "find", "springfield", "--contact", written, home=loaded).document
        assert guardian["key"] in {one["key"] for one in found["people"]}


def test_schools_have_their_names(loaded: Path) -> None:
    found = rosterdrop("--json", "person", "find", "springfield", "--id", "g-000003", home=loaded).document
    assert [(school["key"], school["name"]) for one in found["people"] for school in one["schools"]] == [
        ("0042", "Lincoln High")
    ]


def test_programs_get_an_empty_list_where_nobody_matches(loaded: Path) -> None:
    answer = rosterdrop("--json", "person", "find", "springfield", "--name", "Nobody Atall", home=loaded)
    assert (answer.code, answer.document, answer.err) == (5, {"people": []}, "")


def test_a_check_without_a_profile_says_what_it_assumed(night: Path, tmp_path: Path) -> None:
    said = rosterdrop("check", night, "--out", tmp_path / "report").out.splitlines()
    assert said[-2:] == [
        "No profile was named: schools were taken as found, times as UTC, phone numbers as those of the USA.",
        f"The whole report: {tmp_path / 'report' / 'report.html'}",
    ]


def test_a_user_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert console.who().removesuffix(", command line").isdecimal()
