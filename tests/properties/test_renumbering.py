"""Other IDs and the way back leave the store as it was, whatever the IDs are: chains, cycles, swaps, new ones."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connect_store import people
from connect_store.renumbering import MAPPING, backwards, renumber, renumbered
from connect_store.store import open_store
from tests.processors.connect import NOW, Connect, classroom, guardian, member, student, teacher

KEYS = {
    "student": ("s1", "s2", "s3"),
    "guardian": ("g1", "g2"),
    "staff": ("t1",),
    "classroom": ("c1", "c2"),
    "school": ("A", "B"),
}


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    made = Connect(tmp_path / "connect.db")
    made.night(
        users=[
            student("s1", agents=["g1", "g2"]),
            student("s2", school="A B", agents=["g1"]),
            student("s3", school="B"),
            guardian("g1", email="a@x.org"),
            guardian("g2"),
            teacher("t1"),
        ],
        classes=[classroom("c1"), classroom("c2", school="B")],
        enrollments=[member("c1", "s1"), member("c1", "s2"), member("c2", "s3"), member("c1", "t1")],
    )
    made.edits(
        "update person set email = 'own' where key = 'g1'", "update person set status = 'archived' where key = 's3'"
    )
    return made


@st.composite
def mappings(draw: st.DrawFn) -> pl.DataFrame:
    """Some IDs of each kind become others of the same kind, or ones that are new."""
    rows = []
    for kind, keys in KEYS.items():
        new = draw(st.permutations([*keys, *(f"{kind}-{n}" for n in range(2))]))
        moved = {was: key for was, key in zip(keys, new, strict=False) if was != key}
        while blocked := {was for was, key in moved.items() if key in keys and key not in moved}:
            moved = {was: key for was, key in moved.items() if was not in blocked}
        rows += [(kind, was, key) for was, key in moved.items()]
    return pl.DataFrame(rows, MAPPING, orient="row")


# One store for all examples: each leaves it as it was.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mapping=mappings())
def test_the_way_back_is_the_identity(connect: Connect, mapping: pl.DataFrame) -> None:
    before = connect.contents()
    with open_store(connect.path) as store:
        brought = {name: rows.sort(rows.columns) for name, rows in people.baseline(store, "d").items()}
        with store.writing():
            number, _ = renumber(store, "d", mapping, origin="switch", at=NOW, summary={})
        moved = connect.contents()
        with store.writing():
            renumber(store, "d", backwards(renumbered(store, number)), origin="undo", of=number, at=NOW, summary={})
        for name, rows in people.baseline(store, "d").items():
            assert rows.sort(rows.columns).equals(brought[name]), name
    assert connect.contents() == before
    assert (moved == before) == mapping.is_empty()
    assert {name: len(rows) for name, rows in moved.items()} == {name: len(rows) for name, rows in before.items()}
