"""The store in a PostgreSQL database: what `pip install rosterdrop[postgresql]` is for.

The schema is the connection's own (`search_path`); one home, one schema.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from connect_store.databases import Answer
from connect_store.dialect import POSTGRESQL, Dialect
from connect_store.failures import DiskFailed, StoreBusy, StoreError, StoreVanished, UnfitDatabase
from connect_store.places import without_secrets
from connect_store.statements import Steps

if TYPE_CHECKING:
    import polars as pl

try:
    import psycopg
    from psycopg import errors
except ImportError as error:
    raise StoreError(
        "the store is to be in PostgreSQL, and its driver is missing; run: pip install 'rosterdrop[postgresql]'"
    ) from error

_NEEDED: Final = 140000
_CONNECT_S: Final = 10
_CHUNK: Final = 50_000

_NOTES: Final = b"""
create table if not exists connect_store_step (
    name text primary key,
    applied text not null default to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
)"""

_ORDER: Final = b"select 'B' < 'a' and 'z' < U&'\\00E9' and lower(U&'\\00C9') = U&'\\00C9'"  # that of bytes

_TABLES: Final = b"""
select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = current_schema() order by tablename"""

# One writer a store, as SQLite has it: what a transaction reads stays true until it writes, and the ids of events
# become visible in their order. The lock is taken before the first snapshot, so the transaction must not be
# `repeatable read`: that one would see the store as it was before the wait.
_BEGIN_WRITING: Final = b"""
begin isolation level read committed;
set local lock_timeout = '30s';
select pg_advisory_xact_lock(hashtextextended('rosterdrop ' || current_schema(), 0))"""


class OnPostgresql:
    """One open connection to a PostgreSQL database."""

    dialect: Dialect = POSTGRESQL

    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self._connection = connection

    def execute(self, sql: str, values: Mapping[str, object] | None = None) -> Answer:
        """Run a statement."""
        answer: Answer = self._connection.execute(sql.encode(), values or {})
        return answer

    def frame(self, sql: str, schema: "Mapping[str, pl.DataType]", values: Mapping[str, object]) -> "pl.DataFrame":
        """The answer some thousand rows at once."""
        import polars as pl  # here: most commands read no frame

        answer = self.execute(sql, values)
        chunks = [pl.DataFrame(schema=schema)]
        while rows := answer.fetchmany(_CHUNK):
            chunks.append(pl.DataFrame(rows, schema=schema, orient="row"))
        return pl.concat(chunks)

    def fill(self, stage: str, records: "pl.DataFrame") -> None:
        """Put records into a stage: measured, COPY is twenty times faster than `executemany` (dependencies 1.1)."""
        columns = ", ".join(records.columns)
        into = f"copy {stage} ({columns}) from stdin (format csv)"
        self._connection.execute(f"truncate {stage}".encode())
        with self._connection.cursor() as cursor, cursor.copy(into.encode()) as copy:
            for part in records.iter_slices(_CHUNK):
                lines = io.BytesIO()  # every text is quoted: a bare cell of a backslash and a dot would end the copy
                part.write_csv(lines, include_header=False, quote_style="non_numeric")
                copy.write(lines.getbuffer())
        self._connection.execute(f"analyze {stage}".encode())

    def begin_writing(self) -> None:
        """Wait for the lock of the store."""
        try:
            self._connection.execute(_BEGIN_WRITING)
        except errors.LockNotAvailable as error:
            self.roll_back()
            raise StoreBusy from error

    def begin_reading(self) -> None:
        """See one moment from the first question on; not `read only`, which would forbid making a stage."""
        self._connection.execute(b"begin isolation level repeatable read")

    def commit(self) -> None:
        """End the transaction; all of it holds."""
        self._connection.execute(b"commit")

    def roll_back(self) -> None:
        """End the transaction, unless the connection did."""
        if not self._connection.closed and self._connection.info.transaction_status:
            self._connection.execute(b"rollback")

    def copy_to(self, file: Path) -> None:  # noqa: ARG002 - as every database has it
        """Refuse: what PostgreSQL holds is copied by its own programs."""
        raise StoreError("a store in PostgreSQL is copied with pg_dump, together with the folders of the home")

    def erase(self) -> None:
        """Free the room of what was deleted; PostgreSQL overwrites it when it is used again."""
        for (table,) in self._connection.execute(_TABLES).fetchall():
            self._connection.execute(f"vacuum {table}".encode())

    def pending(self, steps: Steps) -> Steps:
        """Steps that were not carried out yet."""
        done = set()
        if self.is_made():
            done = {name for (name,) in self._connection.execute(b"select name from connect_store_step")}
        return {name: script for name, script in steps.items() if name not in done}

    def carry_out(self, steps: Steps) -> None:
        """Carry out steps."""
        self._connection.execute(_NOTES)
        for name, script in steps.items():
            for statement in script:
                self._connection.execute(statement.encode())
            self._connection.execute(b"insert into connect_store_step (name) values (%s)", [name])

    def is_made(self) -> bool:
        """Whether the schema holds a store."""
        row: tuple[str | None] | None = self._connection.execute(b"select to_regclass('connect_store_step')").fetchone()
        return row != (None,)

    def must_fit(self) -> None:
        """See that the statements will mean here what they mean on SQLite.

        Raises:
            UnfitDatabase: they will not.
        """
        if self._connection.info.server_version < _NEEDED:
            raise UnfitDatabase("the PostgreSQL server is too old: 14 or newer is needed")
        holds_utf8 = self._connection.info.parameter_status("server_encoding") == "UTF8"
        if not holds_utf8 or self._connection.execute(_ORDER).fetchone() != (True,):
            raise UnfitDatabase(
                "the PostgreSQL database must order text byte by byte and hold UTF-8; make one that does: "
                "create database rosterdrop template template0 encoding 'UTF8' locale 'C'"
            )


@contextmanager
def open_postgresql(url: str, *, may_be_new: bool) -> Iterator[OnPostgresql]:
    """Open the database and close it again; an empty one becomes a store only where it may be new.

    Raises:
        UnfitDatabase: it is too old, or orders text in its own way.
        StoreVanished: it is empty, and must not be.
        DiskFailed: its disk is full.
        StoreError: nobody answers, or not as a store should.
    """
    place = without_secrets(url)
    try:
        # No prepared statements: their plans would outlive what stands in the stages.
        connection = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=_CONNECT_S,
            application_name="rosterdrop",
            client_encoding="UTF8",
            prepare_threshold=None,
        )
    except psycopg.OperationalError as error:
        raise StoreError(f"the Connect store {place} cannot be reached: {_first_line(error)}") from None
    except psycopg.ProgrammingError:
        raise StoreError(
            f"the address of the Connect store {place} has an option that PostgreSQL does not know"
        ) from None
    try:
        database = OnPostgresql(connection)
        connection.execute(b"set synchronous_commit = on")  # what was reported as applied survives a power cut
        if not database.is_made():
            if not may_be_new:
                raise StoreVanished(place)
            database.must_fit()
        yield database
    except psycopg.Error as error:
        # Without its cause: what PostgreSQL adds to an error (detail, context) shows values of rows.
        raise _no_answer(place, error) from None
    finally:
        connection.close()


def _no_answer(place: str, error: psycopg.Error) -> StoreError:
    if isinstance(error, errors.DiskFull):
        return DiskFailed(f"the disk of the Connect store {place} is full; make room there and run the command again")
    if isinstance(error, errors.LockNotAvailable):
        return StoreBusy()
    says = error.diag.message_primary or _first_line(error)
    return StoreError(f"the Connect store {place} did not answer: {says}")


def _first_line(error: psycopg.Error) -> str:
    return str(error).partition("\n")[0]
