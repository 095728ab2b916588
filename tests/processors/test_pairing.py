"""Who of one source is who of another: the strongest proof decides, and what is not sure is told and not taken."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from connect_store.records import ENTITIES
from processors.pairing import ALIASES, Pairing, Side, paired

Row = dict[str, Any]
NAMES = {"ana": ("Ana", "Gray"), "ben": ("Ben", "Ruiz"), "tom": ("Tom", "Moss"), "gil": ("Gil", "Gray")}


def person(kind: str, key: str, who: str = "", **fields: str) -> Row:
    given, family = NAMES.get(who or key, (who.title(), "Gray"))
    return {"kind": kind, "key": key, "given_name": given, "family_name": family, **fields}


def student(key: str, who: str = "", **fields: str) -> Row:
    return person("student", key, who, **{"grades": "05", **fields})


def room(key: str, title: str = "Math 5", members: Sequence[str] = (), *, school: str = "A") -> Row:
    return {"key": key, "title": title, "school": school, "members": members}


def side(
    *people: Row,
    rooms: Sequence[Row] = (),
    families: Sequence[tuple[str, str]] = (),
    school: str = "A",
    name: str = "",
    aliases: Sequence[tuple[str, str]] = (),
) -> Side:
    kinds = {row["key"]: row["kind"] for row in people}
    members = [{"classroom": room["key"], "kind": kinds[key], "key": key} for room in rooms for key in room["members"]]
    homes = [{"kind": row["kind"], "key": row["key"], "school": row.get("school", school)} for row in people]
    given: dict[str, Any] = {
        "person": [{column: value for column, value in row.items() if column != "school"} for row in people],
        "attachment": homes,
        "classroom": [{column: value for column, value in row.items() if column != "members"} for row in rooms],
        "membership": members,
        "guardianship": [{"student": student, "guardian": guardian} for student, guardian in families],
        "attribute": [],
    }
    return Side(
        records={name: pl.DataFrame(given[name], schema=entity.schema) for name, entity in ENTITIES.items()},
        schools={school: name} if name else {},
        aliases=pl.DataFrame(aliases, ALIASES, orient="row"),
    )


def sure(found: Pairing, kind: str = "student") -> list[tuple[str, str, str]]:
    of_kind = found.pairs.filter(pl.col("kind") == kind).sort("old")
    return [(old, new, why) for _, old, new, why in of_kind.rows()]


def doubts(found: Pairing, kind: str = "student") -> set[tuple[str, str | None, str]]:
    return {(old, new, why) for of, old, new, why in found.doubtful.rows() if of == kind}


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (student("1", "ana"), student("1", "ana", grades="06"), "same ID"),
        (student("1", "ana", identifier="77"), student("c", "ana", identifier="77"), "student or staff number"),
        (student("77", "ana"), student("c", "ana", identifier="77"), "student or staff number"),
        (student("1", "ana", identifier="c"), student("c", "ana"), "student or staff number"),
        (student("1", "ana", email="A@x.org"), student("c", "ana", email="a@x.org", grades="06"), "e-mail"),
        (student("1", "ana"), student("c", "ana"), "name, grade and school"),
        (student("1", "ana", grades=""), student("c", "ana"), "name and school"),
    ],
)
def test_each_proof_pairs_a_student(before: Row, now: Row, why: str) -> None:
    given = {column: value or None for column, value in before.items()}
    assert [found for _, _, found in sure(paired(side(given), side(now)))] == [why]


def test_another_id_of_a_user_proves_as_its_number() -> None:
    new = side(student("c", "ana"), aliases=[("c", "1")])
    assert sure(paired(side(student("1", "ben"), student("2", "ana")), new)) == [("2", "c", "name, grade and school")]
    assert sure(paired(side(student("1", "ana"), student("2", "ana")), new)) == [("1", "c", "student or staff number")]


def test_a_name_is_the_same_with_its_words_swapped_and_without_accents() -> None:
    before = {**student("1"), "given_name": "José-Luis", "family_name": "O'Neil"}
    now = {**student("c"), "given_name": "ONEIL", "family_name": "jose luis"}
    assert sure(paired(side(before), side(now))) == [("1", "c", "name, grade and school")]


def test_a_stronger_proof_goes_before_a_weaker_one() -> None:
    """Two of the same name: the number tells which is which."""
    old = side(student("1", "ana", identifier="71"), student("2", "ana", identifier="72"))
    new = side(student("a", "ana", identifier="72"), student("b", "ana", identifier="71"))
    assert [pair[:2] for pair in sure(paired(old, new))] == [("1", "b"), ("2", "a")]


def test_a_proof_that_fits_several_is_a_doubt() -> None:
    found = paired(side(student("1", "ana"), student("2", "ana")), side(student("a", "ana"), student("b", "ana")))
    assert sure(found) == []
    assert {pair[:2] for pair in doubts(found)} == {("1", "a"), ("1", "b"), ("2", "a"), ("2", "b")}
    assert found.gone.filter(kind="student").height == 2
    for many, one in ((("1", "2"), ("a",)), (("1",), ("a", "b"))):
        assert (
            sure(paired(side(*(student(key, "ana") for key in many)), side(*(student(key, "ana") for key in one))))
            == []
        )


def test_a_guardian_or_a_class_tells_two_of_one_name_apart() -> None:
    gil, uma = person("guardian", "g", "gil", email="g@x.org"), person("guardian", "u", "uma", email="u@x.org")
    ana = [student("1", "ana"), student("2", "ana")]
    other = [student("a", "ana"), student("b", "ana")]
    families = paired(
        side(*ana, gil, uma, families=[("1", "g"), ("2", "u")]),
        side(*other, gil, uma, families=[("b", "g"), ("a", "u")]),
    )
    assert sure(families) == [("1", "b", "name and guardian"), ("2", "a", "name and guardian")]
    rooms = [room("m", "Math", ["t", "1"]), room("n", "Art", ["t", "2"])]
    others = [room("m", "Math", ["t", "b"]), room("n", "Art", ["t", "a"])]
    classes = paired(side(*ana, PEOPLE[3], rooms=rooms), side(*other, PEOPLE[3], rooms=others))
    assert sure(classes) == [("1", "b", "name and class"), ("2", "a", "name and class")]


def test_an_id_or_number_that_somebody_else_has_now_is_a_doubt() -> None:
    old, new = side(student("1", "ana", identifier="7")), side(student("1", "ben"), student("2", "tom", identifier="7"))
    found = paired(old, new)
    assert sure(found) == []
    assert doubts(found) == {
        ("1", "1", "same ID, but another name"),
        ("1", "2", "student or staff number, but another name"),
    }


def test_a_number_and_a_common_first_name_prove_nothing_together() -> None:
    """Two systems number from one on, and a hundred are called Ana."""
    married = {"given_name": "Ana", "family_name": "Moss"}
    old, new = side(student("1", "ana", identifier="7")), side({**student("7"), **married})
    assert doubts(paired(old, new)) == {("1", "7", "student or staff number, but another name")}
    old, new = side(student("1", "ana")), side({**student("1"), **married})
    assert doubts(paired(old, new)) == {("1", "1", "same ID, but another name")}
    old, new = side(student("1", "ana", email="a@x.org")), side({**student("7", email="a@x.org"), **married})
    assert sure(paired(old, new)) == [("1", "7", "e-mail")]


def test_an_id_that_a_brother_has_now_is_not_the_same() -> None:
    found = paired(side(student("1", "max"), student("2", "ana")), side(student("1", "eve"), student("2", "ana")))
    assert [pair[:2] for pair in sure(found)] == [("2", "2")]
    assert doubts(found) == {("1", "1", "same ID, but another name")}


def test_two_who_have_each_others_ids_are_paired_crosswise() -> None:
    old = side(student("1", "ana", identifier="71"), student("2", "ben", identifier="72"))
    new = side(student("2", "ana", identifier="71"), student("1", "ben", identifier="72"))
    assert [pair[:2] for pair in sure(paired(old, new))] == [("1", "2"), ("2", "1")]


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (student("c", "ana", grades="06"), "name and school, but another grade"),
        (student("c", "ana", school="B"), "name, but another school"),
    ],
)
def test_a_name_with_another_grade_or_school_is_a_doubt(now: Row, why: str) -> None:
    stays = student("9", "ben")
    found = paired(side(student("1", "ana"), stays), side(now, stays, student("8", "eve", school="A")))
    assert doubts(found) == {("1", "c", why)}


def test_a_value_that_so_many_have_proves_nothing() -> None:
    many = [student(f"{n}", f"kid{n}", email="none@x.org", school="A") for n in range(30)]
    found = paired(side(*many), side(*({**one, "key": f"c{one['key']}"} for one in many)))
    assert {why for *_, why in sure(found)} == {"name, grade and school"}


def test_schools_are_paired_by_name_or_by_who_is_in_them() -> None:
    people = [student(key, key, identifier=key) for key in ("ana", "ben")]
    by_name = paired(side(*people, school="1", name="Lincoln High"), side(*people, school="x", name="LINCOLN HIGH"))
    by_people = paired(side(*people, school="1"), side(*people, school="x"))
    assert sure(by_name, "school") == [("1", "x", "name")]
    assert sure(by_people, "school") == [("1", "x", "most of its students and staff")]


def test_guardians_are_paired_through_their_students_and_not_by_a_contact_that_two_share() -> None:
    shared = {"email": "home@x.org"}
    old = side(student("1", "ana"), person("guardian", "g1", "gil", **shared), families=[("1", "g1")])
    one = side(student("c", "ana"), person("guardian", "h1", "gil"), families=[("c", "h1")])
    other = side(student("c", "ana"), person("guardian", "h2", "uma", **shared), families=[("c", "h2")])
    assert sure(paired(old, one), "guardian") == [("g1", "h1", "student and name")]
    assert sure(paired(old, other), "guardian") == []
    assert doubts(paired(old, other), "guardian") == {("g1", "h2", "student and contact, but another name")}


def test_a_guardian_of_students_who_left_is_paired_by_name_and_contact() -> None:
    old, new = (side(person("guardian", key, "gil", sms="+1")) for key in ("g", "h"))
    assert sure(paired(old, new), "guardian") == [("g", "h", "name and mobile")]


PEOPLE = [student("1", "ana"), student("2", "ben"), student("3", "eve"), person("staff", "t", "tom")]


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ([room("new", members=["1", "2", "t"])], "title, school and students"),
        ([room("new", members=["3", "t"])], "title, school and teacher"),
        ([room("new", "Algebra", members=["1", "2", "t"])], "students and teachers"),
        ([room("new")], "title and school"),
        ([room("m", "Algebra", members=["1", "2", "t"])], "same ID"),
    ],
)
def test_each_proof_pairs_a_class(now: Sequence[Row], why: str) -> None:
    found = paired(side(*PEOPLE, rooms=[room("m", members=["1", "2", "t"])]), side(*PEOPLE, rooms=now))
    assert [told for *_, told in sure(found, "classroom")] == [why]


def test_periods_of_one_teacher_are_told_apart_by_their_students() -> None:
    old = [room("p1", members=["1", "t"]), room("p2", members=["2", "3", "t"])]
    new = [room("x", members=["2", "3", "t"]), room("y", members=["1", "t"])]
    found = paired(side(*PEOPLE, rooms=old), side(*PEOPLE, rooms=new))
    assert [pair[:2] for pair in sure(found, "classroom")] == [("p1", "y"), ("p2", "x")]


def test_classes_of_one_title_with_other_people_are_a_doubt() -> None:
    found = paired(side(*PEOPLE, rooms=[room("m", members=["1"])]), side(*PEOPLE, rooms=[room("n", members=["2"])]))
    assert sure(found, "classroom") == []
    assert doubts(found, "classroom") == {("m", "n", "title and school, but other students")}


def test_a_class_id_that_another_class_has_now_is_a_doubt() -> None:
    old, new = room("7", members=["1", "2"]), room("7", "History", members=["3"])
    found = paired(side(*PEOPLE, rooms=[old]), side(*PEOPLE, rooms=[new]))
    assert doubts(found, "classroom") == {("7", "7", "same ID, but another title and other students")}
