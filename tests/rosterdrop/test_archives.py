"""ZIPs on the command line."""

from pathlib import Path

import pytest

from rosterdrop.generating import generate
from tests.processors.archive_samples import BAD, zipped
from tests.rosterdrop.command_line import rosterdrop


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One night as a ZIP of a folder."""
    folder = generate(tmp_path_factory.mktemp("nights") / "week", students=300).nights[0]
    archive = folder.parent / "night.zip"
    archive.write_bytes(zipped({f"{folder.name}/{file.name}": file.read_bytes() for file in folder.glob("*.csv")}))
    return archive


def test_a_zip_is_uploaded_and_run_again_like_its_files(springfield: Path, night: Path) -> None:
    brought = rosterdrop("--json", "batch", "upload", "springfield", night, "--wait", home=springfield)
    again = rosterdrop("--json", "batch", "requeue", "1", "--wait", home=springfield)

    assert (brought.code, again.code) == (0, 0), brought.err + again.err
    named = {file["file"] for file in brought.document["files"]}
    assert named >= {"users.csv", "classes.csv", "enrollments.csv"}
    assert [file["sha256"] for file in again.document["files"]] == [
        file["sha256"] for file in brought.document["files"]
    ]


def test_a_zip_is_checked_like_its_files(night: Path) -> None:
    checked = rosterdrop("--json", "check", night)

    assert checked.code == 0
    assert {file["file"] for file in checked.document["files"]} >= {"users.csv", "classes.csv", "enrollments.csv"}


def test_a_bad_zip_is_refused_by_both(springfield: Path, tmp_path: Path) -> None:
    (tmp_path / "night.zip").write_bytes(BAD["up and out"].data())

    checked = rosterdrop("--json", "check", tmp_path / "night.zip")
    brought = rosterdrop("--json", "batch", "upload", "springfield", tmp_path / "night.zip", "--wait", home=springfield)

    for answer in (checked, brought):
        assert (answer.code, answer.document["verdict"]) == (4, "refused")
        assert [one["code"] for one in answer.document["findings"] if one["level"] == "error"] == ["archive.name"]


def test_what_is_no_zip_or_more_than_one_is_said_in_one_line(springfield: Path, tmp_path: Path, night: Path) -> None:
    (tmp_path / "night.zip").write_text("sourcedId\n")
    no_zip = rosterdrop("batch", "upload", "springfield", tmp_path / "night.zip", home=springfield)
    two = rosterdrop("check", night, tmp_path / "night.zip")

    assert (no_zip.code, two.code) == (2, 2)
    assert "night.zip is no ZIP archive" in no_zip.err
    assert "name it alone" in two.err
    assert no_zip.err.count("\n") == two.err.count("\n") == 1
