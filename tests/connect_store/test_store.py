"""The store keeps its word when two processes write, when a step fails, and when it is opened again."""

import multiprocessing
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from connect_store import ledger
from connect_store.applying import BROUGHT, CHANGE, apply
from connect_store.applying import columns_of as columns_of_changes
from connect_store.failures import StoreVanished
from connect_store.records import ENTITIES, Entity
from connect_store.statements import migrations
from connect_store.store import Store, open_store
from tests.asking import ask, change, columns_of
from tests.conftest import Engine

NOW = ledger.moment("2026-11-24T02:11:09.000Z")

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "store" / "connect.db") as opened:
        yield opened


def test_a_home_with_batches_never_gets_a_new_store(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "store" / "connect.db"
    (tmp_path / "batches" / "springfield").mkdir(parents=True)
    with open_store(file) as store:
        open_batch(store)
    (tmp_path / "batches" / "springfield" / "1").mkdir()
    with open_store(file):
        pass
    shutil.rmtree(file.parent, ignore_errors=True)
    engine.anew()
    for _ in range(2):
        with pytest.raises(StoreVanished, match="batches of this home"), open_store(file):
            pass
    assert not file.parent.exists()
    file.parent.mkdir()
    file.touch()
    with pytest.raises(StoreVanished), open_store(file):
        pass


def open_batch(store: Store, district: str = "d") -> int:
    with store.writing():
        return ledger.open_batch(store, district=district, test=False, origin="test", received=NOW, files=[])


def take(store: Store, number: int) -> int:
    with store.writing():
        return ledger.take(store, ledger.require(store, number))


def decide(store: Store, number: int, attempt: int, *, verdict: str = "accepted") -> None:
    with store.writing():
        ledger.decide(store, number, attempt=attempt, verdict=verdict, changes={}, summary={}, decided=NOW)


def test_a_failing_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.writing():
        ledger.open_batch(store, district="d", test=False, origin="test", received=NOW, files=[])
        raise RuntimeError

    assert ledger.history(store, None, most=9) == []


def test_a_record_that_is_changed_twice_in_one_batch_leaves_nothing(engine: Engine, store: Store) -> None:
    """Stages have no keys of their own; the undo record has, and it is written first."""
    number = open_batch(store)
    room = ENTITIES["classroom"]
    told = {"key": "m5", "title": "Math", "status": "active", BROUGHT: 1, CHANGE: "created"}
    schema = {name: pl.Int64 if name == BROUGHT else pl.String for name in columns_of_changes(room)}
    twice = pl.DataFrame([told, {**told, "title": "Art"}], schema=schema)

    with pytest.raises(engine.refused), store.writing():
        apply(store, district="d", batch=number, changes={"classroom": twice}, at=NOW)

    assert ask(store, "select count(*) from classroom") == [(0,)]


def test_an_older_attempt_cannot_decide(store: Store) -> None:
    """A worker that was only asleep wakes up after somebody else took its batch."""
    number = open_batch(store)
    sleeper = take(store, number)
    newer = take(store, number)

    with pytest.raises(ledger.Overtaken):
        decide(store, number, sleeper)
    decide(store, number, newer)
    assert ledger.require(store, number).state == "decided"


def test_a_batch_is_decided_once(store: Store) -> None:
    number = open_batch(store)
    attempt = take(store, number)
    decide(store, number, attempt)

    with pytest.raises(ledger.Overtaken):
        decide(store, number, attempt)


def test_two_batches_of_a_district_are_never_in_work_at_once(engine: Engine, store: Store) -> None:
    first, second = open_batch(store), open_batch(store)
    take(store, first)

    with pytest.raises(engine.refused):
        take(store, second)


def test_the_ledger_is_the_queue_of_each_district(store: Store) -> None:
    first, other, second = open_batch(store, "a"), open_batch(store, "b"), open_batch(store, "a")

    assert ledger.open_work(store, "a", NOW) == [first, second]
    assert ledger.districts_with_work(store, NOW) == ["a", "b"]
    decide(store, other, take(store, other))
    assert ledger.open_work(store, "b", NOW) == [other], "a report is still owed"


def test_history_is_paged_from_the_newest(store: Store) -> None:
    numbers = [open_batch(store) for _ in range(5)]

    newest = ledger.history(store, "d", most=2)
    assert [batch.number for batch in newest] == numbers[:2:-1]
    rest = ledger.history(store, "d", most=9, before=newest[-1].number)
    assert [batch.number for batch in rest] == numbers[2::-1]


def test_no_number_of_refused_batches_hides_those_before(store: Store) -> None:
    own = open_batch(store)
    decide(store, own, take(store, own))
    for _ in range(120):
        refused = open_batch(store)
        decide(store, refused, take(store, refused), verdict="refused")

    assert [batch.number for batch in ledger.judged(store, "d", test=False)] == list(range(refused, own - 1, -1))
    assert [batch.number for batch in ledger.applied(store, "d", test=False, most=9)] == [own]


def test_times_have_one_width_and_come_back(store: Store) -> None:
    batch = ledger.require(store, open_batch(store))

    assert ledger.stamp(batch.received) == "2026-11-24T02:11:09.000Z"
    assert batch.received == NOW


def test_an_unknown_batch_is_named(store: Store) -> None:
    with pytest.raises(ledger.UnknownBatch, match="no batch 99"):
        ledger.require(store, 99)


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "connect.db"
    for _ in range(2):
        with open_store(path) as store:
            tables = list(columns_of(store))
    assert {"person", "batch", "baseline_membership", "undo_guardianship"} <= set(tables)
    assert len(tables) == len(set(tables))


def test_foreign_keys_are_in_force(engine: Engine, store: Store) -> None:
    with pytest.raises(engine.refused), store.writing():
        change(
            store,
            "insert into attachment (district, kind, key, school, status, batch)"
            " values ('d', 'student', 'nobody', 'A', 'active', 1)",
        )


def test_every_statement_can_be_prepared(store: Store) -> None:
    """A misspelt column would otherwise wait for its night."""
    stages = {name for name in store._statements if name.startswith("stage_")}
    for name in stages:
        store.run(name)
    for name in store._statements.keys() - stages:
        sql = store._statements[name]
        marks = re.findall(r"(?:(?<=[ (]):|%\()(\w+)", sql)
        store._database.execute(f"explain {sql}", dict.fromkeys(marks))


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=ENTITIES)
def test_tables_have_the_columns_of_their_entity(store: Store, entity: Entity) -> None:
    store.run(f"stage_{entity.name}")
    found = columns_of(store)
    columns = {table: found[f"{table}{entity.name}"] for table in ("", "baseline_", "undo_", "stage_")}
    told = (f"{field}_brought" for field in entity.values)

    assert {"district", *entity.in_force, "batch"} <= {*columns[""]}
    assert columns["baseline_"] == ("district", *entity.columns)
    assert {*columns["undo_"]} == {"batch", "action", "district", *entity.in_force, "brought", *told}
    assert columns["stage_"] == (*entity.in_force, "brought", "action")


def test_migrations_have_names_in_order(store: Store) -> None:
    steps = migrations(store._database.dialect)
    assert list(steps) == sorted(steps)


def test_processes_that_open_a_new_store_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "connect.db"
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        numbers = pool.map(_open_one, [path] * 6)

    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


def _open_one(path: Path) -> int:
    with open_store(path) as store:
        return open_batch(store)
