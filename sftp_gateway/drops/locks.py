"""One lock a drop: it keeps changes of names and the reconciling scan apart, in all processes of the gateway."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sftp_gateway.folders import open_ours


class DropLock:
    """Held by one thread of one process at a time; a process that dies lets go of it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # On shared storage flock may count for the whole process, so that threads need a lock of their own.
        self._thread = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and hold it."""
        with self._thread, os.fdopen(open_ours(self._file, os.O_RDWR)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
