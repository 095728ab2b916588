"""The other processes of a gateway, as the lead sees them: started, heard, started again when they die, and ended."""

import asyncio
import logging
import os
import pickle  # only written here
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from sftp_gateway.processes.following import Orders
from sftp_gateway.processes.lead import LEAD, SERVES_LINE, Lead, hear

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_WELL_S: Final = 60.0  # a process that lived so long is started again at once when it dies
_START_S: Final = 15.0  # until all serve; the lead serves meanwhile
_CODE: Final = "from sftp_gateway.processes.following import main; main()"
log = logging.getLogger(__name__)

Ended = Callable[[int], Awaitable[None]]
OrdersFor = Callable[[int], Orders]


class Followers:
    """The processes of a gateway that only serve clients.

    `ended` is called with the number of a process when it is gone, however it went; what it left open is to be taken
    up before another one gets its number.
    """

    def __init__(self, lead: Lead, ended: Ended) -> None:
        self._lead = lead
        self._ended = ended
        self._followers: dict[asyncio.Task[None], _Follower] = {}

    @property
    def serving(self) -> int:
        """How many of them take connections."""
        return sum(follower.serves.is_set() for follower in self._followers.values())

    async def start(self, orders: OrdersFor, count: int) -> None:
        """Start so many, numbered behind the lead, and wait a moment until all take connections.

        `orders` is asked in a thread before each start of a process: what is known then is what it begins with.
        """
        for number in range(LEAD + 1, LEAD + 1 + count):
            follower = _Follower(number, orders, self._lead, self._ended)
            self._followers[asyncio.create_task(follower.run())] = follower
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                for follower in self._followers.values():
                    await follower.serves.wait()

    async def stop(self, grace_s: float, patience_s: float) -> None:
        """Let each end as the lead does, with the same grace; one that takes longer than is good is killed."""
        for follower in self._followers.values():
            follower.stop(grace_s)
        if self._followers:
            _, late = await asyncio.wait(self._followers, timeout=grace_s + patience_s)
            for task in late:
                self._followers[task].kill()
            await asyncio.gather(*self._followers)


class _Follower:
    """One number among the processes, and whoever has it right now."""

    def __init__(self, number: int, orders: OrdersFor, lead: Lead, ended: Ended) -> None:
        self.serves = asyncio.Event()
        self._orders = orders
        self._number = number
        self._lead = lead
        self._ended = ended
        self._process: Process | None = None
        self._stop_line: bytes | None = None
        self._was_lost = False
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Have a process of this number until it is told to stop."""
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            began_s = time.monotonic()
            await self._live_and_survive()
            await self._take_up()
            if self._stopping.is_set():
                break
            pause_s = _FIRST_PAUSE_S if time.monotonic() - began_s > _WELL_S else pause_s
            self._was_lost = True
            log.error("Process %d of the gateway ended and is started again in %.1f s", self._number, pause_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def stop(self, grace_s: float) -> None:
        """Let it end on its own."""
        self._stop_line = f"{grace_s}\n".encode()
        self._stopping.set()
        self._say_stop()

    def kill(self) -> None:
        """End it."""
        if self._process:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def _live_and_survive(self) -> None:
        try:
            await self._live()
        except Exception:
            log.exception("Process %d of the gateway could not be led", self._number)

    async def _live(self) -> None:
        """One process of this number, from its start to its end."""
        orders = pickle.dumps(await asyncio.to_thread(self._orders, self._number))
        process = await _spawned()
        self._process = process
        try:
            assert process.stdin
            process.stdin.write(orders)
            self._say_stop()
            await self._hear(process)
        finally:
            self.kill()
            await process.wait()
            self._process = None
            self.serves.clear()

    async def _take_up(self) -> None:
        """Nobody gets the number before what its last holder left open is taken up."""
        while True:
            try:
                return await self._ended(self._number)
            except Exception:
                log.exception("What process %d of the gateway left open could not be taken up", self._number)
            if self._stopping.is_set():
                return None  # the next start of the gateway takes up everything
            await asyncio.sleep(_FIRST_PAUSE_S)

    async def _hear(self, process: Process) -> None:
        assert process.stdout
        async for line in process.stdout:
            if line == SERVES_LINE:
                self._note_serving()
            elif line.endswith(b"\n"):  # the last words of one that was killed may be torn
                hear(line, self._number, self._lead)
        if process.stdin:
            process.stdin.close()

    def _note_serving(self) -> None:
        self.serves.set()
        if self._was_lost:
            log.warning("Process %d of the gateway serves again", self._number)

    def _say_stop(self) -> None:
        if self._stop_line and self._process and self._process.stdin:
            self._process.stdin.write(self._stop_line)


async def _spawned() -> Process:
    """A new Python that imports from where this one does; a session of its own keeps a terminal's Ctrl-C from it."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-c",
        _CODE,
        stdin=PIPE,
        stdout=PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )
