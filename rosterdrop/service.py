"""The composed service: the gateway hands over complete sets, the worker judges and applies them, reports go back.

The ledger is the queue between them, so nothing that was frozen is lost when either dies.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from config.accounts import Account
from config.contents import START_BYTES, Content, content_of
from config.home import Home
from config.loading import Configuration, Live
from config.profiles import ASSUMED, Profile
from config.tables import TableName, file_of
from connect_store import ledger
from connect_store.failures import StoreVanished
from connect_store.notices import tell_missing
from connect_store.store import open_store
from processors import freezing, frozen
from processors.deliveries import without_older
from processors.freezing import Delivery
from processors.frozen import FileMoved
from processors.lending import NothingToLend, NotJudgedYet, promised
from processors.locks import Held, Lock, service_lock
from processors.reporting.publishing import publish_incomplete
from processors.reporting.receipts import write_receipt
from processors.reporting.unjudged import ManifestMismatch, Shortfall, UnfinishedUpload
from processors.retention import purge
from processors.unpacking import DeliveredFile, kind_of
from processors.worker import Worker
from rosterdrop.answering import is_answer, take_answer
from rosterdrop.fetching import fetch_by_the_clock
from rosterdrop.logs import log_to_stderr
from sftp_gateway import (
    Arrival,
    ArrivedFile,
    Districts,
    DropName,
    FilesChanged,
    Gateway,
    Interruption,
    NotYet,
    Shortage,
    receiving_of,
)
from validators import Peek, peek

_TICK_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 300.0
_A_DAY: Final = timedelta(days=1)
_BUSY_S: Final = 600.0  # until retention looks again at districts that somebody works on
_KINDS: Final = {"archive": "a ZIP archive", "manifest": "a manifest", "trigger": "a trigger file"}
_CONTENTS: Final[Mapping[Content, str]] = {"repair": "repaired rows", "clever": "one of Clever's files"}
_log = structlog.get_logger("rosterdrop")


class Service:
    """One home's service, from start to clean stop."""

    def __init__(self, home: Home, *, host: str | None = None) -> None:
        self._home = home
        self._live = Live(home)
        self._told_mistakes: set[tuple[str, str | None]] = set()
        self._work_came = asyncio.Event()
        self._receiver = _Receiver(home, self._live, self._work_came.set)
        settings = self._live.now.settings
        self._gateway = Gateway(
            home,
            settings if host is None else replace(settings, server=replace(settings.server, host=host)),
            accounts=self._accounts,
            districts=self._districts,
            receiver=self._receiver,
            set_up_logs=log_to_stderr,
        )

    @property
    def port(self) -> int:
        """Where the SFTP server listens."""
        return self._gateway.port

    async def run(self, stop: asyncio.Event, *, ready: Callable[[], None] | None = None) -> None:
        """Serve until `stop` is set; `ready` is called when clients can connect.

        Raises:
            Held: another service holds this home.
            GatewayError: the SFTP server cannot run.
        """
        asyncio.get_running_loop().set_exception_handler(_tell_kind_of_failure)
        with service_lock(self._home, who="the service") as lock:
            await asyncio.to_thread(self._take_up)
            await self._gateway.start()
            worker = Worker(self._home, threads=self._live.now.settings.worker.threads, who="service")
            working = asyncio.create_task(self._work(worker, stop))
            keeping = asyncio.create_task(_keep(lock))
            forgetting = asyncio.create_task(self._forget(stop))
            fetching = asyncio.create_task(fetch_by_the_clock(self._home, self._live, stop, self._work_came))
            _log.info("serving", port=self.port, processes=self._gateway.processes)
            try:
                if ready:
                    ready()
                await stop.wait()
            finally:
                stop.set()
                keeping.cancel()
                await self._gateway.stop()
                self._work_came.set()
                await working
                await forgetting
                await fetching
                await asyncio.to_thread(worker.close)
                _log.info("stopped")

    def _take_up(self) -> None:
        """What an earlier run left: half-made batch folders go; unfinished batches stand in the ledger already."""
        freezing.sweep(self._home, self._live.now.profiles)
        self._work_came.set()

    async def _work(self, worker: Worker, stop: asyncio.Event) -> None:
        """Work on whatever the ledger holds, until the service stops; no failure ends this loop."""
        pauses: dict[str, Pause] = {}
        looking = Pause()
        while not stop.is_set():
            self._work_came.clear()
            try:
                districts = await asyncio.to_thread(_districts_with_work, self._home)
                looking.end()
            except Exception as error:  # noqa: BLE001 - a full disk or a busy store passes
                looking.lengthen()
                districts = []
                _log.error("cannot look for work", again_in_s=looking.length_s, **_told(error))
            for district in districts:
                if not stop.is_set() and (pause := pauses.setdefault(district, Pause())).is_over():
                    await self._work_on(worker, district, pause)
            await _woken(self._work_came, max(_TICK_S, looking.length_s))

    async def _work_on(self, worker: Worker, district: str, pause: "Pause") -> None:
        try:
            finished = await asyncio.wrap_future(worker.work(district))
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the other districts must go on
            pause.lengthen()
            _log.error("batch failed", district=district, error=type(error).__name__, again_in_s=pause.length_s)
            return
        pause.end()
        for done in finished:
            _log.info("batch done", district=district, batch=done.number, verdict=done.verdict)

    async def _forget(self, stop: asyncio.Event) -> None:
        """Once a day, let go of what the settings say is kept no longer; no failure ends this loop."""
        while not stop.is_set():
            wait_s = _A_DAY.total_seconds()
            try:
                keep = self._live.now.settings.retention
                done = await asyncio.to_thread(purge, self._home, keep, now=datetime.now(UTC), stop=stop.is_set)
                if done.batches:
                    _log.info("old nights let go", batches=done.batches)
                wait_s = _BUSY_S if done.busy else wait_s
            except Exception as error:  # noqa: BLE001 - a full disk or a busy store passes
                wait_s = _BUSY_S
                _log.error("cannot let go of old nights", again_in_s=wait_s, **_told(error))
            await _woken(stop, wait_s)

    def _accounts(self) -> Mapping[str, Account]:
        return self._refreshed().accounts

    def _districts(self) -> Districts:
        return receiving_of(self._refreshed().profiles)

    def _refreshed(self) -> Configuration:
        """What the files say; a mistake is told once, by its file and key: the rest of it may hold a value."""
        known = self._live.refresh()
        mistakes = {(mistake.file, mistake.key) for mistake in known.mistakes}
        new, self._told_mistakes = mistakes - self._told_mistakes, mistakes
        for file, key in sorted(new, key=str):
            _log.error(
                "not valid; the last good one counts, without one its district is not served", file=file, key=key
            )
        return known


class Pause:
    """How long a district whose batch failed waits for its next try: twice as long each time."""

    def __init__(self) -> None:
        self.length_s = _TICK_S / 2
        self._over_at = 0.0

    def is_over(self) -> bool:
        """Whether the next try may begin."""
        return time.monotonic() >= self._over_at

    def lengthen(self) -> None:
        """After a try that failed."""
        self.length_s = min(self.length_s * 2, _LONGEST_PAUSE_S)
        self._over_at = time.monotonic() + self.length_s

    def end(self) -> None:
        """After a try that did not."""
        self.length_s = _TICK_S / 2
        self._over_at = 0.0


@dataclass(frozen=True, slots=True)
class _Receiver:
    """What the service does with what the gateway received."""

    home: Home
    live: Live
    work_came: Callable[[], None]

    async def arrived(self, arrival: Arrival) -> None:
        profile = self.live.now.profiles.get(arrival.district, ASSUMED)
        await asyncio.to_thread(_write_receipt, self.home, arrival, profile)
        if is_answer(arrival):
            await asyncio.to_thread(take_answer, self.home, self.live.now.accounts, arrival, profile)
            self.work_came()

    async def interrupted(self, interruption: Interruption) -> None:
        await asyncio.to_thread(_write_interruption, self.home, interruption)

    async def complete(
        self, district: str, drop: DropName, files: tuple[ArrivedFile, ...], carried: frozenset[TableName]
    ) -> int:
        delivery = Delivery(
            district=district,
            files=[_delivered(file) for file in files],
            who=next((file.account for file in files if file.account), "drop"),
            origin="sftp",
            test=drop == "test",
            carried=carried,
            most_inflated=self.live.now.settings.server.max_file_bytes,
            reserve_bytes=self.live.now.settings.limits.reserve_bytes,
        )
        try:
            number = await asyncio.to_thread(_freeze, self.home, self.live.now.profiles[district], delivery)
        except (FileMoved, NothingToLend) as moved:
            raise FilesChanged(str(moved)) from moved
        except NotJudgedYet as waits:
            raise NotYet(str(waits)) from waits
        self.work_came()
        return number

    async def carriable(self, district: str, drop: DropName) -> frozenset[TableName]:
        return await asyncio.to_thread(_carriable, self.home, self.live.now, district, drop)

    async def incomplete(self, district: str, drop: DropName, shortage: Shortage) -> None:
        if not shortage.present and await asyncio.to_thread(_came_by_hand, self.home, district):
            return
        profile = self.live.now.profiles[district]
        await asyncio.to_thread(
            publish_incomplete,
            self.home,
            _shortfall(shortage),
            district=district,
            district_name=profile.name,
            time_zone=profile.time_zone.key,
            at=datetime.now(UTC),
            language=profile.report.language,
            test=drop == "test",
        )
        if profile.notices.enabled and drop == "main":
            await asyncio.to_thread(_tell_missing, self.home, district, shortage)
        missing, wrong = sorted(shortage.missing), sorted({mismatch.fault for mismatch in shortage.mismatches})
        _log.warning("set incomplete", district=district, missing=missing, manifest=wrong)


def _tell_missing(home: Home, district: str, shortage: Shortage) -> None:
    """A notice says by what we knew and which expected files are missing; names that a vendor gave are not in it."""
    missing = ", ".join(file_of(table) for table in sorted(shortage.missing))
    reason = f"{shortage.because}: {missing}" if missing else shortage.because
    with open_store(home.store_db) as store:
        tell_missing(store, district=district, at=datetime.now(UTC), reason=reason)


def _tell_kind_of_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Asyncio's own words hold the exception's sentence, which may hold a value."""
    _log.error("a task failed", error=type(context.get("exception")).__name__)


async def _keep(lock: Lock) -> None:
    """Whoever removes the lock's file opens the home to a second service: take it again, and say so."""
    while True:
        await asyncio.sleep(_TICK_S)
        try:
            if await asyncio.to_thread(lock.keep):
                _log.error("the lock of this home was removed and is held again", file=str(lock.file))
        except (Held, OSError) as error:
            _log.critical("the lock of this home was removed and cannot be had", error=type(error).__name__)


def _told(error: BaseException) -> dict[str, str]:
    """What a log may say of an error: its kind, and what to do where nobody else says it."""
    said = {"says": str(error)} if isinstance(error, StoreVanished) else {}
    return {"error": type(error).__name__, **said}


async def _woken(event: asyncio.Event, wait_s: float) -> None:
    """Until the event is set, or the tick passes: work may also come from a command beside the service."""
    try:
        await asyncio.wait_for(event.wait(), timeout=wait_s)
    except TimeoutError:
        return


def _districts_with_work(home: Home) -> list[str]:
    with open_store(home.store_db) as store:
        return ledger.districts_with_work(store, datetime.now(UTC))


def _freeze(home: Home, profile: Profile, delivery: Delivery) -> int:
    """The number of the batch; that of the newest where a command brought newer files meanwhile."""
    with open_store(home.store_db) as store:
        now = datetime.now(UTC)
        newer = without_older(store, profile, delivery, now=now)
        if newer is None:
            newest = ledger.last_standing(store, delivery.district, test=delivery.test)
            assert newest is not None
            _log.info("set overtaken", district=delivery.district, batch=newest.number)
            return newest.number
        number = freezing.freeze(home, store, newer, now=now)
    _log.info("batch frozen", district=newer.district, batch=number, files=len(newer.files), carried=len(newer.carried))
    return number


def _came_by_hand(home: Home, district: str) -> bool:
    """Whether somebody uploaded this day's set with a command, which the gateway does not see."""
    with open_store(home.store_db) as store:
        newest = ledger.last(store, district, test=False)
    return newest is not None and newest.origin == "upload" and datetime.now(UTC) - newest.received < _A_DAY


def _carriable(home: Home, configuration: Configuration, district: str, drop: DropName) -> frozenset[TableName]:
    carry_hours = configuration.profiles[district].arrival.carry_hours
    with open_store(home.store_db) as store:
        return promised(store, district, test=drop == "test", now=datetime.now(UTC), carry_hours=carry_hours)


def _delivered(file: ArrivedFile) -> DeliveredFile:
    return DeliveredFile(
        path=file.path,
        name=file.name,
        kind=file.kind,
        table=None if file.unexpected else file.table,
        generation=str(file.generation),
        arrived=file.arrived_at,
        unexpected=file.unexpected,
        link=file.by_gateway,
        seen=(file.size, file.inode, file.mtime_ns),
    )


def _shortfall(shortage: Shortage) -> Shortfall:
    """What the gateway tells, in the words of reports."""
    return Shortfall(
        because=shortage.because,
        present=[
            file.name
            for file in shortage.present
            if file.kind in {"table", "archive", "clever"} and not file.unexpected
        ],
        missing=[file_of(table) for table in sorted(shortage.missing)],
        uploads=[_unfinished(upload) for upload in shortage.interrupted],
        mismatches=[
            ManifestMismatch(file=one.file, fault=one.fault, promised=one.promised, found=one.found)
            for one in shortage.mismatches
        ],
        left_over=shortage.left_over,
    )


def _unfinished(upload: Interruption) -> UnfinishedUpload:
    if upload.repeated:
        return UnfinishedUpload(file=upload.name, size=upload.size, state="repeated")
    return UnfinishedUpload(file=upload.name, size=upload.size, state="under way" if upload.under_way else "broken off")


def _write_receipt(home: Home, arrival: Arrival, profile: Profile) -> None:
    """A receipt tells of the file that arrived; where a newer one stands in its place by now, only what was seen."""
    file = arrival.file
    look = _looked_at(file, profile)
    write_receipt(
        home,
        arrival.district,
        test=arrival.drop == "test",
        file=file.name,
        size=file.size,
        sha256=look.sha256,
        rows=None if look.peek is None else look.peek.rows,
        header=_header_verdict(file, look, profile.arrival.trigger),
        at=file.arrived_at,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What a receipt says of the inside of a file."""

    sha256: str | None = None
    peek: Peek | None = None
    content: Content | None = None


def _looked_at(file: ArrivedFile, profile: Profile) -> _Look:
    try:
        content = _content(file) if file.path.suffix.casefold() == ".csv" else None
        table = "users" if content else file.table  # of other rows only the lines count, whatever table they are of
        look = _Look(
            sha256=frozen.digest(file.path),
            peek=None if table is None else _peek(file, table, profile),
            content=content,
        )
        return look if file.is_still(file.path.stat()) else _Look()
    except FileNotFoundError:
        return _Look()


def _content(file: ArrivedFile) -> Content | None:
    with file.path.open("rb") as start:
        return content_of(file.name, start.read(START_BYTES))


def _peek(file: ArrivedFile, table: TableName, profile: Profile) -> Peek:
    headers = profile.reading.headers_of(table)
    return peek(file.path, table, encoding=profile.reading.encoding, headers=headers, dispensable=profile.dispensable)


def _header_verdict(file: ArrivedFile, look: _Look, trigger: str) -> str | None:
    if look.content:
        return _CONTENTS[look.content]
    if look.peek is None:
        kind = kind_of(file.name, trigger=trigger)
        return None if file.table else _KINDS.get(kind, "not a roster file")
    if look.peek.missing:
        return f"lacks {', '.join(look.peek.missing)}"
    return look.peek.refused or "ok"


def _write_interruption(home: Home, interruption: Interruption) -> None:
    write_receipt(
        home,
        interruption.district,
        test=interruption.drop == "test",
        file=interruption.name,
        size=interruption.size,
        sha256=None,
        rows=None,
        header=None,
        at=interruption.at,
        interrupted_at=interruption.size,
        repeated=interruption.repeated,
    )
