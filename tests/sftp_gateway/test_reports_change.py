"""Reports that are fetched while they are written anew are the old ones or the new ones (reference 7, 44)."""

import asyncio
import threading
from pathlib import Path
from typing import Any

from tests.sftp_gateway.harness import running, story

_SIZE = 700_000


def _rewrites(report: Path, done: threading.Event) -> None:
    """As the service publishes: beside it, and then in its place."""
    number = 0
    while not done.wait(0.002):
        number += 1
        beside = report.with_name(".latest.txt.part")
        beside.write_bytes(bytes([number % 256]) * _SIZE)
        beside.replace(report)


def test_a_report_that_is_rewritten_while_it_is_fetched_is_never_mixed(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, scan_s=60.0) as site, site.sftp("office") as client:
            report = site.home.reports("springfield") / "latest.txt"
            report.write_bytes(b"\0" * _SIZE)
            done, seen = threading.Event(), set[int]()
            writing = asyncio.create_task(asyncio.to_thread(_rewrites, report, done))
            for _ in range(8):
                async with client.open("reports/latest.txt", "rb") as file:
                    content: Any = await file.read()
                assert len(content) == _SIZE
                assert len(set(content)) == 1
                seen.add(content[0])
            done.set()
            await writing
            assert len(seen) > 1

    story(visit())
