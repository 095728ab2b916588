"""A first load into the store, beside the same rows put straight into keyed tables, on SQLite and on PostgreSQL.

The peer is the fastest plain way of each database into tables with a primary key: `executemany` and COPY. The figure to
quote is the ratio of the medians.
"""

import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from connect_store import ledger
from connect_store.applying import BROUGHT, CHANGE, apply, brought
from connect_store.places import VARIABLE
from connect_store.records import ENTITIES, Entity, EntityName, Frames
from connect_store.store import Store, open_store
from tests import postgresql_server

STUDENTS = int(os.environ.get("STUDENTS", "50000"))
TRIES = int(os.environ.get("TRIES", "3"))
CLASSES_OF_A_STUDENT = 4
STUDENTS_OF_A_CLASS = 25


def main() -> int:
    """Time the store and its peer, one after the other, on each database."""
    changes = {name: _as_changes(ENTITIES[name], rows) for name, rows in _district().items()}
    print(f"{STUDENTS:,} students, {sum(rows.height for rows in changes.values()):,} records, median of {TRIES}")
    with tempfile.TemporaryDirectory() as folder:
        _show("SQLite", changes, _by_executemany, lambda: _file(Path(folder)))
        if reason := postgresql_server.why_not():
            print(reason)
        else:
            server = postgresql_server.server(Path(folder))
            _show("PostgreSQL", changes, _by_copy, lambda: _schema(server, Path(folder)))
    return 0


def _show(
    title: str,
    changes: Frames,
    plainly: Callable[[Any, Entity, pl.DataFrame], None],
    place: Callable[[], Any],
) -> None:
    ours, peers = [], []
    for _ in range(TRIES):
        with place() as store:
            peers.append(_timed(lambda: _put_plainly(store, changes, plainly)))
        with place() as store:
            ours.append(_timed(lambda: _load(store, changes)))
    own_s, peer_s = statistics.median(ours), statistics.median(peers)
    print(f"{title:12} {own_s:6.2f} s  {own_s / peer_s:5.2f} x keyed tables ({peer_s:.2f} s)")


def _load(store: Store, changes: Frames) -> None:
    now = datetime.now(UTC)
    with store.writing():
        number = ledger.open_batch(store, district="d", test=False, origin="benchmark", received=now, files=[])
        apply(store, district="d", batch=number, changes=changes, at=now)


def _put_plainly(store: Store, changes: Frames, plainly: Callable[[Any, Entity, pl.DataFrame], None]) -> None:
    database: Any = store._database  # noqa: SLF001 - below the store, as a plain loader works
    with store.writing():
        for name, rows in changes.items():
            entity = ENTITIES[name]
            columns = ", ".join(f"{column} text" for column in entity.in_force)
            database.execute(f"create table plain_{name} ({columns}, primary key ({', '.join(entity.key)}))")
            plainly(database, entity, rows.select(entity.in_force))


def _by_executemany(database: Any, entity: Entity, rows: pl.DataFrame) -> None:
    marks = ", ".join("?" * rows.width)
    into = f"insert into plain_{entity.name} values ({marks})"  # noqa: S608 - an entity's name is ours
    database._database.conn.executemany(into, rows.iter_rows())  # noqa: SLF001 - as above


def _by_copy(database: Any, entity: Entity, rows: pl.DataFrame) -> None:
    lines = io.BytesIO()
    rows.write_csv(lines, include_header=False)
    into = f"copy plain_{entity.name} from stdin (format csv)"
    with database._connection.cursor() as cursor, cursor.copy(into) as copy:  # noqa: SLF001 - as above
        copy.write(lines.getbuffer())


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def _file(folder: Path) -> Iterator[Store]:
    with tempfile.TemporaryDirectory(dir=folder) as home, open_store(Path(home) / "store" / "connect.db") as store:
        yield store


@contextmanager
def _schema(server: str, folder: Path) -> Iterator[Store]:
    with postgresql_server.schema(server) as url:
        os.environ[VARIABLE] = url
        try:
            with open_store(folder / "store" / "connect.db") as store:
                yield store
        finally:
            del os.environ[VARIABLE]


def _district() -> dict[EntityName, pl.DataFrame]:
    """Keys of a district in its usual proportions; two guardians for two students, a teacher for a class."""
    pupils = pl.select(key=pl.int_range(STUDENTS)).with_columns(kind=pl.lit("student"))
    rooms = pl.select(key=pl.int_range(max(1, STUDENTS * CLASSES_OF_A_STUDENT // STUDENTS_OF_A_CLASS)))
    teachers = rooms.with_columns(kind=pl.lit("staff"))
    families = pupils.with_columns(kind=pl.lit("guardian"))
    people = pl.concat([pupils, teachers, families]).with_columns(
        key=pl.col("kind").str.head(1) + pl.col("key").cast(str)
    )
    number = pl.col("key").cast(int)
    seats = pl.concat(
        pupils.with_columns(classroom=(number * 7 + lesson * 13) % rooms.height)
        for lesson in range(CLASSES_OF_A_STUDENT)
    ).unique()
    memberships = pl.concat(
        [
            seats.select("classroom", kind=pl.lit("student"), key="s" + pl.col("key").cast(str)),
            rooms.select(classroom="key", kind=pl.lit("staff"), key="s" + pl.col("key").cast(str)),
        ]
    ).with_columns(classroom="c" + pl.col("classroom").cast(str))
    return {
        "person": people,
        "attachment": people.with_columns(school=pl.lit("0042")),
        "classroom": rooms.select(key="c" + pl.col("key").cast(str)),
        "membership": memberships,
        "guardianship": pupils.select(student="s" + pl.col("key").cast(str), guardian="g" + pl.col("key").cast(str)),
    }


def _as_changes(entity: Entity, keys: pl.DataFrame) -> pl.DataFrame:
    """Records as a first night creates them, in the order of a file."""
    own = {"account": "invitee", "managed_by": "sync", "status": "active"}
    values = [(pl.lit(f"{field} ") + pl.col(entity.key[-1])).alias(field) for field in entity.values]
    return (
        keys.with_columns(*values, **{field: pl.lit(own[field]) for field in (*entity.own, "status")})
        .with_columns(
            pl.lit(1).alias(BROUGHT),
            pl.lit("created").alias(CHANGE),
            *(pl.col(field).alias(brought(field)) for field in entity.values),
        )
        .sample(fraction=1.0, shuffle=True, seed=1)
    )


if __name__ == "__main__":
    sys.exit(main())
