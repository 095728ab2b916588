"""Merging people of before the sync into those that it brought: what hangs on them, their accounts, many at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from connect_store import manual
from connect_store.manual import Desk, NoSuchRecord, NotAllowed
from connect_store.merging import PAIRS, merge_people
from connect_store.store import open_store
from tests.asking import change
from tests.connect_store.test_manual import EVE, MAX, OFF, ROSTER, SYNCED, UMA
from tests.processors.connect import NOW, Connect

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    made = Connect(tmp_path / "connect.db")
    made.night(**ROSTER)
    return made


@contextmanager
def desk(connect: Connect, terms: manual.Terms = SYNCED) -> Iterator[Desk]:
    with open_store(connect.path) as store:
        yield Desk(store=store, district="d", terms=terms, who="a test", at=NOW)


def merge(connect: Connect, *pairs: tuple[str, str, str]) -> int:
    with desk(connect) as at:
        return merge_people(at, pl.DataFrame(pairs, PAIRS, orient="row"))


def family_of_before(connect: Connect) -> dict[str, str]:
    """A child in a club with a teacher, a guardian who logged in, and what only Connect knows of the child."""
    with desk(connect, OFF) as at:
        child = manual.enrol_student(at, "A", **EVE)
        guardian = manual.add_guardian(at, child, **UMA)
        manual.activate(at, "guardian", guardian)
        teacher = manual.add_staff(at, "B", **MAX)
        club = manual.create_classroom(at, "A", "Chess")
        manual.add_member(at, club, "student", child)
        manual.add_member(at, club, "staff", teacher)
        columns = "district, student, name, value, managed_by, status, batch"
        change(
            at.store,
            f"insert into attribute ({columns}) values ('d', :key, 'house', 'red', 'hand', 'active', 1)",
            key=child,
        )
    return {"child": child, "guardian": guardian, "teacher": teacher, "club": club}


def test_everything_that_hangs_on_the_old_records_goes_over(connect: Connect) -> None:
    """connect-behaviour 3.2: merging."""
    old = family_of_before(connect)
    merge(
        connect,
        ("student", old["child"], "ben"),
        ("guardian", old["guardian"], "gil"),
        ("staff", old["teacher"], "tom"),
    )
    assert connect.links_of("ben", "classrooms") == {old["club"]: "active"}
    assert connect.links_of("ben", "guardians") == {"gil": "active"}
    assert connect.links_of("tom", "classrooms") == {"math": "active", old["club"]: "active"}
    assert connect.links_of("tom", "schools") == {"A": "active", "B": "active"}
    found = connect.find("ben")
    assert found
    assert dict(found.attributes) == {"house": "red"}
    assert [connect.status_of(old[one]) for one in ("child", "guardian", "teacher")] == [
        "archived",
        "disconnected",
        "disconnected",
    ]
    assert set(connect.links_of(old["child"], "schools").values()) == {"ended"}
    assert set(connect.links_of(old["child"], "guardians").values()) == {"ended"}


def test_who_had_logged_in_goes_on_with_the_account(connect: Connect) -> None:
    old = family_of_before(connect)
    merge(connect, ("guardian", old["guardian"], "gil"))
    with desk(connect) as at:
        assert at.person("guardian", "gil")["account"] == "active"


def test_the_next_night_leaves_what_was_merged_alone(connect: Connect) -> None:
    old = family_of_before(connect)
    merge(connect, ("student", old["child"], "ben"), ("guardian", old["guardian"], "gil"))
    before = connect.contents()
    connect.night(**ROSTER)
    assert connect.contents() == before


def test_several_records_of_one_child_are_merged_into_one(connect: Connect) -> None:
    with desk(connect, OFF) as at:
        twice = [manual.enrol_student(at, "A", **EVE) for _ in range(2)]
    merge(connect, *(("student", key, "ana") for key in twice))
    assert {connect.status_of(key) for key in twice} == {"archived"}


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([("student", "ana", "ben")], "survives a merge"),
        ([("guardian", "gil", "gil")], "survives a merge"),
        ([("student", "hand", "ana"), ("student", "hand", "ben")], "stands there again"),
        ([("student", "hand", "hand")], "stands there again"),
    ],
)
def test_what_cannot_be_merged_is_refused_and_changes_nothing(
    connect: Connect, pairs: list[tuple[str, str, str]], says: str
) -> None:
    with desk(connect, OFF) as at:
        key = manual.enrol_student(at, "A", **EVE)
    before = connect.contents()
    named = [(kind, *(key if one == "hand" else one for one in ends)) for kind, *ends in pairs]
    with pytest.raises(NotAllowed, match=says):
        merge(connect, *named)  # type: ignore[arg-type]  # three texts each
    with pytest.raises(NoSuchRecord, match="nobody"):
        merge(connect, ("student", "nobody", "ana"))
    assert connect.contents() == before
