"""What a district lives through: pushes over real SFTP, judged, applied and reported by the real service."""

import time
from collections.abc import Sequence

from tests.stories.springfield import ANA, BEN, EVERYBODY, GIL, MATH, MEMBERS, TOM, Row, Springfield, as_csv, person


def test_a_first_night_is_in_connect_and_reported(springfield: Springfield) -> None:
    report = springfield.pushes()

    assert report.verdict == "accepted"
    assert report.document["changes"]["student"]["created"] == 2
    assert springfield.status_of("ana") == "active"
    assert (gil := springfield.find("gil")) and gil.sms == "+13125550142"


def test_the_same_night_again_writes_nothing_into_connect(springfield: Springfield) -> None:
    springfield.pushes()
    before = springfield.connect_rows()
    report = springfield.pushes()

    assert report.verdict == "accepted"
    assert springfield.connect_rows() == before


def test_a_rejected_row_keeps_the_student_in_connect(springfield: Springfield) -> None:
    springfield.pushes()
    report = springfield.pushes(users=[ANA, {**BEN, "role": "studnt"}, GIL, TOM])

    assert report.verdict == "accepted_with_rejections"
    assert report.codes_at("users.csv", line=3) == ["user.role.unknown"]
    assert springfield.status_of("ben") == "active"
    assert (ben := springfield.find("ben")) and ben.classrooms[0].status == "active"


def test_a_row_rejected_on_the_first_night_comes_when_it_is_repaired(springfield: Springfield) -> None:
    report = springfield.pushes(users=[ANA, {**BEN, "role": "studnt"}, GIL, TOM])
    assert springfield.status_of("ben") is None
    assert [entry["cascade"] for entry in report.document["rejected"]] == [False, True]

    springfield.pushes()
    assert (ben := springfield.find("ben")) and ben.classrooms[0].key == "math"


def test_the_corrected_users_file_alone_is_judged_with_last_nights_others(springfield: Springfield) -> None:
    first = springfield.pushes(users=[ANA, {**BEN, "role": "studnt"}, GIL, TOM])
    report = springfield.pushes(classes=None, enrollments=None)

    assert report.verdict == "accepted"
    assert report.file("classes.csv")["carried_from"] == first.number
    assert springfield.status_of("ben") == "active"


def test_a_set_that_lost_too_many_students_archives_nobody(springfield: Springfield) -> None:
    """connect-behaviour 2.2, T7; 9.5: statuses."""
    springfield.settles(guard__limit_percent="10", guard__at_least="2")
    many = [person(f"s{number}", "student") for number in range(20)]
    springfield.pushes(users=[*EVERYBODY, *many])
    report = springfield.pushes(users=[*EVERYBODY, person("new", "student")])

    assert report.verdict == "withheld"
    assert report.document["changes"]["student"]["withheld"] == 20
    assert springfield.status_of("s7") == "active"
    assert springfield.status_of("new") == "active"


def test_test_drop_is_judged_reported_and_never_applied(springfield: Springfield) -> None:
    """connect-behaviour 9.5: dry run."""
    springfield.pushes()
    before = springfield.connect_rows()
    files: dict[str, Sequence[Row]] = {"users": [ANA], "classes": [MATH], "enrollments": MEMBERS[:1]}
    springfield.uploads({f"test/{table}.csv": as_csv(table, rows) for table, rows in files.items()})
    report = springfield.waits_for("test/reports/latest.txt")

    assert "test" in report.casefold()
    assert springfield.connect_rows() == before


def test_an_older_upload_does_not_undo_a_newer_batch(springfield: Springfield) -> None:
    """connect-behaviour 9.5: restart."""
    springfield.pushes()
    springfield.uploads({"users.csv": as_csv("users", EVERYBODY)})
    newer = [{**ANA, "familyName": "Núñez"}, BEN, GIL, TOM]
    report = springfield.uploads_by_hand(users=newer, classes=[MATH], enrollments=MEMBERS)
    time.sleep(3)

    assert springfield.ledger()[-1][0] == report.number
    assert (ana := springfield.find("ana")) and ana.family_name == "Núñez"
