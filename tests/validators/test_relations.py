"""Who points at whom, and what becomes of a row whose target does not stand."""

import pytest

from tests.validators.examples import SPRINGFIELD, Row, base, table, tables
from validators.judging import Judgement, judge

Found = list[tuple[str, int | None, str | None]]


def person(key: str, role: str, agents: str = "", **cells: str) -> Row:
    return {
        "sourcedId": key,
        "orgSourcedIds": "0042",
        "role": role,
        "givenName": "Pat",
        "familyName": "Doe",
        "email": f"{key}@example.org",
        "agentSourcedIds": agents,
    } | cells


def judged(*more: Row, agents: str = "g-1", **other: list[Row]) -> Judgement:
    """The valid set with other links of s-2 (line 3), and more people from line 7 on."""
    users = [row | ({"agentSourcedIds": agents} if row["sourcedId"] == "s-2" else {}) for row in base("users")]
    return judge(tables(users=users + list(more), **other), SPRINGFIELD)


def found(judgement: Judgement) -> Found:
    rows: Found = judgement.findings.select("code", "line", "value").rows()
    return rows


def agents_of(judgement: Judgement, student: str) -> list[str]:
    agents: list[str] = judgement.standing["users"].filter(sourcedId=student)["agents"].item().to_list()
    return agents


@pytest.mark.parametrize(
    ("agents", "code", "value"),
    [
        ("g-1,g-9", "user.agent.unknown", "g-9"),
        ("g-1,s-2", "user.agent.self", "s-2"),
        ("g-1,s-1", "user.agent.not_guardian", "s-1"),
        ("t-1,g-1", "user.agent.not_guardian", "t-1"),
    ],
)
def test_a_link_to_nobody_or_to_the_wrong_one_is_left_out(agents: str, code: str, value: str) -> None:
    """connect-behaviour 9.3: agent who is no guardian."""
    judgement = judged(agents=agents)

    assert found(judgement) == [(code, 3, value)]
    assert agents_of(judgement, "s-2") == ["g-1"]


def test_a_bad_link_does_not_keep_a_parent_who_was_taken_off_the_list() -> None:
    judgement = judged(agents="g-9")
    assert judgement.standing["users"].filter(sourcedId="s-2")["kept"].item().to_list() == []


def test_links_of_both_sides_count_once() -> None:
    """connect-behaviour 9.3: agents on the guardian's row."""
    judgement = judged(person("g-2", "relative", agents="s-2,s-1"), person("g-3", "parent"), agents="g-2,g-1,g-3,g-2")

    assert found(judgement) == []
    assert agents_of(judgement, "s-2") == ["g-2", "g-1", "g-3"]
    assert agents_of(judgement, "s-1") == ["g-1", "g-2"]


def test_a_link_to_a_rejected_guardian_waits_and_names_its_cause() -> None:
    judgement = judged(person("g-2", "parent", givenName=""), agents="g-1,g-2")
    link = judgement.findings.filter(code="user.agent.rejected")

    assert judgement.findings["code"][link["cause"].item()] == "user.givenName.missing"
    assert "g-2" in judgement.protected["users"]["key"]


def test_a_link_to_a_guardian_who_is_set_aside_is_no_fault() -> None:
    judgement = judged(person("g-2", "parent", email=""), agents="g-1,g-2")

    assert [code for code, _, _ in found(judgement)] == ["user.contact.none"]
    assert agents_of(judgement, "s-2") == ["g-1"]


def test_only_six_guardians_are_linked_whichever_side_names_them() -> None:
    """connect-behaviour 6, G6; 9.3: more than six guardians."""
    six = [person(f"g-{place}", "parent", agents="s-2") for place in range(2, 8)]
    judgement = judged(*six)

    assert agents_of(judgement, "s-2") == ["g-1", "g-2", "g-3", "g-4", "g-5", "g-6"]
    assert judgement.findings.select("code", "line", "value", "detail").rows() == [
        ("user.agent.too_many", 3, "g-7", "7")
    ]


def test_a_guardian_whom_nobody_names_is_told() -> None:
    assert found(judged(person("g-2", "guardian"))) == [("guardian.unlinked", 7, "g-2")]


def test_a_guardian_whose_student_is_rejected_is_not_alone() -> None:
    judgement = judged(person("s-3", "student", agents="g-2", familyName=""), person("g-2", "guardian"))
    assert [code for code, _, _ in found(judgement)] == ["user.familyName.missing"]


def test_a_guardian_whose_student_has_an_unknown_role_is_not_alone() -> None:
    judgement = judged(person("s-3", "pupil", agents="g-2"), person("g-2", "guardian"))
    assert [code for code, _, _ in found(judgement)] == ["user.role.unknown"]


def test_roles_that_count_alike_are_no_mismatch() -> None:
    rows = [row | {"role": "proctor"} if row["role"] == "teacher" else row for row in base("enrollments")]
    assert found(judged(enrollments=rows)) == []


def test_users_decide_on_the_role_and_classes_on_the_school() -> None:
    """connect-behaviour 9.4: school of an enrollment."""
    rows = base("enrollments")
    rows[2] |= {"role": "student", "schoolSourcedId": "0099"}
    judgement = judged(enrollments=rows)

    assert found(judgement) == [("enrollment.role.mismatch", 4, "student"), ("enrollment.school.mismatch", 4, "0099")]
    row = judgement.standing["enrollments"].row(2, named=True)
    assert (row["role"], row["kind"], row["schoolSourcedId"]) == ("teacher", "staff", "0042")


def test_a_guardian_is_not_enrolled_whatever_the_row_says() -> None:
    """connect-behaviour 3.6: enrolments of students and teachers."""
    rows = [*base("enrollments"), {"classSourcedId": "c-1", "userSourcedId": "g-1", "role": "teacher"}]
    judgement = judged(enrollments=rows)

    assert judgement.rejected.select("line", "codes", "cascade").rows() == [(6, ["enrollment.user.guardian"], False)]


def test_an_enrollment_in_another_schools_class_is_set_aside_though_its_user_is_unknown() -> None:
    classes = [*base("classes"), {"sourcedId": "c-9", "title": "Far", "schoolSourcedId": "0077", "grades": "05"}]
    rows = [*base("enrollments"), {"classSourcedId": "c-9", "userSourcedId": "x-9", "role": "student"}]
    judgement = judged(classes=classes, enrollments=rows)

    assert judgement.rejected.is_empty()
    assert judgement.findings.filter(code="enrollment.school.other")["detail"].to_list() == ["0077"]


def test_a_user_whose_row_is_torn_is_rejected_and_not_unknown() -> None:
    made = tables()
    made["users"] = table("users", base("users")[1:], broken={2: 's-1,active,0042,student,"Ana'})
    judgement = judge(made, SPRINGFIELD)

    assert found(judgement) == [("enrollment.user.rejected", 2, "s-1")]


def test_a_class_takes_the_grades_of_its_students() -> None:
    """connect-behaviour 9.3: class without grades."""
    classes = [row | {"grades": ""} for row in base("classes")]
    enrollments = [*base("enrollments"), {"classSourcedId": "c-1", "userSourcedId": "s-3", "role": "student"}]
    judgement = judged(person("s-3", "student", agents="g-1", grades="K"), classes=classes, enrollments=enrollments)

    assert judgement.standing["classes"]["grades"].to_list() == ["05,KG", "05"]
    assert [code for code, _, _ in found(judgement)] == ["class.grades.derived"] * 2


def test_a_rejected_grade_is_not_replaced() -> None:
    classes = [row | {"grades": "upper"} for row in base("classes")]
    judgement = judged(classes=classes)

    assert judgement.standing["classes"].select("grades", "kept").rows() == [(None, ["grades"])] * 2


def test_grades_stay_where_the_column_is_gone_and_no_student_has_any() -> None:
    classes = [{key: cell for key, cell in row.items() if key != "grades"} for row in base("classes")]
    users = [row | {"grades": ""} for row in base("users")]
    judgement = judge(tables(users=users, classes=classes), SPRINGFIELD)

    assert judgement.standing["classes"].select("grades", "kept").rows() == [(None, ["grades"])] * 2


def test_the_seventh_row_of_a_student_in_guardians_csv_links_nobody() -> None:
    """connect-behaviour 6, G6; 9.3: more than six guardians."""
    more = [base("guardians")[1] | {"guardianSourcedId": f"h-{place}"} for place in range(3, 9)]
    judgement = judge(tables(guardians=[*base("guardians"), *more]), SPRINGFIELD)

    last = judgement.standing["guardians"].row(-1, named=True)
    assert (last["studentSourcedId"], last["kept"]) == (None, ["studentSourcedId"])
    assert judgement.rejected.is_empty()


def test_guardians_without_an_id_are_told_apart_by_their_rows() -> None:
    one = {"studentSourcedId": "s-1", "givenName": "Gia", "familyName": "Lopez", "email": "gia@example.org"}
    other = one | {"givenName": "Gus", "email": "gus@example.org"}
    judgement = judge(tables(guardians=[one, other, one, {**one, "studentSourcedId": "s-2"}]), SPRINGFIELD)

    assert judgement.standing["guardians"]["line"].to_list() == [2, 3, 5]
    assert judgement.rejected.is_empty()
