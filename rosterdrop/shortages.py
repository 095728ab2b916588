"""What stops a command and is no fault of ours: a disk that is full, standard output that takes nothing."""

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from config.disk import is_full, shortage

_WORDS: Final = {errno.ENOSPC: "is full", errno.EDQUOT: "has no room left in your quota"}


def full_disk(error: BaseException, home: Path | None) -> str | None:
    """What people read where an error, or one that it comes from, says that a disk is full; None where none does."""
    for each in _with_causes(error):
        if number := shortage(each, home):
            folder = _where(each, home)
            return (
                f"the disk {_WORDS[number]}: what belongs into {folder} could not be written; make room there "
                f"(df -h {folder} tells how much there is) and run the command again"
            )
    return None


def no_output(error: OSError) -> str:
    """What people read where standard output took nothing; from then on the rest of it goes nowhere."""
    drop(sys.stdout)
    reason = "it is closed" if error.errno == errno.EBADF else error.strerror
    return f"the result cannot be written to standard output: {reason}"


def lost_help(error: BaseException) -> str | None:
    """What people read where click could not write a help to standard output, which is all that it writes there."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    of_click = at is not None and at.tb_frame.f_globals["__name__"] == "click.utils"
    return no_output(error) if of_click and isinstance(error, OSError) else None


def drop(stream: TextIO) -> None:
    """Let the rest of a stream that takes nothing any more go nowhere: Python flushes once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def open_what_is_closed() -> None:
    """Give a process that was started without one of its three streams a stream in its place.

    Otherwise the next file that is opened has the number of the stream. Writing to this standard output fails as
    writing to a closed one does.
    """
    for name, how, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, how), mode, encoding="utf-8"))


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _where(error: BaseException, home: Path | None) -> Path:
    """The folder that the error names, or the first of those we write into whose disk is full."""
    named = getattr(error, "filename", None)
    if isinstance(named, str | os.PathLike):
        return next(folder for folder in (Path(named), *Path(named).absolute().parents) if folder.is_dir())
    folders = [folder for folder in (home, Path.cwd(), _temporary()) if folder is not None]
    return next((folder for folder in folders if is_full(folder)), folders[0])


def _temporary() -> Path | None:
    try:
        return Path(tempfile.gettempdir())
    except OSError:  # not one of them can be written
        return None
