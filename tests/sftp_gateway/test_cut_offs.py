"""A push of five files that ends at any byte, in every way: no short file is ever in a batch (reference 7: 1, 2)."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncssh
import pytest

from tests.sftp_gateway.harness import Recorder, Site, running, story
from tests.sftp_gateway.pushing import connecting, push

_NAMES: Final = ("users.csv", "classes.csv", "enrollments.csv", "guardians.csv", "demographics.csv")
_LARGEST: Final = 150_000
_BEFORE_LOGIN: Final = 4_000  # bytes of a client until its first file, about
_OVERHEAD: Final = 1.02  # of the bytes on the wire over those of the files
_A_PROCESS: Final = 20  # of so many cut-offs one kills the client, which takes a second to begin

Cut = Callable[[], object]


@dataclass
class Push:
    """One push, and what its client was answered."""

    files: dict[str, bytes]
    opened: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def tell(self, answer: str, name: str) -> None:
        (self.opened if answer == "opened" else self.acknowledged).append(name)


@dataclass
class Line:
    """A port that leads to the gateway, and what ends it once so many bytes of the client's came through."""

    gateway: int
    position: int
    end: Cut | None = None
    port: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.gateway)

        def reached() -> None:
            if self.end:
                self.end()
                return
            writer.transport.abort()
            back.transport.abort()

        answers = asyncio.create_task(_pipe(there, writer))
        await _pipe(reader, back, self.position, reached)
        back.close()
        await answers
        writer.close()


@asynccontextmanager
async def _line(site: Site, position: int) -> AsyncIterator[Line]:
    line = Line(site.port, position)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()


async def _pipe(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, position: int = -1, reached: Cut | None = None
) -> None:
    """Carry what comes; at the position something is done, exactly between two bytes."""
    left = position
    with suppress(ConnectionError):
        while data := await reader.read(min(4096, left) if left > 0 else 4096):
            writer.write(data)
            await writer.drain()
            left -= len(data)
            if left == 0 and reached:
                reached()


async def _cut_connection(pushing: Push, line: Line) -> None:
    """The connection breaks: nothing more comes through."""
    with suppress(asyncssh.Error, OSError, EOFError):
        async with connecting(line.port) as connection, connection.start_sftp_client() as client:
            await push(client, pushing.files, pushing.tell)


async def _close_channel(pushing: Push, line: Line) -> None:
    """The client closes its channel in the middle of a file, or leaves in good order; before its login it is cut."""
    with suppress(asyncssh.Error, OSError, EOFError):
        async with connecting(line.port) as connection, connection.start_sftp_client() as client:
            line.end = client.exit
            await push(client, pushing.files, pushing.tell)


async def _kill_client(pushing: Push, line: Line, folder: Path) -> None:
    """The client's process is killed."""
    await asyncio.to_thread(_write_all, folder, pushing.files)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.sftp_gateway.pushing", str(line.port), str(folder), stdout=asyncio.subprocess.PIPE
    )
    line.end = lambda: os.kill(process.pid, signal.SIGKILL)
    told, _ = await process.communicate()
    for answer in told.decode().splitlines():
        pushing.tell(*answer.split())


def _write_all(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _a_push(chance: random.Random) -> Push:
    return Push({name: chance.randbytes(chance.randrange(1, _LARGEST)) for name in _NAMES})


async def _cut_offs(root: Path, times: int, seed: int) -> Recorder:
    """So many pushes into one drop, each with new content and cut somewhere; after each it is looked at what came."""
    chance, pushes = random.Random(seed), list[Push]()  # noqa: S311 - positions, no secrets
    async with running(root / "site") as site, site.sftp("office") as office:
        for number in range(times):
            pushes.append(pushing := _a_push(chance))
            length = sum(map(len, pushing.files.values()))
            position = chance.randrange(200, int(_BEFORE_LOGIN + length * _OVERHEAD))
            heard = len(site.receiver.interruptions), len(site.receiver.arrivals)
            async with _line(site, position) as line:
                if number % _A_PROCESS == _A_PROCESS - 1:
                    await _kill_client(pushing, line, root / f"push-{number}")
                elif number % 3 == 0:
                    await _close_channel(pushing, line)
                else:
                    await _cut_connection(pushing, line)
            await site.until(lambda: not (site.gateway._sessions or _under_way(site)))
            await site.gateway._news.join()
            await _came_whole_or_was_reported(site, office, pushing, heard)
        _no_batch_is_short(site, pushes)
        return site.receiver


def _under_way(site: Site) -> bool:
    return site.gateway._attendants[site.attendant().drop.id].drop.open_uploads > 0


async def _came_whole_or_was_reported(
    site: Site, office: asyncssh.SFTPClient, pushing: Push, heard: tuple[int, int]
) -> None:
    cut_off = {cut.name: cut.size for cut in site.receiver.interruptions[heard[0] :]}
    arrived = {arrival.file.name: arrival.file.size for arrival in site.receiver.arrivals[heard[1] :]}
    assert set(pushing.acknowledged) <= arrived.keys()
    assert set(pushing.opened) <= arrived.keys() | cut_off.keys()
    assert len(cut_off) <= 1, "one file at a time is on its way"
    for name, size in arrived.items():
        assert size == len(pushing.files[name])
        assert (site.drop / name).read_bytes() == pushing.files[name]
    for name, size in cut_off.items():
        (left,) = [one for one in site.attendant().drop.interrupted() if one.path == name]
        assert (await office.stat(name)).size == size == left.size
        assert (site.home.uploads / left.staging).read_bytes() == pushing.files[name][:size]
        assert size <= len(pushing.files[name])


def _no_batch_is_short(site: Site, pushes: list[Push]) -> None:
    whole = {name: {one.files[name] for one in pushes} for name in _NAMES}
    for batch in site.receiver.batches:
        assert all(content in whole[name] for name, content in batch.contents.items())


def test_a_push_that_is_cut_anywhere_leaves_only_whole_files(tmp_path: Path) -> None:
    receiver = story(_cut_offs(tmp_path, times=20, seed=random.randrange(10**6)))  # noqa: S311 - no secret
    assert len(receiver.interruptions) > 10


@pytest.mark.soak
def test_1_000_cut_offs_leave_only_whole_files(tmp_path: Path) -> None:
    receiver = story(_cut_offs(tmp_path, times=1_000, seed=1))
    assert len(receiver.interruptions) > 800
    assert receiver.batches, "some pushes came to their end"
