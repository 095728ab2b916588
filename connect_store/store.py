"""One open connection to the Connect store: named statements, staged frames, one writing transaction.

Errors:
    StoreError
    ├── OldSqlite     the machine's SQLite lacks what the statements need
    ├── StoreBusy     another process held the write lock for too long
    ├── StoreVanished batches lie in the home and their store does not
    └── DiskFailed    the disk under the store is full, or reads and writes on it fail
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl
import sqlite_utils

from config.disk import shortage
from config.home import Home
from connect_store.statements import migrations, statements

_NEEDED: Final = (3, 39)  # `is distinct from` and `returning` (dependencies 2)
_BUSY_S: Final = 30.0
_CHUNK: Final = 50_000


class StoreError(Exception):
    """Something about the store itself is wrong; an operator must act."""

    exit_code = 2


class OldSqlite(StoreError):
    """The machine's SQLite is too old."""


class StoreBusy(StoreError):
    """Another process held the write lock for too long."""


class StoreVanished(StoreError):
    """A home that has had batches lacks its store: a new one would count from 1 and know nobody."""


class DiskFailed(StoreError):
    """The disk under the store is full, or reads and writes on it fail; no setting and no usage is wrong."""

    exit_code = 1


class Store:
    """The Connect store, as one process uses it. Made by `open_store`."""

    def __init__(self, database: sqlite_utils.Database) -> None:
        self._database = database

    def rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """What the named statement answers."""
        return self._database.execute(statements()[name], values).fetchall()

    def run(self, name: str, **values: object) -> int:
        """How many rows the named statement touched."""
        return int(self._database.execute(statements()[name], values).rowcount)

    def frame(self, name: str, schema: Mapping[str, pl.DataType], **values: object) -> pl.DataFrame:
        """What the named statement answers, as a frame of this schema."""
        cursor = self._database.execute(statements()[name], values)
        chunks = [pl.DataFrame(schema=schema)]
        while rows := cursor.fetchmany(_CHUNK):
            chunks.append(pl.DataFrame(rows, schema=schema, orient="row"))
        return pl.concat(chunks)

    def stage(self, entity: str, records: pl.DataFrame) -> None:
        """Put records into the entity's stage, in place of what was there; columns as the stage has them.

        `executemany` over a frame's rows is one of the two places where Python walks rows: measured, no safe way
        into SQLite is faster (dependencies 1.1).
        """
        self._database.execute(statements()[f"stage_{entity}"])
        self._database.execute(f"delete from stage_{entity}")  # noqa: S608 - an entity's name is ours
        columns = ", ".join(records.columns)
        marks = ", ".join("?" * records.width)
        into = f"insert into stage_{entity} ({columns}) values ({marks})"  # noqa: S608 - names are ours, values bound
        self._database.conn.executemany(into, records.iter_rows())

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of what is written inside, or nothing of it.

        It takes the write lock at once: a transaction that reads first and writes later fails without waiting when
        somebody else wrote in between (dependencies 1.4).

        Raises:
            StoreBusy: the lock was not to be had.
        """
        connection = self._database.conn
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise StoreBusy(
                "the Connect store is busy: another command or the service is writing; try again"
            ) from error
        try:
            yield
            connection.execute("commit")
        finally:
            if connection.in_transaction:  # SQLite ends one itself where the disk is full
                connection.execute("rollback")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One moment of the store for several questions; nobody waits for it, and stages may be filled in it."""
        connection = self._database.conn
        connection.execute("begin")
        try:
            yield
        finally:
            if connection.in_transaction:
                connection.execute("rollback")

    def copy_to(self, file: Path) -> None:
        """Copy the whole store, as it is at one moment, into a new file; nobody who writes meanwhile has to wait.

        In one step: a copy in several begins anew whenever somebody writes between them.
        """
        with closing(sqlite3.connect(file)) as target:
            self._database.conn.backup(target)
            target.execute("pragma journal_mode = delete")  # one file, without the two that go with a write-ahead log

    def migrate(self) -> None:
        """Bring the schema up to date; a step that fails leaves no trace."""
        steps = sqlite_utils.Migrations("connect_store")
        for name, script in migrations().items():
            steps(name=name)(_step(script))
        if steps.pending(self._database):
            with self.writing():
                steps.apply(self._database)


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Open the store, made and brought up to date where needed, and close it again.

    Only a home that never had a batch gets a new one.

    Raises:
        OldSqlite: SQLite is older than 3.39.
        StoreVanished: it is not there, and its batches are.
        DiskFailed: the disk is full or broken.
        StoreError: the file cannot be opened as a store.
    """
    if sqlite3.sqlite_version_info < _NEEDED:
        raise OldSqlite(f"SQLite {sqlite3.sqlite_version} is too old: 3.39 or newer is needed")
    try:
        is_new = _is_new(path)
        if is_new:
            path.parent.mkdir(mode=0o700, exist_ok=True)
        # `rw` makes no file, should it vanish in between.
        address = f"{path.absolute().as_uri()}?mode={'rwc' if is_new else 'rw'}"
        connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=_BUSY_S)
    except (sqlite3.OperationalError, OSError) as error:
        if isinstance(error, OSError) and shortage(error, path.parent):
            raise _full(path) from error
        raise StoreError(f"{path} cannot be opened as the Connect store; is its home where it was?") from error
    try:
        yield _prepared(connection)
    except sqlite3.DatabaseError as error:
        raise _no_answer(path, error) from error
    finally:
        connection.close()


def _no_answer(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    """What stands behind an error of SQLite, as far as its code tells whose turn it is."""
    if shortage(error, path.parent):
        return _full(path)
    if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF == sqlite3.SQLITE_IOERR:
        return DiskFailed(
            f"the disk of the Connect store {path} failed ({error}); see whether it is there, healthy and not full"
        )
    return StoreError(f"the Connect store {path} did not answer: {error}")


def _full(path: Path) -> DiskFailed:
    return DiskFailed(
        f"the disk is full: the Connect store {path} has no room to work; make room there "
        f"(df -h {path.parent} tells how much there is) and run the command again"
    )


def _is_new(path: Path) -> bool:
    """Whether the store is still to be made."""
    if path.is_file() and path.stat().st_size:
        return False
    if any(Home(path.absolute().parent.parent).batches.glob("*/[0-9]*")):
        raise StoreVanished(
            f"the Connect store {path} is gone, and batches of this home are there: put it back from a backup; "
            "to begin anew without what it knew, move the folder batches away"
        )
    return True


def _prepared(connection: sqlite3.Connection) -> Store:
    # FULL: a night that was reported as applied survives a power cut.
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on", "temp_store = memory"):
        connection.execute(f"pragma {pragma}")
    store = Store(sqlite_utils.Database(connection))
    store.migrate()
    return store


def _step(script: tuple[str, ...]) -> Any:
    def apply(database: sqlite_utils.Database) -> None:
        for statement in script:
            database.execute(statement)

    return apply
