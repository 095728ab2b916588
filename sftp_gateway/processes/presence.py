"""Which processes of a gateway are at work on a home: each holds a file of its own in HOME/locks until it ends.

The kernel lets go of a lock when its holder dies, however it dies; the file names the holder.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from config.home import Home
from sftp_gateway.folders import make_private, open_ours
from sftp_gateway.receiving import GatewayError

_POLL_S: Final = 0.05


class Presence:
    """The file that this process holds."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = self._locked()

    def keep(self) -> None:
        """Hold the file again where somebody has removed it: who is not seen may be thought gone."""
        try:
            same = self._file.stat().st_ino == os.fstat(self._lock).st_ino
        except FileNotFoundError:
            same = False
        if not same:
            os.close(self._lock)
            self._lock = self._locked()

    def end(self) -> None:
        """Be here no more."""
        os.close(self._lock)

    def _locked(self) -> int:
        lock = open_ours(self._file, os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock


@contextmanager
def present(home: Home, process: int) -> Iterator[Presence]:
    """Be this process of the gateway, once the former one of this number is gone."""
    make_private(home.locks)
    presence = Presence(home.locks / f"gateway-{process}.lock")
    try:
        yield presence
    finally:
        presence.end()


def wait_until_alone(home: Home, patience_s: float) -> None:
    """Wait until every process of a former life of this gateway is gone.

    Raises: GatewayError, where one stays.
    """
    give_up = time.monotonic() + patience_s
    while holders := _holders(home):
        if time.monotonic() >= give_up:
            sentence = f"Another gateway still works on the home {home.root}."
            raise GatewayError(sentence, remedy=f"End process {', '.join(holders)}, then start again.")
        time.sleep(_POLL_S)


def processes_present(home: Home) -> int:
    """How many processes of a gateway serve clients of this home."""
    return len(_holders(home))


def _holders(home: Home) -> list[str]:
    found = [_holder(file) for file in sorted(home.locks.glob("gateway-*.lock"))]
    return [holder for holder in found if holder]


def _holder(file: Path) -> str | None:
    """The process that holds a lock, None where nobody does."""
    with _opened(file) as lock:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        return os.pread(lock, 20, 0).decode() or "unknown"


@contextmanager
def _opened(file: Path) -> Iterator[int]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
