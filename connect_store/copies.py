"""Copies of the store: made while others write, examined before anybody relies on them, and put in its place.

A store that takes the place of another never gives a number twice that the other may have given: programs keep the
last event that they read, and folders of batches are called by their numbers.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from connect_store import ledger
from connect_store.dialect import SQLITE
from connect_store.failures import StoreError
from connect_store.statements import migrations, statements
from connect_store.store import Store, open_store

_MARGIN: Final = 100_000
"""How many numbers are left out where nobody can read which the other store gave."""


class BrokenCopy(StoreError):
    """A file is no store, is damaged, or is of a newer version of rosterdrop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a store has given away: its newest batch and event."""

    batch: int
    event: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """An entry of the ledger that a copy does not have."""

    number: int
    district: str
    origin: str


def copy_store(store_db: Path, file: Path) -> Given:
    """Copy a store that may be in use into a new file, and examine the copy; what it had given away.

    Raises:
        BrokenCopy: the store itself is damaged.
        StoreError: it is in PostgreSQL.
    """
    with open_store(store_db) as store:
        store.copy_to(file)
    examine(file, called=f"the Connect store {store_db}")
    return given_by(file)


def examine(file: Path, *, called: str) -> None:
    """Look whether a file is a store, whole, and of a version that this program knows.

    Raises:
        BrokenCopy: it is not.
    """
    if faults := faults_in(file):
        raise BrokenCopy(f"{called} is damaged: {faults[0]}{f', and {len(faults) - 1} more' * (len(faults) > 1)}")
    try:
        with _reading(file) as connection:
            known = connection.execute("select name from _sqlite_migrations order by name").fetchall()
    except sqlite3.DatabaseError as error:
        raise BrokenCopy(f"{called} is no store of rosterdrop: {error}") from error
    if strange := [name for (name,) in known if name not in migrations(SQLITE)]:
        raise BrokenCopy(f"{called} is of a newer version of rosterdrop ({strange[0]}); install that one first")


def faults_in(file: Path) -> list[str]:
    """What is wrong with a store, which may be in use; nothing where it is whole."""
    try:
        with _reading(file) as connection:
            faults = [text for (text,) in connection.execute("pragma integrity_check") if text != "ok"]
            loose = connection.execute("pragma foreign_key_check")
            return faults + [f"a row of {row[0]} points nowhere" for row in loose]
    except sqlite3.DatabaseError as error:
        return [str(error)]


def given_by(file: Path) -> Given:
    """What a store of today's version has given away."""
    with _reading(file) as connection:
        return _given(connection)


def replaceable(file: Path, after: int) -> tuple[Given, list[Beyond]] | None:
    """What a store gave away, and its entries after a number; None where it is not there or cannot be read."""
    if not file.is_file():
        return None
    try:
        with _reading(file, "rw") as connection:  # who closes it last brings its write-ahead log into it
            rows = connection.execute(statements(SQLITE)["entries_after"], {"batch": after})
            beyond = [Beyond(number=number, district=district, origin=origin) for number, district, origin in rows]
            return _given(connection), beyond
    except sqlite3.DatabaseError:
        return None


def skip(store: Store, given: Given | None, own: Given, *, folders: int, at: datetime, who: str, why: str) -> Given:
    """Enter that this store took another's place, and leave out every number that the other may have given.

    Inside the caller's transaction.

    Args:
        store: the one that takes the place.
        given: what the other one gave away; None where nobody can read it.
        own: what this one gave away.
        folders: the highest number of a batch's folder.
        at: the moment, aware.
        who: who does it.
        why: for the history.

    Returns: the last numbers that are taken now.
    """
    last = given or Given(batch=max(own.batch, folders) + _MARGIN, event=own.event + _MARGIN)
    number = max(last.batch, own.batch, folders) + 1
    ledger.enter_deed(store, "restore", number=number, at=at, who=who, why=why)
    event = max(last.event, own.event)
    if event > own.event:
        store.run("skip_events", id=event, batch=number, at=ledger.stamp(at))
        store.run("unskip_events", id=event)
    return Given(batch=number, event=event)


@contextmanager
def _reading(file: Path, how: str = "ro") -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode={how}", uri=True)) as connection:
        yield connection


def _given(connection: sqlite3.Connection) -> Given:
    ((batch,),) = connection.execute(statements(SQLITE)["newest_number"])
    ((event,),) = connection.execute(statements(SQLITE)["last_event"])
    ((given,),) = connection.execute("select coalesce(max(seq), 0) from sqlite_sequence where name = 'outbox'")
    return Given(batch=batch or 0, event=max(event or 0, given))
