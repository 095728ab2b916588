"""What a process that serves clients needs: accounts, the server, its sessions, and the drops that they reach.

Each process of a gateway has one. What must be known between processes stands in the journal and in locks on files;
what only the lead must know is told to it.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from config.accounts import Account
from config.home import Home
from config.profiles import Quota
from config.settings import Limits, Settings
from config.writing import renew_hash
from sftp_gateway.admission.gate import Gate
from sftp_gateway.audit.auditing import Audit, Who
from sftp_gateway.audit.metrics import Busy, count_of
from sftp_gateway.drops.arrivals import Journal, Standing, Writing
from sftp_gateway.drops.drops import Drop
from sftp_gateway.folders import keep, make_private
from sftp_gateway.processes.lead import LEAD, Lead, SessionId
from sftp_gateway.receiving import Districts, DropId, DropName, GatewayError
from sftp_gateway.sftp.paths import InDrop
from sftp_gateway.sftp.sessions import Session
from sftp_gateway.ssh.accounts import Accounts
from sftp_gateway.ssh.logins import Door
from sftp_gateway.ssh.server import SftpServer
from sftp_gateway.statuses import NO_SUCH_FILE, Refusal
from sftp_gateway.threads import DiskThreads

if TYPE_CHECKING:
    import asyncssh

_FRESH_S: Final = 2.0  # so long profiles are not asked for again
_LAST_WORDS_S: Final = 60.0  # for sessions that were cut, until their files are interrupted
_DROPS: Final[tuple[DropName, ...]] = ("main", "test")
log = logging.getLogger(__name__)


class _Closable(Protocol):
    def close(self) -> None: ...


Opened = TypeVar("Opened", bound=_Closable)


class Front:
    """One process's face to clients; the desk at which its sessions report."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        *,
        process: int,
        accounts: Callable[[], Mapping[str, Account]],
        districts: Callable[[], Districts],
        lead: Lead,
    ) -> None:
        self.stopping = False
        self.districts: Districts = {}
        self.drops: dict[DropId, Drop] = {}
        self._home = home
        self._settings = settings
        self._process = process
        self._lookup_accounts = accounts
        self._lookup_districts = districts
        self._lead = lead
        self._asked_at_s = float("-inf")
        self._asking = asyncio.Lock()
        self._sessions: set[Session] = set()
        self._opened: list[_Closable] = []

    async def open(self) -> None:
        """Open the journal and what else is needed before anybody may come in.

        Raises: GatewayError, with what to do about it.
        """
        home, server = self._home, self._settings.server
        self.journal = self._kept(await asyncio.to_thread(_prepared, home, self._process))
        self.threads = self._kept(DiskThreads())
        heard = self._heard if self._settings.metrics.port is not None else None
        days = self._settings.audit.keep_days
        self.audit = self._kept(Audit(home, accounts=self._lookup_accounts, heard=heard, keep_days=days))
        self.gate = self._kept(await self.threads.run(_gate_of, home, self._settings.limits, self._process))
        accounts = self._kept(Accounts(self._lookup_accounts, partial(renew_hash, home)))
        door = Door(accounts, self.gate, self.audit, self._session_for, server)
        shared, first = server.processes > 1, self._process == LEAD
        self._server = SftpServer(home, server, door, reuse_port=shared, first=first)

    async def listen(self) -> int:
        """Let clients come; returns the port.

        Raises: GatewayError, with what to do about it.
        """
        await self.refresh()
        return await self._server.listen()

    async def stop(self, grace_s: float) -> None:
        """Refuse new logins, give running transfers a short grace; what is still open then is interrupted."""
        self.stopping = True
        self._server.stop_listening()
        await _until(lambda: not any(session.uploads for session in self._sessions), grace_s)
        self._server.cut()
        await _until(lambda: not self._sessions, _LAST_WORDS_S)

    async def close(self) -> None:
        """Let go of everything that was opened: the last first, because it works with what was opened before it."""
        while self._opened:
            await asyncio.to_thread(self._opened.pop().close)

    async def refresh(self, *, at_once: bool = False) -> None:
        """Ask for the districts, unless that was a moment ago; drops of new ones are made, others are forgotten."""
        async with self._asking:
            if not at_once and time.monotonic() - self._asked_at_s < _FRESH_S:
                return
            self._asked_at_s = time.monotonic()
            await self._keep_folders()
            self.districts = await self.threads.run(self._lookup_districts)
            wanted = {DropId(district, drop) for district in self.districts for drop in _DROPS}
            for drop_id in wanted - self.drops.keys():
                self.drops[drop_id] = await self.threads.run(self._made, drop_id)
            for drop_id in self.drops.keys() - wanted:
                del self.drops[drop_id]

    @property
    def busy(self) -> Busy:
        """What this process has to do right now; may be asked in any thread."""
        handles = sum(session.handles for session in tuple(self._sessions))
        return Busy(sessions=len(self._sessions), handles=handles)

    # What sessions ask for.

    def drop_at(self, place: InDrop) -> Drop:
        """The drop of a place."""
        drop = self.drops.get(DropId(place.district, place.drop))
        if drop is None:
            raise Refusal(NO_SUCH_FILE)
        return drop

    def arrived(self, arrival: Standing) -> None:  # noqa: ARG002 - the lead reads it in the journal
        """A file arrived."""
        self._lead.news()

    def interrupted(self, writing: Writing) -> None:  # noqa: ARG002 - the lead reads it in the journal
        """An upload was cut off."""
        self._lead.news()

    def touched(self, drop: Drop, session: object) -> None:
        """A session changed something in a drop."""
        self._lead.touched(SessionId(self._process, id(session)), drop.id)

    def left(self, session: Session) -> None:
        """A session is over."""
        self._sessions.discard(session)
        self._lead.left(SessionId(self._process, id(session)))

    async def _session_for(self, channel: "asyncssh.SSHServerChannel[bytes]", account: Account, who: Who) -> Session:
        await self.refresh()
        await self._make_folders(account)
        session = Session(channel, account, who, home=self._home, desk=self, threads=self.threads, audit=self.audit)
        self._sessions.add(session)
        return session

    async def _make_folders(self, account: Account) -> None:
        """Whoever comes in finds the drops of the account, also where somebody has removed one since the last look."""
        for drop in tuple(self.drops.values()):
            if drop.id.district in account.districts:
                with suppress(OSError):  # the look says it, and the account's other drops are not to suffer
                    await self.threads.run(drop.make_folders)

    async def _keep_folders(self) -> None:
        """Whoever removes our own folders under us keeps no vendor out for longer than a moment."""
        home = self._home
        try:
            gone = await self.threads.run(keep, home.drops, home.uploads, home.audit, home.locks)
        except OSError as error:
            log.error("Folders of the home cannot be made: %s", type(error).__name__)  # noqa: TRY400 - values stay out
            return
        for folder in gone:
            self.audit.note("folder_removed", folder=folder.name)

    def _made(self, drop_id: DropId) -> Drop:
        drop = Drop(
            self._home,
            drop_id,
            self.journal,
            max_file_bytes=self._settings.server.max_file_bytes,
            quota=lambda: self._quota_of(drop_id.district),
            reserve_bytes=self._settings.limits.reserve_bytes,
        )
        with suppress(OSError):  # as above: a drop that cannot be made keeps nobody of another district out
            drop.make_folders()
        return drop

    def _kept(self, one: Opened) -> Opened:
        """Something that is to be closed at the end."""
        self._opened.append(one)
        return one

    def _heard(self, event: str, facts: Mapping[str, object]) -> None:
        if one := count_of(event, facts):
            self._lead.counted(one)

    def _quota_of(self, district: str) -> Quota:
        """As the profile has it now; a district that is gone ends its uploads by the common one."""
        receiving = self.districts.get(district)
        return receiving.quota if receiving else Quota()


def _prepared(home: Home, process: int) -> Journal:
    """The folders of a home and the journal, or what hinders them."""
    try:
        make_private(home.drops, home.uploads, home.audit)
        return Journal(home.gateway_db, home.drops, process)
    except OSError as error:
        raise GatewayError(f"The home {home.root} cannot be written to.", remedy="Check who owns it.") from error
    except sqlite3.Error as error:
        raise _cannot_open(home, error) from error


def _gate_of(home: Home, limits: Limits, process: int) -> Gate:
    try:
        return Gate(home.gateway_db, limits, process)
    except sqlite3.Error as error:
        raise _cannot_open(home, error) from error


def _cannot_open(home: Home, error: sqlite3.Error) -> GatewayError:
    sentence = f"The journal {home.gateway_db} cannot be opened: {error}."
    return GatewayError(sentence, remedy="Is another gateway at work on this home? Else put it back.")


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until something holds, at most so long."""
    end_s = time.monotonic() + seconds
    while not condition() and time.monotonic() < end_s:  # noqa: ASYNC110 - it happens in threads and in asyncssh
        await asyncio.sleep(0.02)
