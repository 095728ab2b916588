"""The schema goes forward only: a store of any earlier version comes up to date when it is opened."""

from itertools import islice
from pathlib import Path

import pytest

from connect_store import store as stores
from connect_store.dialect import SQLITE
from connect_store.statements import migrations
from connect_store.store import open_store
from tests.asking import ask, change, columns_of
from tests.conftest import Engine

STEPS = len(migrations(SQLITE))


def store_of(path: Path, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store as the first `version` steps leave it, with two people in it."""
    with monkeypatch.context() as earlier:
        earlier.setattr(stores, "migrations", lambda dialect: dict(islice(migrations(dialect).items(), version)))
        with open_store(path) as store:
            for kind, key, name in (("student", "ana", "Ana"), ("guardian", "gil", "Gil")):
                change(
                    store,
                    "insert into person (district, kind, key, given_name, family_name, status, batch)"
                    " values ('d', :kind, :key, :name, 'Gray', 'active', 1)",
                    kind=kind,
                    key=key,
                    name=name,
                )


@pytest.mark.parametrize("version", range(1, STEPS + 1))
def test_a_store_of_every_earlier_version_comes_up_to_date(
    engine: Engine, tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_of(tmp_path / "old.db", version, monkeypatch)
    with open_store(tmp_path / "old.db") as store:
        old = columns_of(store)
        assert ask(store, "select key from person order by key") == [("ana",), ("gil",)]
    engine.anew()
    with open_store(tmp_path / "new.db") as store:
        assert columns_of(store) == old


@pytest.mark.usefixtures("engine")
def test_people_of_a_store_without_accounts_are_managed_by_the_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_of(tmp_path / "old.db", 1, monkeypatch)
    with open_store(tmp_path / "old.db") as store:
        people = ask(store, "select key, account, managed_by from person order by key")
    assert people == [("ana", "none", "sync"), ("gil", "invitee", "sync")]
