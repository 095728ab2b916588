"""What is told beside the fates of rows: families, contacts, classes and IDs that a person should look at."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.validators.examples import SPRINGFIELD, Row, base, codes_of, tables
from validators import catalogue, together
from validators.findings import folded
from validators.judging import Judgement, judge

TWO_SCHOOLS = replace(SPRINGFIELD, schools={"0042": "Lincoln High", "0043": "Oak Ridge"})


def person(key: str, role: str, **cells: str) -> Row:
    return {"sourcedId": key, "orgSourcedIds": "0042", "role": role, "givenName": "Pat", "familyName": key} | cells


def parent(key: str, **cells: str) -> Row:
    return person(key, "parent", **({"email": f"{key}@example.org"} | cells))


def child(key: str, *guardians: str, **cells: str) -> Row:
    return person(key, "student", agentSourcedIds=",".join(guardians), **cells)


def contact(student: str, key: str, **cells: str) -> Row:
    return {
        "studentSourcedId": student,
        "guardianSourcedId": key,
        "givenName": "Pat",
        "familyName": key,
        "email": f"{key}@example.org",
    } | cells


def seats(*students: Row) -> list[Row]:
    """Enrollments in which nobody is without a class."""
    more = [{"classSourcedId": "c-1", "userSourcedId": row["sourcedId"], "role": "student"} for row in students]
    return base("enrollments") + more


def judged(*people: Row, **other: Sequence[Row]) -> Judgement:
    """The valid set with more people, all of whose students sit in a class."""
    students = [row for row in people if row["role"] == "student"]
    made = tables(**({"users": base("users") + list(people), "enrollments": seats(*students)} | other))
    return judge(made, SPRINGFIELD)


def told(judgement: Judgement, code: str) -> dict[str, object]:
    return judgement.findings.filter(code=code).row(0, named=True)


def test_a_placeholder_parent_of_sixty_children_is_told() -> None:
    children = [child(f"x-{place}", "g-9") for place in range(60)]
    judgement = judged(*children, parent("g-9", email="noemail@example.org"))

    assert codes_of(judgement) == ["guardian.children.implausible", "guardian.email.dummy"]
    assert told(judgement, "guardian.children.implausible")["detail"] == "60"
    assert judgement.standing["users"].filter(sourcedId="x-7")["agents"].item().to_list() == ["g-9"]


def test_a_placeholder_parent_in_guardians_csv_is_told_too() -> None:
    children = [child(f"x-{place}") for place in range(30)]
    judgement = judged(*children, guardians=[contact(row["sourcedId"], "h-9") for row in children])

    assert told(judgement, "guardian.children.implausible") | {"cause": None} == {
        "code": "guardian.children.implausible",
        "file": "guardians.csv",
        "line": 2,
        "column": "guardianSourcedId",
        "value": "h-9",
        "detail": "30",
        "hint": None,
        "cause": None,
        "count": 1,
    }


def test_a_seventh_guardian_who_is_not_linked_has_no_child_to_be_mixed_up_with() -> None:
    students = [row | ({"email": "ben@example.org"} if row["sourcedId"] == "s-2" else {}) for row in base("users")]
    rows = [contact("s-2", f"h-{place}") for place in range(6)]
    judgement = judged(users=students, guardians=[*rows, contact("s-2", "h-7", email="ben@example.org")])

    assert "guardian.email.of_student" not in codes_of(judgement)


def test_ids_made_for_each_child_are_told_once() -> None:
    """The sibling file of sis-deviations 2.8: one mother under three IDs."""
    children = [child(f"x-{place}") for place in range(3)]
    mother = {"givenName": "Gia", "familyName": "Roe", "email": "gia.roe@example.org"}
    rows = [contact(row["sourcedId"], f"h-{place}", **mother) for place, row in enumerate(children)]
    judgement = judged(*children, guardians=rows)

    found = told(judgement, "guardian.sourcedId.per_child")
    assert (found["line"], found["count"], found["detail"]) == (2, 1, "3")
    assert "guardian.email.of_families" not in codes_of(judgement)


def test_parents_of_one_child_may_share_an_address() -> None:
    parents = [parent(key, email="home@example.org", sms="212-555-0143") for key in ("g-8", "g-9")]
    assert codes_of(judged(child("x-1", "g-8", "g-9"), *parents)) == []


def test_families_that_share_an_address_are_told() -> None:
    """connect-behaviour 3.7: shared contacts."""
    parents = [parent(key, email="home@example.org") for key in ("g-8", "g-9")]
    judgement = judged(child("x-1", "g-8"), child("x-2", "g-9"), *parents)

    assert codes_of(judgement) == ["guardian.email.of_families"]


def test_a_teacher_who_is_a_parent_is_a_note_and_both_stand() -> None:
    judgement = judged(child("x-1", "g-9"), parent("g-9", email="tom@example.org"))

    assert codes_of(judgement) == ["guardian.email.of_staff"]
    assert judgement.rejected.is_empty()


def test_guardians_of_the_district_are_told_in_plain_words() -> None:
    """connect-behaviour 9.4: guardians of the district."""
    people = [row | ({"orgSourcedIds": "9000"} if row["role"] == "parent" else {}) for row in base("users")]
    judgement = judged(users=people)

    found = told(judgement, "guardian.school.district")
    assert (found["detail"], found["count"]) == ("9000", 1)
    assert catalogue.message(found, masked=True).startswith("1 guardian of your students belongs to “9000”")


def test_a_guardian_of_another_school_without_a_child_here_is_no_guardian_of_the_district() -> None:
    far = [child("x-1", "g-9", orgSourcedIds="0077"), parent("g-9", orgSourcedIds="0077")]
    assert codes_of(judged(*far, enrollments=base("enrollments"))) == ["user.school.other"]


def test_a_file_without_any_link_says_so_once_and_explains_the_rest() -> None:
    people = [row | {"agentSourcedIds": ""} for row in base("users")] + [parent("g-2"), parent("g-3")]
    judgement = judged(users=people)

    cause = judgement.findings["code"].index_of("guardianships.none")
    following = judgement.findings.filter(cause=cause)["code"].to_list()
    assert sorted(following) == ["guardian.unlinked"] * 3 + ["student.without_guardian"]
    assert folded(judgement.findings).height == 3


@pytest.mark.parametrize("name", ["custody", "Court Order", "Lives_With", "receivesMail"])
def test_a_column_that_may_forbid_messages_is_told_every_night_and_stops_none(name: str) -> None:
    rows = [row | {name: cell} for row, cell in zip(base("guardians"), ("Joint", "see file"), strict=True)]
    judgement = judged(guardians=rows)

    found = told(judgement, "guardian.restriction.unread")
    assert (found["detail"], found["count"]) == (name, 2)
    assert judgement.standing["guardians"].height == 2


@pytest.mark.parametrize(
    ("name", "cell"), [("custody", "No Rights"), ("courtOrder", "Y"), ("Receives Mail", "N"), ("restricted", "TRUE")]
)
def test_a_cell_that_forbids_messages_is_named(name: str, cell: str) -> None:
    rows = [row | {name: cell if row["studentSourcedId"] == "s-2" else ""} for row in base("guardians")]
    judgement = judged(guardians=rows)

    found = told(judgement, "guardian.restriction.set")
    assert (found["line"], found["value"], found["count"]) == (3, cell, 1)


def test_emergency_contacts_are_told_by_the_column_that_says_so() -> None:
    rows = [
        row | {"relationship": "Neighbor" if row["studentSourcedId"] == "s-2" else "Aunt"} for row in base("guardians")
    ]
    assert told(judged(guardians=rows), "guardian.contact.emergency")["line"] == 3


def test_zeros_that_a_spreadsheet_took_away_are_told_once_and_match_nobody() -> None:
    children = [child(f"000{place}", "g-1") for place in range(1, 4)]
    rows = seats(*children) + [
        {"classSourcedId": "c-2", "userSourcedId": row["sourcedId"].lstrip("0"), "role": "student"} for row in children
    ]
    judgement = judged(*children, enrollments=rows)

    found = told(judgement, "ids.zeros_lost")
    assert (found["file"], found["column"], found["count"]) == ("enrollments.csv", "userSourcedId", 3)
    lost = judgement.findings.filter(code="enrollment.user.unknown")
    assert lost.select("value", "hint").rows() == [("1", "0001"), ("2", "0002"), ("3", "0003")]
    assert judgement.rejected["line"].to_list() == lost["line"].to_list()
    assert "Did you mean “0001”?" in catalogue.message(lost.row(0, named=True), masked=False)
    assert "0001" not in catalogue.message(lost.row(0, named=True), masked=True)


def test_nobody_is_meant_where_two_would_fit() -> None:
    children = [child("01", "g-1"), child("001", "g-1")]
    rows = [*seats(*children), {"classSourcedId": "c-2", "userSourcedId": "1", "role": "student"}]
    judgement = judged(*children, enrollments=rows)

    assert told(judgement, "enrollment.user.unknown")["hint"] is None
    assert "ids.zeros_lost" not in codes_of(judgement)
    assert told(judgement, "user.sourcedId.twin")["count"] == 2


def test_an_id_in_other_letters_is_meant_before_one_with_other_zeros() -> None:
    rows = [
        row | ({"guardianSourcedId": "", "studentSourcedId": "S-2"} if row["studentSourcedId"] == "s-2" else {})
        for row in base("guardians")
    ]
    judgement = judged(guardians=rows)

    assert told(judgement, "guardian.student.unknown")["hint"] == "s-2"
    assert told(judgement, "ids.case_differs")["detail"] == "users.csv"


def test_a_number_of_a_student_and_of_staff_is_told_as_the_reason_of_the_conflict() -> None:
    judgement = judged(person("s-2", "teacher"))

    found = told(judgement, "ids.across_kinds")
    assert (found["line"], found["value"], found["count"]) == (3, "s-2", 1)


def test_students_and_staff_may_have_numbers_that_differ_in_zeros() -> None:
    assert codes_of(judged(child("0007", "g-1"), person("7", "teacher"))) == []


def test_a_school_that_lost_its_zeros_is_told_with_the_one_that_was_meant() -> None:
    judgement = judged(child("x-1", "g-1", orgSourcedIds="42"), enrollments=base("enrollments"))

    found = told(judgement, "school.spelled_otherwise")
    assert (found["detail"], found["hint"], found["count"]) == ("42", "0042", 1)


def test_a_school_without_guardians_is_told_where_others_have_some() -> None:
    made = tables(
        users=[*base("users"), child("x-1", orgSourcedIds="0043"), person("t-9", "teacher", orgSourcedIds="0043")]
    )
    found = judge(made, TWO_SCHOOLS).findings

    assert found.filter(code="school.without_guardians")["detail"].to_list() == ["0043"]
    assert found.filter(code="school.without_staff").is_empty()


def test_nothing_is_said_of_schools_where_no_school_has_any() -> None:
    people = [row for row in base("users") if row["role"] != "parent"]
    people += [child("x-1", orgSourcedIds="0043"), person("t-9", "teacher", orgSourcedIds="0043")]

    assert "school.without_guardians" not in codes_of(judge(tables(users=people), TWO_SCHOOLS))


def test_students_without_class_are_counted_by_school_and_faulty_rows_are_no_reason() -> None:
    rows = [*base("enrollments"), {"classSourcedId": "c-404", "userSourcedId": "x-2", "role": "student"}]
    judgement = judged(child("x-1", "g-1"), child("x-2", "g-1"), enrollments=rows)

    found = told(judgement, "student.without_class")
    assert (found["detail"], found["count"]) == ("0042", 1)


def test_without_any_enrollment_of_students_nobody_is_called_without_class() -> None:
    rows = [row for row in base("enrollments") if row["role"] == "teacher"]
    assert "student.without_class" not in codes_of(judged(enrollments=rows))


def test_dates_that_are_none_are_not_called_reversed() -> None:
    rows = base("enrollments")
    rows[0] |= {"beginDate": "08/17/2026", "endDate": "06/05/2027"}
    rows[1] |= {"beginDate": "2026-08-17", "endDate": "2026-08-16"}
    judgement = judged(enrollments=rows)

    found = told(judgement, "enrollment.dates.reversed")
    assert (found["line"], found["value"], found["detail"]) == (3, "2026-08-16", "2026-08-17")
    assert judgement.rejected.is_empty()


def test_notices_change_the_fate_of_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    children = [child(f"000{place}", "g-9", email="noemail@example.org") for place in range(1, 9)]
    people = [*base("users"), *children, parent("g-9", orgSourcedIds="9000"), person("S-2", "student")]
    rows = [*seats(*children), {"classSourcedId": "c-2", "userSourcedId": "1", "role": "student"}]
    with_notices = judged(users=people, enrollments=rows)
    monkeypatch.setattr(together, "with_notices", lambda sieves, **_: sieves)
    without = judged(users=people, enrollments=rows)

    assert with_notices.findings.height > without.findings.height
    assert with_notices.rejected.equals(without.rejected)
    assert with_notices.set_aside.equals(without.set_aside)
    for name, standing in without.standing.items():
        assert with_notices.standing[name].equals(standing), name


def test_a_set_without_users_has_no_families_to_speak_of() -> None:
    made = tables(guardians=base("guardians"))
    del made["users"]
    assert codes_of(judge(made, SPRINGFIELD)) == []
