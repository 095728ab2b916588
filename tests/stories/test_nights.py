"""What a night shows only beside those before it."""

import csv
import io

import pytest

from tests.stories.springfield import ANA, EVERYBODY, GIL, MATH, MEMBERS, TOM, Report, Row, Springfield, person

GRADES = [f"{number % 12 + 1:02}" for number in range(60)]
MANY = [
    person(f"s{number:02}", "student", familyName=f"Family{number}", grades=grade)
    for number, grade in enumerate(GRADES)
]


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    return springfield_at_rest


def night(springfield: Springfield, users: list[Row]) -> Report:
    return springfield.uploads_by_hand(users=users, classes=[MATH], enrollments=MEMBERS)


def renumbered(rows: list[Row]) -> list[Row]:
    return [{**row, "sourcedId": f"9-{row['sourcedId']}"} for row in rows]


def in_report(springfield: Springfield, report: Report, name: str) -> str:
    folder = next(springfield.home.reports("springfield").glob(f"*-batch-{report.number}"))
    return (folder / name).read_text("utf-8")


def test_new_ids_for_everybody_hold_the_night_and_are_listed(springfield: Springfield) -> None:
    night(springfield, [*EVERYBODY, *MANY])
    report = night(springfield, [*EVERYBODY, *renumbered(MANY)])

    assert report.verdict == "held"
    assert "ids.renumbered" in report.codes
    assert springfield.status_of("s07") == "active"
    assert springfield.status_of("9-s07") is None
    pairs = list(csv.DictReader(io.StringIO(in_report(springfield, report, "new-ids.csv"))))
    assert {"role": "student", "old": "s07", "new": "9-s07", "by": "grades"} in pairs
    assert len(pairs) == len(MANY)


def test_nothing_of_another_district_is_kept_beside_its_files(springfield: Springfield) -> None:
    night(springfield, [*EVERYBODY, *MANY])
    strangers = [{**row, "orgSourcedIds": "7777"} for row in renumbered(MANY)]
    report = springfield.uploads_by_hand(users=strangers, classes=[{**MATH, "schoolSourcedId": "7777"}], enrollments=[])
    assert report.codes == {"set.other_district"}
    kept = springfield.home.batch("springfield", report.number).rglob("*.*")
    assert [path.name for path in kept if "9-s07" in path.read_text("utf-8")] == ["users.csv"]


def test_new_ids_that_are_meant_are_taken(springfield: Springfield) -> None:
    springfield.settles(guard__hold_changed_ids="false")
    night(springfield, [*EVERYBODY, *MANY])
    assert night(springfield, [*EVERYBODY, *renumbered(MANY)]).verdict == "accepted"


def test_people_who_really_left_were_not_renumbered(springfield: Springfield) -> None:
    night(springfield, [*EVERYBODY, *MANY])
    strangers = [{**row, "givenName": f"New{row['sourcedId']}"} for row in renumbered(MANY)]
    report = night(springfield, [*EVERYBODY, *strangers])
    assert (report.verdict, "ids.renumbered" in report.codes) == ("accepted", False)


def test_an_id_that_somebody_else_got_brings_nobody(springfield: Springfield) -> None:
    night(springfield, [*EVERYBODY, *MANY])
    other = {**MANY[7], "givenName": "Ruth", "familyName": "Quill", "grades": "01"}
    report = night(springfield, [*EVERYBODY, *MANY[:7], other, *MANY[8:]])

    assert report.codes_at("users.csv", 13) == ["user.sourcedId.reused"]
    found = springfield.find("s07")
    assert found
    assert found.family_name == "Family7"


@pytest.mark.parametrize(
    "change",
    [
        {"familyName": "Quill"},
        {"givenName": "Ruth", "familyName": "Quill"},
        {"givenName": "Ruth", "familyName": "Quill", "grades": "09"},
    ],
    ids=["another family name", "another name in the same grade", "another name one grade up"],
)
def test_a_person_may_take_another_name(springfield: Springfield, change: Row) -> None:
    night(springfield, [*EVERYBODY, *MANY])
    report = night(springfield, [*EVERYBODY, *MANY[:7], {**MANY[7], **change}, *MANY[8:]])
    assert report.verdict == "accepted"


def test_other_people_under_the_same_ids_hold_the_night(springfield: Springfield) -> None:
    night(springfield, [*EVERYBODY, *MANY])
    others = [{**row, "givenName": "Test", "familyName": "Data", "grades": "13"} for row in MANY]
    report = night(springfield, [*EVERYBODY, *others])
    assert report.verdict == "held"
    assert "people.replaced" in report.codes
    assert "user.sourcedId.reused" not in report.codes


def test_the_same_files_again_are_noted(springfield: Springfield) -> None:
    assert "files.unchanged" not in night(springfield, list(EVERYBODY)).codes
    assert "files.unchanged" in night(springfield, list(EVERYBODY)).codes
    assert "files.unchanged" not in night(springfield, [ANA, GIL, TOM]).codes


def test_the_same_files_for_three_days_are_a_warning(springfield: Springfield) -> None:
    """connect-behaviour 9.5: no new files."""
    for day in (24, 25, 26):
        report = night(springfield, list(EVERYBODY))
        springfield.turns_back_received(report.number, f"2026-11-{day}T02:00:00.000Z")
    assert "files.stale" in night(springfield, list(EVERYBODY)).codes


def test_a_file_that_is_far_from_its_usual_size_is_told(springfield: Springfield) -> None:
    for last in (60, 59, 58):
        assert not {"file.shrank", "file.grew"} & night(springfield, [*EVERYBODY, *MANY[:last]]).codes
    report = night(springfield, [*EVERYBODY, *MANY[:30]])
    assert "file.shrank" in report.codes
    assert "62-64" in next(one["message"] for one in report.document["findings"] if one["code"] == "file.shrank")


def test_a_report_made_again_says_the_same_of_its_night(springfield: Springfield) -> None:
    night(springfield, [*EVERYBODY, *MANY])
    report = night(springfield, [*EVERYBODY, *renumbered(MANY)])
    again = springfield.reports_again(report.number)
    assert again["findings"] == report.document["findings"]


def test_who_keeps_the_login_number_is_the_same_person_whichever_column_has_it(springfield: Springfield) -> None:
    springfield.settles(reading__phone_credential="phone")
    numbers = {"email": "", "phone": "312-555-0142", "sms": "312-555-0177"}
    night(springfield, [*EVERYBODY, person("ida", "teacher", familyName="Hill", **numbers)])
    married = {**person("ida", "teacher", **numbers), "givenName": "Ida-Mae", "familyName": "Rossi"}
    report = night(springfield, [*EVERYBODY, married])

    assert "user.sourcedId.reused" not in report.codes
    assert (ida := springfield.find("ida")) and (ida.family_name, ida.sms) == ("Rossi", "+13125550142")
