"""asyncssh with our choices: algorithms, logins, and nothing but SFTP behind them."""

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncssh
from asyncssh.stream import SSHServerStreamSession

from config.accounts import Account
from config.home import Home
from config.settings import Server as ServerSettings
from sftp_gateway.accounts import Accounts, refuse_sha1
from sftp_gateway.auditing import Audit, Who
from sftp_gateway.host_keys import load_host_keys
from sftp_gateway.protocol import Served, SftpOnly
from sftp_gateway.receiving import GatewayError, PortTaken

# The profile "default + RSA + plain MACs", measured with the clients that vendors use (reference 2.6).
_ALGORITHMS: Final[dict[str, Any]] = {
    "kex_algs": ["mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org"],
    "encryption_algs": ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"],
    "mac_algs": [
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
        "umac-128-etm@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-512",
    ],
    "compression_algs": None,
    "signature_algs": [
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "rsa-sha2-512",
        "rsa-sha2-256",
    ],
}
_NOTHING_ELSE: Final[dict[str, Any]] = {
    "gss_host": None,
    "allow_pty": False,
    "agent_forwarding": False,
    "x11_forwarding": False,
    "allow_scp": False,  # scp since OpenSSH 9 speaks SFTP; the old protocol had traversals in 2026 (reference 2.1)
    "line_editor": False,
    "encoding": None,
}
_BANNER: Final = "rosterdrop"
_UNANSWERED: Final = 3

SessionFor = Callable[["asyncssh.SSHServerChannel[bytes]", Account, Who], Awaitable[Served]]


class Door:
    """What all connections share: the accounts, the audit, and whether anybody may still come in."""

    def __init__(self, accounts: Accounts, audit: Audit, session_for: SessionFor, *, tries: int) -> None:
        self.accounts = accounts
        self.audit = audit
        self.session_for = session_for
        self.tries = tries
        self.closed = False
        self.connections: set[asyncssh.SSHServerConnection] = set()


class Login(asyncssh.SSHServer):
    """One connection, from its first byte to its sessions.

    Passwords and keyboard-interactive answers are counted together. Keys are counted apart, each once however often
    it is offered: an agent that holds many must not use up the tries of the password that comes after them.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._connection: asyncssh.SSHServerConnection | None = None
        self._wrong_passwords = 0
        self._wrong_keys: set[bytes] = set()
        self._proven: dict[str, tuple[Account, str]] = {}  # user name to account and method

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """A client has connected."""
        self._connection = conn
        self._door.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the shape is asyncssh's
        """The connection has ended."""
        if self._connection:
            self._door.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - the shape is asyncssh's
        """Everybody must prove who they are."""
        return True

    def password_auth_supported(self) -> bool:
        """Passwords are taken, and keyboard-interactive answers as passwords."""
        return True

    def public_key_auth_supported(self) -> bool:
        """Keys are taken."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Whether this is the account's password; after too many tries the connection ends."""
        account = await self._door.accounts.with_password(username, password)
        if account and not self._door.closed:
            self._proven[username] = account, "password"
            return True
        self._wrong_passwords += 1
        self._note_failure(username, "password")
        if self._wrong_passwords >= self._door.tries:
            raise _too_many()
        return False

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether this key belongs to the account; asyncssh then checks the signature."""
        refuse_sha1(key)
        account = await self._door.accounts.with_key(username, key)
        if account and not self._door.closed:
            self._proven[username] = account, "key"
            return True
        if key.public_data not in self._wrong_keys:
            self._wrong_keys.add(key.public_data)
            self._note_failure(username, "key", key=key.get_fingerprint())
        if len(self._wrong_keys) >= 2 * self._door.tries:
            raise _too_many()
        return False

    def auth_completed(self) -> None:
        """Somebody has proven who they are."""
        account, method = self._proven[self._user_name()]
        self._door.audit.note("login", self._who(account.id), method=method)

    def session_requested(self) -> "tuple[asyncssh.SSHServerChannel[bytes], SSHServerStreamSession[bytes]]":
        """Open a channel on which nothing but SFTP can be asked for."""
        assert self._connection is not None
        # The name that was proven last is the one that counts, whatever was tried before (reference 2.1, 2.24.1).
        account, _ = self._proven[self._user_name()]
        who = self._who(account.id)
        session = SftpOnly(lambda channel: self._door.session_for(channel, account, who))
        return self._connection.create_server_channel(encoding=None), session

    def _user_name(self) -> str:
        assert self._connection is not None
        return str(self._connection.get_extra_info("username"))

    def _who(self, account: str) -> Who:
        assert self._connection is not None
        peer = self._connection.get_extra_info("peername") or ("", 0)
        client = self._connection.get_extra_info("client_version") or ""
        return Who(account=account, address=str(peer[0]), client=str(client))

    def _note_failure(self, username: str, method: str, **facts: str) -> None:
        self._door.audit.note("login_failed", self._who(username), method=method, **facts)


class SftpServer:
    """The listening server of one home."""

    def __init__(self, home: Home, settings: ServerSettings, door: Door) -> None:
        self._home = home
        self._settings = settings
        self._door = door
        self._acceptor: asyncssh.SSHAcceptor | None = None

    async def listen(self) -> int:
        """Begin to listen; returns the port.

        Raises: NoHostKeys, PortTaken, or GatewayError where the address cannot be had.
        """
        _keep_paths_out_of_logs()
        host_keys = await asyncio.to_thread(load_host_keys, self._home)
        try:
            self._acceptor = await asyncssh.listen(
                self._settings.host,
                self._settings.port,
                server_factory=lambda: Login(self._door),
                server_host_keys=host_keys,
                server_version=_BANNER,
                login_timeout=self._settings.login_timeout_s,
                keepalive_interval=self._settings.keepalive_s,
                keepalive_count_max=_UNANSWERED,
                **_ALGORITHMS,
                **_NOTHING_ELSE,
            )
        except OSError as error:
            raise _cannot_listen(self._settings, error) from error
        return self._acceptor.get_port()

    def stop_listening(self) -> None:
        """Take no more connections, and no more logins on those that are there."""
        self._door.closed = True
        if self._acceptor:
            self._acceptor.close()

    def cut(self) -> None:
        """End every connection at once."""
        for connection in tuple(self._door.connections):
            connection.abort()


def _cannot_listen(settings: ServerSettings, error: OSError) -> GatewayError:
    where = f"{settings.host}, port {settings.port}"
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Another program listens on {where}.", remedy="Stop it, or set another server.port in rosterdrop.toml."
        )
    return GatewayError(
        f"The SFTP server cannot listen on {where}.", remedy="Check server.host and server.port in rosterdrop.toml."
    )


def _too_many() -> asyncssh.DisconnectError:
    return asyncssh.DisconnectError(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many failed logins")


def _keep_paths_out_of_logs() -> None:
    """The library logs user names and paths at its lower levels; our audit says what there is to say."""
    logging.getLogger("asyncssh").setLevel(logging.ERROR)
