"""watchfiles on the drops: a wake-up for files that are put there by other means, and never more than that.

It loses events silently, and a single name that is not UTF-8 ends it with an exception (reference 4). So every wake-up
leads to a reconciling scan, the scan also runs on a tick, and the watcher is started again whenever it ends. It looks
at the drops themselves and not below them: reports come and go there every night and are none of its business.

Where the kernel tells nothing (network file systems) or has no watch left to give, it looks for itself instead.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from watchfiles import Change, awatch

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0
_REMOVED: Final = -1  # in place of the inode of a folder of which that was told
_POLL_MS: Final = 1000
# Measured with watchfiles 1.3: ENOSPC (watches), ENFILE and EMFILE (instances) come in words, without their number.
_LIMIT_REACHED: Final = re.compile(r"watch limit reached|os error (?:23|24|28)\b")
log = logging.getLogger(__name__)


class Watcher:
    """Watches folders until it is stopped; `look_at` swaps the folders it watches.

    `removed` is told of each folder that somebody has removed, also where it stands there again.
    """

    def __init__(
        self, woken: Callable[[Iterable[Path]], None], removed: Callable[[Path], None], *, polling: bool
    ) -> None:
        self._woken = woken
        self._removed = removed
        self._polling = polling
        self._folders: dict[Path, int] = {}
        self._seen: dict[Path, int] = {}  # inodes, also of folders that are not there right now
        self._swap = asyncio.Event()
        self._stopped = False

    async def run(self) -> None:
        """Watch; after an error wait a moment, longer each time, and wake everybody for a scan."""
        pause_s = _FIRST_PAUSE_S
        polling = self._polling
        while not self._stopped:
            self._swap.clear()
            try:
                await self._watch(polling=polling)
                pause_s, polling = _FIRST_PAUSE_S, self._polling
            except (Exception, BaseExceptionGroup) as fault:  # noqa: BLE001 - whatever ends it, it is started again
                polling = self._polling or is_limit(fault)
                how = " by polling" if polling else ""
                log.warning("The watcher ended and is started again%s: %s", how, type(fault).__name__)
                self._woken(tuple(self._folders))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._swap.wait(), pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def look_at(self, folders: dict[Path, int]) -> None:
        """Watch these folders, each with its inode: one that was removed and made again is watched anew."""
        self._raise_alarm(
            folder for folder, inode in folders.items() if self._seen.get(folder, _REMOVED) not in {inode, _REMOVED}
        )
        self._seen |= folders
        if folders != self._folders:
            self._folders = folders
            self._swap.set()

    def stop(self) -> None:
        """End `run`."""
        self._stopped = True
        self._swap.set()

    async def _watch(self, *, polling: bool) -> None:
        if not self._folders:
            await self._swap.wait()
            return
        # Without a filter: the usual one hides names that vendors use, as those that end in `~`.
        changes = awatch(
            *self._folders,
            watch_filter=None,
            recursive=False,
            stop_event=self._swap,
            force_polling=polling or None,
            poll_delay_ms=_POLL_MS,
        )
        async for changed in changes:
            paths = {Path(path) for _, path in changed}
            self._woken(paths | {path.parent for path in paths})
            gone = {Path(path) for change, path in changed if change == Change.deleted} & self._folders.keys()
            if gone:
                # Silence for ever follows, also where a folder of this name and even this inode is made again.
                self._raise_alarm(gone)
                self._seen |= dict.fromkeys(gone, _REMOVED)
                self._swap.set()

    def _raise_alarm(self, gone: Iterable[Path]) -> None:
        for folder in gone:
            log.warning("A drop was removed; the watcher is started again")
            self._removed(folder)


def is_limit(fault: BaseException) -> bool:
    """Whether the kernel has no more watches, watchers or open files to give."""
    return _LIMIT_REACHED.search(str(fault)) is not None
