"""Where the trace of an unexpected failure goes: a log of places in our code, without any value."""

import os
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path


def write_down(error: BaseException, home: Path | None) -> Path:
    """Append what failed to the home's log, or to a new file where there is no home; only we may read it."""
    text = "\n".join((datetime.now(UTC).isoformat(timespec="seconds"), *_places(error), ""))
    handle, file = _log_of(home)
    with os.fdopen(handle, "a", encoding="utf-8") as log:
        log.write(text)
    return file


def _places(error: BaseException) -> Iterator[str]:
    """Types and places of an exception and its causes; a message may hold personal values and is left out."""
    seen: BaseException | None = error
    while seen is not None:
        yield f"{type(seen).__module__}.{type(seen).__qualname__}"
        yield from (line.rstrip() for line in traceback.format_tb(seen.__traceback__))
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _log_of(home: Path | None) -> tuple[int, Path]:
    if home is not None and home.is_dir():
        file = home / "failures.log"
        try:
            return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), file
        except OSError:  # the home itself may be what fails: full, or not ours
            pass
    handle, name = tempfile.mkstemp(prefix="rosterdrop-", suffix=".log")
    return handle, Path(name)
