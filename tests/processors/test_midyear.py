"""Who of before is probably who in the files: pairs of records by what both know; and the order of the steps."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from connect_store.schools import IN_SCHOOLS
from processors.midyear import PROPOSED, Standing, proposed, refused_because, steps, with_states

ROOMS = dict.fromkeys(("key", "title", "school"), pl.String())


def people(*rows: dict[str, Any]) -> pl.DataFrame:
    given = [{"kind": "student", "school": "A", "status": "active", "family_name": "Gray", **row} for row in rows]
    return pl.DataFrame(given, schema=IN_SCHOOLS)


def rooms(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=ROOMS, orient="row")


def pairs(old: pl.DataFrame, new: pl.DataFrame) -> list[tuple[Any, ...]]:
    return proposed(old, new, rooms(), rooms()).select("old", "into", "by", "alike").rows()


def test_a_name_is_the_same_without_case_accents_and_hyphens() -> None:
    old = people({"key": "h1", "given_name": "ANA-MARÍA", "grades": "05"})
    new = people({"key": "s1", "given_name": "Ana Maria", "grades": "05"})
    assert pairs(old, new) == [("h1", "s1", "name, school and grades", None)]


@pytest.mark.parametrize("other", [{"grades": "06"}, {"school": "B"}, {"given_name": "Ann"}, {"kind": "staff"}])
def test_a_student_of_another_grade_or_school_is_somebody_else(other: dict[str, str]) -> None:
    one = {"given_name": "Ana", "grades": "05"}
    assert pairs(people({"key": "h1", **one}), people({"key": "s1", **one, **other})) == []


def test_a_student_without_a_grade_is_matched_by_name_and_school() -> None:
    new = people({"key": "s1", "given_name": "Ana", "grades": "05"})
    assert pairs(people({"key": "h1", "given_name": "Ana"}), new) == [("h1", "s1", "name and school", None)]


def test_adults_are_matched_by_name_and_a_contact_and_never_by_name_alone() -> None:
    old = people(
        {"key": "h1", "kind": "guardian", "given_name": "Gil", "email": "GIL@example.org", "sms": "+1"},
        {"key": "h2", "kind": "staff", "given_name": "Tom", "sms": "+2"},
        {"key": "h3", "kind": "guardian", "given_name": "Uma"},
    )
    new = people(
        {"key": "g1", "kind": "guardian", "given_name": "Gil", "email": "gil@example.org", "sms": "+1"},
        {"key": "t1", "kind": "staff", "given_name": "Tom", "sms": "+2", "school": "B"},
        {"key": "g3", "kind": "guardian", "given_name": "Uma"},
    )
    assert pairs(old, new) == [("h1", "g1", "name and email", None), ("h2", "t1", "name and sms", None)]


def test_a_name_that_fits_several_says_so() -> None:
    one = {"given_name": "Ana", "grades": "05"}
    old = people({"key": "h1", **one}, {"key": "h2", **one})
    assert {alike for *_, alike in pairs(old, people({"key": "s1", **one}))} == {"2"}


def test_classrooms_are_matched_by_title_and_school() -> None:
    old = rooms(("h1", "Math 5", "A"), ("h2", "Art", "A"), ("math", "Math 5", "A"))
    found = proposed(people(), people(), old, rooms(("math", "MATH-5", "A"), ("art", "Art", "B")))
    assert found.select("kind", "old", "into").rows() == [("classroom", "h1", "math")]


FRESH = Standing(
    district="d",
    is_on=False,
    has_files=True,
    is_synced=False,
    schools=["A"],
    proposed=pl.DataFrame(schema=PROPOSED),
    students=3,
    guardians=2,
    classrooms=0,
    coming={"student": {"created": 4}},
)


def states(at: Standing) -> dict[str, str]:
    return {step.name: state for step, state in with_states(steps(at))}


def test_one_step_is_next_and_choices_stand_before_it() -> None:
    assert list(states(FRESH).values()) == ["done", "done", "next", "open", "done", "open", "open", "open", "open"]
    archived = replace(FRESH, students=0)
    assert (states(archived)["guardians"], states(archived)["first night"]) == ("choose", "next")


def test_what_would_hurt_is_refused_until_it_is_done_or_meant() -> None:
    assert [step.name for step in refused_because(FRESH, frozenset())] == ["students"]
    assert refused_because(FRESH, frozenset({"students"})) == []
    assert refused_because(replace(FRESH, is_synced=True), frozenset()) == []


def test_after_the_first_night_what_is_left_is_a_choice() -> None:
    after = states(replace(FRESH, is_synced=True))
    assert (after["students"], after["leftovers"], after["on"]) == ("done", "choose", "next")
