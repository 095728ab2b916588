"""The journal of arrivals and open writes, `HOME/gateway.db`: what came, what was taken, what was cut off.

Every method is one transaction and may be called from any thread but the event loop's.
"""

import errno
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlite_utils import Database, Migrations

from config.tables import table_of
from sftp_gateway.drops.quotas import Grant, Holding
from sftp_gateway.names import final_name, is_temporary
from sftp_gateway.receiving import ArrivedFile, DropId, Interruption
from sftp_gateway.statements import script, statements
from sftp_gateway.statuses import IN_USE, Refusal

Row = Mapping[str, Any]

UNWRITTEN: Final = (OSError, sqlite3.Error)
"""What keeps an entry from the journal: a full disk, a broken one, another process that holds it for too long."""

_MAY_STILL_BE_TAKEN: Final = timedelta(minutes=10)  # a set is being frozen while a file of it is replaced

_STATEMENTS: Final = statements("journal.sql")

_OF_DISTRICTS: Final = ("arrival", "writing", "client_time", "deadline", "received", "told", "told_left_over")
_migrations: Final = Migrations("gateway")


@_migrations()
def _0001_schema(db: Database) -> None:
    """Create the tables; each statement on its own, because `executescript` would commit in between."""
    _run(db, "schema.sql")


@_migrations()
def _0002_claims(db: Database) -> None:
    """An open write is the claim on its path, for all processes of the gateway."""
    _run(db, "claims.sql")


@_migrations()
def _0003_room(db: Database) -> None:
    """What uploads may still take of the quota of their drop."""
    _run(db, "room.sql")


@_migrations()
def _0004_repeated(db: Database) -> None:
    """Uploads that hold their content twice."""
    _run(db, "repeated.sql")


@_migrations()
def _0005_untold(db: Database) -> None:
    """What the service is still to be told of is found at once."""
    _run(db, "untold.sql")


@_migrations()
def _0006_told(db: Database) -> None:
    """What reports of incomplete sets have said."""
    _run(db, "told.sql")


@_migrations()
def _0007_opaque(db: Database) -> None:
    """What nobody may read back without the right to read roster files."""
    _run(db, "opaque.sql")


@_migrations()
def _0008_tidy(db: Database) -> None:
    """Arrivals that nobody asks for any more are forgotten."""
    _run(db, "tidy.sql")


def _run(db: Database, file: str) -> None:
    for statement in script(file):
        db.execute(statement)


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What tells one state of a file from another (DESIGN, step 1)."""

    size: int
    inode: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Times:
    """The times that a client gave a file, in whole seconds."""

    atime: int
    mtime: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a file came.

    Attributes:
        by_gateway: whether we wrote it ourselves.
        account: who sent it, None where it was put there by other means.
        opaque: whether the account may not read it back: in it are bytes of another one, or of a file that was taken.
    """

    by_gateway: bool = False
    account: str | None = None
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What the last report of an incomplete set said, by what was found, and when."""

    found: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """An upload as the journal knows it: where its bytes are hidden and, where it was cut off, how many."""

    id: int
    drop_id: DropId
    path: str  # the name at the top of the drop
    staging: str  # the file's name in HOME/uploads
    account: str
    copied: bool = False  # it began as a copy of what stood there
    interrupted_at: datetime | None = None
    size: int = 0
    repeated: bool = False  # it holds its content twice: kept aside until it comes again, and never resumed
    opaque: bool = False  # as of `Origin`
    received: int = 0  # since it was opened; only whoever has it open knows

    def as_interruption(self) -> Interruption:
        """What is told to the service."""
        assert self.interrupted_at is not None
        return Interruption(
            district=self.drop_id.district,
            drop=self.drop_id.drop,
            name=self.path,
            size=self.size,
            at=self.interrupted_at,
            account=self.account,
            repeated=self.repeated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands under a name in a drop: the file and whether a batch has taken it."""

    drop_id: DropId
    file: ArrivedFile
    taken: bool
    opaque: bool  # as of `Origin`

    @property
    def is_news(self) -> bool:
        """Whether the service is to hear of it: temp names only count once they are renamed."""
        return not self.taken and not is_temporary(self.file.name)

    @property
    def identity(self) -> FileIdentity:
        """The file's state when it arrived."""
        return FileIdentity(self.file.size, self.file.inode, self.file.mtime_ns)


class Journal:
    """The journal in `file`; `drops` is the folder of all drops, from which the paths of files are told.

    Several processes of one gateway work on it at once, each under a number of its own.
    """

    def __init__(self, file: Path, drops: Path, process: int = 0) -> None:
        file.touch(mode=0o600)  # SQLite would let others read it; its -wal and -shm files take this mode over
        file.chmod(0o600)
        connection = sqlite3.connect(file, isolation_level=None, timeout=10, check_same_thread=False)
        self._db = Database(connection)
        self._drops = drops
        self._process = process
        self._lock = threading.RLock()
        connection.row_factory = sqlite3.Row
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")  # a generation that was taken must stay so over a power cut
        _migrations.apply(self._db)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    # What stands in a drop.

    def current(self, drop_id: DropId) -> list[Standing]:
        """What stands in a drop, in the order it came."""
        return [self._standing(row) for row in self._read("current", **_drop(drop_id))]

    def current_of(self, drop_id: DropId, name: str) -> Standing | None:
        """What stands under one name."""
        rows = self._read("current_of_name", **_drop(drop_id), name=name)
        return self._standing(rows[0]) if rows else None

    def arrive(
        self,
        drop_id: DropId,
        name: str,
        identity: FileIdentity,
        *,
        at: datetime,
        origin: Origin,
        ended: Sequence[Writing] = (),
        renamed_from: str | None = None,
    ) -> Standing:
        """A new generation of a name.

        Args:
            drop_id: where it arrived.
            name: as delivered.
            identity: the file's state.
            at: the moment.
            origin: how it came.
            ended: uploads that are over with it, its own and interrupted ones that it repairs.
            renamed_from: the name in the same drop that it had before.
        """
        drop = _drop(drop_id)
        state = {"size": identity.size, "inode": identity.inode, "mtime_ns": identity.mtime_ns}
        with self._transaction():
            twin = self._rows("taken_twin", **drop, **state)
            for old_name in (name, renamed_from):
                self._rows("gone", **drop, name=old_name, at=_text(at))
            for writing in ended:
                self._rows("end_writing", id=writing.id)
                self._receive(writing, at)
            if renamed_from is None:
                self._rows("forget_client_times", **drop, path=name)
            self._rows("tidy_gone", before=_text(at - _MAY_STILL_BE_TAKEN))
            self._rows("tidy_twins", **drop, **state)
            (row,) = self._rows(
                "arrive",
                **drop,
                **state,
                name=name,
                **asdict(origin),
                arrived_at=_text(at),
                told=bool(twin) or is_temporary(name),
                taken_at=twin[0]["taken_at"] if twin else None,
                batch=twin[0]["batch"] if twin else None,
            )
            return self._standing(row)

    def gone(self, drop_id: DropId, name: str, at: datetime) -> None:
        """Nothing stands under this name any more."""
        with self._transaction():
            self._rows("gone", **_drop(drop_id), name=name, at=_text(at))

    def take(self, generations: Sequence[int], batch: int, at: datetime) -> None:
        """A batch took these generations; they never come again."""
        with self._transaction():
            for generation in generations:
                self._rows("take", generation=generation, batch=batch, at=_text(at))

    def last_taken_at(self, drop_id: DropId) -> datetime | None:
        """When a batch was last taken from a drop."""
        (row,) = self._read("last_taken_at", **_drop(drop_id))
        return _moment(row["at"])

    # Uploads that are open or were cut off.

    def begin_writing(
        self,
        drop_id: DropId,
        path: str,
        staging: str,
        *,
        account: str,
        at: datetime,
        copied: bool,
        opaque: bool = False,
    ) -> Writing:
        """An upload has begun; `copied` where it changes a copy of what stands there.

        Raises: Refusal, where an upload to this path is under way, in whichever process.
        """
        values = {"path": path, "staging": staging, "account": account, "copied": copied, "opaque": opaque}
        with _one_writer(), self._transaction():
            (row,) = self._rows("begin_writing", **_drop(drop_id), **values, at=_text(at), process=self._process)
        return _writing(row)

    def resume_writing(self, writing: Writing, account: str, at: datetime) -> Writing:
        """A client goes on where an upload was cut off.

        Raises: Refusal, where another one does already.
        """
        with _one_writer(), self._transaction():
            rows = self._rows("resume_writing", id=writing.id, account=account, at=_text(at), process=self._process)
        if not rows:
            raise Refusal(IN_USE)
        return _writing(rows[0])

    def interrupt_writing(self, writing: Writing, size: int, at: datetime) -> Writing:
        """An upload ended without its proper close, `size` bytes in."""
        with self._transaction():
            self._receive(writing, at)
            (row,) = self._rows("interrupt_writing", id=writing.id, size=size, repeated=writing.repeated, at=_text(at))
        return _writing(row)

    def end_writing(self, *writings: Writing) -> None:
        """Uploads are over."""
        with self._transaction():
            for writing in writings:
                self._rows("end_writing", id=writing.id)

    def left_open(self, process: int | None) -> list[Writing]:
        """Uploads that were open when this process ended; None: of all processes."""
        return [_writing(row) for row in self._read("left_open", process=process)]

    def under_way(self, drop_id: DropId) -> list[Writing]:
        """Uploads of a drop that are open, in whichever process."""
        return [_writing(row) for row in self._read("under_way", **_drop(drop_id))]

    def interrupted(self, drop_id: DropId) -> list[Writing]:
        """Uploads of a drop that were cut off and have not come again."""
        return [_writing(row) for row in self._read("interrupted", **_drop(drop_id))]

    def stagings(self) -> frozenset[str]:
        """Names in HOME/uploads that somebody may still need."""
        return frozenset(row["staging"] for row in self._read("stagings"))

    # What a drop holds and may still take.

    def grant(self, writing: Writing, decide: Callable[[Holding], Grant], at: datetime) -> Grant:
        """Give an upload what is decided by what its drop holds beside it; nobody else is given something meanwhile."""
        with self._transaction():
            granted = decide(self._holding(writing.drop_id, writing.path, at, writing.id))
            self._rows("grant", writing=writing.id, room=granted.place, allowance=granted.amount)
        return granted

    def holding(self, drop_id: DropId, path: str, at: datetime) -> Holding:
        """What a drop holds, seen by an upload to `path` that has not begun."""
        with self._lock:
            return self._holding(drop_id, path, at, 0)

    def _holding(self, drop_id: DropId, path: str, at: datetime, writing: int) -> Holding:
        (row,) = self._rows(
            "holding", **_drop(drop_id), path=path, final=final_name(path), day=_day(at), writing=writing
        )
        return Holding(row["bytes"], row["names"], bool(row["stands"]), row["received"])

    def _receive(self, writing: Writing, at: datetime) -> None:
        drop = _drop(writing.drop_id)
        self._rows("forget_received", **drop, day=_day(at))
        self._rows("receive", **drop, day=_day(at), bytes=writing.received)

    # What the service was told.

    def untold(self) -> tuple[list[Standing], list[Writing]]:
        """Arrivals and interruptions whose receipt is still to be written."""
        arrivals = [self._standing(row) for row in self._read("untold_arrivals")]
        return arrivals, [_writing(row) for row in self._read("untold_interruptions")]

    def told_arrival(self, generation: int) -> None:
        """The receipt of an arrival is written."""
        with self._transaction():
            self._rows("told_arrival", generation=generation)

    def told_interruption(self, writing: Writing) -> None:
        """The receipt of an interruption is written."""
        with self._transaction():
            self._rows("told_interruption", id=writing.id)

    # Times that clients set.

    def client_times(self, drop_id: DropId) -> dict[str, Times]:
        """The times of all files of a drop, by path."""
        return {row["path"]: Times(row["atime"], row["mtime"]) for row in self._read("client_times", **_drop(drop_id))}

    def client_times_of(self, drop_id: DropId, path: str) -> Times | None:
        """The times of one file."""
        rows = self._read("client_times_of", **_drop(drop_id), path=path)
        return Times(rows[0]["atime"], rows[0]["mtime"]) if rows else None

    def set_client_times(self, drop_id: DropId, path: str, times: Times) -> None:
        """Keep the times that a client gave a file."""
        with self._transaction():
            self._rows("set_client_times", **_drop(drop_id), path=path, atime=times.atime, mtime=times.mtime)

    def move_client_times(self, drop_id: DropId, path: str, new_path: str) -> None:
        """A renamed file keeps its times, also under the name that it had."""
        if path == new_path:
            return
        with self._transaction():
            self._rows("forget_client_times", **_drop(drop_id), path=new_path)
            self._rows("move_client_times", **_drop(drop_id), path=path, new_path=new_path)

    def forget_client_times(self, drop_id: DropId, path: str) -> None:
        """Another file, or none, stands under this path now."""
        with self._transaction():
            self._rows("forget_client_times", **_drop(drop_id), path=path)

    # Deadlines.

    def handled_deadline(self, district: str) -> date | None:
        """The last day whose deadline was looked at."""
        rows = self._read("handled_deadline", district=district)
        return date.fromisoformat(rows[0]["day"]) if rows else None

    def handle_deadline(self, district: str, day: date) -> None:
        """A day's deadline was looked at."""
        with self._transaction():
            self._rows("handle_deadline", district=district, day=day.isoformat())

    # Reports of incomplete sets.

    def told(self, drop_id: DropId) -> Told | None:
        """What the last report of an incomplete set said, in whichever life of the gateway."""
        rows = self._read("told", **_drop(drop_id))
        return Told(rows[0]["found"], datetime.fromisoformat(rows[0]["at"])) if rows else None

    def told_left_over(self, drop_id: DropId) -> frozenset[str]:
        """Temp names that a report has told."""
        return frozenset(row["name"] for row in self._read("told_left_over", **_drop(drop_id)))

    def tell(self, drop_id: DropId, found: str, left_over: Iterable[str], at: datetime) -> None:
        """A report says of `found` that it is incomplete; `left_over` are all temp names that are told by now."""
        with self._transaction():
            self._rows("tell", **_drop(drop_id), found=found, at=_text(at))
            self._rows("forget_left_over", **_drop(drop_id))
            for name in left_over:
                self._rows("tell_left_over", **_drop(drop_id), name=name)

    def stagings_of(self, district: str) -> list[str]:
        """The hidden files of a district's uploads."""
        return [row["staging"] for row in self._read("stagings_of_district", district=district)]

    def forget(self, district: str) -> None:
        """Forget a district for good, its names too."""
        self._db.execute("pragma secure_delete = on")  # else what was removed stands in the file until it is used anew
        with self._transaction():
            for table in _OF_DISTRICTS:
                self._db.execute(_STATEMENTS[f"forget_{table}"], {"district": district})
        self._db.execute("vacuum")
        self._db.execute("pragma wal_checkpoint(truncate)")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Several entries in one transaction, which waits for the disk once; several questions about one moment."""
        with self._transaction():
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """`begin immediate`, because a deferred transaction that reads first may fail at its first write (1.4)."""
        with self._lock:
            if self._db.conn.in_transaction:  # of `together`, by this very thread
                yield
                return
            try:
                self._db.execute("begin immediate")
                yield
                self._db.execute("commit")
            except BaseException as error:
                if self._db.conn.in_transaction:
                    self._db.execute("rollback")
                if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                    raise OSError(errno.ENOSPC, "") from error
                raise

    def _read(self, statement: str, **values: object) -> list[Row]:
        with self._lock:
            return self._rows(statement, **values)

    def _rows(self, statement: str, **values: object) -> list[Row]:
        return self._db.execute(_STATEMENTS[statement], values).fetchall()

    def _standing(self, row: Row) -> Standing:
        drop_id = _drop_id(row)
        folder = self._drops / drop_id.district / ("test" if drop_id.drop == "test" else "")
        arrived_at = _moment(row["arrived_at"])
        assert arrived_at is not None
        file = ArrivedFile(
            name=row["name"],
            table=table_of(row["name"]),
            path=folder / row["name"],
            size=row["size"],
            inode=row["inode"],
            mtime_ns=row["mtime_ns"],
            generation=row["generation"],
            by_gateway=bool(row["by_gateway"]),
            arrived_at=arrived_at,
            account=row["account"],
            unexpected=table_of(row["name"]) is None,
        )
        return Standing(drop_id=drop_id, file=file, taken=row["taken_at"] is not None, opaque=bool(row["opaque"]))


@contextmanager
def _one_writer() -> Iterator[None]:
    """The journal holds each path once; a second writer is refused, whichever process it came to."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise Refusal(IN_USE) from None


def _drop(drop_id: DropId) -> dict[str, str]:
    return {"district": drop_id.district, "drop_name": drop_id.drop}


def _drop_id(row: Row) -> DropId:
    return DropId(row["district"], row["drop_name"])


def _writing(row: Row) -> Writing:
    return Writing(
        id=row["id"],
        drop_id=_drop_id(row),
        path=row["path"],
        staging=row["staging"],
        account=row["account"],
        copied=bool(row["copied"]),
        interrupted_at=_moment(row["interrupted_at"]),
        size=row["size"],
        repeated=bool(row["repeated"]),
        opaque=bool(row["opaque"]),
    )


def _text(at: datetime) -> str:
    """UTC text of fixed width, so that it sorts as time does."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
