"""Where the trace of an unexpected failure goes: a log of places in our code, without any value."""

import os
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path


def write_down(error: BaseException, home: Path | None) -> Path | None:
    """Append what failed to the home's log, or to a new file where that cannot be; only we may read it.

    Returns: the log; None where no disk takes one, since telling of a failure must not fail.
    """
    text = "\n".join((datetime.now(UTC).isoformat(timespec="seconds"), *_places(error), ""))
    if home is not None and home.is_dir():
        with suppress(OSError):  # the home itself may be what fails: full, or not ours
            return _in_home(home, text)
    with suppress(OSError):
        return _in_new_file(text)
    return None


def _places(error: BaseException) -> Iterator[str]:
    """Types and places of an exception and its causes; a message may hold personal values and is left out."""
    seen: BaseException | None = error
    while seen is not None:
        yield f"{type(seen).__module__}.{type(seen).__qualname__}"
        yield from (line.rstrip() for line in traceback.format_tb(seen.__traceback__))
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _in_home(home: Path, text: str) -> Path:
    file = home / "failures.log"
    _append(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), text)
    return file


def _in_new_file(text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix="rosterdrop-", suffix=".log")
    try:
        _append(handle, text)
    except OSError:
        Path(name).unlink()
        raise
    return Path(name)


def _append(handle: int, text: str) -> None:
    with os.fdopen(handle, "a", encoding="utf-8") as log:
        log.write(text)
