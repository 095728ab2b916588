"""The gate before the SSH server: asks the book of visitors in a thread of its own, so that the loop never waits."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from config.settings import Limits
from sftp_gateway.admission.sources import source_of
from sftp_gateway.admission.visitors import Admitted, Visitors

_TIDY_EVERY: Final = 256  # connections
log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One connection that was let in."""

    address: str
    source: str
    visitor: int | None  # None: the book could not be written
    crowded: bool = False


class Gate:
    """Who may come in and for how long, for all processes of a gateway.

    Where the book cannot be written, for instance because the disk is full, connections are let in: vendors must
    reach us to read what is wrong. Passwords and the limits of each connection still hold, and each process counts
    for itself who waits for a login.

    A process opens its gate before it listens: whoever stands in the book under its number is gone. Process 0 leads
    and opens its gate before there are others, so nobody who stands there is left.

    Raises: sqlite3.Error, where the book cannot be opened.
    """

    def __init__(self, file: Path, limits: Limits, process: int = 0) -> None:
        self.limits = limits
        self._book = Visitors(file, limits, process)
        self._book.forget(process or None)
        self._thread = ThreadPoolExecutor(1, "gate")
        self._came = 0

    async def forget(self, process: int) -> None:
        """A process of the gateway died, and its connections with it."""
        await self._ask(lambda: self._book.forget(process), None)

    def close(self) -> None:
        """Return when everything is written down."""
        self._thread.shutdown(wait=True)
        self._book.close()

    async def come(self, address: str) -> Visit | str:
        """Let a connection in, or the text with which it is refused."""
        source = source_of(address)
        self._came += 1
        if self._came % _TIDY_EVERY == 1:
            self._later(lambda: self._book.tidy(time.time()))
        nobody: Admitted | str = Admitted(visitor=-1, crowded=False)
        admitted = await self._ask(lambda: self._book.come(source, time.time()), nobody)
        if isinstance(admitted, str):
            return admitted
        visitor = None if admitted is nobody else admitted.visitor
        return Visit(address=address, source=source, visitor=visitor, crowded=admitted.crowded)

    async def log_in(self, visit: Visit, account: str) -> bool:
        """An account has proven who it is; False where it has too many connections already."""
        if (visitor := visit.visitor) is None:
            return True
        return await self._ask(lambda: self._book.log_in(visitor, account, visit.source, time.time()), otherwise=True)

    async def takes_password(self, visit: Visit, name: str) -> bool:
        """Whether a right password may open this account from there."""
        return await self._ask(lambda: self._book.takes_password(name, visit.source, time.time()), otherwise=True)

    def note_wrong_password(self, visit: Visit, name: str) -> None:
        """A password was wrong; nobody waits for this."""
        self._later(lambda: self._book.note_wrong_password(name, visit.source, time.time()))

    def leave(self, visit: Visit) -> None:
        """A connection has ended; nobody waits for this."""
        if (visitor := visit.visitor) is not None:
            self._later(lambda: self._book.leave(visitor))

    def penalise(self, visit: Visit, offence_s: float, banned: Callable[[float], None]) -> None:
        """Add to a source's penalty; `banned` is told in the gate's thread how long the source is refused."""

        def penalise() -> None:
            if seconds := self._book.penalise(visit.source, offence_s, time.time()):
                banned(seconds)

        self._later(penalise)

    async def _ask(self, question: Callable[[], Result], otherwise: Result) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, question)
        except sqlite3.Error:
            log.exception("The gate cannot look into its book; connections are let in")
            return otherwise

    def _later(self, note: Callable[[], None]) -> None:
        self._thread.submit(note).add_done_callback(_say_fault)


def _say_fault(noted: "Future[None]") -> None:
    if fault := noted.exception():
        log.error("The gate could not write into its book", exc_info=fault)
