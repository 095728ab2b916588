"""What people do with a whole school: archive those of before, take it out of the sync, split it in two."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connect_store import manual, schools
from connect_store.manual import Desk, NoSuchRecord, NotAllowed, Terms
from connect_store.store import open_store
from tests.processors.connect import NOW, Connect, Row, classroom, guardian, member, student, teacher

pytestmark = pytest.mark.usefixtures("engine")

BOTH = Terms(schools=frozenset({"A", "B"}))
ONLY_B = Terms(schools=frozenset({"B"}))
OF_A: tuple[Row, ...] = (
    student("ana", agents=["gil"], grades="05"),
    student("eve", agents=["gil"], grades="07"),
    student("ida", agents=["uma"], grades="07"),
    guardian("gil"),
    guardian("uma"),
    teacher("tom"),
)
OF_B: tuple[Row, ...] = (student("ben", school="B", grades="05"), teacher("max", school="B"))
IN_BOTH: tuple[Row, ...] = (teacher("ann", school="A B"),)
ROOMS = (classroom("five"), classroom("seven"), classroom("choir"), classroom("b5", school="B"))
SEATS = (
    *(member("five", key) for key in ("ana", "tom")),
    *(member("seven", key) for key in ("eve", "ida", "ann")),
    *(member("choir", key) for key in ("ana", "eve")),
    *(member("b5", key) for key in ("ben", "max")),
)


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    made = Connect(tmp_path / "connect.db")
    made.night([*OF_A, *OF_B, *IN_BOTH], ROOMS, SEATS)
    return made


@contextmanager
def desk(connect: Connect, terms: Terms = BOTH, staff: str | None = None) -> Iterator[Desk]:
    with open_store(connect.path) as store:
        yield Desk(store=store, district="d", terms=terms, who="a test", at=NOW, staff=staff)


def schools_of(connect: Connect, key: str) -> set[str]:
    return {school for school, status in connect.links_of(key, "schools").items() if status == "active"}


def night_of_b(connect: Connect) -> Any:
    seats = [row for row in SEATS if row["classSourcedId"] == "b5"]
    staff = [{**row, "schools": ["B"]} for row in IN_BOTH]
    return connect.night([*OF_B, *staff], [ROOMS[3]], seats)


def test_a_school_that_is_released_stays_as_it_is_and_the_others_go_on(connect: Connect) -> None:
    """connect-behaviour 3.1: schools with an ID take part; 8.2: disable the sync."""
    with desk(connect) as at:
        schools.release_school(at, "A")
        managed = {key: at.person("student", key)["managed_by"] for key in ("ana", "ben")}
        assert managed == {"ana": "hand", "ben": "sync"}
        assert at.person("staff", "ann")["managed_by"] == "sync"
    before = connect.contents()
    night = night_of_b(connect)
    assert night.verdict == "accepted"
    assert connect.contents() == before
    with desk(connect, ONLY_B) as at:
        manual.archive_student(at, "ana")
        manual.add_member(at, "five", "student", "eve")
        with pytest.raises(NotAllowed):
            manual.archive_student(at, "ben")


def test_a_school_that_comes_back_into_the_sync_is_taken_up_again(connect: Connect) -> None:
    with desk(connect) as at:
        schools.release_school(at, "A")
    connect.night([*OF_A, *OF_B, *IN_BOTH], ROOMS, SEATS)
    with desk(connect) as at:
        assert {at.person("student", key)["managed_by"] for key in ("ana", "eve", "ida")} == {"sync"}
        with pytest.raises(NoSuchRecord, match="nothing to school Z"):
            schools.release_school(at, "Z")


def test_a_school_is_split_once_with_classrooms_families_and_teachers(connect: Connect) -> None:
    with desk(connect) as at:
        schools.release_school(at, "A")
    with desk(connect, ONLY_B) as at:
        split = schools.split_school(at, "A", "A2", ["07"])
    assert (split.students, split.classrooms, split.adults, split.mixed) == (2, 1, 3, ("choir",))
    told = {key: schools_of(connect, key) for key in ("ana", "eve", "ida", "gil", "uma", "ann", "tom")}
    assert told == {
        "ana": {"A"},
        "eve": {"A2"},
        "ida": {"A2"},
        "gil": {"A", "A2"},
        "uma": {"A2"},
        "ann": {"A2", "B"},
        "tom": {"A"},
    }
    before = connect.contents()
    night_of_b(connect)
    assert connect.contents() == before


def test_a_school_that_the_sync_brings_is_not_split(connect: Connect) -> None:
    with desk(connect) as at, pytest.raises(NotAllowed, match="would undo this"):
        schools.split_school(at, "A", "A2", ["07"])
    with desk(connect, replace(BOTH, enabled=False)) as at, pytest.raises(NoSuchRecord, match="in grade 12"):
        schools.split_school(at, "A", "A2", ["12"])


def test_staff_of_a_school_neither_release_nor_split_it(connect: Connect) -> None:
    with desk(connect, staff="tom") as at:
        with pytest.raises(NotAllowed, match="operator"):
            schools.release_school(at, "A")
        with pytest.raises(NotAllowed, match="operator"):
            schools.split_school(at, "A", "A2", ["07"])


def test_students_of_before_are_archived_at_once_and_those_of_the_sync_stay(connect: Connect) -> None:
    """connect-behaviour 3.2: no archiving by hand."""
    with desk(connect, replace(BOTH, enabled=False)) as at:
        old = [manual.enrol_student(at, "A", given_name="Eve") for _ in range(3)]
    with desk(connect) as at:
        schools.archive_students(at, "A")
        with pytest.raises(NoSuchRecord, match="no active student"):
            schools.archive_students(at, "A")
    assert {connect.status_of(key) for key in old} == {"archived"}
    assert connect.status_of("ana") == "active"
