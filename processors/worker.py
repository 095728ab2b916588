"""The process in which polars works, so that a district of two million rows never makes an upload wait.

It is spawned, never forked, with a bounded number of polars threads, and it ends when its parent does: nothing goes on
working on a home whose service was killed.
"""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.home import Home
from processors.failures import write_down

_LOCK_WAIT_S: Final = 5.0  # a command works on the district; the others shall not wait for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A finished batch, in what a log may hold."""

    district: str
    number: int
    verdict: str


class Worker:
    """One worker process of a home; a new one takes its place where it died."""

    def __init__(self, home: Home, *, threads: int, who: str) -> None:
        self._home = home
        self._threads = threads
        self._who = who
        self._pool = self._spawn()

    def work(self, district: str) -> "Future[list[Done]]":
        """Finish every unfinished batch of a district."""
        try:
            return self._pool.submit(_work, self._home.root, district, self._who)
        except BrokenProcessPool:
            self._pool = self._spawn()
            return self._pool.submit(_work, self._home.root, district, self._who)

    def close(self) -> None:
        """Let the batch in work finish, then end the process."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _spawn(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_prepare,
            initargs=(self._threads,),
        )


def _prepare(threads: int) -> None:
    """Before polars is imported, since it reads the number of its threads only then."""
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    # Ctrl-C reaches the whole group; the parent ends us after the batch. Blocked, not ignored: polars puts a handler of
    # its own in place while it collects (seen with 2.1).
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import processors.pipeline  # noqa: F401 - the first batch shall not wait for it


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(home: Path, district: str, who: str) -> list[Done]:
    """Failures are written down here, since their places do not survive the way to the parent."""
    from processors.pipeline import work

    try:
        finished = work(Home(home), district, who=who, wait_s=_LOCK_WAIT_S)
    except Exception as error:
        write_down(error, home)
        raise
    return [Done(district=district, number=outcome.number, verdict=outcome.verdict) for outcome in finished]
