"""Fetching beside the service: each pull in a process of its own, so that a large one makes no upload wait."""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from config.home import Home
from config.loading import Live
from connect_store.pulls import last_pulls, last_taken_pull
from connect_store.store import open_store
from rosterdrop.schedule import is_due

_AT_ONCE: Final = 2
_MOST: Final = 8  # of them most wait for a source, and a process takes memory
_SLOW: Final = timedelta(minutes=15)  # so long a pull takes a source that is slow, and it makes no other one wait
_LOOK_S: Final = 30.0
_log = structlog.get_logger("rosterdrop")


async def fetch_by_the_clock(home: Home, live: Live, stop: asyncio.Event, came: asyncio.Event) -> None:
    """Fetch what is due until `stop` is set; `came` is set after each pull. No failure ends this."""
    running: dict[str, asyncio.Task[None]] = {}
    began: dict[str, datetime] = {}
    while not stop.is_set():
        running = {district: task for district, task in running.items() if not task.done()}
        try:
            due = await asyncio.to_thread(_due, home, live)
        except Exception as error:  # noqa: BLE001 - a full disk or a busy store passes
            _log.error("cannot look whose roster is to be fetched", error=type(error).__name__)
            due = []
        for district in due:
            now = datetime.now(UTC)
            if district not in running and has_room([now - began[one] for one in running]):
                running[district], began[district] = asyncio.create_task(_pull(home, district, came)), now
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_S)
    for task in running.values():
        task.cancel()
    await asyncio.gather(*running.values(), return_exceptions=True)


def has_room(running: Sequence[timedelta]) -> bool:
    """Whether one more may begin beside those that run since so long."""
    return len(running) < _MOST and sum(since < _SLOW for since in running) < _AT_ONCE


def _due(home: Home, live: Live) -> list[str]:
    now, fetched = datetime.now(UTC), [one for one in live.now.profiles.values() if one.source.kind != "none"]
    if not fetched:
        return []
    with open_store(home.store_db) as store:
        return [
            one.id
            for one in fetched
            if is_due(one, last_pulls(store, one.id), now, taken=last_taken_pull(store, one.id))
        ]


async def _pull(home: Home, district: str, came: asyncio.Event) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rosterdrop.pulls", str(home.root), district, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if code:
        _log.error("roster not fetched", district=district, exit=code)
    came.set()
