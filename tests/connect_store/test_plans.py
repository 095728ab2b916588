"""How SQLite finds what commands and the queue ask of a ledger of years: by an index, never by a whole table."""

import re
from collections.abc import Iterator

import pytest

from connect_store.dialect import SQLITE
from connect_store.statements import statements
from connect_store.store import Store, open_store

_VALUE = re.compile(r"(?<![:\w]):(\w+)")
_WALKS_ALL = re.compile(r"SCAN (?!CONSTANT)|^SEARCH \w+$")  # the latter is an end of a table, to look for a maximum


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("plans") / "connect.db") as opened:
        yield opened


@pytest.mark.parametrize(
    "name",
    [
        *("batches", "batches_of", "batch_by_id", "last_batch", "last_standing", "last_applied", "judged_batches"),
        *("open_work", "newer_than", "run_again", "waiting_batches", "waiting_before"),
        *("events", "purged_of", "purged_undo", "paused"),
        *("people", "schools_of", "classrooms_of", "guardians_of", "students_of", "attributes_of", "headcount"),
        *("renumbered_about", "renumbered_in"),
    ],
)
def test_a_command_reads_only_what_it_asks_for(store: Store, name: str) -> None:
    assert not [step for step in plan(store, name) if _WALKS_ALL.search(step)]


def test_the_queue_of_all_districts_is_a_few_entries(store: Store) -> None:
    assert plan(store, "districts_with_work") == ["SCAN batch USING INDEX batch_unfinished"]
    assert any("batch_unfinished" in step for step in plan(store, "open_work"))


def test_people_are_counted_without_reading_them(store: Store) -> None:
    assert plan(store, "headcount") == ["SEARCH person USING INDEX person_active (district=?)"]


def plan(store: Store, name: str) -> list[str]:
    sql = statements(SQLITE)[name]
    values = dict.fromkeys(_VALUE.findall(sql))
    return [str(step[3]) for step in store._database.execute(f"explain query plan {sql}", values).fetchall()]
