"""Rejected rows come back repaired (INTERFACES, "Sending repaired rows back")."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from processors import mending, pipeline
from processors.frozen import Frozen
from processors.lending import NotJudgedYet
from processors.mending import mend
from tests.stories.springfield import (
    ANA,
    BEN,
    EVERYBODY,
    GIL,
    MATH,
    MEMBERS,
    TOM,
    Report,
    Row,
    Running,
    Springfield,
    as_csv,
    person,
    settled_home,
)

SPOILT = {**BEN, "role": "studnt"}
PLUS = {**person("plus", "studnt"), "givenName": "=1+1", "familyName": "'-Ng"}
NIGHT = [ANA, SPOILT, GIL, TOM]


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    return springfield_at_rest


def rejected(springfield: Springfield, report: Report, table: str = "users") -> list[dict[str, str]]:
    """The rows of a file in rejected/, as a spreadsheet shows them."""
    folder = next(springfield.home.reports("springfield").glob(f"*-batch-{report.number}"))
    return list(csv.DictReader(io.StringIO((folder / "rejected" / f"{table}.csv").read_text("utf-8"))))


def written(rows: Sequence[dict[str, str]], *, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def repaired(rows: Sequence[dict[str, str]], **cells: str) -> list[dict[str, str]]:
    return [{**row, **cells} for row in rows]


def spoilt_night(springfield: Springfield, users: Sequence[Row] | bytes = NIGHT) -> Report:
    return springfield.uploads_by_hand(users=users, classes=[MATH], enrollments=MEMBERS)


@pytest.mark.parametrize("name", ["users", "fixed by the office"])
def test_repaired_rows_take_the_places_of_the_rejected_ones(springfield: Springfield, name: str) -> None:
    report = spoilt_night(springfield)
    assert report.codes_at("users.csv", 3) == ["user.role.unknown"]

    report = springfield.uploads_by_hand(**{name: written(repaired(rejected(springfield, report), role="student"))})
    assert report.verdict == "accepted"
    assert report.codes >= {"repair.applied"}
    assert report.file("classes.csv")["carried_from"] == 1
    assert report.file("users.csv")["carried_from"] is None
    assert [springfield.status_of(row["sourcedId"]) for row in EVERYBODY] == ["active"] * len(EVERYBODY)


def test_rows_of_the_only_school_need_not_name_it(springfield: Springfield) -> None:
    """connect-behaviour 3.1: school level without school IDs."""
    users = b"sourcedId,role,givenName,familyName\nana,student,Ana,Gray\nben,studnt,Ben,Gray\ntom,teacher,Tom,Gray\n"
    classes = b"sourcedId,title,grades\nmath,Math 5,05\n"
    report = springfield.uploads_by_hand(users=users, classes=classes, enrollments=MEMBERS)
    assert report.verdict == "accepted_with_rejections"
    assert "header.column_missing" not in report.codes
    assert report.codes >= {"school.assumed"}

    back = written(repaired(rejected(springfield, report), role="student"))
    assert springfield.uploads_by_hand(users=back).verdict == "accepted"
    found = springfield.find("ben")
    assert found
    assert [school.key for school in found.schools] == ["0042"]

    springfield.settles(schools__0043="Roosevelt Middle")
    assert springfield.uploads_by_hand(users=users, classes=classes, enrollments=MEMBERS).verdict == "refused"


def test_the_guard_against_formulas_comes_off_again(springfield: Springfield) -> None:
    rows = rejected(springfield, spoilt_night(springfield, [*EVERYBODY, PLUS]))
    assert [(row["givenName"], row["familyName"]) for row in rows] == [("'=1+1", "''-Ng")]

    springfield.uploads_by_hand(users=written(repaired(rows, role="student"), delimiter=";"))
    found = springfield.find("plus")
    assert found
    assert (found.given_name, found.family_name) == ("=1+1", "'-Ng")


def test_all_other_lines_stay_as_they_were(springfield: Springfield) -> None:
    password = "sourcedId,orgSourcedIds,role,givenName,familyName,password,=note\n"
    lines = ['ana,0042,student,Ana,Gray,secret,"two\nlines"\n', 'ben,0042,studnt,Ben,Gray,hidden,"a\nb"\n']
    report = spoilt_night(springfield, "".join([password, *lines, "tom,0042,teacher,Tom,Gray,,\n"]).encode())
    row = repaired(rejected(springfield, report), role="student", **{"'=note": "c"})

    number = springfield.leaves_waiting({"users": written(row)})
    frozen = springfield.home.batch("springfield", number) / "files" / "users.csv"
    expected = [password, lines[0], "ben,0042,student,Ben,Gray,,c\n\n", "tom,0042,teacher,Tom,Gray,,\n"]
    assert frozen.read_text("utf-8") == "".join(expected)


def test_a_row_with_a_wrong_number_of_cells_comes_back_as_one_text(springfield: Springfield) -> None:
    torn = as_csv("users", [ANA, {**BEN, "language": "en"}, GIL, TOM]).replace(b"Ben,Gray", b"Ben,Gray, Jr")
    row = rejected(springfield, spoilt_night(springfield, torn))
    assert [key for key, value in row[0].items() if value and not key.startswith("rosterdrop_")] == []
    assert "Ben,Gray, Jr" in row[0]["rosterdrop_raw"]

    quoted = row[0]["rosterdrop_raw"].replace("Gray, Jr", '"Gray, Jr"')
    report = springfield.uploads_by_hand(users=written(repaired(row, rosterdrop_raw=quoted)))
    assert report.verdict == "accepted"
    found = springfield.find("ben")
    assert found
    assert found.family_name == "Gray, Jr"


def test_a_break_within_a_repaired_cell_tears_no_row(springfield: Springfield) -> None:
    row = rejected(springfield, spoilt_night(springfield))
    report = springfield.uploads_by_hand(users=written(repaired(row, role="student", familyName="Gray\nHill")))
    assert report.file("users.csv")["rows"] == len(NIGHT)


def test_breaks_that_only_unicode_knows_move_no_other_row(springfield: Springfield) -> None:
    torn = as_csv("users", [ANA, {**SPOILT, "familyName": "Gray\nHill"}, GIL, {**TOM, "role": "techer"}])
    row = rejected(springfield, spoilt_night(springfield, torn))[:1]
    report = springfield.uploads_by_hand(users=written(repaired(row, role="student", familyName="Gray\u2028Hill")))
    assert report.codes_at("users.csv", 6) == ["user.role.unknown"]


def test_rows_that_waited_for_another_one_come_with_it(springfield: Springfield) -> None:
    report = spoilt_night(springfield)
    assert [row["rosterdrop_line"] for row in rejected(springfield, report, "enrollments")] == ["3"]

    report = springfield.uploads_by_hand(users=written(repaired(rejected(springfield, report), role="student")))
    assert report.file("enrollments.csv")["accepted"] == len(MEMBERS)


def test_what_is_not_repaired_stays_rejected_and_can_be_repaired_next(springfield: Springfield) -> None:
    rows = rejected(springfield, spoilt_night(springfield, [ANA, SPOILT, GIL, {**TOM, "role": "techer"}]))
    report = springfield.uploads_by_hand(users=written(repaired(rows[:1], role="student")))
    assert report.verdict == "accepted_with_rejections"
    assert [row["rosterdrop_batch"] for row in rejected(springfield, report)] == ["2"]

    report = springfield.uploads_by_hand(users=written(repaired(rejected(springfield, report), role="teacher")))
    assert report.verdict == "accepted"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda rows: repaired(rows, rosterdrop_batch="0"), "repair.outdated"),
        (lambda rows: repaired(rows, rosterdrop_batch=""), "repair.batch_unknown"),
        (lambda rows: repaired(rows, rosterdrop_batch="77"), "repair.batch_unknown"),
        (lambda rows: repaired(rows, rosterdrop_batch="9" * 5000), "repair.batch_unknown"),
        (lambda rows: repaired(rows, rosterdrop_line="2"), "repair.line_unknown"),
        (lambda rows: repaired(rows, rosterdrop_line="3.0"), "repair.line_unknown"),
        (lambda rows: [*rows, *repaired(rows, givenName="Benjamin")], "repair.line_repeated"),
        (lambda rows: [{k: v for k, v in row.items() if k != "grades"} for row in rows], "repair.columns"),
    ],
)
def test_a_repair_that_does_not_fit_changes_nothing(
    springfield: Springfield, spoil: Callable[[list[dict[str, str]]], list[dict[str, str]]], code: str
) -> None:
    rows = repaired(rejected(springfield, spoilt_night(springfield)), role="student")
    before = springfield.connect_rows()
    report = springfield.uploads_by_hand(users=written(spoil(rows)))
    assert (report.verdict, report.codes) == ("refused", {code})
    assert springfield.connect_rows() == before


def test_rows_for_a_file_whose_copy_is_damaged_are_refused_in_words(springfield: Springfield) -> None:
    report = spoilt_night(springfield)
    rows = repaired(rejected(springfield, report), role="student")
    kept = springfield.home.batch("springfield", report.number) / "files" / "users.csv"
    kept.chmod(0o600)
    kept.write_bytes(kept.read_bytes() + b"\n")

    report = springfield.uploads_by_hand(users=written(rows))

    assert (report.verdict, report.codes) == ("refused", {"repair.batch_damaged"})


def test_columns_that_nobody_gave_are_not_read(springfield: Springfield) -> None:
    row = rejected(springfield, spoilt_night(springfield))
    report = springfield.uploads_by_hand(users=written(repaired(row, role="student", **{"=a": "1", "'=a": "2"})))
    assert report.verdict == "accepted"


def test_a_file_may_have_a_column_called_like_one_of_ours(springfield: Springfield) -> None:
    users = as_csv("users", NIGHT).replace(b"\n", b",x\n").replace(b",x\n", b",rosterdrop_reason\n", 1)
    row = rejected(springfield, spoilt_night(springfield, users))
    assert springfield.uploads_by_hand(users=written(repaired(row, role="student"))).verdict == "accepted"


def test_a_column_that_the_profile_names_since_then_loses_nothing(springfield: Springfield) -> None:
    users = as_csv("users", [ANA, {**SPOILT, "email": "ben@example.org"}, GIL, TOM])
    row = rejected(springfield, spoilt_night(springfield, users.replace(b"email", b"Correo del hogar", 1)))
    springfield.settles(reading__headers='["users.email=Correo del hogar"]')
    springfield.uploads_by_hand(users=written(repaired(row, role="student")))
    found = springfield.find("ben")
    assert found
    assert found.email == "ben@example.org"


def test_a_repair_is_refused_once_a_newer_night_came(springfield: Springfield) -> None:
    rows = repaired(rejected(springfield, spoilt_night(springfield)), role="student")
    spoilt_night(springfield, [ANA, SPOILT, GIL])
    report = springfield.uploads_by_hand(users=written(rows))
    assert report.codes == {"repair.outdated"}
    assert springfield.status_of("ben") is None


def test_a_night_that_comes_while_rows_are_repaired_is_not_undone(
    springfield: Springfield, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = repaired(rejected(springfield, spoilt_night(springfield)), role="student")

    def mend_slowly(*args: Any) -> Frozen:
        made = mend(*args)
        springfield.home.root.joinpath("by-hand").rename(springfield.home.root / "repairs")
        springfield.leaves_waiting({"users": [ANA, BEN, GIL], "classes": [MATH], "enrollments": MEMBERS})
        springfield.home.root.joinpath("repairs").rename(springfield.home.root / "by-hand")
        return made

    monkeypatch.setattr(mending, "mend", mend_slowly)
    with pytest.raises(NotJudgedYet):
        springfield.leaves_waiting({"users": written(rows)})


def test_rows_are_repaired_only_once_the_report_of_their_batch_is_written(
    springfield: Springfield, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = repaired(rejected(springfield, spoilt_night(springfield)), role="student")
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "publish", _full)
        with pytest.raises(OSError):
            spoilt_night(springfield)
    with pytest.raises(NotJudgedYet):
        springfield.leaves_waiting({"users": written(repaired(rows, rosterdrop_batch="2"))})


def _full(*_: object) -> None:
    raise OSError


def test_a_repair_that_is_cut_or_not_utf8_changes_nothing(springfield: Springfield) -> None:
    rows = repaired(rejected(springfield, spoilt_night(springfield)), role="student", givenName="Zoë")
    for content, code in (
        (written(rows).decode("utf-8-sig").encode("cp1252"), "repair.not_utf8"),
        (written(rows) + b"1,3,only these\r\n", "repair.row_unreadable"),
    ):
        assert springfield.uploads_by_hand(users=content).codes == {code}


def test_repaired_rows_without_their_marks_are_no_roster_however_often(springfield: Springfield) -> None:
    spoilt_night(springfield, [ANA, SPOILT, GIL, {**TOM, "role": "techer"}])
    springfield.uploads_by_hand(users=b"no,roster\n1,2\n", classes=[MATH], enrollments=MEMBERS)
    for users in ([BEN, {**TOM, "role": "?"}], [BEN, TOM]):
        report = springfield.uploads_by_hand(users=users)
        assert report.verdict == "refused"
        assert "repair.marks_missing" in report.codes
    again = pipeline.outcome_of(springfield.home, springfield.runs_again(report.number))
    assert again.verdict == "refused"
    assert springfield.status_of("ana") == "active"


def test_repaired_rows_without_their_marks_are_in_nobodys_way(springfield: Springfield) -> None:
    spoilt_night(springfield)
    springfield.uploads_by_hand(users=[BEN])
    carried = springfield.uploads_by_hand(classes=[MATH], enrollments=MEMBERS)
    assert carried.file("users.csv")["carried_from"] == 1

    rows = repaired(rejected(springfield, carried), role="student")
    springfield.uploads_by_hand(users=[BEN])
    assert springfield.uploads_by_hand(users=written(rows)).verdict == "accepted"


@pytest.mark.parametrize("table", ["users", "enrollments"])
def test_repaired_rows_that_are_taken_for_a_whole_file_take_nobody_away(springfield: Springfield, table: str) -> None:
    rows = rejected(springfield, spoilt_night(springfield), table)
    renamed = [{name.replace("_line", " row"): cell for name, cell in row.items()} for row in rows]
    report = springfield.uploads_by_hand(**{table: written(renamed)})
    assert report.verdict == "refused"
    assert "repair.no_whole_file" in report.codes
    (folder,) = springfield.home.reports("springfield").glob(f"*-batch-{report.number}")
    assert not (folder / "rejected").exists(), "rows that nobody could send back"
    assert [springfield.status_of(row["sourcedId"]) for row in (ANA, TOM)] == ["active"] * 2

    carried = springfield.uploads_by_hand(classes=[MATH])
    assert [carried.file(f"{name}.csv")["carried_from"] for name in ("users", "enrollments")] == [1, 1]


def test_a_corrected_users_csv_may_hold_whom_the_last_one_rejected(springfield: Springfield) -> None:
    everybody = [ANA, BEN, GIL, TOM]
    spoilt_night(springfield, [{**row, "role": "?"} for row in everybody])
    assert spoilt_night(springfield, everybody).verdict == "accepted"


def test_a_repaired_batch_can_be_run_again(springfield: Springfield) -> None:
    rows = repaired(rejected(springfield, spoilt_night(springfield)), role="student")
    report = springfield.uploads_by_hand(users=written(rows))
    number = springfield.runs_again(report.number)
    again = pipeline.outcome_of(springfield.home, number).report
    assert again.verdict == "accepted"
    assert "repair.applied" in again.judgement.findings["code"]


def test_repaired_rows_that_were_refused_are_looked_at_anew(springfield: Springfield) -> None:
    rows = repaired(rejected(springfield, spoilt_night(springfield)), role="student", givenName="Zoë")
    in_latin = {"users": written(rows).decode("utf-8-sig").encode("cp1252")}
    refused = springfield.uploads_by_hand(**in_latin)
    assert refused.codes == {"repair.not_utf8"}
    again = pipeline.outcome_of(springfield.home, springfield.runs_again(refused.number)).report
    assert set(again.judgement.findings["code"]) == {"repair.not_utf8"}

    springfield.settles(reading__encoding="windows-1252")
    assert springfield.uploads_by_hand(**in_latin).verdict == "accepted"


def test_an_office_repairs_rows_over_sftp(tmp_path: Path) -> None:
    district = Springfield(settled_home(tmp_path / "home"))
    with Running(district.home) as running:
        district.service = running
        rows = rejected(district, district.pushes(users=NIGHT))
        district.uploads({"repaired.csv": written(repaired(rows, role="student"))}, account="office")
        report = district.next_report()
    assert report.verdict == "accepted"
    assert district.status_of("ben") == "active"
    (receipt,) = district.home.summaries("springfield").glob("receipts/*repaired.csv.json")
    told = json.loads(receipt.read_text())
    assert (told["rows"], told["header"]) == (1, "repaired rows")
