from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from tests.validators.examples import SPRINGFIELD as PROFILE
from tests.validators.examples import Row, base, tables
from validators import catalogue
from validators.causes import MANY, MANY_PERCENT
from validators.judging import judge
from validators.lost_ids import MOST

MADE = frozenset(catalogue.groups()["causes"])


def seats(*pairs: tuple[str, str], school: str = "0042") -> list[Row]:
    return [
        {"classSourcedId": room, "userSourcedId": person, "role": "student", "schoolSourcedId": school}
        for room, person in pairs
    ]


def findings(**changed: Sequence[Row]) -> pl.DataFrame:
    return judge(tables(**changed), PROFILE).findings


def explained(found: pl.DataFrame) -> Mapping[tuple[str, str | None], int]:
    """How many findings follow from each: code and value or detail of the cause."""
    causes = found["cause"].drop_nulls()
    rows = found.select("code", pl.coalesce("value", "detail", "hint"))[causes.to_list()].rows()
    return {row: rows.count(row) for row in rows}


def test_rows_that_name_one_missing_class_follow_from_one_finding() -> None:
    found = findings(enrollments=[*base("enrollments"), *seats(("c-9", "s-1"), ("c-9", "s-2"), ("c-9", "t-1"))])

    assert explained(found) == {("class.missing", "c-9"): 3}
    (root,) = found.filter(code="class.missing").to_dicts()
    assert (root["file"], root["line"], root["detail"], root["cause"]) == ("classes.csv", None, "3", None)


def test_one_row_that_points_nowhere_needs_no_other_finding() -> None:
    found = findings(enrollments=[*base("enrollments"), *seats(("c-9", "s-1"), ("c-1", "s-9"))])

    assert MADE.isdisjoint(found["code"])
    assert found["cause"].null_count() == found.height


def test_a_missing_person_explains_rows_of_several_files() -> None:
    links = [*base("guardians"), {"studentSourcedId": "s-9", "givenName": "A", "familyName": "B", "email": "a@b.org"}]
    found = findings(enrollments=[*base("enrollments"), *seats(("c-1", "s-9"))], guardians=links)

    assert explained(found) == {("user.missing", "s-9"): 2}


def test_very_many_missing_people_are_told_as_one_file_that_is_incomplete() -> None:
    lost = seats(*(("c-1", f"x-{number}") for number in range(MANY)))
    found = findings(enrollments=[*base("enrollments"), *lost])

    assert explained(found) == {("user.many_missing", str(MANY)): MANY}


def test_many_of_very_many_more_are_single_mistakes() -> None:
    share = 100 // MANY_PERCENT + 1
    people = [
        {"sourcedId": f"p-{number}", "orgSourcedIds": "0042", "role": "student", "givenName": "A", "familyName": "B"}
        for number in range(MANY * share)
    ]
    lost = seats(*((f"c-{twice}", f"x-{number}") for number in range(MANY) for twice in (1, 2)))
    found = findings(
        users=[*base("users"), *people],
        enrollments=[*seats(*(("c-1", row["sourcedId"]) for row in people)), *lost],
    )

    assert explained(found) == {("user.missing", f"x-{number}"): 2 for number in range(MANY)}


def test_what_points_at_a_rejected_row_follows_from_it_and_nothing_is_made() -> None:
    people = [row | ({"role": "studnt"} if row["sourcedId"] == "s-1" else {}) for row in base("users")]
    found = findings(users=people, enrollments=[*base("enrollments"), *seats(("c-2", "s-1"))])

    assert explained(found)[("user.role.unknown", "studnt")] >= 2
    assert MADE.isdisjoint(found["code"])


def test_what_points_into_an_empty_file_follows_from_that() -> None:
    found = findings(classes=[])

    assert explained(found) == {("classes.none", None): len(base("enrollments"))}


def test_a_guardian_whom_several_students_name_is_told_once() -> None:
    people = [row | ({"agentSourcedIds": "g-1,g-9"} if row["role"] == "student" else {}) for row in base("users")]

    assert explained(findings(users=people)) == {("user.agent.missing", "g-9"): 2}


def test_what_several_files_say_of_one_school_follows_from_the_first() -> None:
    elsewhere = {"orgSourcedIds": "0099", "role": "student", "givenName": "A", "familyName": "B", "sourcedId": "x-1"}
    room = {"sourcedId": "c-9", "title": "Art", "schoolSourcedId": "0099", "grades": "05"}
    found = findings(
        users=[*base("users"), elsewhere],
        classes=[*base("classes"), room],
        enrollments=[*base("enrollments"), *seats(("c-9", "x-1"), school="0099")],
    )

    assert explained(found) == {("user.school.other", "0099"): 2}


def test_a_school_whose_id_lost_its_zeros_explains_what_is_set_aside_for_it() -> None:
    other = {"orgSourcedIds": "43", "role": "student", "givenName": "A", "familyName": "B", "sourcedId": "x-1"}
    profile = replace(PROFILE, schools={"0042": "Lincoln High", "0043": "Roosevelt Middle"})

    found = judge(tables(users=[*base("users"), other]), profile).findings

    assert explained(found) == {("school.missing", "0043"): 2}  # and that it is spelled otherwise


def test_causes_come_before_what_follows_from_them_in_their_file() -> None:
    found = findings(enrollments=[*base("enrollments"), *seats(("c-9", "s-1"), ("c-9", "s-2"))])

    assert all(cause < index for index, cause in enumerate(found["cause"]) if cause is not None)


def hints(found: pl.DataFrame, code: str) -> list[str | None]:
    return found.filter(code=code)["hint"].to_list()


def test_a_class_that_lost_its_id_explains_the_enrollments_that_name_it() -> None:
    found = findings(classes=[*base("classes")[:1], {**base("classes")[1], "sourcedId": ""}])

    assert explained(found) == {("class.sourcedId.missing", "c-2"): 2}
    assert MADE.isdisjoint(found["code"])


def test_an_id_that_was_only_damaged_is_told_from_others_that_are_lost() -> None:
    more = [{**base("classes")[0], "sourcedId": key, "title": key} for key in ("", "c\u200b-9")]
    found = findings(
        classes=[*base("classes"), *more],
        enrollments=[*base("enrollments"), *seats(("c-8", "s-1"), ("c-9", "s-1"), ("c-9", "s-2"))],
    )

    assert explained(found) == {("class.sourcedId.characters", "c\u200b-9"): 2, ("class.sourcedId.missing", "c-8"): 1}
    assert hints(found, "class.sourcedId.characters") == ["c-9"]


def test_what_a_class_without_id_is_not_is_not_said_of_it() -> None:
    elsewhere = {**base("classes")[1], "sourcedId": "", "schoolSourcedId": "0042"}
    found = findings(
        classes=[*base("classes"), elsewhere], enrollments=[*base("enrollments"), *seats(("c-9", "s-1"), school="0043")]
    )

    assert hints(found, "class.sourcedId.missing") == [None]


def test_of_several_classes_without_id_none_is_the_missing_one_but_all_are_named() -> None:
    lost = [{**base("classes")[1], "sourcedId": ""}] * 2
    found = findings(
        classes=[*base("classes"), *lost], enrollments=[*base("enrollments"), *seats(("c-9", "s-1"), ("c-9", "s-2"))]
    )

    assert explained(found) == {("class.missing", "c-9"): 2}
    assert hints(found, "class.missing") == ["4, 5"]


def test_a_person_is_found_again_by_role() -> None:
    lost = [{**base("users")[0], "sourcedId": ""}, {**base("users")[2], "sourcedId": "1.2E+05"}]
    found = findings(
        users=[*base("users"), *lost],
        enrollments=[*base("enrollments"), *seats(("c-1", "x-1")), {**seats(("c-1", "x-2"))[0], "role": "teacher"}],
    )

    assert hints(found, "user.sourcedId.missing") == ["x-1"]
    assert hints(found, "user.sourcedId.spreadsheet") == ["x-2"]


def test_a_guardian_who_lost_the_id_explains_the_links_to_it() -> None:
    changed = [{**row, "sourcedId": ""} if row["sourcedId"] == "g-1" else row for row in base("users")]
    found = findings(users=changed)

    assert explained(found) == {("user.sourcedId.missing", "g-1"): 2}


def test_where_a_whole_column_of_ids_is_gone_nothing_is_guessed() -> None:
    lost = [{**base("classes")[0], "sourcedId": ""}] * MOST
    found = findings(classes=[*base("classes"), *lost], enrollments=[*base("enrollments"), *seats(("c-9", "s-1"))])

    assert hints(found, "class.sourcedId.missing") == [None] * MOST


def child(key: str, *guardians: str) -> Row:
    return {**base("users")[0], "sourcedId": key, "role": "student", "agentSourcedIds": ",".join(guardians)}


def parent(key: str, *children: str) -> Row:
    contact = {"email": f"{key}@example.org", "sms": "", "phone": ""}
    return {**child(key, *children), "role": "parent", "givenName": key, "familyName": "Gray", **contact}


def test_guardians_whose_children_are_missing_too_follow_from_the_missing_people() -> None:
    lost = seats(*(("c-1", f"x-{number}") for number in range(MANY)))
    alone = [parent(f"p-{number}") for number in range(MANY)]
    found = findings(users=[*base("users"), *alone], enrollments=[*base("enrollments"), *lost])

    assert found.filter(code="guardian.unlinked").height == MANY
    assert explained(found) == {("user.many_missing", str(MANY)): 2 * MANY}


def test_more_guardians_than_missing_children_can_have_are_a_fault_of_their_own() -> None:
    lost = seats(*(("c-1", f"x-{number}") for number in range(MANY)))
    alone = [parent(f"p-{number}") for number in range(6 * MANY + 1)]
    found = findings(users=[*base("users"), *alone], enrollments=[*base("enrollments"), *lost])

    assert explained(found) == {("user.many_missing", str(MANY)): MANY}


def test_links_to_children_who_are_missing_elsewhere_too_follow_from_the_same_finding() -> None:
    lost = seats(*((room, f"x-{number}") for number in range(2) for room in ("c-1", "c-2")))
    found = findings(
        users=[*base("users"), parent("p-1", "x-1"), parent("p-2", "x-1")],
        enrollments=[*base("enrollments"), *lost],
    )

    assert explained(found) == {("user.missing", "x-0"): 2, ("user.missing", "x-1"): 4}
