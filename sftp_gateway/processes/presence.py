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
from sftp_gateway.folders import make_private
from sftp_gateway.receiving import GatewayError

_POLL_S: Final = 0.05


@contextmanager
def present(home: Home, process: int) -> Iterator[None]:
    """Be this process of the gateway, once the former one of this number is gone."""
    make_private(home.locks)
    with _opened(home.locks / f"gateway-{process}.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield


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
