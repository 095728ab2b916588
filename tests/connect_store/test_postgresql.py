"""What only a real PostgreSQL server shows: who waits for whom, what a database must be like, what is never told."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from connect_store import ledger, on_postgresql
from connect_store.failures import StoreBusy, StoreError, UnfitDatabase
from connect_store.places import VARIABLE
from connect_store.store import Store, open_store
from tests import postgresql_server
from tests.asking import ask, change

NOW = ledger.moment("2026-11-24T02:11:09.000Z")


@pytest.fixture
def url(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with postgresql_server.schema(postgresql) as address:
        monkeypatch.setenv(VARIABLE, address)
        yield address


@pytest.fixture
def file(url: str, tmp_path: Path) -> Path:
    """The place of a home's store, which lies in PostgreSQL."""
    assert url
    return tmp_path / "store" / "connect.db"


@contextmanager
def working(file: Path) -> Iterator[tuple[Store, int, int]]:
    """A service that took a batch: its store, the batch, its attempt."""
    with open_store(file) as store:
        with store.writing():
            number = ledger.open_batch(store, district="d", test=False, origin="test", received=NOW, files=[])
            attempt = ledger.take(store, ledger.require(store, number))
        yield store, number, attempt


def brings(store: Store, number: int, attempt: int, key: str) -> None:
    """Bring a student and decide, as applying does."""
    with store.writing():
        change(
            store,
            "insert into person (district, kind, key, status, batch) values ('d', 'student', :key, 'active', :number)",
            key=key,
            number=number,
        )
        ledger.decide(store, number, attempt=attempt, verdict="accepted", changes={}, summary={}, decided=NOW)


def test_who_slept_through_its_successors_run_applies_nothing(file: Path) -> None:
    with working(file) as (sleeper, number, attempt), open_store(file) as successor:
        with successor.writing():
            newer = ledger.take(successor, ledger.require(successor, number))
        brings(successor, number, newer, "ana")
        with pytest.raises(ledger.Overtaken):
            brings(sleeper, number, attempt, "ben")
        assert ask(sleeper, "select key from person") == [("ana",)]


def test_who_waits_to_write_sees_what_was_written_meanwhile(file: Path) -> None:
    """One that had its snapshot before it waited would apply what its successor applied already."""
    with working(file) as (first, number, attempt), open_store(file) as second:
        said: list[object] = []
        entered = threading.Event()

        def decides_too() -> None:
            entered.set()
            try:
                brings(second, number, attempt, "ben")
            except ledger.Overtaken as error:
                said.append(error)

        waiting = threading.Thread(target=decides_too)
        with first.writing():
            waiting.start()
            entered.wait()
            waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            while ask(first, waits) == [(0,)]:
                pass
            ledger.decide(first, number, attempt=attempt, verdict="accepted", changes={}, summary={}, decided=NOW)
        waiting.join()
        assert said
        assert ask(first, "select count(*) from person") == [(0,)]


def test_a_writer_that_holds_on_is_named_after_a_while(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_postgresql, "_BEGIN_WRITING", on_postgresql._BEGIN_WRITING.replace(b"30s", b"50ms"))
    with open_store(file) as first, first.writing(), open_store(file) as second:
        with pytest.raises(StoreBusy, match="try again"), second.writing():
            pass
        assert ledger.history(second, None, most=9) == [], "nobody waits to read"


def test_stores_of_two_schemas_do_not_wait_for_each_other(
    file: Path, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_postgresql, "_BEGIN_WRITING", on_postgresql._BEGIN_WRITING.replace(b"30s", b"50ms"))
    with open_store(file) as first, first.writing(), postgresql_server.schema(postgresql) as other:
        monkeypatch.setenv(VARIABLE, other)
        with open_store(file) as second, second.writing():
            pass


def test_a_reader_sees_one_moment(file: Path) -> None:
    with working(file) as (writer, number, attempt), open_store(file) as reader, reader.reading():
        before = ask(reader, "select count(*) from person")
        brings(writer, number, attempt, "ana")
        assert ask(reader, "select count(*) from person") == before == [(0,)]


def test_only_the_tables_of_the_store_are_vacuumed(file: Path, postgresql: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with (
        open_store(file) as store,
        postgresql_server.schema(postgresql) as other,
        psycopg.connect(other, autocommit=True) as beside,
    ):
        beside.execute("create table beside (a int)")
        store.erase()
        counted = "select coalesce(sum(vacuum_count), 0) from pg_stat_user_tables where schemaname = current_schema()"
        flushed = "select pg_stat_force_next_flush()"
        ask(store, flushed)
        assert ask(store, counted) > [(0,)]
        assert beside.execute(counted).fetchall() == [(0,)]


def test_a_connection_that_is_cut_within_a_night_leaves_nothing(file: Path) -> None:
    with pytest.raises(StoreError, match="did not answer"), working(file) as (store, number, attempt):
        ((backend,),) = ask(store, "select pg_backend_pid()")
        with store.writing():
            ledger.decide(store, number, attempt=attempt, verdict="accepted", changes={}, summary={}, decided=NOW)
            with open_store(file) as other:
                ask(other, "select pg_terminate_backend(:backend)", backend=backend)
            ledger.note(store, number, "decide", at=NOW, who="a test")
    with open_store(file) as store:
        assert ledger.require(store, number).state == "working"


@pytest.mark.parametrize(
    "made_so", ["encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8'", "encoding 'SQL_ASCII' locale 'C'"]
)
def test_a_database_that_reads_text_otherwise_is_refused_with_the_one_to_make(
    postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_so: str
) -> None:
    with postgresql_server.database(postgresql, made_so) as address:
        monkeypatch.setenv(VARIABLE, address)
        with pytest.raises(UnfitDatabase, match="template template0"), open_store(tmp_path / "a" / "b"):
            pass


def test_an_older_server_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_postgresql, "_NEEDED", 990000)
    with pytest.raises(UnfitDatabase, match="14 or newer"), open_store(file):
        pass


SECRET = "s3cr/et?#@"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://ann:{quote(SECRET, safe='')}@127.0.0.1:1/roster",
        f"postgresql://ann:{SECRET}@127.0.0.1:1/roster",
        "postgresql://ann@127.0.0.1:1/roster?password=s3cr&application_name=x",
        "postgresql://ann@127.0.0.1:1/roster?pasword=s3cr",
        "postgresql://ann:s3cr%zz@127.0.0.1:1/roster",
        "postgresql://ann:1s3cr/x@127.0.0.1:1/roster",
        "mysql://ann:s3cr@127.0.0.1:1/roster",
    ],
)
def test_no_message_tells_the_password(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv(VARIABLE, address)
    with pytest.raises(StoreError) as error, open_store(tmp_path / "store" / "connect.db"):
        pass
    told = [str(one) for one in (error.value, error.value.__cause__) if one]
    assert not re.search("s3cr|et[?#]", " ".join(told))


def test_no_message_tells_values_of_rows(file: Path) -> None:
    with pytest.raises(StoreError) as error, working(file) as (store, number, _):
        for _ in range(2):
            change(
                store,
                "insert into person (district, kind, key, status, batch)"
                " values ('d', 'student', 'ana', 'active', :number)",
                number=number,
            )
    assert "duplicate key" in str(error.value)
    assert "ana" not in str(error.value)
    assert error.value.__suppress_context__
