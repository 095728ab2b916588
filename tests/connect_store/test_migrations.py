"""The schema goes forward only: a store of any earlier version comes up to date when it is opened."""

import sqlite3
from itertools import islice
from pathlib import Path

import pytest
import sqlite_utils

from connect_store.statements import migrations
from connect_store.store import _step, open_store

STEPS = len(migrations())
ANA = ("d", "student", "ana", "Ana", "Gray", "active", 1)
GIL = ("d", "guardian", "gil", "Gil", "Gray", "active", 1)


def store_of(path: Path, version: int) -> None:
    """A store as the first `version` steps leave it, with two people in it."""
    connection = sqlite3.connect(path, isolation_level=None)
    database = sqlite_utils.Database(connection)
    steps = sqlite_utils.Migrations("connect_store")
    for name, script in islice(migrations().items(), version):
        steps(name=name)(_step(script))
    steps.apply(database)
    connection.executemany(
        "insert into person (district, kind, key, given_name, family_name, status, batch) values (?, ?, ?, ?, ?, ?, ?)",
        [ANA, GIL],
    )
    connection.close()


def schema_of(path: Path) -> list[tuple[str, ...]]:
    with open_store(path) as store:
        tables = store._database.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
        return [
            (table, *(str(column[1]) for column in store._database.execute(f"pragma table_info({table})")))
            for (table,) in tables
        ]


@pytest.mark.parametrize("version", range(1, STEPS + 1))
def test_a_store_of_every_earlier_version_comes_up_to_date(tmp_path: Path, version: int) -> None:
    store_of(tmp_path / "old.db", version)
    assert schema_of(tmp_path / "old.db") == schema_of(tmp_path / "new.db")


def test_people_of_a_store_without_accounts_are_managed_by_the_sync(tmp_path: Path) -> None:
    store_of(tmp_path / "old.db", 1)
    with open_store(tmp_path / "old.db") as store:
        people = store._database.execute("select key, account, managed_by from person order by key").fetchall()
    assert people == [("ana", "none", "sync"), ("gil", "invitee", "sync")]
