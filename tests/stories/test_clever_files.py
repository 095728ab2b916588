"""A vendor that pushes the very files that it uploads to Clever: a night like any other, told in their own lines."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final

from config.clever_files import KEPT_PREFIX
from processors import pipeline, steering
from tests.processors.archive_samples import zipped
from tests.stories.springfield import GIL, NIGHT, Springfield, as_csv

Row = Mapping[str, str]

STUDENTS: Final = (
    "School_id", "Student_id", "Student_number", "Last_name", "First_name", "Grade", "DOB", "Password", "Contact_name",
    "Contact_type", "Contact_phone", "Contact_phone_type", "Contact_email", "Contact_sis_id",
)  # fmt: skip
SCHOOL: Final = {"School_id": "0042"}
GIL_GRAY: Final = {"Contact_name": "Gray, Gil", "Contact_type": "Primary", "Contact_sis_id": "gil"}
ANA: Final = {
    **SCHOOL, "Student_id": "ana", "Last_name": "Gray", "First_name": "Ana", "Grade": "5", "DOB": "2/11/2015",
    "Password": "hunter2", **GIL_GRAY, "Contact_phone": "3125550142", "Contact_phone_type": "Cell",
    "Contact_email": "gil@example.org",
}  # fmt: skip
BEN: Final = {**SCHOOL, "Student_id": "ben", "Last_name": "Gray", "First_name": "Ben", "Grade": "5"}
TOM: Final = {
    **SCHOOL, "Teacher_id": "tom", "Last_name": "Gray", "First_name": "Tom", "Teacher_email": "tom@example.org",
}  # fmt: skip
SECTION: Final = {**SCHOOL, "Section_id": "math", "Teacher_id": "tom", "Name": "Math 5", "Grade": "5"}
MEMBERS: Final = tuple({**SCHOOL, "Section_id": "math", "Student_id": one} for one in ("ana", "ben"))


def night(students: Sequence[Row] = (ANA, BEN), **others: bytes) -> dict[str, bytes]:
    return {
        "students.csv": clever_csv(students, STUDENTS),
        "teachers.csv": clever_csv((TOM,)),
        "sections.csv": clever_csv((SECTION,)),
        "enrollments.csv": clever_csv(MEMBERS),
        **{f"{name}.csv": content for name, content in others.items()},
    }


def clever_csv(rows: Sequence[Row], header: Sequence[str] | None = None) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, header or list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_clevers_files_are_a_night_and_their_contacts_are_guardians(springfield: Springfield) -> None:
    springfield.uploads(night())

    report = springfield.next_report()

    assert report.verdict == "accepted"
    assert report.codes >= {"clever.taken", "clever.contacts", "file.password_dropped"}
    assert {file["file"] for file in report.document["files"]} == {
        "users.csv", "classes.csv", "enrollments.csv", "guardians.csv",
    }  # fmt: skip
    assert [springfield.status_of(key) for key in ("ana", "ben", "gil", "tom")] == ["active"] * 4
    gil = springfield.find("gil")
    assert gil and (gil.given_name, gil.family_name, gil.sms) == ("Gil", "Gray", "+13125550142")
    kept = springfield.home.batch("springfield", report.number) / "files"
    assert {path.name for path in kept.iterdir()} == {
        *(f"{KEPT_PREFIX}{name}" for name in night()), "users.csv", "classes.csv", "enrollments.csv", "guardians.csv",
    }  # fmt: skip
    drop = springfield.home.drop("springfield")
    (drop / "students.csv").unlink()  # the vendor's own file holds what the vendor wrote
    assert b"hunter2" not in springfield.bytes_outside(kept)
    assert b"hunter2" not in b"".join((kept / f"{name}.csv").read_bytes() for name in ("users", "guardians"))


def test_what_is_wrong_is_told_of_the_line_and_the_column_that_were_sent(springfield: Springfield) -> None:
    wrong = {**ANA, "Contact_phone": "", "Contact_email": "gil at example"}
    springfield.uploads(night(students=(ANA, wrong, BEN, {**BEN, "Student_id": "cy", "School_id": ""})))

    report = springfield.next_report()

    found = {(one["file"], one["line"], one["column"]): one for one in report.document["findings"] if one["line"]}
    assert ("students.csv", 5, "School_id") in found
    assert ("students.csv", 3, "Contact_email") in found
    assert "School_id" in found["students.csv", 5, "School_id"]["message"]
    assert report.file("users.csv")["rejected"] == 1
    text = springfield.reads("reports/latest.txt")
    assert "students.csv" in text
    assert "Ben Gray (cy)" in text
    folder = next(springfield.home.reports("springfield").glob("*-batch-1"))
    row = next(csv.DictReader(io.StringIO((folder / "rejected" / "users.csv").read_text())))
    assert (row["metadata.sent_file"], row["metadata.sent_line"], row["sourcedId"]) == ("students.csv", "5", "cy")


def test_a_rejected_row_comes_back_repaired_and_the_night_can_be_run_again(springfield: Springfield) -> None:
    springfield.uploads(night(students=(ANA, BEN, {**BEN, "Student_id": "cy", "School_id": ""})))
    first = springfield.next_report()
    folder = next(springfield.home.reports("springfield").glob("*-batch-1"))
    rejected = (folder / "rejected" / "users.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(rejected)))

    springfield.uploads({"fixed.csv": clever_csv([{**row, "orgSourcedIds": "0042"} for row in rows])})
    repaired = springfield.next_report()

    assert (first.verdict, repaired.verdict) == ("accepted_with_rejections", "accepted")
    assert springfield.status_of("cy") == "active"
    again = springfield.runs_again(repaired.number)
    assert springfield.reports_again(again)["verdict"] == "accepted"
    assert springfield.status_of("cy") == "active"


def test_a_batch_of_clevers_files_is_made_of_them_anew_when_it_is_run_again(springfield: Springfield) -> None:
    springfield.settles(clever__contact_types='["Emergency"]')
    springfield.uploads(night())
    first = springfield.next_report()
    springfield.settles(clever__contact_types="[]")

    again = springfield.runs_again(first.number)

    assert "clever.no_contacts" in first.codes
    assert "clever.contacts" in {one["code"] for one in springfield.reports_again(again)["findings"]}
    assert springfield.status_of("gil") == "active"


def test_a_zip_with_clevers_files_counts_like_the_files(springfield: Springfield) -> None:
    springfield.uploads({"clever.zip": zipped(night())})

    assert springfield.next_report().verdict == "accepted"
    assert springfield.status_of("gil") == "active"


def test_a_file_of_guardians_takes_the_place_of_contacts(springfield: Springfield) -> None:
    beside = {"studentSourcedId": "ben", "guardianSourcedId": "hal", "givenName": "Hal", "familyName": "Gray"}
    springfield.uploads(night(guardians=as_csv("guardians", [{**beside, "email": "hal@example.org"}])))

    report = springfield.next_report()

    assert report.verdict == "accepted"
    assert "clever.contacts" not in report.codes
    assert (springfield.status_of("hal"), springfield.status_of("gil")) == ("active", None)


def test_no_contacts_never_mean_that_all_guardians_left(springfield: Springfield) -> None:
    springfield.uploads(night())
    springfield.next_report()
    columns = [name for name in STUDENTS if not name.startswith("Contact_")]
    bare = [{name: one[name] for name in columns if name in one} for one in (ANA, BEN)]

    springfield.uploads({**night(), "students.csv": clever_csv(bare, columns)})
    without_columns = springfield.next_report()
    no_contact = {name: "" for name in STUDENTS if name.startswith("Contact_")}
    springfield.uploads(night(students=(BEN, {**ANA, **no_contact})))
    empty = springfield.next_report()

    assert "clever.no_contact_columns" in without_columns.codes
    assert "clever.no_contacts" in empty.codes
    assert springfield.status_of("gil") == "active"


def test_a_file_that_cannot_be_read_refuses_the_set_and_nobody_leaves(springfield: Springfield) -> None:
    springfield.uploads(night())
    springfield.next_report()
    whole = night()["students.csv"]

    springfield.uploads({**night(), "students.csv": whole.replace(b"Student_id", b"Pupil")})
    renamed = springfield.next_report()
    springfield.uploads({**night(), "students.csv": whole.replace(b"Ben", b"Be,n")})
    torn = springfield.next_report()

    assert (renamed.verdict, torn.verdict) == ("refused", "refused")
    assert renamed.codes >= {"clever.unusable", "header.column_missing"}
    missing = next(one for one in renamed.document["findings"] if one["code"] == "header.column_missing")
    assert (missing["file"], missing["column"]) == ("students.csv", "Student_id")
    assert torn.codes_at("students.csv", 3)
    assert springfield.status_of("ben") == "active"


def test_a_set_waits_for_the_teachers_and_says_what_it_waits_for(springfield: Springfield) -> None:
    springfield.uploads({name: content for name, content in night().items() if name != "teachers.csv"})
    springfield.uploads({"go.done": b""})

    text = springfield.waits_for("reports/latest.txt")

    assert "users.csv" in text
    assert springfield.ledger() == []
    springfield.uploads({"teachers.csv": night()["teachers.csv"]})
    assert springfield.next_report().verdict == "accepted"


def test_a_night_without_its_staff_waits_until_somebody_has_looked(springfield: Springfield) -> None:
    staff = clever_csv(({**SCHOOL, "Staff_id": "al", "Last_name": "Chief", "First_name": "Al"},))
    springfield.uploads(night(staff=staff))
    springfield.next_report()

    springfield.uploads(night())
    second = springfield.next_report()
    springfield.uploads(night(teachers=clever_csv(({**TOM, "Teacher_email": "tg@example.org"},))))
    third = springfield.next_report()

    assert (second.verdict, third.verdict) == ("held", "held")
    assert "clever.staff_missing" in third.codes
    assert springfield.status_of("al") == "active"

    approving = steering.approve(springfield.home, third.number, who="sue", why="there is no staff.csv any more")
    pipeline.finish(springfield.home, "springfield", approving, who="sue")
    springfield.seen = approving
    springfield.uploads(night())
    assert springfield.next_report().verdict == "accepted"


def test_staff_are_missed_after_a_night_of_guardians_alone_too(springfield: Springfield) -> None:
    staff = clever_csv(({**SCHOOL, "Staff_id": "al", "Last_name": "Chief", "First_name": "Al"},))
    springfield.uploads(night(staff=staff))
    springfield.next_report()
    hal = {"studentSourcedId": "ben", "guardianSourcedId": "hal", "givenName": "Hal", "familyName": "Gray"}
    springfield.uploads({"guardians.csv": as_csv("guardians", [{**hal, "email": "hal@example.org"}])})
    assert springfield.next_report().number == 2

    springfield.uploads(night(staff=b"School_id,Staff_id,Last_name,First_name\r\n"))
    report = springfield.next_report()

    assert (report.verdict, "clever.staff_missing" in report.codes) == ("held", True)


def test_files_that_come_one_by_one_are_one_night(springfield: Springfield) -> None:
    for name, content in night().items():
        springfield.uploads({name: content})

    assert (springfield.next_report().verdict, len(springfield.ledger())) == ("accepted", 1)


def test_two_files_for_the_students_are_refused(springfield: Springfield) -> None:
    springfield.uploads({**night(), "Students.csv": night()["students.csv"]})

    report = springfield.next_report()

    assert (report.verdict, "file.twice" in report.codes) == ("refused", True)


def test_two_rosters_in_one_folder_are_refused(springfield: Springfield) -> None:
    users = as_csv("users", (*NIGHT["users"], GIL))

    report = springfield.uploads_by_hand(
        **{name.removesuffix(".csv"): content for name, content in {**night(), "users.csv": users}.items()}
    )

    assert (report.verdict, report.codes) == ("refused", {"clever.mixed"})
