"""What Clever's records become (clever-classlink D1)."""

import json
from typing import Any

import pytest

from config.profiles import Clever, Source
from roster_sources.clever_tables import Collected, files_of
from roster_sources.failures import PullFailed
from roster_sources.pages import read_page
from roster_sources.roster_files import RosterFiles

Record = dict[str, Any]
SCHOOL = {"id": "c-school", "sis_id": "0042", "school_number": "42"}
EAST = {"id": "c-east", "sis_id": "0043", "school_number": "43"}


def student(key: str, **more: Any) -> Record:
    role = {"school": "c-school", "schools": ["c-school", "c-east"], "sis_id": key, "grade": "5", **more}
    return {"id": f"c-{key}", "name": {"first": key.title(), "last": "Gray"}, "roles": {"student": role}}


def teacher(key: str, kind: str = "teacher", **more: Any) -> Record:
    role = {"school": "c-school", "schools": ["c-school"], "sis_id": key, **more}
    return {"id": f"c-{key}", "name": {"first": key.title(), "last": "Gray"}, "roles": {kind: role}, "email": ""}


def section(key: str, students: list[str], teachers: list[str], **more: Any) -> Record:
    members = {"students": students, "teachers": teachers, "teacher": teachers[0] if teachers else None}
    return {
        "id": key,
        "sis_id": f"sis-{key}",
        "name": "Math 5",
        "school": "c-school",
        "subject": "math",
        **members,
        **more,
    }


def contact(key: str, *relations: tuple[str, str, str], name: str = "Rosa Delgado", **more: Any) -> Record:
    told = [{"student": of, "relationship": relationship, "type": kind} for of, relationship, kind in relations]
    role = {"phone": "5035550142", "phone_type": "Cell", "student_relationships": told, **more}
    return {"id": key, "name": {"first": "", "last": name}, "email": "rosa@example.org", "roles": {"contact": role}}


def files(settings: Clever | None = None, source: Source | None = None, **collections: list[Record]) -> RosterFiles:
    collected = Collected()
    for name, records in {"schools": [SCHOOL, EAST], **collections}.items():
        body = json.dumps({"data": [{"data": record} for record in records]}).encode()
        collected.keep(name, read_page(body, collected.form(name)).records)
    return files_of(collected, settings or Clever(), source or Source(kind="clever"))


def test_a_student_is_known_by_the_id_of_the_sis_and_belongs_to_the_primary_school() -> None:
    (ana,) = files(students=[student("ana")]).users.to_dicts()

    assert (ana["sourcedId"], ana["orgSourcedIds"], ana["role"], ana["grades"]) == ("ana", "0042", "student", "05")


def test_who_is_known_by_the_id_of_clever_has_that_of_the_sis_beside_it() -> None:
    (ana,) = files(Clever(people_ids="clever_id"), students=[student("ana")]).users.to_dicts()

    assert (ana["sourcedId"], ana["userIds"]) == ("c-ana", "{sisId:ana}")


def test_all_schools_are_taken_where_the_profile_says_so() -> None:
    (ana,) = files(Clever(schools="all", school_ids="school_number"), students=[student("ana")]).users.to_dicts()

    assert ana["orgSourcedIds"] == "42,43"


@pytest.mark.parametrize("empty", [None, ""])
def test_where_the_sis_gives_no_id_the_one_of_clever_stands_in(empty: str | None) -> None:
    (ana,) = files(students=[student("ana", sis_id=empty)]).users.to_dicts()

    assert ana["sourcedId"] == "c-ana"


def test_a_teacher_who_is_staff_too_is_one_person() -> None:
    both = teacher("tom")
    both["roles"]["staff"] = {"schools": ["c-east"], "staff_id": "tom"}

    (tom,) = files(teachers=[both], staff=[both], sections=[section("s1", [], ["c-tom"])]).users.to_dicts()

    assert (tom["sourcedId"], tom["role"], tom["orgSourcedIds"]) == ("tom", "teacher", "0042")


def test_staff_who_teach_nothing_are_administrators() -> None:
    both = teacher("tom")
    both["roles"]["staff"] = {"schools": ["c-school"], "staff_id": "tom"}

    (tom,) = files(teachers=[both], staff=[both]).users.to_dicts()

    assert tom["role"] == "administrator"


def test_a_teacher_whose_number_is_a_students_too_keeps_the_id_of_clever() -> None:
    users = files(students=[student("7")], teachers=[teacher("7") | {"id": "c-teacher"}]).users

    assert users["sourcedId"].to_list() == ["7", "c-teacher"]


def test_a_newcomer_with_the_id_of_somebody_of_another_kind_takes_it_from_nobody() -> None:
    """Clever's IDs ascend, so who was there first keeps the key (clever-classlink A3)."""
    tom, new = teacher("7"), student("7")

    made = files(students=[{**new, "id": "c-8"}], teachers=[{**tom, "id": "c-1"}])

    assert dict(made.users.select("role", "sourcedId").iter_rows()) == {"teacher": "7", "student": "c-8"}


@pytest.mark.parametrize(("of_teacher", "of_staff"), [("c-1", "c-2"), ("c-2", "c-1")])
def test_a_staff_id_that_is_another_teachers_id_in_the_sis_makes_no_conflict(of_teacher: str, of_staff: str) -> None:
    ida = {**teacher("", "staff", staff_id="7"), "id": of_staff}

    made = files(teachers=[{**teacher("7"), "id": of_teacher}], staff=[ida])

    assert set(made.users["sourcedId"]) == {"7", "c-2"}


def test_two_students_with_one_id_of_the_sis_stay_so_and_are_told_as_that() -> None:
    made = files(students=[student("7"), {**student("7"), "id": "c-8"}])

    assert made.users["sourcedId"].to_list() == ["7", "7"]


def test_members_of_a_section_are_its_students_and_all_its_teachers() -> None:
    made = files(
        students=[student("ana")],
        teachers=[teacher("tom"), teacher("ida")],
        sections=[section("s1", ["c-ana"], ["c-tom", "c-ida"])],
    )

    rows = made.enrollments.select("classSourcedId", "userSourcedId", "role", "primary").rows()
    assert rows == [
        ("s1", "ana", "student", "false"),
        ("s1", "tom", "teacher", "true"),
        ("s1", "ida", "teacher", "false"),
    ]


def test_a_contact_is_a_row_for_each_student() -> None:
    people = [student("ana"), student("ben")]
    relations = (("c-ana", "Parent", "Primary"), ("c-ben", "Parent", "Primary"))

    made = files(students=people, contacts=[contact("c1", *relations, sis_id="K-1")])

    assert made.guardians is not None
    assert made.guardians.select("studentSourcedId", "guardianSourcedId", "givenName", "familyName", "sms").rows() == [
        ("ana", "K-1", "Rosa", "Delgado", "5035550142"),
        ("ben", "K-1", "Rosa", "Delgado", "5035550142"),
    ]


def test_a_contact_without_an_id_in_the_sis_has_none_for_clevers_own_changes_with_the_phone() -> None:
    made = files(students=[student("ana")], contacts=[contact("c1", ("c-ana", "Parent", "Primary"))])

    assert made.guardians is not None
    assert made.guardians["guardianSourcedId"].to_list() == [None]


@pytest.mark.parametrize(
    ("name", "given", "family"),
    [
        ("Rosa Delgado", "Rosa", "Delgado"),
        ("Delgado, Rosa Maria", "Rosa Maria", "Delgado"),
        ("Rosa Maria Delgado", "Rosa Maria", "Delgado"),
        ("Delgado", "", "Delgado"),
    ],
)
def test_the_whole_name_of_a_contact_stands_in_the_last_one(name: str, given: str, family: str) -> None:
    made = files(students=[student("ana")], contacts=[contact("c1", ("c-ana", "Parent", "Primary"), name=name)])

    assert made.guardians is not None
    assert made.guardians.select("givenName", "familyName").row(0) == (given, family)


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [((), ["Parent", "", "Aunt/Uncle"]), (("Parent",), ["Parent"]), (("Parent", "unknown"), ["Parent", ""])],
)
def test_relationships_are_filtered_as_the_profile_says(wanted: tuple[str, ...], kept: list[str]) -> None:
    """connect-behaviour 2.4: settings of Clever."""
    relations = {"Parent": "c1", "": "c2", "Aunt/Uncle": "c3"}
    contacts = [contact(key, ("c-ana", kind, "Primary"), sis_id=kind or "none") for kind, key in relations.items()]

    made = files(Clever(contact_relationships=wanted), students=[student("ana")], contacts=contacts)

    assert made.guardians is not None
    assert made.guardians["guardianSourcedId"].to_list() == [kind or "none" for kind in kept]


@pytest.mark.parametrize(("kind", "column"), [("Cell", "sms"), ("Home", "phone"), ("", "phone")])
def test_only_a_cell_is_a_mobile_number(kind: str, column: str) -> None:
    made = files(students=[student("ana")], contacts=[contact("c1", ("c-ana", "Parent", "Primary"), phone_type=kind)])

    assert made.guardians is not None
    assert made.guardians[column].to_list() == ["5035550142"]


def test_primary_contacts_come_before_emergency_contacts() -> None:
    """The first six guardians count."""
    contacts = [
        contact("c1", ("c-ana", "Other", "Emergency"), sis_id="late"),
        contact("c2", ("c-ana", "Parent", "Primary"), sis_id="first"),
    ]

    made = files(students=[student("ana")], contacts=contacts)

    assert made.guardians is not None
    assert made.guardians["guardianSourcedId"].to_list() == ["first", "late"]


def test_members_who_are_not_shared_are_left_out_and_counted() -> None:
    made = files(students=[student("ana")], sections=[section("s1", ["c-ana", "c-hidden"], [])])

    assert made.enrollments.height == 1
    assert [(found.code, found.count) for found in made.found()] == [("source.hidden", 1)]


def test_where_most_members_are_hidden_nothing_is_taken() -> None:
    """Half a district would look as if the other half had left (E 22)."""
    hidden = [f"c-{number}" for number in range(20)]
    made = files(students=[student("ana")], sections=[section("s1", ["c-ana", *hidden], [])])

    with pytest.raises(PullFailed, match="not shared"):
        made.require_shared()


@pytest.mark.parametrize("rule", ["subject=homeroom/advisory", "title=lunch*", "id=s2", "type=homeroom", "term=Fall"])
def test_classes_that_the_profile_leaves_out_do_not_come(rule: str) -> None:
    """Section 5 of connect-behaviour: over-shared sections."""
    lunch = section("s2", ["c-ana"], [], subject="homeroom/advisory", name="Lunch A", term_id="t1")

    made = files(
        source=Source(kind="clever", leave_classes=(rule,)),
        students=[student("ana")],
        terms=[{"id": "t1", "name": "Fall"}],
        sections=[section("s1", ["c-ana"], []), lunch],
    )

    assert made.classes["sourcedId"].to_list() == ["s1"]
    assert made.enrollments["classSourcedId"].to_list() == ["s1"]
    assert [(found.code, found.count) for found in made.found()] == [("source.class.left", 1)]


def test_a_person_of_unshared_schools_alone_is_told() -> None:
    made = files(students=[student("ana", school="c-hidden", schools=["c-hidden"])])

    assert made.users["orgSourcedIds"].to_list() == [""]
    assert [(found.code, found.count) for found in made.found()] == [("source.unplaced", 1)]


OLD = {"last_modified": "2026-11-01T00:00:00.000Z"}
NEW = {"last_modified": "2026-11-02T00:00:00.000Z"}


def found(made: RosterFiles) -> list[tuple[str, int | None]]:
    return [(one.code, one.count) for one in made.found()]


def test_of_a_record_that_came_twice_the_newer_one_counts() -> None:
    """E 14, whichever came first."""
    made = files(students=[student("ana", grade="6") | NEW, student("ana") | OLD])

    assert made.users["grades"].to_list() == ["06"]
    assert found(made) == [("source.repeated", 1)]


def test_of_a_section_that_came_twice_the_members_of_the_newer_one_count() -> None:
    """E 14."""
    older, newer = section("s1", ["c-ana", "c-ben"], [], **OLD), section("s1", ["c-ana"], [], name="Math 6", **NEW)
    made = files(students=[student("ana"), student("ben")], sections=[newer, older])

    assert made.classes["title"].to_list() == ["Math 6"]
    assert made.enrollments["userSourcedId"].to_list() == ["ana"]
    assert found(made) == [("source.repeated", 1)]


def test_of_a_contact_that_came_twice_the_newer_one_counts() -> None:
    """E 14: with all its students, and a student who stands there twice is no repetition."""
    ana, ben = ("c-ana", "Parent", "Primary"), ("c-ben", "Parent", "Primary")
    newer, older = contact("g1", ana, ana, name="Rosa Delgado") | NEW, contact("g1", ana, ben, name="R Delgado") | OLD
    made = files(students=[student("ana"), student("ben")], contacts=[newer, older])

    assert made.guardians is not None
    assert made.guardians.select("studentSourcedId", "givenName").rows() == [("ana", "Rosa")]
    assert found(made) == [("source.repeated", 1)]


def test_who_has_two_roles_came_once() -> None:
    """clever-classlink A8: in the list of each."""
    assert found(files(teachers=[teacher("tom")], staff=[teacher("tom", "staff")])) == []


def test_a_choice_of_contacts_does_not_ask_for_capitals() -> None:
    kin = contact("k1", ("c-ana", "Mother", "Primary"))
    chosen = Clever(contact_types=("primary",), contact_relationships=("MOTHER",))

    made = files(chosen, students=[student("ana")], contacts=[kin])

    assert made.guardians is not None
    assert made.guardians.height == 1
    assert made.found() == ()


def test_a_choice_that_leaves_no_contact_at_all_is_told() -> None:
    kin = contact("k1", ("c-ana", "Mother", "Primary"))

    made = files(Clever(contact_types=("Parent",)), students=[student("ana")], contacts=[kin])

    assert [(found.code, found.count) for found in made.found()] == [("source.contacts_unwanted", 1)]
