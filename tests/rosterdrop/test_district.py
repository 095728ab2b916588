import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.home import Home
from config.loading import load_profile
from tests.rosterdrop.command_line import rosterdrop

SHELBY = ("district", "add", "shelby", "--name", "Shelby", "--time-zone", "America/Denver")


def test_a_district_has_a_profile_and_a_drop(springfield: Path) -> None:
    home = Home(springfield)
    profile = load_profile(home, "springfield")
    assert (profile.name, profile.time_zone.key) == ("Springfield Unified", "America/Chicago")
    assert profile.schools == {"0042": "Lincoln High", "0043": "0043"}
    folders = [home.drop("springfield"), home.reports("springfield"), home.reports("springfield", test=True)]
    folders += [home.summaries("springfield"), home.summaries("springfield", test=True)]
    assert all(folder.is_dir() for folder in folders)
    assert {stat.S_IMODE(each.stat().st_mode) for each in springfield.rglob("*") if each.is_dir()} == {0o700}


def test_adding_a_district_tells_programs_what_was_made(home: Path) -> None:
    answer = rosterdrop("--json", *SHELBY, "--school", "auto", "--expect", "users,classes.csv", home=home)
    assert answer.document == {
        "district": "shelby",
        "name": "Shelby",
        "time_zone": "America/Denver",
        "schools": "auto",
        "expected": ["users", "classes"],
        "profile": str(home / "districts" / "shelby.toml"),
        "drop": str(home / "drops" / "shelby"),
    }
    assert load_profile(Home(home), "shelby").schools is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("district", "add", "Shelby", *SHELBY[3:], "--school", "1"), "'Shelby' cannot be a district's id"),
        (("district", "add", "../x", *SHELBY[3:], "--school", "1"), "'../x' cannot be a district's id"),
        (("district", "add", "springfield", *SHELBY[3:], "--school", "1"), "there is a district 'springfield' already"),
        ((*SHELBY[:-1], "denver", "--school", "1"), "Did you mean America/Denver?"),
        (SHELBY, "Missing option '--school'"),
        ((*SHELBY, "--school", "=Lincoln"), "has no ID of a school"),
        ((*SHELBY, "--school", "1=A", "--school", "1=B"), "one that was named before"),
        ((*SHELBY, "--school", "1", "--school", "auto"), "name schools or auto, not both"),
        ((*SHELBY, "--school", "1", "--expect", "user"), "Did you mean users?"),
    ],
)
def test_a_district_that_cannot_be_leaves_nothing(springfield: Path, arguments: tuple[str, ...], says: str) -> None:
    answer = rosterdrop(*arguments, home=springfield)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err
    assert len(answer.err.splitlines()) == 1
    assert [file.name for file in (springfield / "drops").iterdir()] == ["springfield"]
    assert [file.name for file in (springfield / "districts").iterdir()] == ["springfield.toml"]


def test_districts_are_listed(springfield: Path) -> None:
    rosterdrop(*SHELBY, "--school", "auto", home=springfield)
    assert rosterdrop("district", "list", home=springfield).out.splitlines() == [
        "district     name                 time zone        schools",
        "shelby       Shelby               America/Denver   auto",
        "springfield  Springfield Unified  America/Chicago  2",
    ]
    listed = rosterdrop("--json", "district", "list", home=springfield).document["districts"]
    assert [(each["district"], each["schools"]) for each in listed] == [
        ("shelby", "auto"),
        ("springfield", {"0042": "Lincoln High", "0043": "0043"}),
    ]


def test_settings_are_shown_with_their_source(springfield: Path) -> None:
    rosterdrop("district", "set", "springfield", "guard.at_least=3", home=springfield)
    settings = rosterdrop("--json", "district", "show", "springfield", home=springfield).document["settings"]
    by_key = {setting["key"]: setting for setting in settings}
    assert (by_key["guard.at_least"]["value"], by_key["guard.at_least"]["source"]) == (3, "profile")
    limit = by_key["guard.limit_percent"]
    assert (limit["value"], limit["source"], limit["connect"]) == (10.0, "default", "Deletion Threshold")
    text = rosterdrop("district", "show", "springfield", home=springfield).out
    assert "0042 Lincoln High, 0043" in text


def test_several_settings_are_changed_at_once(springfield: Path) -> None:
    answer = rosterdrop(
        *("--json", "district", "set", "springfield"),
        *("guard.limit_percent=100", "schools.0044=Adams = Jefferson", "arrival.deadline=06:00"),
        home=springfield,
    )
    assert answer.document == {
        "district": "springfield",
        "changed": {
            "schools": {"0042": "Lincoln High", "0043": "0043", "0044": "Adams = Jefferson"},
            "arrival.deadline": "06:00",
            "guard.limit_percent": 100,
        },
    }


def test_a_limit_that_ends_by_itself_is_an_entry_of_the_calendar(springfield: Path) -> None:
    change = ("district", "set", "springfield", "guard.limit_percent=60", "--until")
    today = datetime.now(load_profile(Home(springfield), "springfield").time_zone).date()
    answer = rosterdrop(*change, f"{today}", home=springfield)

    assert answer.out.strip() == f'guard.calendar is now ["{today}/{today}=60"]'
    guard = load_profile(Home(springfield), "springfield").guard
    assert (guard.limit_percent, guard.on(today).limit_percent) == (10, 60)
    assert guard.on(today + timedelta(days=1)) == guard

    assert rosterdrop(*change, f"{today - timedelta(days=1)}", home=springfield).code == 2
    assert rosterdrop("district", "set", "springfield", "guard.at_least=3", *change[4:], f"{today}").code == 2
    assert load_profile(Home(springfield), "springfield").guard == guard


@pytest.mark.parametrize("days", ["2026-09-15/2026-08-01=60", "2026-08-01=60", "2026-08-01/2026-09-15=101", "soon"])
def test_days_of_the_calendar_must_be_days(springfield: Path, days: str) -> None:
    answer = rosterdrop("district", "set", "springfield", f'guard.calendar=["{days}"]', home=springfield)
    assert answer.code == 2
    assert "the first day, the last day and a percentage" in answer.err


@pytest.mark.parametrize(
    ("merged", "says"),
    [
        ('["0043=0099"]', "0043 cannot be part of 0099: 0099 is no school of this district"),
        ('["0042=0042"]', "0042 cannot be part of 0042: 0042 is part of another school itself"),
        ('["0044=0043", "0043=0042"]', "0044 cannot be part of 0043: 0043 is part of another school itself"),
    ],
)
def test_a_school_is_part_of_one_that_there_is(springfield: Path, merged: str, says: str) -> None:
    answer = rosterdrop("district", "set", "springfield", f"reading.same_school={merged}", home=springfield)
    assert answer.code == 2
    assert says in answer.err


def test_comments_survive_a_change(springfield: Path) -> None:
    file = springfield / "districts" / "springfield.toml"
    file.write_text("# by Ana, ext. 12\n" + file.read_text())
    before = file.read_text().splitlines()
    assert rosterdrop("district", "set", "springfield", "guard.at_least=5", home=springfield).code == 0
    after = file.read_text().splitlines()
    assert after == [line.replace("# at_least = 2", "at_least = 5") for line in before]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("guard.limit_precent=5", "Did you mean guard.limit_percent?"),
        ("guard.limit_percent=lots", '"lots" cannot be used here. Allowed: a number from 0 to 100.'),
        ("guard.limit_percent", "is not of the form KEY=VALUE"),
        ("time_zone=", "time_zone: it is missing"),
        ("arrival.settle_s=nan", "districts/springfield.toml, arrival.settle_s: "),
        ("arrival.settle_s=-inf", "districts/springfield.toml, arrival.settle_s: "),
    ],
)
def test_a_change_that_is_not_valid_changes_nothing(springfield: Path, change: str, says: str) -> None:
    file = springfield / "districts" / "springfield.toml"
    before = file.read_text()
    answer = rosterdrop("district", "set", "springfield", "guard.at_least=5", change, home=springfield)
    assert answer.code == 2
    assert says in answer.err
    assert file.read_text() == before


@pytest.mark.parametrize(
    "arguments", [("show", "sprngfield"), ("set", "sprngfield", "guard.at_least=1"), ("set", "sprngfield", "a=b")]
)
def test_an_unknown_district_is_its_own_exit_code(springfield: Path, arguments: tuple[str, ...]) -> None:
    answer = rosterdrop("district", *arguments, home=springfield)
    assert (answer.code, answer.err) == (5, "error: there is no district 'sprngfield'; did you mean springfield?\n")
