"""Work on the disk is finished, whatever becomes of whoever asked for it."""

import asyncio
import threading
from contextlib import suppress

from sftp_gateway.threads import DiskThreads
from tests.sftp_gateway.harness import story


def test_work_that_has_not_begun_when_its_asker_goes_is_done_all_the_same() -> None:
    async def ask() -> list[str]:
        threads, gate, done = DiskThreads(), threading.Event(), list[str]()
        busy = [asyncio.create_task(threads.run(gate.wait)) for _ in range(8)]
        asked = asyncio.create_task(threads.run(done.append, "closed"))
        await asyncio.sleep(0)
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
        gate.set()
        await asyncio.gather(*busy)
        threads.close()
        return done

    assert story(ask()) == ["closed"]
