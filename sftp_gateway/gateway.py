"""The gateway as a whole: the server, the watcher and the completeness loop of one home."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from config.accounts import Account
from config.home import Home
from config.settings import Settings
from sftp_gateway.accounts import Accounts
from sftp_gateway.arrivals import DropId, Journal, Standing, Writing
from sftp_gateway.attending import Attendant
from sftp_gateway.auditing import Audit, Who
from sftp_gateway.drops import Drop
from sftp_gateway.folders import make_private
from sftp_gateway.paths import InDrop
from sftp_gateway.receiving import Arrival, Districts, DropName, GatewayError, Receiver, Receiving
from sftp_gateway.reconciling import take_up_open_writes
from sftp_gateway.server import Door, SftpServer
from sftp_gateway.sessions import Session
from sftp_gateway.statuses import NO_SUCH_FILE, Refusal
from sftp_gateway.threads import DiskThreads
from sftp_gateway.watching import Watcher

if TYPE_CHECKING:
    import asyncssh

_FRESH_S: Final = 2.0  # so long profiles are not asked for again
_LAST_WORDS_S: Final = 60.0  # for a set that is being frozen, and for receipts
_DROPS: Final[tuple[DropName, ...]] = ("main", "test")
log = logging.getLogger(__name__)


class Gateway:
    """The SFTP server, the watcher and the completeness loop of one home.

    `accounts` is asked in a thread at every login, `districts` at logins and looks at a drop, at most every two
    seconds: they may read files, and an edit takes effect at the next login or batch. Only one gateway may run on a
    home; the lock is the service's.
    """

    port: int  # where it really listens, also when `settings.server.port` is 0

    def __init__(
        self,
        home: Home,
        settings: Settings,
        *,
        accounts: Callable[[], Mapping[str, Account]],
        districts: Callable[[], Districts],
        receiver: Receiver,
    ) -> None:
        self.stopping = False
        self._home = home
        self._settings = settings
        self._lookup_accounts = accounts
        self._lookup_districts = districts
        self._receiver = receiver
        self._districts: Districts = {}
        self._asked_at_s = float("-inf")
        self._asking = asyncio.Lock()
        self._attendants: dict[DropId, Attendant] = {}
        self._tasks: dict[object, asyncio.Task[None]] = {}
        self._sessions: set[Session] = set()
        self._news: asyncio.Queue[Standing | Writing] = asyncio.Queue()

    async def start(self) -> None:
        """Take up what was open when the last process ended, listen, and attend to every drop.

        Raises: GatewayError, with what to do about it.
        """
        home, server = self._home, self._settings.server
        self._threads = DiskThreads()
        self._journal = await self._threads.run(_prepared, home)
        self._audit = Audit(home, accounts=self._lookup_accounts, keep_days=self._settings.audit.keep_days)
        self._accounts = Accounts(self._lookup_accounts)
        door = Door(self._accounts, self._audit, self._session_for, tries=server.tries)
        self._server = SftpServer(home, server, door)
        try:
            await self._threads.run(take_up_open_writes, home, self._journal)
            await self._refresh()
            self.port = await self._server.listen()
        except BaseException:
            await self._stop_attending()
            await self._close()
            raise
        await self._tell_what_was_not_told()
        self._watcher = Watcher(self._wake)
        self._tasks["watcher"] = asyncio.create_task(self._watcher.run())
        self._tasks["news"] = asyncio.create_task(self._tell_news())
        self._tasks["tick"] = asyncio.create_task(self._tick())

    async def stop(self, *, grace_s: float = 5.0) -> None:
        """Refuse new logins, give running transfers a short grace; what is still open then is interrupted.

        A gateway that was stopped stays so; a new one takes up where it ended.
        """
        if self.stopping:
            return
        self.stopping = True
        self._server.stop_listening()
        await _until(lambda: not any(session.uploads for session in self._sessions), grace_s)
        self._server.cut()
        await _until(lambda: not self._sessions, _LAST_WORDS_S)
        await _cancel(self._tasks.pop("tick"))
        self._watcher.stop()
        await self._tasks.pop("watcher")
        await self._stop_attending()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.join(), _LAST_WORDS_S)
        await _cancel(self._tasks.pop("news"))
        await self._close()

    # What sessions ask for.

    def drop_at(self, place: InDrop) -> Drop:
        """The drop of a place."""
        attendant = self._attendants.get(DropId(place.district, place.drop))
        if attendant is None:
            raise Refusal(NO_SUCH_FILE)
        return attendant.drop

    def arrived(self, arrival: Standing) -> None:
        """A file arrived."""
        self._news.put_nowait(arrival)

    def interrupted(self, writing: Writing) -> None:
        """An upload was cut off."""
        self._news.put_nowait(writing)

    def touched(self, drop: Drop, session: object) -> None:
        """A session changed something in a drop."""
        if attendant := self._attendants.get(drop.id):
            attendant.touched(session)

    def left(self, session: Session) -> None:
        """A session is over."""
        self._sessions.discard(session)
        for attendant in self._attendants.values():
            attendant.left(session)

    async def _session_for(self, channel: "asyncssh.SSHServerChannel[bytes]", account: Account, who: Who) -> Session:
        await self._refresh()
        await self._make_folders(account)
        session = Session(channel, account, who, home=self._home, desk=self, threads=self._threads, audit=self._audit)
        self._sessions.add(session)
        return session

    async def _make_folders(self, account: Account) -> None:
        """Whoever comes in finds the drops of the account, also where somebody has removed one since the last look."""
        for attendant in tuple(self._attendants.values()):
            if attendant.drop.id.district in account.districts:
                with suppress(OSError):  # the look says it, and the account's other drops are not to suffer
                    await self._threads.run(attendant.drop.make_folders)

    # Districts come and go.

    async def _refresh(self) -> None:
        """Ask for the districts; attend to new ones, leave those that are gone."""
        async with self._asking:
            if time.monotonic() - self._asked_at_s < _FRESH_S:
                return
            self._asked_at_s = time.monotonic()
            self._districts = await self._threads.run(self._lookup_districts)
            wanted = {DropId(district, drop) for district in self._districts for drop in _DROPS}
            for drop_id in wanted - self._attendants.keys():
                await self._attend(drop_id)
            for drop_id in self._attendants.keys() - wanted:
                self._attendants.pop(drop_id).stop()

    async def _attend(self, drop_id: DropId) -> None:
        drop = Drop(self._home, drop_id, self._journal, max_file_bytes=self._settings.server.max_file_bytes)
        await self._threads.run(drop.make_folders)
        attendant = Attendant(
            drop,
            lambda: self._receiving(drop_id.district),
            self._receiver,
            journal=self._journal,
            threads=self._threads,
            audit=self._audit,
            watching=self._settings.watching,
            arrived=self.arrived,
        )
        self._attendants[drop_id] = attendant
        self._tasks[attendant] = task = asyncio.create_task(attendant.run())
        task.add_done_callback(lambda _: self._tasks.pop(attendant, None))

    async def _receiving(self, district: str) -> Receiving | None:
        await self._refresh()
        return self._districts.get(district)

    async def _tick(self) -> None:
        """Ask for the districts now and then, and let the watcher follow them."""
        while True:
            try:
                await self._refresh()
                self._watcher.look_at(await self._threads.run(_inodes, self._folders()))
            except Exception:
                log.exception("Districts could not be asked for; the last ones stay")
            self._audit.tidy()
            await asyncio.sleep(self._settings.watching.scan_s)

    def _folders(self) -> list[Path]:
        home = self._home
        districts = {drop_id.district for drop_id in self._attendants}
        return [folder for district in districts for folder in (home.drop(district), home.test_drop(district))]

    def _wake(self, folders: Iterable[Path]) -> None:
        woken = set(folders)
        for drop_id, attendant in self._attendants.items():
            home, district = self._home, drop_id.district
            if (home.test_drop(district) if drop_id.drop == "test" else home.drop(district)) in woken:
                attendant.wake()

    # What the service is told.

    async def _tell_what_was_not_told(self) -> None:
        arrivals, interruptions = await self._threads.run(self._journal.untold)
        for interruption in interruptions:
            self._news.put_nowait(interruption)
        for arrival in arrivals:
            self._news.put_nowait(arrival)

    async def _tell_news(self) -> None:
        """One after the other, so that receipts keep the order of what happened."""
        while True:
            one = await self._news.get()
            try:
                await self._tell(one)
            except Exception:
                log.exception("The service could not take the news of an upload")
            finally:
                self._news.task_done()

    async def _tell(self, one: Standing | Writing) -> None:
        if isinstance(one, Writing):
            await self._receiver.interrupted(one.as_interruption())
            await self._threads.run(self._journal.told_interruption, one)
        else:
            await self._receiver.arrived(Arrival(district=one.drop_id.district, drop=one.drop_id.drop, file=one.file))
            await self._threads.run(self._journal.told_arrival, one.file.generation)

    # The end.

    async def _stop_attending(self) -> None:
        for attendant in self._attendants.values():
            attendant.stop()
        running = [task for key, task in self._tasks.items() if isinstance(key, Attendant)]
        if running:
            _, late = await asyncio.wait(running, timeout=_LAST_WORDS_S)
            for task in late:
                await _cancel(task)

    async def _close(self) -> None:
        for closing in (self._accounts.close, self._threads.close, self._audit.close, self._journal.close):
            await asyncio.to_thread(closing)


def _prepared(home: Home) -> Journal:
    """The folders of a home and the journal, or what hinders them."""
    try:
        make_private(home.drops, home.uploads, home.audit)
        return Journal(home.gateway_db, home.drops)
    except OSError as error:
        raise GatewayError(f"The home {home.root} cannot be written to.", remedy="Check who owns it.") from error
    except sqlite3.Error as error:
        sentence = f"The journal {home.gateway_db} cannot be opened: {error}."
        raise GatewayError(sentence, remedy="Is another gateway at work on this home? Else put it back.") from error


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until something holds, at most so long."""
    end_s = time.monotonic() + seconds
    while not condition() and time.monotonic() < end_s:  # noqa: ASYNC110 - it happens in threads and in asyncssh
        await asyncio.sleep(0.02)


def _inodes(folders: Iterable[Path]) -> dict[Path, int]:
    """Folders that are there, with what changes when one is removed and made again."""
    return {folder: folder.stat().st_ino for folder in folders if folder.is_dir()}
