"""News for the service: what arrived and what was cut off, once each and in the order of what happened."""

import asyncio
import logging
from datetime import datetime
from typing import Final

from sftp_gateway.drops.arrivals import Journal, Standing, Writing
from sftp_gateway.receiving import Arrival, Receiver
from sftp_gateway.threads import DiskThreads

_JOURNAL_AGAIN_S: Final = 1.0
log = logging.getLogger(__name__)


class News:
    """Reads from the journal what the service has not been told of, whichever process wrote it there."""

    def __init__(self, journal: Journal, receiver: Receiver, threads: DiskThreads) -> None:
        self._journal = journal
        self._receiver = receiver
        self._threads = threads
        self._came = asyncio.Event()
        self._all_told = asyncio.Event()
        self._not_taken: set[object] = set()  # told once in vain; the next start of the gateway tries again

    def come(self) -> None:
        """There may be something to tell."""
        self._all_told.clear()
        self._came.set()

    async def join(self) -> None:
        """Return when everything is told that came until now."""
        await self._all_told.wait()

    async def run(self) -> None:
        """Tell what there is, and then whenever something comes."""
        self.come()
        while True:
            await self._came.wait()
            self._came.clear()
            try:
                for one in await self._threads.run(self._untold):
                    await self._tell_and_survive(one)
            except Exception:
                log.exception("The journal could not be asked for news")
                self._came.set()
                await asyncio.sleep(_JOURNAL_AGAIN_S)
            if not self._came.is_set():
                self._all_told.set()

    def _untold(self) -> list[Standing | Writing]:
        arrivals, interruptions = self._journal.untold()
        untold: list[Standing | Writing] = [*arrivals, *interruptions]
        return sorted((one for one in untold if _key(one) not in self._not_taken), key=_moment)

    async def _tell_and_survive(self, one: Standing | Writing) -> None:
        try:
            await self._tell(one)
        except Exception:
            self._not_taken.add(_key(one))
            log.exception("The service could not take the news of an upload")

    async def _tell(self, one: Standing | Writing) -> None:
        if isinstance(one, Writing):
            await self._receiver.interrupted(one.as_interruption())
            await self._threads.run(self._journal.told_interruption, one)
        else:
            await self._receiver.arrived(Arrival(district=one.drop_id.district, drop=one.drop_id.drop, file=one.file))
            await self._threads.run(self._journal.told_arrival, one.file.generation)


def _key(one: Standing | Writing) -> object:
    return (one.id, one.interrupted_at) if isinstance(one, Writing) else one.file.generation


def _moment(one: Standing | Writing) -> datetime:
    if isinstance(one, Writing):
        assert one.interrupted_at is not None
        return one.interrupted_at
    return one.file.arrived_at
