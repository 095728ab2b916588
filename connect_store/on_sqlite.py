"""The store in a SQLite file of the home: the default, for one machine."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlite_utils

from config.disk import shortage
from connect_store.databases import Answer
from connect_store.dialect import SQLITE, Dialect
from connect_store.failures import DiskFailed, StoreBusy, StoreError, StoreVanished, UnfitDatabase
from connect_store.places import has_batches
from connect_store.statements import Steps

if TYPE_CHECKING:
    import polars as pl

_NEEDED: Final = (3, 39)  # `is distinct from` and `returning` (dependencies 2)
_BUSY_S: Final = 30.0
_STEPS: Final = "connect_store"


class OnSqlite:
    """One open connection to a SQLite file, through sqlite-utils."""

    dialect: Dialect = SQLITE

    def __init__(self, database: sqlite_utils.Database) -> None:
        self._database = database

    def execute(self, sql: str, values: Mapping[str, object] | None = None) -> Answer:
        """Run a statement."""
        return self._database.execute(sql, dict(values or {}))

    def frame(self, sql: str, schema: "Mapping[str, pl.DataType]", values: Mapping[str, object]) -> "pl.DataFrame":
        """The answer by columns, each as one text of JSON: half the time of its rows one by one (400,000 rows)."""
        import polars as pl  # here: most commands read no frame

        names = [f"c{place}" for place in range(len(schema))]
        arrays = ", ".join(f"json_group_array({name})" for name in names)
        told = sql.rstrip().rstrip(";")
        whole = f"with answer ({', '.join(names)}) as ({told}) select {arrays} from answer"  # noqa: S608 - all ours
        answer = self.execute(whole, values).fetchall()[0]
        if answer[0] == "[]":
            return pl.DataFrame(schema=schema)
        texts = pl.DataFrame({name: [text] for name, text in zip(schema, answer, strict=True)})
        # One question for all columns: polars decodes them side by side.
        return texts.select(pl.col(name).str.json_decode(pl.List(dtype)).explode() for name, dtype in schema.items())

    def fill(self, stage: str, records: "pl.DataFrame") -> None:
        """Put records into a stage.

        `executemany` over a frame's rows is one of the two places where Python walks rows: measured, no safe way
        into SQLite is faster (dependencies 1.1).
        """
        self._database.execute(f"delete from {stage}")  # noqa: S608 - a stage's name is ours
        columns = ", ".join(records.columns)
        marks = ", ".join("?" * records.width)
        into = f"insert into {stage} ({columns}) values ({marks})"  # noqa: S608 - names are ours, values bound
        self._database.conn.executemany(into, records.iter_rows())

    def begin_writing(self) -> None:
        """Take the write lock at once.

        A transaction that reads first and writes later fails without waiting when somebody else wrote in between
        (dependencies 1.4).
        """
        try:
            self._database.conn.execute("begin immediate")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise StoreBusy from error

    def begin_reading(self) -> None:
        """See one moment from the first question on."""
        self._database.conn.execute("begin")

    def commit(self) -> None:
        """End the transaction; all of it holds."""
        self._database.conn.execute("commit")

    def roll_back(self) -> None:
        """End the transaction, unless SQLite did where the disk is full."""
        if self._database.conn.in_transaction:
            self._database.conn.execute("rollback")

    def copy_to(self, file: Path) -> None:
        """Copy the store in one step: a copy in several begins anew whenever somebody writes between them."""
        with closing(sqlite3.connect(file)) as target:
            self._database.conn.backup(target)
            target.execute("pragma journal_mode = delete")  # one file, without the two that go with a write-ahead log

    def erase(self) -> None:
        """Write every page anew, its free room empty: what was deleted before stands there until it is used again."""
        for statement in ("pragma secure_delete = on", "vacuum", "pragma wal_checkpoint(truncate)"):
            self._database.execute(statement)

    def pending(self, steps: Steps) -> Steps:
        """Steps that were not carried out yet."""
        names = {step.name for step in _migrations(steps).pending(self._database)}
        return {name: script for name, script in steps.items() if name in names}

    def carry_out(self, steps: Steps) -> None:
        """Carry out steps."""
        _migrations(steps).apply(self._database)


@contextmanager
def open_sqlite(path: Path) -> Iterator[OnSqlite]:
    """Open the file, made where it is new, and close it again.

    Only a home that never had a batch gets a new one.

    Raises:
        UnfitDatabase: SQLite is older than 3.39.
        StoreVanished: it is not there, and its batches are.
        DiskFailed: the disk is full or broken.
        StoreError: the file cannot be opened as a store.
    """
    if sqlite3.sqlite_version_info < _NEEDED:
        raise UnfitDatabase(f"SQLite {sqlite3.sqlite_version} is too old: 3.39 or newer is needed")
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
        # FULL: a night that was reported as applied survives a power cut.
        for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on", "temp_store = memory"):
            connection.execute(f"pragma {pragma}")
        yield OnSqlite(sqlite_utils.Database(connection))
    except sqlite3.DatabaseError as error:
        raise _no_answer(path, error) from error
    finally:
        connection.close()


def _migrations(steps: Steps) -> sqlite_utils.Migrations:
    made = sqlite_utils.Migrations(_STEPS)
    for name, script in steps.items():
        made(name=name)(_step(script))
    return made


def _step(script: tuple[str, ...]) -> Callable[[sqlite_utils.Database], None]:
    def apply(database: sqlite_utils.Database) -> None:
        for statement in script:
            database.execute(statement)

    return apply


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
    if has_batches(path):
        raise StoreVanished(str(path))
    return True
