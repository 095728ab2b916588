"""Clients that vanish without a word: no end of the connection comes, only silence (reference 7, 3)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config.settings import Server
from sftp_gateway.ssh.connections import Connection
from tests.sftp_gateway.harness import Site, running, story
from tests.sftp_gateway.pushing import connecting

KEEPALIVE_S = 0.3


@dataclass
class Cable:
    """A port that leads to the gateway until it is pulled out; nobody is told of that."""

    gateway: int
    port: int = 0
    whole: asyncio.Event = field(default_factory=asyncio.Event)
    ends: list[asyncio.StreamWriter] = field(default_factory=list)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.gateway)
        self.ends += [writer, back]
        await asyncio.gather(self._pipe(reader, back), self._pipe(there, writer))

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(4096):
                await self.whole.wait()
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def cable(site: Site) -> AsyncIterator[Cable]:
    one = Cable(site.port)
    one.whole.set()
    server = await asyncio.start_server(one.carry, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        one.whole.set()
        for end in one.ends:
            end.transport.abort()


def _counted_silences(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many intervals of silence a session had behind it, each time when one more was over."""
    over, silences = Connection._keepalive_timer_callback, list[int]()

    def counted(connection: Connection) -> None:
        silences.append(connection._keepalive_count + 1)
        over(connection)

    monkeypatch.setattr(Connection, "_keepalive_timer_callback", counted)
    return silences


@pytest.mark.parametrize("deaf", [False, True], ids=["writing", "reading"])
def test_who_vanishes_is_gone_after_three_silences_and_its_path_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, deaf: bool
) -> None:
    silences = _counted_silences(monkeypatch)

    async def night() -> None:
        async with running(tmp_path, server={"keepalive_s": KEEPALIVE_S}) as site, cable(site) as line:
            await site.puts("office", classes=b"c" * 4_000_000)
            connection = await connecting(line.port, "office")
            client = await connection.start_sftp_client()
            file = await client.open("users.csv", "wb")
            await file.write(b"half")
            if deaf:  # what it asked for is more than the sockets on its way hold
                reading = asyncio.create_task(client.get("classes.csv", tmp_path / "classes.csv"))
                await asyncio.sleep(0.01)
            line.whole.clear()
            await site.until(lambda: site.receiver.interruptions)
            connection.abort()
            if deaf:
                await asyncio.wait([reading])
                assert reading.exception()
            assert max(silences) == 3
            (cut,) = site.receiver.interruptions
            assert (cut.name, cut.size) == ("users.csv", 4)
            await site.until(lambda: not site.gateway._sessions)
            await site.puts(users=b"whole")
            assert (site.drop / "users.csv").read_bytes() == b"whole"

    story(night())


def test_three_silences_of_the_default_are_ninety_seconds() -> None:
    assert 3 * Server().keepalive_s <= 90
