"""The table in the README tells what was really run."""

from pathlib import Path

from tests.clients.table import markdown, results_in

RESULTS = """<testsuites><testsuite name="pytest">
<testcase classname="m" name="test_pushes_a_new_set[curl]">
  <properties><property name="version" value="7.88.1"/></properties></testcase>
<testcase classname="m" name="test_replaces_a_set_with_shorter_files[curl]"><failure message="a short file"/></testcase>
<testcase classname="m" name="test_pushes_a_new_set[sshfs]">
  <skipped type="pytest.skip" message="this machine has no /dev/fuse"/></testcase>
<testcase classname="m" name="test_connects_as_the_table_says[JSch-default-2026-11]"/>
<testcase classname="m" name="test_connects_as_the_table_says[JSch-legacy-2026-11]"/>
</testsuite></testsuites>"""


def _rows(tmp_path: Path) -> dict[str, list[str]]:
    file = tmp_path / "results.xml"
    file.write_text(RESULTS)
    lines = [line for line in markdown(results_in([file])).splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: rest for name, *rest in cells}


def test_a_client_that_is_absent_is_told_as_not_run_and_never_as_passed(tmp_path: Path) -> None:
    assert set(_rows(tmp_path)["sshfs"]) == {"not run"}
    assert "this machine has no /dev/fuse" in markdown(results_in([tmp_path / "results.xml"]))


def test_the_table_tells_what_passed_what_failed_and_what_a_client_cannot(tmp_path: Path) -> None:
    rows = _rows(tmp_path)
    told = dict(zip(rows["client"], rows["curl 7.88.1"], strict=True))
    assert (told["new set"], told["replace"], told["sync"]) == ("yes", "FAILED", "-")


def test_a_client_that_is_refused_as_foreseen_does_not_come_in(tmp_path: Path) -> None:
    rows = _rows(tmp_path)
    told = dict(zip(rows["client"], rows["JSch"], strict=True))
    assert (told["strict"], told["default"], told["legacy"]) == ("not run", "no", "yes")
