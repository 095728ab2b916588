"""The disk: when it is full, as the system and SQLite say it, and when it has what was written."""

import errno
import os
from pathlib import Path
from typing import Final

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_SQLITE_IOERR: Final = 10  # as sqlite3 has them, which most commands need not import
_SQLITE_FULL: Final = 13
_HARDLY_ANY: Final = 64 * 1024  # bytes: two pages of the index of a write-ahead log, of which a mere reader takes one


def shortage(error: BaseException, folder: Path | None) -> int:
    """Which shortage an error tells of, ENOSPC or EDQUOT; 0 where it tells of none.

    SQLite says of a disk without room to read that its input failed: then `folder` is looked at.
    """
    if isinstance(error, OSError):
        return error.errno if error.errno in _NO_ROOM else 0
    of_sqlite = getattr(error, "sqlite_errorcode", 0) & 0xFF
    is_short = of_sqlite == _SQLITE_FULL or (of_sqlite == _SQLITE_IOERR and folder is not None and is_full(folder))
    return errno.ENOSPC if is_short else 0


def is_full(folder: Path) -> bool:
    """Whether hardly anything can be written into a folder; a disk is called full before its last byte is gone."""
    try:
        free = os.statvfs(folder)
    except OSError:
        return False
    return free.f_bavail * free.f_frsize < _HARDLY_ANY


def sync(path: Path) -> None:
    """Wait until a file, or the names of a folder, are safe on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
