"""asyncssh with our choices: where we listen, who comes past the gate, and nothing but SFTP behind it."""

import asyncio
import errno
import logging
import socket
from collections.abc import Mapping
from typing import Any, Final

import asyncssh

from config.home import Home
from config.settings import Algorithms
from config.settings import Server as ServerSettings
from sftp_gateway.receiving import GatewayError, PortTaken
from sftp_gateway.ssh.algorithms import options
from sftp_gateway.ssh.connections import Connection
from sftp_gateway.ssh.host_keys import load_host_keys
from sftp_gateway.ssh.listening import Listener, bound
from sftp_gateway.ssh.logins import Door, Login

_NOTHING_ELSE: Final[Mapping[str, Any]] = {
    "gss_host": None,
    "allow_pty": False,
    "agent_forwarding": False,
    "x11_forwarding": False,
    "allow_scp": False,  # scp since OpenSSH 9 speaks SFTP; the old protocol had traversals in 2026 (reference 2.1)
    "line_editor": False,
    "encoding": None,
}
_BANNER: Final = "rosterdrop"
_UNANSWERED: Final = 2  # asyncssh waits for one interval more behind the last question: three in all


class SftpServer:
    """The listening server of one home, as one process of the gateway runs it.

    With `reuse_port` several processes listen on the same ports and the kernel shares the clients out. It would do so
    as well with another gateway of ours, without a word; so the `first` of them looks whether a port is free.
    """

    def __init__(
        self, home: Home, settings: ServerSettings, door: Door, *, reuse_port: bool = False, first: bool = True
    ) -> None:
        self._home = home
        self._settings = settings
        self._door = door
        self._reuse_port = reuse_port
        self._must_be_free = reuse_port and first
        self._listeners: list[Listener] = []

    @property
    def ports(self) -> tuple[int, ...]:
        """Where it really listens, the main port first."""
        return tuple(dict.fromkeys(listener.port for listener in self._listeners))

    async def listen(self) -> int:
        """Begin to listen; returns the main port.

        Raises: NoHostKeys, PortTaken, or GatewayError where the address cannot be had.
        """
        _keep_paths_out_of_logs()
        wanted = [(self._settings.port, self._settings.algorithms)]
        wanted += [(int(port), algorithms) for port, algorithms in self._settings.more_ports.items()]
        spoken = [(port, await asyncio.to_thread(self._options, algorithms)) for port, algorithms in wanted]
        try:
            for port, chosen in spoken:
                await self._listen_on(port, chosen)
        except BaseException:
            self.stop_listening()
            raise
        for listener in self._listeners:
            listener.start()
        return self.ports[0]

    def stop_listening(self) -> None:
        """Take no more connections, and no more logins on those that are there."""
        self._door.closed = True
        for listener in self._listeners:
            listener.close()

    def cut(self) -> None:
        """End every connection at once."""
        for connection in tuple(self._door.connections):
            connection.abort()

    async def _listen_on(self, port: int, chosen: asyncssh.SSHServerConnectionOptions) -> None:
        try:
            if self._must_be_free:
                for probe in await bound(self._settings.host, port, reuse_port=False):
                    probe.close()
            sockets = await bound(self._settings.host, port, reuse_port=self._reuse_port)
        except OSError as error:
            raise _cannot_listen(self._settings.host, port, error) from error
        self._listeners += [self._listener(one, chosen) for one in sockets]

    def _listener(self, sock: socket.socket, chosen: asyncssh.SSHServerConnectionOptions) -> Listener:
        door, idle_s = self._door, self._settings.idle_s
        return Listener(
            sock,
            door.gate,
            lambda visit: Connection(chosen, visit, idle_s=idle_s),
            has_room=door.has_room,
            turned_away=door.note_turned_away,
        )

    def _options(self, algorithms: Algorithms) -> asyncssh.SSHServerConnectionOptions:
        return asyncssh.SSHServerConnectionOptions(
            server_factory=lambda: Login(self._door),
            server_host_keys=load_host_keys(self._home, algorithms),
            server_version=_BANNER,
            login_timeout=self._settings.login_timeout_s,
            keepalive_interval=self._settings.keepalive_s,
            keepalive_count_max=_UNANSWERED,
            **options(algorithms),
            **_NOTHING_ELSE,
        )


def _cannot_listen(host: str, port: int, error: OSError) -> GatewayError:
    where = f"{host}, port {port}"
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Another program listens on {where}.", remedy="Stop it, or set another server.port in rosterdrop.toml."
        )
    return GatewayError(
        f"The SFTP server cannot listen on {where}.", remedy="Check server.host and server.port in rosterdrop.toml."
    )


def _keep_paths_out_of_logs() -> None:
    """The library logs user names and paths at its lower levels; our audit says what there is to say."""
    logging.getLogger("asyncssh").setLevel(logging.ERROR)
