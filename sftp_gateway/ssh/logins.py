"""One client from its first byte to its sessions: what it tried, who it proved to be, and what that costs it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import asyncssh
from asyncssh.public_key import SSHOpenSSHCertificate
from asyncssh.stream import SSHServerStreamSession

from config.accounts import Account
from config.settings import Server as ServerSettings
from sftp_gateway.admission.gate import Gate, Visit
from sftp_gateway.admission.penalties import WRONG_PASSWORD_S, weight_s
from sftp_gateway.admission.sources import source_of, who_makes_room
from sftp_gateway.audit.auditing import Audit, Who
from sftp_gateway.sftp.protocol import Served, SftpOnly
from sftp_gateway.ssh.accounts import Accounts, refuse_sha1
from sftp_gateway.ssh.connections import Connection
from sftp_gateway.statuses import TOO_CROWDED, TOO_MANY_LOGINS, TOO_MANY_OF_ACCOUNT

PAUSE_S: Final = 1.0  # after a wrong password; on its connection, nobody else waits
_TOLD_EVERY_S: Final = 10.0
_MOST_TOLD: Final = 4096
_KEY_REQUESTS_A_TRY: Final = 5  # an agent asks for each key, and once more with its signature

SessionFor = Callable[["asyncssh.SSHServerChannel[bytes]", Account, Who], Awaitable[Served]]


class Door:
    """What all connections of this process share: accounts, gate, audit, and whether anybody may still come in."""

    def __init__(
        self, accounts: Accounts, gate: Gate, audit: Audit, session_for: SessionFor, settings: ServerSettings
    ) -> None:
        self.accounts = accounts
        self.gate = gate
        self.audit = audit
        self.session_for = session_for
        self.settings = settings
        self.closed = False
        self.connections: set[Connection] = set()
        self.waiting: set[Login] = set()
        self._told_at_s: dict[str, float] = {}

    def has_room(self, visit: Visit) -> bool:
        """Whether a connection may wait for its login; without the book of visitors this process counts its own."""
        unbooked = visit.visitor is None and len(self.waiting) >= self.gate.limits.logins_at_once
        return not (visit.crowded or unbooked) or self.makes_room()

    def makes_room(self) -> bool:
        """Let a connection go on which nobody has logged in; False where there is none that can be spared."""
        login = who_makes_room(self.waiting, asyncio.get_running_loop().time())
        if login:
            login.give_up_place()
        return login is not None

    def note_turned_away(self, address: str, text: str) -> None:
        """A client was refused before SSH began; of a flood from one source one line in a while is enough."""
        self.audit.count("kept_out", reason=text)
        now_s, source = asyncio.get_running_loop().time(), source_of(address)
        if now_s - self._told_at_s.get(source, float("-inf")) < _TOLD_EVERY_S:
            return
        if len(self._told_at_s) >= _MOST_TOLD:
            self._told_at_s.clear()
        self._told_at_s[source] = now_s
        self.audit.note("turned_away", Who(account="", address=address, client=""), reason=text)


class Login(asyncssh.SSHServer):
    """One connection, from its first byte to its sessions.

    Passwords and keyboard-interactive answers are counted together. Keys are counted apart, each once however often
    it is offered: an agent that holds many must not use up the tries of the password that comes after them.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._tries = 0
        self._may_try_at_s = 0.0
        self._wrong_passwords: Counter[str] = Counter()
        self._wrong_keys: set[bytes] = set()
        self._unproven: dict[bytes, tuple[str, Mapping[str, str]]] = {}  # keys that fit, and no signature has yet
        self._key_requests = 0
        self._proven: dict[str, tuple[Account, Mapping[str, str]]] = {}  # by user name: the account and how
        self._own: str | None = None  # the account that was proven in the end
        self._account: asyncio.Future[Account] = asyncio.get_running_loop().create_future()
        self._spared = False  # it ends by our will, which itself costs its source nothing
        self.since_s = asyncio.get_running_loop().time()

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """A client has connected."""
        assert isinstance(conn, Connection)
        self._connection = conn
        self.source = conn.visit.source
        self._door.connections.add(conn)
        self._door.audit.count("connected")
        self._door.waiting.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the shape is asyncssh's
        """The connection has ended; what was tried in vain on it costs its source some time."""
        visit = self._connection.visit
        for username, told in () if self._spared or self._door.closed else self._unproven.values():
            self._note_failure(username, **told, reason="not proven")
        self._door.connections.discard(self._connection)
        self._door.waiting.discard(self)
        self._door.gate.leave(visit)
        if (offence_s := self._offence_s()) and not self._door.closed:
            self._door.gate.penalise(visit, offence_s, self._note_ban)
        self._account.cancel()

    @property
    def has_spoken(self) -> bool:
        """Whether the client has sent its first line."""
        return self._connection.has_spoken

    def give_up_place(self) -> None:
        """Make room for another connection."""
        self._spared = True
        self._door.waiting.discard(self)
        self._door.gate.leave(self._connection.visit)
        self._connection.disconnect(asyncssh.DISC_TOO_MANY_CONNECTIONS, TOO_CROWDED)

    # Who it is.

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
        """Whether this is the account's password; after too many tries the connection ends.

        A try counts from its beginning: a client that sends the next one, or hangs up, before the answer has tried.
        """
        self._begin_try()
        await asyncio.sleep(self._may_try_at_s - asyncio.get_running_loop().time())
        self._wrong_passwords[username] += 1
        if account := await self._with_password(username, password):
            self._wrong_passwords[username] -= 1
            self._proven[username] = account, {"method": "password"}
            return True
        self._note_wrong_password(username)
        await asyncio.sleep(PAUSE_S)
        if self._tries >= self._door.settings.tries:
            raise _too_many()
        return False

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether this key belongs to the account; asyncssh then checks the signature."""
        refuse_sha1(key)
        self._count_key_request()
        account = await self._door.accounts.with_key(username, key, self._connection.visit.address)
        return self._take_key(username, key, account, {"method": "key", "key": key.get_fingerprint()})

    async def validate_certificate(self, username: str, certificate: SSHOpenSSHCertificate) -> bool:
        """Whether this certificate lets somebody in under the name; asyncssh then checks the signature."""
        self._count_key_request()
        account = await self._door.accounts.with_certificate(username, certificate, self._connection.visit.address)
        key, authority = certificate.key, certificate.signing_key
        told = {"method": "certificate", "key": key.get_fingerprint(), "authority": authority.get_fingerprint()}
        return self._take_key(username, key, account, told)

    def _take_key(self, username: str, key: asyncssh.SSHKey, account: Account | None, told: Mapping[str, str]) -> bool:
        if account and not self._door.closed:
            self._proven[username] = account, told
            self._unproven[key.public_data] = username, told
            return True
        if key.public_data not in self._wrong_keys:
            self._wrong_keys.add(key.public_data)
            self._note_failure(username, **told)
        if len(self._wrong_keys) >= 2 * self._door.settings.tries:
            raise _too_many()
        return False

    async def auth_completed(self) -> None:
        """Somebody has proven who they are, and comes in if the account has not too many connections already."""
        account, how = self._proven[self._user_name()]
        self._unproven = {key: one for key, one in self._unproven.items() if one[1] != how}
        self._own = account.id  # at once: the client may have hung up before the gate has written it down
        self._door.waiting.discard(self)
        if not await self._door.gate.log_in(self._connection.visit, account.id):
            self._spared = True
            self._note_failure(account.id, **how, reason="connections")
            raise asyncssh.DisconnectError(asyncssh.DISC_TOO_MANY_CONNECTIONS, TOO_MANY_OF_ACCOUNT)
        self._door.audit.note("login", self._who(account.id), **how)
        self._connection.idling.begin()
        if not self._account.done():
            self._account.set_result(account)

    # What it may do.

    def session_requested(self) -> "tuple[asyncssh.SSHServerChannel[bytes], SSHServerStreamSession[bytes]]":
        """Open a channel on which nothing but SFTP can be asked for."""
        self._connection.open_session()
        session = SftpOnly(self._session, self._connection)
        return self._connection.create_server_channel(encoding=None), session

    async def _session(self, channel: "asyncssh.SSHServerChannel[bytes]") -> Served:
        """A session of whoever was proven last, whatever was tried before (reference 2.1, 2.24.1)."""
        account = await self._account
        return await self._door.session_for(channel, account, self._who(account.id))

    # Tries and what they cost.

    def _begin_try(self) -> None:
        self._tries += 1
        if self._tries > self._door.settings.tries:
            raise _too_many()

    async def _with_password(self, username: str, password: str) -> Account | None:
        """The account, unless we are stopping or it is under attack and not known from here; always the same work."""
        visit = self._connection.visit
        taken = await self._door.gate.takes_password(visit, username)
        account = await self._door.accounts.with_password(username, password, visit.address)
        return account if taken and not self._door.closed else None

    def _note_wrong_password(self, username: str) -> None:
        self._may_try_at_s = asyncio.get_running_loop().time() + PAUSE_S
        self._note_failure(username, method="password")
        self._door.gate.note_wrong_password(self._connection.visit, username)

    def _count_key_request(self) -> None:
        self._key_requests += 1
        if self._key_requests > _KEY_REQUESTS_A_TRY * self._door.settings.tries:
            raise _too_many()

    def _offence_s(self) -> float:
        """What this connection costs its source: nothing where only the account's own name was mistyped at first.

        Wrong passwords cost the same on a connection that we ended: whoever guesses could provoke that after each try.
        """
        logged_in = self._own is not None
        wrong = sum(count for name, count in self._wrong_passwords.items() if name != self._own)
        if self._spared:
            return wrong * WRONG_PASSWORD_S
        if logged_in and not wrong:
            return 0.0
        # asyncssh ends a login that takes too long and says so to nobody; its clock began a moment before ours.
        late = asyncio.get_running_loop().time() - self.since_s > 0.9 * self._door.settings.login_timeout_s
        return weight_s(
            wrong_passwords=wrong, wrong_keys=bool(self._wrong_keys or self._unproven) and not logged_in, late=late
        )

    def _note_ban(self, seconds: float) -> None:
        self._door.audit.note("banned", self._who(""), reason="failed logins", seconds=round(seconds))

    # What is told of it.

    def _user_name(self) -> str:
        return str(self._connection.get_extra_info("username"))

    def _who(self, account: str) -> Who:
        client = self._connection.get_extra_info("client_version") or ""
        return Who(account=account, address=self._connection.visit.address, client=str(client))

    def _note_failure(self, username: str, **facts: str) -> None:
        self._door.audit.note("login_failed", self._who(username), **facts)


def _too_many() -> asyncssh.DisconnectError:
    return asyncssh.DisconnectError(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, TOO_MANY_LOGINS)
