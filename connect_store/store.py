"""One open connection to the Connect store: named statements, staged frames, one writing transaction.

The errors are drawn in `connect_store.failures`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connect_store.databases import Database
from connect_store.on_sqlite import open_sqlite
from connect_store.places import has_batches, url_of
from connect_store.statements import migrations, statements

if TYPE_CHECKING:
    import polars as pl


class Store:
    """The Connect store, as one process uses it. Made by `open_store`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = statements(database.dialect)

    def rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """What the named statement answers."""
        return self._database.execute(self._statements[name], values).fetchall()

    def run(self, name: str, **values: object) -> int:
        """How many rows the named statement touched."""
        return int(self._database.execute(self._statements[name], values).rowcount)

    def frame(self, name: str, schema: "Mapping[str, pl.DataType]", **values: object) -> "pl.DataFrame":
        """What the named statement answers, as a frame of this schema."""
        return self._database.frame(self._statements[name], schema, values)

    def stage(self, entity: str, records: "pl.DataFrame") -> None:
        """Put records into the entity's stage, in place of what was there; columns as the stage has them."""
        stage = f"stage_{entity}"
        self._database.execute(self._statements[stage])
        self._database.fill(stage, records)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction, the only one that writes: all of what is written inside, or nothing of it.

        Raises:
            StoreBusy: another one held the write lock for too long.
        """
        self._database.begin_writing()
        try:
            yield
            self._database.commit()
        finally:
            self._database.roll_back()

    def erase(self) -> None:
        """Let nothing that was deleted stand in the database's files any more, as far as the database can."""
        self._database.erase()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One moment of the store for several questions; nobody waits for it, and stages may be filled in it."""
        self._database.begin_reading()
        try:
            yield
        finally:
            self._database.roll_back()

    def copy_to(self, file: Path) -> None:
        """Copy the whole store, as it is at one moment, into a new file; nobody who writes meanwhile has to wait.

        Raises:
            StoreError: it is in PostgreSQL.
        """
        self._database.copy_to(file)

    def migrate(self) -> None:
        """Bring the schema up to date; a step that fails leaves no trace."""
        steps = migrations(self._database.dialect)
        if self._database.pending(steps):
            with self.writing():
                self._database.carry_out(self._database.pending(steps))


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Open the store of a home, made and brought up to date where needed, and close it again.

    It is the SQLite file `path`, or the PostgreSQL database that the environment or the home's settings name in its
    place. Only a home that never had a batch gets a new one.

    Raises:
        UnfitDatabase: the database cannot run the statements.
        StoreVanished: it is not there, and its batches are.
        DiskFailed: the disk is full or broken.
        StoreError: it cannot be opened as a store.
    """
    url = url_of(path)
    if url is None:
        with open_store_file(path) as store:
            yield store
    else:
        from connect_store.on_postgresql import open_postgresql

        with open_postgresql(url, may_be_new=not has_batches(path)) as database:
            yield _up_to_date(database)


@contextmanager
def open_store_file(path: Path) -> Iterator[Store]:
    """Open a SQLite file as a store, such as a copy, wherever the store of its home is; raises as `open_store`."""
    with open_sqlite(path) as database:
        yield _up_to_date(database)


def _up_to_date(database: Database) -> Store:
    store = Store(database)
    store.migrate()
    return store
