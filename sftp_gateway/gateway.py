"""The gateway as a whole: the process that leads attends to every drop of one home, and serves clients as others do."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from config.accounts import Account
from config.home import Home
from config.settings import Settings
from sftp_gateway.audit.auditing import Who
from sftp_gateway.audit.metrics import Busy, Count, Metrics, State, together
from sftp_gateway.drops.arrivals import Standing
from sftp_gateway.drops.drops import Drop
from sftp_gateway.drops.reconciling import take_up_open_writes
from sftp_gateway.drops.watching import Watcher
from sftp_gateway.processes.followers import Followers
from sftp_gateway.processes.following import Orders, log_kinds_to_stderr
from sftp_gateway.processes.front import Front
from sftp_gateway.processes.lead import LEAD, SessionId
from sftp_gateway.processes.presence import present, wait_until_alone
from sftp_gateway.receiving import Districts, DropId, Receiver, Receiving
from sftp_gateway.sets.attending import Attendant
from sftp_gateway.telling import News

_LAST_WORDS_S: Final = 60.0  # for a set that is being frozen, for receipts, and for processes that end
_FORMER_LIFE_S: Final = 10.0  # processes end with their lead, within moments
log = logging.getLogger(__name__)


class Gateway:
    """The SFTP server, the watcher and the completeness loop of one home.

    `accounts` is asked in a thread at every login, `districts` at logins and looks at a drop, at most every two
    seconds: they may read files, and an edit takes effect at the next login or batch. Only one gateway may run on a
    home; the lock is the service's. Of several processes (`settings.server.processes`) this one leads; the others read
    accounts and profiles in the home, and set up their logs with `set_up_logs`, which they must be able to import.
    """

    port: int  # where it really listens, also when `settings.server.port` is 0
    metrics_port: int | None = None  # where the figures are served, None where the settings name no port

    def __init__(
        self,
        home: Home,
        settings: Settings,
        *,
        accounts: Callable[[], Mapping[str, Account]],
        districts: Callable[[], Districts],
        receiver: Receiver,
        set_up_logs: Callable[[], None] = log_kinds_to_stderr,
    ) -> None:
        self.stopping = False
        self._home = home
        self._settings = settings
        self._accounts = accounts
        self._districts = districts
        self._receiver = receiver
        self._front = Front(home, settings, process=LEAD, accounts=accounts, districts=districts, lead=self)
        self._attendants: dict[DropId, Attendant] = {}
        self._tasks: dict[object, asyncio.Task[None]] = {}
        self._sessions: dict[SessionId, set[DropId]] = {}  # those that are not over, and what they have touched
        self._unknown_drop = asyncio.Event()
        self._set_up_logs = set_up_logs
        self._followers = Followers(self, self._take_up)
        self._presence = ExitStack()
        self._busy: dict[int, Busy] = {}  # what each other process has to do
        self._metrics = Metrics(home.gateway_db, self._state)

    @property
    def processes(self) -> int:
        """How many processes serve clients right now."""
        return 1 + self._followers.serving

    async def start(self) -> None:
        """Take up what was open when the last process ended, listen, and attend to every drop.

        Raises: GatewayError, with what to do about it.
        """
        front = self._front
        try:
            await front.open()
            self._journal, self._threads, self._audit = front.journal, front.threads, front.audit
            self._news = News(self._journal, self._receiver, self._threads)
            await self._threads.run(self._be_present)
            await self._take_up_open_writes()
            if (metrics_port := self._settings.metrics.port) is not None:
                self.metrics_port = await self._threads.run(self._metrics.serve, metrics_port)
            self.port = await front.listen()
        except BaseException:
            await self._close()
            raise
        self._attend_to_drops()
        self._watcher = Watcher(self._wake, self._note_removed, polling=self._settings.watching.polling)
        self._tasks["watcher"] = asyncio.create_task(self._watcher.run())
        self._tasks["news"] = asyncio.create_task(self._news.run())
        self._tasks["tick"] = asyncio.create_task(self._tick())
        await self._followers.start(self._orders, self._settings.server.processes - 1)

    async def stop(self, *, grace_s: float = 5.0) -> None:
        """Refuse new logins, give running transfers a short grace; what is still open then is interrupted.

        A gateway that was stopped stays so; a new one takes up where it ended.
        """
        if self.stopping:
            return
        self.stopping = True
        await asyncio.gather(self._front.stop(grace_s), self._followers.stop(grace_s, _LAST_WORDS_S))
        await _cancel(self._tasks.pop("tick"))
        self._watcher.stop()
        await self._tasks.pop("watcher")
        await self._stop_attending()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.join(), _LAST_WORDS_S)
        await _cancel(self._tasks.pop("news"))
        await self._close()

    # What sessions tell, of this process and of others.

    def touched(self, session: SessionId, drop_id: DropId) -> None:
        """A session changed something in a drop."""
        self._sessions.setdefault(session, set()).add(drop_id)
        if drop_id in self._front.drops and drop_id not in self._attendants:
            self._attend_to_drops()
        if attendant := self._attendants.get(drop_id):
            attendant.touched(session)
        else:
            self._unknown_drop.set()

    def left(self, session: SessionId) -> None:
        """A session is over."""
        for drop_id in self._sessions.pop(session, set()):
            if attendant := self._attendants.get(drop_id):
                attendant.left(session)

    def news(self) -> None:
        """The journal holds something that the service has not been told of."""
        self._news.come()

    def counted(self, one: Count) -> None:
        """Something happened that is counted."""
        self._metrics.count(one)

    def has_to_do(self, process: int, busy: Busy) -> None:
        """How much another process has to do."""
        self._busy[process] = busy

    def _state(self) -> State:
        """What is known of all processes; asked for in a thread."""
        all_busy = (self._front.busy, *tuple(self._busy.values()))
        looked_s = {
            attendant.drop.id: time.monotonic() - attendant.scanned_at
            for attendant in tuple(self._attendants.values())
            if attendant.scanned_at is not None
        }
        return State(processes=self.processes, busy=together(all_busy), looked_s=looked_s)

    # The other processes.

    def _be_present(self) -> None:
        """Be the one gateway of this home, when nobody of a former life is left."""
        wait_until_alone(self._home, _FORMER_LIFE_S)
        self._present = self._presence.enter_context(present(self._home, LEAD))

    def _orders(self, process: int) -> Orders:
        server = replace(self._settings.server, port=self.port)
        return Orders(
            home=self._home,
            settings=replace(self._settings, server=server),
            accounts=dict(self._accounts()),
            districts=dict(self._districts()),
            process=process,
            set_up_logs=self._set_up_logs,
        )

    async def _take_up(self, process: int) -> None:
        """A process is gone: what it left open is interrupted, its connections and sessions are over."""
        await self._take_up_open_writes(process)
        await self._front.gate.forget(process)
        self._busy.pop(process, None)
        for session in [session for session in self._sessions if session.process == process]:
            self.left(session)
        self.news()

    async def _take_up_open_writes(self, process: int | None = None) -> None:
        for writing in await self._threads.run(take_up_open_writes, self._home, self._journal, process):
            drop, who = writing.drop_id, Who(account=writing.account, address="", client="")
            facts = {"district": drop.district, "drop": drop.drop, "path": writing.path}
            self._audit.note("interrupted", who, **facts, bytes=writing.size)

    # Districts come and go.

    async def _refresh(self, *, at_once: bool = False) -> None:
        """Ask for the districts; attend to new ones, leave those that are gone."""
        await self._front.refresh(at_once=at_once)
        self._attend_to_drops()

    def _attend_to_drops(self) -> None:
        drops = self._front.drops
        for drop_id in drops.keys() - self._attendants.keys():
            self._attend(drops[drop_id])
        for drop_id in self._attendants.keys() - drops.keys():
            self._attendants.pop(drop_id).stop()

    def _attend(self, drop: Drop) -> None:
        attendant = Attendant(
            drop,
            lambda: self._receiving(drop.id.district),
            self._receiver,
            journal=self._journal,
            threads=self._threads,
            audit=self._audit,
            watching=self._settings.watching,
            arrived=self._arrived_elsewhere,
        )
        for session, touched in self._sessions.items():
            if drop.id in touched:
                attendant.touched(session)
        self._attendants[drop.id] = attendant
        self._tasks[attendant] = task = asyncio.create_task(attendant.run())
        task.add_done_callback(lambda _: self._tasks.pop(attendant, None))

    def _arrived_elsewhere(self, _arrival: Standing) -> None:
        self.news()

    async def _receiving(self, district: str) -> Receiving | None:
        await self._refresh()
        return self._front.districts.get(district)

    async def _tick(self) -> None:
        """Ask for the districts now and then, and let the watcher follow them."""
        while True:
            at_once = self._unknown_drop.is_set()
            self._unknown_drop.clear()  # before the question: one that fails is asked again at the next tick
            try:
                await self._threads.run(self._present.keep)
                await self._refresh(at_once=at_once)
                self._watcher.look_at(await self._threads.run(_inodes, self._folders()))
            except Exception:
                log.exception("Districts could not be asked for; the last ones stay")
            self._audit.tidy()
            with suppress(TimeoutError):  # not `wait_for`: until Python 3.12 it could swallow the end of this task
                async with asyncio.timeout(self._settings.watching.scan_s):
                    await self._unknown_drop.wait()

    def _folders(self) -> list[Path]:
        home = self._home
        districts = {drop_id.district for drop_id in self._attendants}
        return [folder for district in districts for folder in (home.drop(district), home.test_drop(district))]

    def _wake(self, folders: Iterable[Path]) -> None:
        woken = set(folders)
        for drop_id, attendant in self._attendants.items():
            if self._folder(drop_id) in woken:
                attendant.wake()

    def _note_removed(self, folder: Path) -> None:
        """A drop was removed, by whoever works on the disk: no client can."""
        for drop_id in self._attendants:
            if self._folder(drop_id) == folder:
                self._audit.note("drop_removed", district=drop_id.district, drop=drop_id.drop)

    def _folder(self, drop_id: DropId) -> Path:
        home, district = self._home, drop_id.district
        return home.test_drop(district) if drop_id.drop == "test" else home.drop(district)

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
        await asyncio.to_thread(self._metrics.close)
        await self._front.close()
        self._presence.close()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _inodes(folders: Iterable[Path]) -> dict[Path, int]:
    """Folders that are there, with what changes when one is removed and made again."""
    return {folder: folder.stat().st_ino for folder in folders if folder.is_dir()}
