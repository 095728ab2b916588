"""SQLite and PostgreSQL hold the same: a text comes back as it went in, and the same nights leave the same store."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connect_store import people
from connect_store.directory import find_people
from connect_store.places import VARIABLE
from connect_store.records import PERSON
from connect_store.store import Store, open_store
from tests import postgresql_server
from tests.asking import ask, columns_of
from tests.processors.connect import Connect, classroom, guardian, member, student, teacher

NAMES = ("ana", "Ana", "ANA", "Ána", "änne", "zoe", "Zoe", "_x", "10", "9", "a b", "a-b", "é", "e\u0301", "\U0001d4b3")
NOTES = ("_sqlite_migrations", "connect_store_step")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@pytest.mark.usefixtures("engine")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@example(["\\.", "\\N", '"', '""', ",", "\n", "\r", "\r\n", "\t", "'", "%s", ":key", " ", "{int}", "\ufeff", "\x1f"])
@given(st.lists(TEXTS, min_size=1, max_size=12, unique=True))
def test_every_text_comes_back_as_it_went_in(tmp_path: Path, texts: list[str]) -> None:
    with open_store(tmp_path / "connect.db") as store, store.reading():
        store.stage("classroom", pl.DataFrame({"key": texts}))
        assert sorted(ask(store, "select key from stage_classroom order by key")) == sorted((one,) for one in texts)
        ordered = [key for (key,) in ask(store, "select key from stage_classroom order by key")]
        assert ordered == sorted(texts), "byte by byte, as Python orders characters"


@pytest.mark.usefixtures("engine")
def test_an_empty_text_is_no_missing_one(tmp_path: Path) -> None:
    rows = pl.DataFrame({"key": ["a", "b", "c"], "title": ["", None, "x"], "brought": [1, None, 0]})
    with open_store(tmp_path / "connect.db") as store, store.reading():
        store.stage("classroom", rows)
        store.stage("classroom", rows)
        assert ask(store, "select key, title, brought from stage_classroom order by key") == rows.rows()


@pytest.fixture
def stores(postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a story on each database; what it returned there."""

    def on_each(story: Any) -> tuple[Any, Any]:
        monkeypatch.delenv(VARIABLE, raising=False)
        on_sqlite = story(Connect(tmp_path / "sqlite.db"))
        with postgresql_server.schema(postgresql) as url:
            monkeypatch.setenv(VARIABLE, url)
            return on_sqlite, story(Connect(tmp_path / "postgresql.db"))

    return on_each


def lives(connect: Connect) -> list[Any]:
    """Three nights of people whose names differ in case, accents and order; everything that the store then holds."""
    pupils = [student(name, givenName=name, agents=["gil"]) for name in NAMES]
    rooms = [classroom("math", title="Ünï"), classroom("Math", title="a\\b\n'c'")]
    seats = [member("math", name) for name in NAMES] + [member("Math", "tom")]
    family = [guardian("gil", email="Gil@Example.org"), teacher("tom", email="TOM@example.org")]
    connect.night([*pupils, *family], rooms, seats)
    connect.night([*pupils[:6], *family], rooms[:1], seats[:3])
    connect.night([*pupils, *family], rooms, seats)
    with open_store(connect.path) as store:
        found = find_people(store, "d"), find_people(store, "d", contact="TOM@EXAMPLE.ORG")
        return [connect.contents(), _everything(store), found, _standing(store)]


def _everything(store: Store) -> dict[str, Any]:
    """Every row of every table of ours."""
    ours = [table for table in columns_of(store) if not table.startswith(("stage_", "sqlite_", *NOTES))]
    return {table: sorted(ask(store, f"select * from {table}"), key=repr) for table in ours}


def _standing(store: Store) -> list[tuple[Any, ...]]:
    keys = pl.DataFrame({"kind": ["student"] * len(NAMES), "key": NAMES}).unique()
    with store.reading():
        return sorted(people.standing(store, "d", PERSON, keys).rows(), key=repr)


def test_the_same_nights_leave_the_same_store(stores: Any) -> None:
    on_sqlite, on_postgresql = stores(lives)
    for one, other in zip(on_sqlite, on_postgresql, strict=True):
        assert other == one
