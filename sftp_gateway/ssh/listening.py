"""Listening sockets of our own: each client is judged by the gate before a byte of SSH is sent.

`asyncssh.listen` makes a connection, its timers and its first line for every client before it asks anybody; a flood
then costs more than it should, and a question to the gate could not be awaited there.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sftp_gateway.admission.gate import Gate, Visit
from sftp_gateway.ssh.connections import Connection
from sftp_gateway.statuses import TOO_CROWDED

_BACKLOG: Final = 512  # of clients that the kernel keeps until we come to them
_BREATH_S: Final = 0.2  # when there are no descriptors left
_NOT_HERE: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
log = logging.getLogger(__name__)

HasRoom = Callable[[Visit], bool]
TurnedAway = Callable[[str, str], None]  # address and text


async def bound(host: str, port: int, *, reuse_port: bool) -> list[socket.socket]:
    """Sockets that listen on every address of a host, all on the same port.

    Raises: OSError.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    absent: OSError | None = None
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            sockets.append(_listening(family, (address[0], port, *address[2:]), reuse_port=reuse_port))
            port = port or sockets[0].getsockname()[1]
        except OSError as error:
            if error.errno not in _NOT_HERE:  # a name may stand for IPv6 where the machine has none
                _close(sockets)
                raise
            absent = error
    if not sockets:
        raise absent or OSError(errno.EADDRNOTAVAIL, "no address")
    return sockets


class Listener:
    """Takes clients from one socket, one after the other; `connection` makes what serves a client that is let in."""

    def __init__(
        self,
        sock: socket.socket,
        gate: Gate,
        connection: Callable[[Visit], Connection],
        *,
        has_room: HasRoom,
        turned_away: TurnedAway,
    ) -> None:
        self.port: int = sock.getsockname()[1]
        self._socket = sock
        self._gate = gate
        self._connection = connection
        self._has_room = has_room
        self._turned_away = turned_away
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take clients from now on."""
        self._task = asyncio.create_task(self._accept())

    def close(self) -> None:
        """Take no more clients."""
        if self._task:
            self._task.cancel()
        self._socket.close()

    async def _accept(self) -> None:
        while True:
            try:
                client, address = await asyncio.get_running_loop().sock_accept(self._socket)
            except OSError:
                log.exception("A client could not be taken")
                await asyncio.sleep(_BREATH_S)
            else:
                await self._receive(client, address[0])

    async def _receive(self, client: socket.socket, address: str) -> None:
        try:
            visit = await self._gate.come(address)
            if isinstance(visit, Visit) and not self._has_room(visit):
                self._gate.leave(visit)
                visit = TOO_CROWDED
            if isinstance(visit, str):
                self._turn_away(client, address, visit)
            else:
                await self._serve(client, visit)
        except asyncio.CancelledError:
            client.close()
            raise
        except Exception:
            client.close()
            log.exception("A client could not be served")

    async def _serve(self, client: socket.socket, visit: Visit) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: self._connection(visit), client)
        except BaseException:
            self._gate.leave(visit)
            raise

    def _turn_away(self, client: socket.socket, address: str, text: str) -> None:
        """One line before the SSH protocol, which clients show to their users (RFC 4253, 4.2)."""
        with client, suppress(OSError):
            client.send(f"{text}\r\n".encode())
            client.shutdown(socket.SHUT_WR)
        self._turned_away(address, text)


def _listening(family: int, address: tuple[object, ...], *, reuse_port: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.settimeout(0)
        sock.bind(address)
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _close(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()
