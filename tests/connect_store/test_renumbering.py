"""Other IDs for the same people, classes and schools: whatever hangs on them stays, and nothing else changes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connect_store import ledger, manual, people
from connect_store.as_of import roster_as_of
from connect_store.directory import find_people
from connect_store.events import events_after
from connect_store.history import history_of
from connect_store.manual import Desk
from connect_store.renumbering import MAPPING, CannotRenumber, backwards, renumber, renumbered
from connect_store.store import open_store
from tests.connect_store.test_manual import ROSTER, SYNCED
from tests.processors.connect import NOW, Connect

pytestmark = pytest.mark.usefixtures("engine")

Pair = tuple[str, str, str]


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    made = Connect(tmp_path / "connect.db")
    made.night(**ROSTER)
    return made


def mapping_of(*pairs: Pair) -> pl.DataFrame:
    return pl.DataFrame(pairs, MAPPING, orient="row")


def renumbers(connect: Connect, *pairs: Pair) -> int:
    with open_store(connect.path) as store, store.writing():
        number, _ = renumber(store, "d", mapping_of(*pairs), origin="switch", at=NOW, summary={})
        ledger.note(store, number, "switch", at=NOW, who="a test")
    return number


def renumbers_back(connect: Connect, number: int) -> None:
    with open_store(connect.path) as store, store.writing():
        back = backwards(renumbered(store, number))
        renumber(store, "d", back, origin="undo", of=number, at=NOW, summary={})


def baseline(connect: Connect) -> dict[str, list[tuple[str, ...]]]:
    with open_store(connect.path) as store:
        return {name: records.sort(records.columns).rows() for name, records in people.baseline(store, "d").items()}


def test_everything_that_hangs_on_an_id_goes_with_it(connect: Connect) -> None:
    with open_store(connect.path) as store:
        desk = Desk(store=store, district="d", terms=SYNCED, who="a test", at=NOW)
        manual.activate(desk, "guardian", "gil")
        manual.rename_classroom(desk, "math", "Numbers")
        manual.grant(desk, "tom", "users_manager")
    before = connect.find("ana")
    assert before
    renumbers(
        connect, ("student", "ana", "7"), ("guardian", "gil", "8"), ("staff", "tom", "9"), ("classroom", "math", "10")
    )
    ana, tom = connect.find("7"), connect.find("9")
    assert ana
    assert tom
    assert {link.key: link.status for link in ana.guardians} == {"8": "active"}
    assert {link.key: link.name for link in ana.classrooms} == {"10": "Numbers"}
    assert (ana.given_name, ana.status, ana.schools) == (before.given_name, "active", before.schools)
    with open_store(connect.path) as store:
        desk = Desk(store=store, district="d", terms=SYNCED, who="a test", at=NOW, staff="9")
        assert desk.permissions() == {"users_manager"}
        assert desk.person("guardian", "8")["account"] == "active"


@pytest.mark.parametrize(
    "pairs",
    [
        [("student", "ana", "7")],
        [("student", "ana", "ben"), ("student", "ben", "ana")],
        [("student", "ana", "ben"), ("student", "ben", "7"), ("staff", "tom", "ana")],
        [("school", "A", "Z"), ("classroom", "math", "A"), ("guardian", "gil", "gil-2")],
    ],
)
def test_the_way_back_leaves_everything_as_it_was(connect: Connect, pairs: Sequence[Pair]) -> None:
    contents, brought = connect.contents(), baseline(connect)
    number = renumbers(connect, *pairs)
    assert connect.contents() != contents
    renumbers_back(connect, number)
    assert (connect.contents(), baseline(connect)) == (contents, brought)


def test_a_classroom_goes_to_the_new_id_of_its_school_in_what_the_sync_brought_too(connect: Connect) -> None:
    renumbers(connect, ("school", "A", "Z"))
    with open_store(connect.path) as store:
        brought = people.baseline(store, "d")
    assert set(brought["classroom"]["school"]) == set(brought["attachment"]["school"]) == {"Z"}


def test_two_who_swap_their_ids_keep_what_is_theirs(connect: Connect) -> None:
    was = {key: connect.find(key) for key in ("ana", "ben")}
    renumbers(connect, ("student", "ana", "ben"), ("student", "ben", "ana"))
    for key, other in (("ana", "ben"), ("ben", "ana")):
        found, before = connect.find(key), was[other]
        assert found
        assert before
        assert (found.given_name, found.classrooms) == (before.given_name, before.classrooms)


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([("student", "ana", "7"), ("student", "ben", "7")], "stand twice"),
        ([("student", "ana", "7"), ("student", "ana", "8")], "stand twice"),
        ([("student", "nobody", "7")], "nobody and nothing"),
        ([("student", "ana", "ben")], "who keeps it"),
    ],
)
def test_ids_that_cannot_be_given_are_refused_and_change_nothing(
    connect: Connect, pairs: Sequence[Pair], says: str
) -> None:
    before = connect.contents()
    with pytest.raises(CannotRenumber, match=says):
        renumbers(connect, *pairs)
    assert connect.contents() == before


def test_history_and_search_know_the_id_of_before(connect: Connect) -> None:
    connect.edits("update person set email = 'x' where key = 'ana'")
    first = renumbers(connect, ("student", "ana", "7"))
    renumbers(connect, ("student", "7", "8"))
    with open_store(connect.path) as store:
        steps = history_of(store, "d", "student", "8")
        assert [(step.before, step.after) for step in steps if step.what == "id"] == [("ana", "7"), ("7", "8")]
        assert [step.batch for step in steps if step.what == "school"] == [1]
        assert next(step.batch for step in steps if step.what == "id") == first
        assert [one.key for one in find_people(store, "d", key="ana")] == ["8"]
        assert not [step for step in history_of(store, "d", "guardian", "gil") if step.batch >= first]


def test_the_roster_as_of_an_earlier_night_has_the_ids_of_then(connect: Connect) -> None:
    number = renumbers(connect, ("student", "ana", "ben"), ("student", "ben", "7"))
    with open_store(connect.path) as store:
        then, now = (
            dict(roster_as_of(store, "d", batch)["person"].select("key", "given_name").rows())
            for batch in (number - 1, number)
        )
    assert (then["ana"], then["ben"], now["ben"], now["7"]) == ("Ana", "Ben", "Ana", "Ben")


def test_programs_are_told_of_other_ids_and_that_nobody_came_or_left(connect: Connect) -> None:
    with open_store(connect.path) as store:
        last = events_after(store, "d", 0, 1000)[-1:]
    number = renumbers(connect, ("student", "ana", "7"), ("classroom", "math", "8"))
    with open_store(connect.path) as store:
        told = events_after(store, "d", last[0].id if last else 0, 1000)
    assert [(one.batch, one.event, one.kind, one.key, one.detail) for one in told] == [
        (number, "id_changed", "student", "7", "ana")
    ]


def test_the_next_night_with_the_new_ids_changes_nothing(connect: Connect) -> None:
    renumbers(connect, ("student", "ana", "7"))
    roster: dict[str, Any] = {
        table: [
            {
                **row,
                **{column: "7" for column in ("sourcedId", "userSourcedId") if row.get(column) == "ana"},
            }
            for row in rows
        ]
        for table, rows in ROSTER.items()
    }
    before = connect.contents()
    connect.night(**roster)
    assert connect.contents() == before
