"""When a connection has been idle for too long."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Idling:
    """How long nothing was asked for on a connection; a request that is being worked on is no idleness.

    A client that does not take its answers is idle from the last one it took.
    """

    def __init__(self, longest_s: float, end: Callable[[], None]) -> None:
        self._longest_s = longest_s
        self._end = end
        self._working = 0
        self._last_s = 0.0
        self._has_ended = False
        self._watch: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Watch from now on; nothing where the connection ended before that."""
        if not self._has_ended:
            self.noticed()
            self._watch = asyncio.create_task(self._until_idle())

    def stop(self) -> None:
        """The connection has ended."""
        self._has_ended = True
        if self._watch:
            self._watch.cancel()

    def noticed(self) -> None:
        """The client asked for something, or took an answer."""
        self._last_s = asyncio.get_running_loop().time()

    @contextmanager
    def working(self) -> Iterator[None]:
        """A request is being worked on."""
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1
            self.noticed()

    async def _until_idle(self) -> None:
        while (left_s := self._left_s()) > 0:  # noqa: ASYNC110 - an event for each request would cost more than a look now and then
            await asyncio.sleep(left_s)
        self._end()

    def _left_s(self) -> float:
        if self._working:
            return self._longest_s
        return self._last_s + self._longest_s - asyncio.get_running_loop().time()
