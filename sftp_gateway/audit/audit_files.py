"""The files of the audit: a day's is `2026-11-24.jsonl`, and when it is full `2026-11-24-2.jsonl` and so on."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from sftp_gateway.folders import open_ours

_FULL: Final = 64 * 1024**2
_NAME: Final = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)(?:-(?P<number>[1-9]\d{0,5}))?\.jsonl")


class DayFile(NamedTuple):
    """One file of one day; they sort as they were written."""

    day: date
    number: int
    file: Path


def day_files(folder: Path) -> list[DayFile]:
    """Every file of the audit, in the order in which they were written."""
    return sorted(_found(folder))


class AuditFiles:
    """Appends lines; to be used from one thread. Other processes may append to the same files."""

    def __init__(self, folder: Path, *, full: int = _FULL) -> None:
        self._folder = folder
        self._full = full
        self._day = date.min
        self._number = 1
        self._descriptor = -1
        self._is_torn = False

    def append(self, day: date, line: bytes) -> None:
        """Write one line with one call, so that it stays whole among the lines of other processes."""
        self._turn_to(day)
        text = b"\n" * self._is_torn + line + b"\n"
        written = os.write(self._descriptor, text)
        self._is_torn = written < len(text)  # the disk is full: the next line begins a line of its own

    def remove_before(self, day: date) -> None:
        """Remove the files of the days before."""
        for old in day_files(self._folder):
            if old.day < day:
                old.file.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _turn_to(self, day: date) -> None:
        """Open the file that is to be written to, where it is another than before."""
        if day != self._day or self._is_gone():
            self._day = day
            self._number = max((one.number for one in _found(self._folder) if one.day == day), default=1)
            self._open()
        while os.fstat(self._descriptor).st_size >= self._full:
            self._number += 1
            self._open()

    def _is_gone(self) -> bool:
        return self._descriptor < 0 or os.fstat(self._descriptor).st_nlink == 0

    def _open(self) -> None:
        self.close()
        name = f"{self._day}.jsonl" if self._number == 1 else f"{self._day}-{self._number}.jsonl"
        self._descriptor = open_ours(self._folder / name, os.O_WRONLY | os.O_APPEND)


def _found(folder: Path) -> Iterator[DayFile]:
    for file in folder.glob("*.jsonl"):
        named = _NAME.fullmatch(file.name)
        with suppress(ValueError):  # a name that looks like a day and is none
            if named:
                yield DayFile(date.fromisoformat(named["day"]), int(named["number"] or 1), file)
