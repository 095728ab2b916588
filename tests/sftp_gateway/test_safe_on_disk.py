"""An answer goes out only when what it confirms is safe on the disk: the order of system calls (reference 7, 47)."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path

import asyncssh
import pytest

from config.home import Home
from tests.sftp_gateway.harness import PASSWORD, PATIENCE_S, story
from tests.sftp_gateway.test_crash import GATEWAY

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is missing"),
]

_CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(.*)", re.MULTILINE)


@asynccontextmanager
async def traced(root: Path) -> AsyncIterator[tuple[asyncssh.SFTPClient, Path]]:
    """A client of a gateway whose system calls are written down, and where."""
    trace = root / "trace"
    calls = "trace=fsync,rename,renameat,renameat2,linkat,unlinkat,sendto,sendmsg"
    process = await asyncio.create_subprocess_exec(
        "strace", "-f", "-yy", "-s", "0", "-e", calls, "-o", str(trace),
        sys.executable, "-c", GATEWAY, str(root), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    try:
        port = int(await asyncio.wait_for(process.stdout.readline(), 2 * PATIENCE_S))
        async with asyncssh.connect(
            "127.0.0.1", port, username="acme", password=PASSWORD, known_hosts=None, config=None, client_keys=None
        ) as connection:
            yield await connection.start_sftp_client(), trace
    finally:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for child in (await asyncio.to_thread(children.read_text)).split():
            os.kill(int(child), signal.SIGKILL)  # strace ends with it
        await process.wait()


def told(calls: str, home: Home) -> list[str]:
    """The calls that matter, in words: an answer where it begins, everything else where it is over."""
    words, begun = [], dict[str, str | None]()
    for thread, call, rest in _CALL.findall(calls):
        word = begun.pop(thread, None) if "resumed>" in rest else _in_words(call, rest, home)
        if "<unfinished" in rest and word != "answer":
            begun[thread] = word
        elif word and "= -1" not in rest:
            words.append(word)
    return words


def _in_words(call: str, rest: str, home: Home) -> str | None:
    """What a call is to the test; None for what others do, the journal for one."""
    if call.startswith("send"):
        return "answer" if "<TCP:" in rest else None
    if call == "fsync":
        places = {f"<{home.uploads}>": "uploads are safe", f"<{home.drop('springfield')}>": "folder is safe"}
        hidden = "file is safe" if f"<{home.uploads}/" in rest else None
        return next((word for place, word in places.items() if place in rest), hidden)
    if "users.csv" not in rest:
        return None
    return "is gone" if call == "unlinkat" else "has its name"


async def quiet(trace: Path, home: Home) -> list[str]:
    """What is written down, once nothing more comes: strace writes a line when its call is over."""
    calls: list[str] | None = None
    async with asyncio.timeout(PATIENCE_S):
        while calls != (calls := told(await asyncio.to_thread(trace.read_text), home)):  # noqa: ASYNC110 - strace writes it
            await asyncio.sleep(0.3)
    return calls


async def told_of(request: Awaitable[object], trace: Path, home: Home) -> list[str]:
    """What the gateway did for one request."""
    before = len(await quiet(trace, home))
    await request
    return [word for word, _ in groupby((await quiet(trace, home))[before:])]


def test_no_change_is_confirmed_before_file_and_folder_are_safe(tmp_path: Path) -> None:
    async def night() -> None:
        home = Home(tmp_path / "home")
        async with traced(tmp_path) as (client, trace):
            file = await client.open("users.csv.part", "wb")
            await file.write(b"whole")
            assert await told_of(file.fsync(), trace, home) == ["file is safe", "uploads are safe", "answer"]
            await file.close()
            file = await client.open("users.csv", "wb")
            await file.write(b"whole")
            closing = await told_of(file.close(), trace, home)
            assert closing == ["file is safe", "has its name", "folder is safe", "answer"]
            removing = await told_of(client.remove("users.csv"), trace, home)
            assert removing == ["is gone", "folder is safe", "answer"]
            renaming = await told_of(client.rename("users.csv.part", "users.csv"), trace, home)
            assert renaming == ["has its name", "is gone", "folder is safe", "answer"]

    story(night())
