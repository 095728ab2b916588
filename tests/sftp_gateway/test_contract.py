"""What we rely on inside asyncssh, because its public hooks cannot tell a CLOSE packet from a lost connection.

The version is pinned; should one of these fail after an update, read `protocol.py` against the new source.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncssh
import pytest

from sftp_gateway.admission.gate import Visit
from sftp_gateway.sftp.protocol import SftpOnly
from sftp_gateway.ssh.connections import Connection
from sftp_gateway.statuses import Status
from tests.sftp_gateway.harness import story


class Diary(asyncssh.SFTPServer):
    """A session that does nothing but write down which of its hooks were called."""

    def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]") -> None:
        super().__init__(channel)
        self.hooks: list[str] = []
        self.over = asyncio.Event()

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:  # noqa: ARG002 - asyncssh's
        self.hooks.append("open")
        return path

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:  # noqa: ARG002 - the shape is asyncssh's
        self.hooks.append("write")
        return len(data)

    async def finish(self, handle: object) -> None:
        self.hooks.append(f"finish {handle!r}")

    async def close(self, file_obj: object) -> None:
        self.hooks.append(f"close {file_obj!r}")

    async def listing(self, path: bytes) -> list[asyncssh.SFTPName]:
        self.hooks.append(f"listing {path!r}")
        return [asyncssh.SFTPName(name, attrs=asyncssh.SFTPAttrs()) for name in (b"one", b"two")]

    def refused(self, request: str, status: Status) -> None:
        self.hooks.append(f"refused {request}: {status.text}")

    async def end(self) -> None:
        self.hooks.append("end")
        self.over.set()


@asynccontextmanager
async def served() -> AsyncIterator[tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient, Diary]]:
    """A client, and the diary of the session that serves it over the real library."""
    diaries: list[Diary] = []

    async def session_for(channel: "asyncssh.SSHServerChannel[bytes]") -> Diary:
        diaries.append(Diary(channel))
        return diaries[-1]

    class Anybody(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            assert isinstance(conn, Connection)
            self._connection = conn

        def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - the shape is asyncssh's
            return False

        def session_requested(self) -> Any:
            return self._connection.create_server_channel(encoding=None), SftpOnly(session_for, self._connection)

    key = asyncssh.generate_private_key("ssh-ed25519")
    options = asyncssh.SSHServerConnectionOptions(server_factory=Anybody, server_host_keys=[key])
    visit = Visit(address="127.0.0.1", source="127.0.0.1", visitor=None)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(options, visit, idle_s=60.0), "127.0.0.1", 0
    )
    nobody: dict[str, Any] = {"known_hosts": None, "client_keys": None, "agent_path": None, "config": None}
    async with (
        server,
        asyncssh.connect("127.0.0.1", server.sockets[0].getsockname()[1], username="anybody", **nobody) as connection,
        connection.start_sftp_client() as client,
    ):
        yield connection, client, diaries[0]


def test_a_close_packet_finishes_a_handle_and_nothing_closes_it_again() -> None:
    async def visit() -> None:
        async with served() as (_, client, diary):
            async with client.open("users.csv", "wb") as file:
                await file.write(b"x")
            assert diary.hooks == ["open", "write", "finish b'users.csv'"]
            client.exit()
            await asyncio.wait_for(diary.over.wait(), 30)
            assert diary.hooks[3:] == ["end"]

    story(visit())


@pytest.mark.parametrize("ending", ["abort", "disconnect", "channel"])
def test_what_is_open_at_a_cut_is_closed_and_never_finished(ending: str) -> None:
    async def visit() -> None:
        async with served() as (connection, client, diary):
            file = await client.open("users.csv", "wb")
            await file.write(b"x")
            {"abort": connection.abort, "disconnect": connection.close, "channel": client.exit}[ending]()
            await asyncio.wait_for(diary.over.wait(), 30)
            assert diary.hooks == ["open", "write", "close b'users.csv'", "end"]

    story(visit())


def test_a_folder_is_listed_once_and_read_to_its_end() -> None:
    async def visit() -> None:
        async with served() as (_, client, diary):
            assert await client.listdir("reports") == ["one", "two"]
            assert diary.hooks == ["listing b'reports'"]

    story(visit())


def test_a_closed_handle_cannot_be_used_again() -> None:
    async def visit() -> None:
        async with served() as (_, client, diary):
            file = await client.open("users.csv", "wb")
            handle = file._handle
            await file.close()
            file._handle = handle
            with pytest.raises(asyncssh.SFTPError, match="no such open file"):
                await file.write(b"y")
            with pytest.raises(asyncssh.SFTPError, match="no such open file"):
                await file.close()
            assert diary.hooks[:2] == ["open", "finish b'users.csv'"]
            assert all(hook.startswith("refused") for hook in diary.hooks[2:])

    story(visit())


def test_an_rsa_key_can_be_kept_from_sha1() -> None:
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    public = asyncssh.import_public_key(key.export_public_key())
    signature = key.sign(b"data", b"ssh-rsa")
    assert public.verify(b"data", signature)
    public.all_sig_algorithms = {b"rsa-sha2-256", b"rsa-sha2-512"}
    assert not public.verify(b"data", signature)
