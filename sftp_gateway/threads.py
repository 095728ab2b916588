"""The threads in which everything waits that waits for the disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_MOST: Final = 8


class DiskThreads:
    """A pool of its own, so that password checks and the service's work never stand before an upload."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_MOST, "disk")

    async def run(self, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Do the work in a thread; it is finished even when whoever asked for it is gone.

        Also where it has not begun yet: a descriptor that waits to be closed would stay open for good.
        """
        return await asyncio.shield(
            asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))
        )

    def close(self) -> None:
        """Return when all work is done."""
        self._pool.shutdown(wait=True)
