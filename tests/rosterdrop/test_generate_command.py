import json
from pathlib import Path

import pytest

from rosterdrop.generating import ALL_FAULTS
from tests.rosterdrop.command_line import rosterdrop


def test_nights_are_written_with_the_faults_that_were_ordered(tmp_path: Path) -> None:
    arguments = ("--students", "60", "--nights", "2", "--faults", "role_unknown", "id_conflict@1,row_repeated")
    answer = rosterdrop("--json", "generate", tmp_path / "d", *arguments)
    assert answer.code == 0, answer.err
    assert answer.document["nights"] == [str(tmp_path / "d" / "night-1"), str(tmp_path / "d" / "night-2")]
    planted = json.loads((tmp_path / "d" / "planted.json").read_text())["planted"]
    assert len(planted) == answer.document["planted"]
    assert {(one["night"], one["fault"]) for one in planted} == {
        (1, "id_conflict"),
        (2, "role_unknown"),
        (2, "row_repeated"),
    }


def test_all_faults_are_those_that_fit(tmp_path: Path) -> None:
    for guardians in ((), ("--separate-guardians",)):
        folder = tmp_path / f"d{len(guardians)}"
        answer = rosterdrop("generate", folder, "--students", "150", "--faults", "all", *guardians)
        assert answer.code == 0, answer.err
        assert (folder / "night-1" / "guardians.csv").exists() is bool(guardians)


def test_the_faults_are_listed_by_what_they_are_about() -> None:
    answer = rosterdrop("generate", "--list-faults")
    assert answer.code == 0, answer.err
    assert "IDs:\n" in answer.out
    assert [name for name in ALL_FAULTS if f"  {name} " not in answer.out] == []


def test_a_version_is_written_whole(tmp_path: Path) -> None:
    answer = rosterdrop("--json", "generate", tmp_path / "d", "--students", "20", "--version", "1.2")
    assert answer.code == 0, answer.err
    assert {"manifest.csv", "roles.csv"} <= answer.document["rows"].keys()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--students", "0"), "0 is not in the range"),
        (("--students", "20", "--faults", "rol_unknown"), "Did you mean role_unknown?"),
        (("--students", "20", "--faults", "role_unknown@2"), "names no night from 1 to 1"),
        (("role_unknown", "--students", "20"), "faults are named after --faults"),
    ],
)
def test_an_order_that_cannot_be_writes_nothing(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    answer = rosterdrop("generate", tmp_path / "d", *arguments)
    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert says in answer.err
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_the_way_of_the_folder_is_told(home: Path, place: str) -> None:
    (home / "file").touch()
    answer = rosterdrop("generate", home / place, "--students", "5", home=home)
    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert f"{home / place} cannot be written: a file stands in its way." in answer.err
    assert not (home / "failures.log").exists()
