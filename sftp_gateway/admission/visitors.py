"""The book of visitors in `HOME/gateway.db`: who is connected, who was refused a login, who is known from where.

All processes of a gateway write into it, so limits and bans hold for them together and outlive a restart. It has a
connection of its own beside the journal's, because counts may be lost in a power cut and need not wait for the disk.
Every method is one transaction and may be called from one thread at a time, never from the event loop's.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlite_utils import Database, Migrations

from config.settings import Limits
from sftp_gateway.admission.penalties import FAILURES_KEPT_S, FAMILIAR_FOR_S, Penalty, is_under_attack
from sftp_gateway.admission.sources import Seen, leaked, why_refused
from sftp_gateway.statements import script, statements

_STATEMENTS: Final = statements("gate.sql")
_BUSY_S: Final = 2.0  # longer than any commit of the journal; a login does not wait for more
_MOST_ROWS: Final = 65536  # sources and names that are remembered, as OpenSSH's

_migrations: Final = Migrations("gate")


@_migrations()
def _0001_schema(db: Database) -> None:
    """Create the tables."""
    for statement in script("gate_schema.sql"):
        db.execute(statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A connection that was let in; `crowded` where another one must make room for it."""

    visitor: int
    crowded: bool


class Visitors:
    """The book in `file`, as process number `process` of the gateway keeps it."""

    def __init__(self, file: Path, limits: Limits, process: int = 0) -> None:
        file.touch(mode=0o600)
        self._limits = limits
        self._process = process
        connection = sqlite3.connect(file, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
        self._db = Database(connection)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        _migrations.apply(self._db)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def forget(self, process: int | None = None) -> None:
        """The connections of a process are no more; None: those of all, before the first process listens."""
        with self._transaction():
            self._rows("forget", process=process)

    # Connections.

    def come(self, source: str, now_s: float) -> Admitted | str:
        """Let a connection in, or the text with which it is refused."""
        with self._transaction():
            recent, penalty = self._source(source, now_s)
            banned = penalty.bans(now_s, self._limits.longest_ban_s)
            seen = Seen(banned=banned, connections=self._count("count_of_source", source=source), recent=recent)
            if text := why_refused(seen, self._limits):
                return text
            crowded = self._count("count_waiting") >= self._limits.logins_at_once
            self._rows("set_recent", source=source, recent=recent + 1, now=now_s)
            visitor = self._count("come", process=self._process, source=source)
        return Admitted(visitor=visitor, crowded=crowded)

    def log_in(self, visitor: int, account: str, source: str, now_s: float) -> bool:
        """An account has proven who it is; False where it has too many connections already."""
        with self._transaction():
            if self._count("count_of_account", account=account) >= self._limits.connections_per_account:
                return False
            self._rows("log_in", id=visitor, account=account)
            self._rows("note_familiar", account=account, source=source, now=now_s)
        return True

    def leave(self, visitor: int) -> None:
        """A connection has ended."""
        with self._transaction():
            self._rows("leave", id=visitor)

    # Failed logins.

    def penalise(self, source: str, offence_s: float, now_s: float) -> float:
        """Add to a source's penalty; returns for how long the source is refused now, 0 where it is not."""
        longest_s = self._limits.longest_ban_s
        with self._transaction():
            penalty = self._source(source, now_s)[1].grown(offence_s, now_s, longest_s)
            values = {"until": penalty.until_s, "enforced": penalty.enforced, "now": now_s}
            self._rows("set_penalty", source=source, **values)
        return penalty.left_s(now_s, longest_s) if penalty.enforced else 0.0

    def note_wrong_password(self, name: str, source: str, now_s: float) -> None:
        """A password was wrong. What was typed as a name may be a secret: only its digest is kept."""
        with self._transaction():
            self._rows("note_wrong_password", name=_digest(name), source=source, now=now_s)

    def takes_password(self, name: str, source: str, now_s: float) -> bool:
        """Whether a right password may open this account from this source, or the account is under attack."""
        with self._transaction():
            (failures, sources), *_ = self._rows("wrong_passwords", name=_digest(name), since=now_s - FAILURES_KEPT_S)
            familiar = self._rows("is_familiar", account=name, source=source, since=now_s - FAMILIAR_FOR_S)
        return bool(familiar) or not is_under_attack(int(failures), int(sources))

    def tidy(self, now_s: float) -> None:
        """Forget what counts no more."""
        with self._transaction():
            self._rows("tidy_sources", now=now_s)
            self._rows("tidy_most_sources", most=_MOST_ROWS)
            self._rows("tidy_wrong_passwords", since=now_s - FAILURES_KEPT_S)
            self._rows("tidy_most_wrong_passwords", most=_MOST_ROWS)
            self._rows("tidy_familiar", since=now_s - FAMILIAR_FOR_S)

    def _source(self, source: str, now_s: float) -> tuple[float, Penalty]:
        """How many connections came of late, and what the source has to bear."""
        for recent, recent_at_s, until_s, enforced in self._rows("source", source=source):
            penalty = Penalty(until_s=until_s, enforced=bool(enforced))
            return leaked(recent, now_s - recent_at_s, self._limits), penalty
        return 0.0, Penalty()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """`begin immediate`, because what is counted must still hold when it is written."""
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        finally:
            if self._db.conn.in_transaction:  # SQLite ends one itself where the disk is full
                self._db.execute("rollback")

    def _count(self, statement: str, **values: object) -> int:
        return int(self._rows(statement, **values)[0][0])

    def _rows(self, statement: str, **values: object) -> list[tuple[float, ...]]:
        return self._db.execute(_STATEMENTS[statement], values).fetchall()


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]
