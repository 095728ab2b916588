"""Clients that are in and ask the connection itself for more than it should do: it ends, and nobody else waits."""

import asyncio
import socket
from pathlib import Path
from time import monotonic

import asyncssh
import pytest
from asyncssh.constants import MSG_GLOBAL_REQUEST, MSG_KEXINIT
from asyncssh.packet import String

from sftp_gateway.ssh import connections
from tests.sftp_gateway.harness import PATIENCE_S, Site, running, site_at, story, write


def _ask(connection: asyncssh.SSHClientConnection, name: str, content: bytes = b"") -> None:
    connection.send_packet(MSG_GLOBAL_REQUEST, String(name), b"\1", content)


def _served(site: Site, connection: asyncssh.SSHClientConnection) -> connections.Connection:
    """The other end of a connection."""
    port = connection.get_extra_info("sockname")
    (found,) = [one for one in site.gateway._front._server._door.connections if one.get_extra_info("peername") == port]
    return found


@pytest.mark.parametrize(("packets", "times"), [(1, 600), (600, 1)], ids=["in one packet", "in many packets"])
def test_host_keys_are_not_proven_as_often_as_somebody_likes(tmp_path: Path, packets: int, times: int) -> None:
    """A signature of an RSA key takes some milliseconds of everybody's time."""

    async def visit() -> None:
        rsa = asyncssh.read_private_key(site_at(tmp_path, rsa=True).home.keys / "ssh_host_rsa_key")
        async with running(tmp_path, rsa=True) as site, site.sftp() as bystander, site.connection() as greedy:
            for _ in range(packets):
                _ask(greedy, "hostkeys-prove-00@openssh.com", String(rsa.public_data) * times)
            began_s = monotonic()
            assert await bystander.exists("reports")
            assert monotonic() - began_s < 1.0

    story(visit())


def test_a_client_that_takes_no_answers_is_cut_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_MOST_UNTAKEN", 64 * 1024)

    async def visit() -> None:
        async with running(tmp_path, rsa=True) as site, site.sftp() as bystander, site.connection() as deaf:
            served = _served(site, deaf)
            assert deaf._transport
            deaf._transport.pause_reading()
            deaf.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            served.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            async with asyncio.timeout(PATIENCE_S):
                while not served.is_closed():
                    for _ in range(2000):
                        _ask(deaf, "keepalive@openssh.com")
                    await asyncio.sleep(0)
            assert await bystander.exists("reports")

    story(visit())


def test_answers_do_not_pile_up_while_a_client_leaves_an_exchange_of_keys_unfinished(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.connection("office") as sly, sly.start_sftp_client() as client:
            await write(client, "users.csv", b"x" * 100_000)
            async with client.open("users.csv", "rb") as file:
                sly._packet_handlers = {**sly._packet_handlers, MSG_KEXINIT: lambda *_: True}
                served = _served(site, sly)
                served._send_kexinit()
                reads = [asyncio.create_task(file.read(30_000, 0)) for _ in range(60)]
                await site.until(lambda: served._deferred_packets)
                await asyncio.sleep(0.1)
                kept = len(served._deferred_packets)
                served.abort()
                await asyncio.gather(*reads, return_exceptions=True)
            assert kept <= 3  # one answer, and room in the client's window

    story(visit())
