"""Files and folders below a descriptor: every name is opened on its own and no link is ever followed.

asyncssh's own root is not a jail (reference 2.3, 4 and 5), and a path checked as text may be another one when it is
opened. Here each name is opened below the descriptor of the folder that holds it, with O_NOFOLLOW.
"""

import errno
import logging
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK the open of a pipe that somebody planted would wait for its writer.
_READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
log = logging.getLogger(__name__)


@contextmanager
def opened(base: Path, names: Sequence[str] = ()) -> Iterator[int]:
    """The descriptor of a folder below `base`, closed at the end."""
    descriptor = os.open(base, _FOLDER)
    try:
        for name in names:
            below = os.open(name, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def open_for_reading(base: Path, names: Sequence[str]) -> int:
    """The descriptor of a regular file; anything else is as if it were not there."""
    if not names:
        raise IsADirectoryError(errno.EISDIR, "")
    with opened(base, names[:-1]) as folder:
        descriptor = os.open(names[-1], _READING, dir_fd=folder)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.ENXIO, "")
    return descriptor


def facts(base: Path, names: Sequence[str]) -> os.stat_result:
    """The state of a regular file or folder; links and special files are as if they were not there."""
    if not names:
        with opened(base) as folder:
            return os.fstat(folder)
    with opened(base, names[:-1]) as folder:
        found = os.stat(names[-1], dir_fd=folder, follow_symlinks=False)
    if not _is_plain(found):
        raise FileNotFoundError(errno.ENOENT, "")
    return found


def facts_or_none(base: Path, names: Sequence[str]) -> os.stat_result | None:
    """The state of a regular file or folder, None where there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return facts(base, names)
    return None


def entries(base: Path, names: Sequence[str] = ()) -> Mapping[str, os.stat_result]:
    """What a folder holds; names that vanish in between are left out (reference 2.3, 11), links and such too."""
    found = {}
    with opened(base, names) as folder, os.scandir(folder) as listing:
        for entry in listing:
            with suppress(FileNotFoundError):
                if _is_plain(state := entry.stat(follow_symlinks=False)):
                    found[entry.name] = state
    return found


def make_private(*folders: Path) -> None:
    """Make folders that only we can read, those above them as well; `mkdir(parents=True)` would open these to all."""
    for folder in folders:
        if not folder.is_dir():
            make_private(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            with opened(folder.parent) as parent:
                os.fsync(parent)  # a file in it is only as safe as its own name


def keep(*folders: Path) -> list[Path]:
    """Make folders again without which we cannot work, and that somebody removed; returns those, each is an alarm."""
    gone = [folder for folder in folders if not folder.is_dir()]
    for folder in gone:
        make_private(folder)
        log.error("The folder %s was removed under the running service and was made again", folder)
    return gone


def open_ours(file: Path, flags: int) -> int:
    """The descriptor of a file of our own, made where it is missing; its folder is made again where that is gone."""
    flags |= os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(file, flags, 0o600)
    except FileNotFoundError:
        keep(file.parent)
        return os.open(file, flags, 0o600)


def disk_of(folder: Path) -> os.statvfs_result:
    """The disk under a folder of our own, which is made again where it is gone."""
    try:
        return os.statvfs(folder)
    except FileNotFoundError:
        keep(folder)
        return os.statvfs(folder)


def _is_plain(state: os.stat_result) -> bool:
    return stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode)
