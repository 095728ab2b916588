"""A process that only serves clients: it follows the one that leads, and ends with it.

What it is to do comes from the lead through standard input: first its orders, then the word to stop; the end of that
pipe means that the lead is gone. What its sessions do goes to the lead through standard output.
"""

import asyncio
import logging
import os
import pickle  # the pipe comes from the process that started this one
import select
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from config.accounts import Account
from config.districts import district_ids
from config.home import Home
from config.loading import Configuration, Live
from config.settings import Settings
from sftp_gateway.audit.metrics import Busy, Count
from sftp_gateway.processes.front import Front
from sftp_gateway.processes.lead import (
    NEWS_LINE,
    SERVES_LINE,
    SessionId,
    busy_line,
    counted_line,
    left_line,
    touched_line,
)
from sftp_gateway.processes.presence import Presence, present
from sftp_gateway.receiving import Districts, DropId, receiving_of

_ORDERS: Final = 0  # standard input
_REPORTS: Final = 1  # standard output
_ERRORS: Final = 2
_TELL_S: Final = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a process that follows is told at its start.

    Attributes:
        home: on which home it works; accounts and profiles it reads there.
        accounts: those that the lead knows right now; they count while the file is not valid.
        districts: the same of the profiles.
        settings: those of the lead, with the port where it really listens, so that all processes serve alike.
        process: its number.
        set_up_logs: what the lead does about logs.
    """

    home: Home
    settings: Settings
    accounts: Mapping[str, Account]
    districts: Districts
    process: int
    set_up_logs: Callable[[], None]


def log_kinds_to_stderr() -> None:
    """Log to standard error, of exceptions only their kind: their sentences may hold a value."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Kinds("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


class _Kinds(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        return str(ei[0].__name__)


def main() -> None:
    """Serve until the lead says stop, or is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # whoever stops the service stops the lead
    # Not `sys.stdin`: Python cannot close that at its end while a thread waits for it.
    words = os.fdopen(os.dup(_ORDERS), "rb")
    reports = os.dup(_REPORTS)
    os.dup2(_ERRORS, _REPORTS)  # nothing that is printed by mistake reaches the lead
    try:
        orders = pickle.load(words)  # noqa: S301 - as above
    except EOFError:
        return
    orders.set_up_logs()
    try:
        with present(orders.home, orders.process) as presence:
            if not _lead_is_gone():
                asyncio.run(_serve(orders, words, reports, presence))
    except Exception:
        log.exception("Process %d of the gateway cannot serve", orders.process)
        sys.exit(1)


class _Lead:
    """The lead, seen from here: a thread writes to it, so that a lead that is busy keeps no client waiting."""

    def __init__(self, reports: int) -> None:
        self._reports = reports
        self._thread = ThreadPoolExecutor(1, "reports")

    def touched(self, session: SessionId, drop_id: DropId) -> None:
        self.hears(touched_line(session, drop_id))

    def left(self, session: SessionId) -> None:
        self.hears(left_line(session))

    def news(self) -> None:
        self.hears(NEWS_LINE)

    def counted(self, one: Count) -> None:
        self.hears(counted_line(one))

    def has_to_do(self, process: int, busy: Busy) -> None:  # noqa: ARG002 - the lead knows who speaks
        self.hears(busy_line(busy))

    def hears(self, line: bytes) -> None:
        self._thread.submit(os.write, self._reports, line)

    def close(self) -> None:
        self._thread.shutdown(wait=True)


class _Known:
    """Accounts and districts as the home has them; where a file there is not valid, as the lead had them."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        handed = Configuration(settings=orders.settings, profiles={}, accounts=orders.accounts)
        self._live = Live(orders.home, handed)

    def accounts(self) -> Mapping[str, Account]:
        return self._live.refresh().accounts

    def districts(self) -> Districts:
        valid, handed = receiving_of(self._live.refresh().profiles), self._orders.districts
        ids = district_ids(self._orders.home)
        return {district: handed[district] for district in ids if district in handed} | valid


async def _serve(orders: Orders, words: BinaryIO, reports: int, presence: Presence) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_tell_kind_of_failure)
    lead, known = _Lead(reports), await asyncio.to_thread(_Known, orders)
    told_to_stop = loop.create_future()
    threading.Thread(target=_obey, args=(words, loop, told_to_stop), daemon=True).start()
    front = Front(
        orders.home,
        orders.settings,
        process=orders.process,
        accounts=known.accounts,
        districts=known.districts,
        lead=lead,
    )
    await front.open()
    await front.listen()
    lead.hears(SERVES_LINE)
    asking = asyncio.create_task(_keep_asking(front, presence, orders.settings.watching.scan_s))
    telling = asyncio.create_task(_tell_what_is_to_do(front, lead, orders))
    await front.stop(await told_to_stop)
    asking.cancel()
    telling.cancel()
    await front.close()
    lead.close()


async def _keep_asking(front: Front, presence: Presence, seconds: float) -> None:
    """Sessions that stay open long notice that their district is gone."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await front.threads.run(presence.keep)
            await front.refresh()
        except Exception:
            log.exception("Districts could not be asked for; the last ones stay")


async def _tell_what_is_to_do(front: Front, lead: _Lead, orders: Orders) -> None:
    """Whenever it has changed, at most every second, where somebody may ask for the figures."""
    told = Busy()
    while orders.settings.metrics.port is not None:
        await asyncio.sleep(_TELL_S)
        if (busy := front.busy) != told:
            lead.has_to_do(orders.process, busy)
            told = busy


def _obey(words: BinaryIO, loop: asyncio.AbstractEventLoop, told_to_stop: "asyncio.Future[float]") -> None:
    """Wait for the word to stop, which is the grace in seconds; end at once with the lead."""
    for line in words:
        with suppress(RuntimeError):  # the loop has ended on its own
            loop.call_soon_threadsafe(told_to_stop.set_result, float(line))
    os._exit(1)


def _lead_is_gone() -> bool:
    """Whether the lead ended before this process was present, so that another one may not have waited for it."""
    ask = select.poll()
    ask.register(_ORDERS, select.POLLHUP)
    return bool(ask.poll(0))


def _tell_kind_of_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Asyncio's own words hold the exception's sentence, which may hold a value."""
    log.error("A task failed: %s", type(context.get("exception")).__name__)
