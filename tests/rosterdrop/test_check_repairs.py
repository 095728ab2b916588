"""Repaired rows judged offline, before anybody sends them."""

from pathlib import Path

import pytest

from tests.rosterdrop.command_line import Answer, rosterdrop

ROWS = {
    "users": "sourcedId,orgSourcedIds,role,givenName,familyName\nana,0042,student,Ana,Gray\nben,0042,studnt,Ben,Gray\n",
    "classes": "sourcedId,title,schoolSourcedId,grades\nmath,Math 5,0042,05\n",
    "enrollments": "classSourcedId,userSourcedId,role\nmath,ana,student\nmath,ben,student\n",
}
PART = (
    "rosterdrop_batch,rosterdrop_line,rosterdrop_reason,sourcedId,orgSourcedIds,role,givenName,familyName\n"
    "7,3,user.role.unknown: x,ben,0042,student,Ben,Gray\n"
    "7,5,user.role.unknown: x,tom,0042,techer,Tom,Gray\n"
)


def check(folder: Path, text: str, *options: str, name: str = "fixed.csv") -> Answer:
    (folder / name).write_text(text)
    return rosterdrop("--json", "check", folder / name, *options)


def codes(answer: Answer) -> set[str]:
    return {finding["code"] for finding in answer.document["findings"]}


@pytest.mark.parametrize("name", ["fixed.csv", "users.csv"])
def test_repaired_rows_are_judged_by_themselves(tmp_path: Path, name: str) -> None:
    answer = check(tmp_path, PART, "--show-values", name=name)
    assert (answer.code, answer.document["verdict"]) == (3, "accepted_with_rejections")
    assert codes(answer) == {"repair.checked", "user.role.unknown", "profile.assumed"}
    (told,) = [one["message"] for one in answer.document["findings"] if one["code"] == "repair.checked"]
    assert f"{name} holds 2 repaired rows of users.csv, of batch 7" in told
    assert [row["line"] for row in answer.document["rejected"]] == [3]
    assert answer.document["files"][0]["rows"] == 2

    assert check(tmp_path, PART.replace("techer", "teacher"), name=name).code == 0
    assert "2 repaired rows of users.csv, of batch 7" in rosterdrop("check", tmp_path / name).out


@pytest.mark.parametrize(
    ("was", "becomes", "code"),
    [
        ("\n7,5", "\n6,5", "repair.outdated"),
        ("\n7,5", "\n,5", "repair.batch_unknown"),
        ("\n7,5", "\n7,5.0", "repair.line_unknown"),
        ("\n7,5", "\n7,3", "repair.line_repeated"),
        ("Tom,Gray", "Tom", "repair.row_unreadable"),
        (",givenName", ",nickname", "repair.columns"),
    ],
)
def test_what_would_be_refused_is_refused(tmp_path: Path, was: str, becomes: str, code: str) -> None:
    answer = check(tmp_path, PART.replace(was, becomes))
    assert (answer.code, codes(answer) - {"profile.assumed"}) == (4, {code})


def test_rows_that_came_back_as_one_text_are_not_judged(tmp_path: Path) -> None:
    lines = PART.splitlines()
    text = "\n".join([f"{lines[0]},rosterdrop_raw", f"{lines[1]},", '7,9,row.quote: x,,,,,,"a,0042,student,A,B"'])
    answer = check(tmp_path, text)
    assert (answer.code, answer.document["files"][0]["rows"]) == (0, 2)


def test_repaired_rows_beside_whole_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "fixed.csv").write_text(PART)
    for table, text in ROWS.items():
        (tmp_path / f"{table}.csv").write_text(text)
    assert "repair.overtaken" in codes(rosterdrop("--json", "check", tmp_path))


def test_against_a_district_the_whole_batch_is_judged_with_them(springfield: Path, tmp_path: Path) -> None:
    night = tmp_path / "night"
    night.mkdir()
    for table, text in ROWS.items():
        (night / f"{table}.csv").write_text(text)
    rosterdrop("batch", "upload", "springfield", night, "--wait", home=springfield)
    (rows,) = (springfield / "drops" / "springfield" / "reports").glob("*-batch-1/rejected/users.csv")
    repaired = tmp_path / "fixed.csv"
    repaired.write_text(rows.read_text().replace("studnt", "student"))

    checked = rosterdrop("--json", "check", repaired, "--against", "springfield", home=springfield)
    sent = rosterdrop("--json", "batch", "upload", "springfield", repaired, "--wait", home=springfield)
    assert "repair.applied" in codes(checked)
    for key in ("verdict", "findings", "files", "changes"):
        assert checked.document[key] == sent.document[key]
