"""Attending to one drop: look at it when something happens and on a tick, and hand over what is complete."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from config.settings import Watching
from config.tables import TableName, roster_table_of
from sftp_gateway.audit.auditing import Audit
from sftp_gateway.drops.arrivals import Journal, Standing, Told
from sftp_gateway.drops.drops import Drop
from sftp_gateway.names import blocked_by, is_temporary
from sftp_gateway.receiving import ArrivedFile, FilesChanged, Interruption, NotYet, Receiver, Receiving, Shortage
from sftp_gateway.sets.completeness import DropState, Gathered, Inside, Take, Wait, gathered, next_step
from sftp_gateway.sets.deadlines import believable, deadline_on, due_deadline, has_grace
from sftp_gateway.sets.evidence import Evidence
from sftp_gateway.threads import DiskThreads

_LOOK_AGAIN_S: Final = 1.0  # at a file that may still grow, or a set whose turn has not come
_FIRST_RETRY_S: Final = 2.0
_LONGEST_RETRY_S: Final = 300.0
_LEFT_OVER_S: Final = 86_400.0
log = logging.getLogger(__name__)


class Attendant:
    """Attends to one drop from the start of the gateway to its end."""

    def __init__(
        self,
        drop: Drop,
        receiving: Callable[[], Awaitable[Receiving | None]],
        receiver: Receiver,
        *,
        journal: Journal,
        threads: DiskThreads,
        audit: Audit,
        watching: Watching,
        arrived: Callable[[Standing], None],
    ) -> None:
        self.drop = drop
        self.scanned_at: float | None = None  # on the clock of `time.monotonic`; the last scan that succeeded
        self._receiving = receiving
        self._receiver = receiver
        self._journal = journal
        self._threads = threads
        self._audit = audit
        self._tick_s = watching.scan_s
        self._arrived = arrived
        self._woken = asyncio.Event()
        self._sessions: set[object] = set()
        self._last_event_s: float | None = None  # not known before the first look
        self._newest = 0  # generation that was seen
        self._retry_s = _FIRST_RETRY_S
        self._not_before_s = 0.0
        self._unreadable: frozenset[str] = frozenset()
        self._growing: Mapping[str, int] = {}
        self._told: Told | None = None  # by this process; the journal knows what an earlier one told
        self._deadline_told: date | None = None
        self._evidence = Evidence(drop)
        self._stopped = False

    def touched(self, session: object) -> None:
        """A session changed something here."""
        self._sessions.add(session)
        self._happened()

    def left(self, session: object) -> None:
        """A session is over."""
        if session in self._sessions:
            self._sessions.discard(session)
            self._happened()

    def wake(self) -> None:
        """Something may have changed; nobody knows what."""
        self._woken.set()

    async def run(self) -> None:
        """Look whenever something happens, and on a tick."""
        while not self._stopped:
            self._woken.clear()
            seconds = await self._look_and_survive()
            if self._stopped:
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), min(seconds, self._tick_s))

    def stop(self) -> None:
        """End `run` after the look that is under way: a set that is being frozen is still marked as taken."""
        self._stopped = True
        self._woken.set()

    def _happened(self) -> None:
        self._last_event_s = time.monotonic()
        self._woken.set()

    async def _remember_last_event(self) -> float:
        """After a restart a set goes on waiting from where its last file came."""
        new = await self._threads.run(self.drop.new)
        self._newest = max((file.generation for file in new), default=0)
        ages_s = [(datetime.now(UTC) - file.arrived_at).total_seconds() for file in new]
        return time.monotonic() - max(0.0, min(ages_s, default=0.0))

    async def _look_and_survive(self) -> float:
        try:
            return await self._look()
        except Exception:
            log.exception("A look at a drop failed and is repeated")
            return _LOOK_AGAIN_S

    async def _look(self) -> float:
        """Look once; the seconds until the next look is due."""
        receiving = await self._receiving()
        if receiving is None:
            return self._tick_s
        await self._threads.run(self.drop.make_folders)  # somebody may have removed them
        await self._reconcile()
        if self._last_event_s is None:
            self._last_event_s = await self._remember_last_event()
        inside = await self._threads.run(self._evidence.gather)
        state = self._with_unheard(await self._threads.run(self._state, self._last_event_s, inside))
        found = gathered(state, receiving.arrival)
        step = next_step(state, receiving.arrival, await self._carriable(found, receiving), time.monotonic())
        await self._mind_the_deadline(receiving, state, step)
        if isinstance(step, Take):
            return await self._hand_over(step)
        if step.broken and not await self._was_told(found):
            await self._say_incomplete(receiving, state, step.broken)
        return min(step.seconds or self._tick_s, _LOOK_AGAIN_S if self._growing else self._tick_s)

    async def _reconcile(self) -> None:
        found = await self._threads.run(self.drop.reconcile)
        self.scanned_at = time.monotonic()
        for arrival in found.arrivals:
            self._last_event_s = time.monotonic()
            self._note("arrived_elsewhere", arrival.file, bytes=arrival.file.size)
            self._arrived(arrival)
        for name in found.unreadable - self._unreadable:
            self._audit.note("unreadable_name", **_where(self.drop), path=ascii(name))
        self._unreadable = found.unreadable
        self._growing = found.growing
        if any(map(roster_table_of, found.growing)):  # any other file would hold the set back for as long as it grows
            self._last_event_s = time.monotonic()

    def _state(self, last_event_s: float, inside: Inside) -> DropState:
        with self._journal.together():  # an upload that ends between two questions would be neither open nor new
            return DropState(
                new=tuple(file for file in self.drop.new() if file.table or file.name not in self._growing),
                interrupted=frozenset(writing.path for writing in self.drop.interrupted()),
                open_handles=self.drop.open_uploads,
                last_taken_at=self._journal.last_taken_at(self.drop.id),
                session_ended=not self._sessions,
                last_event_s=last_event_s,
                inside=inside,
            )

    def _with_unheard(self, state: DropState) -> DropState:
        """What is new to us has just happened: another process may tell of its session later than the journal does."""
        newest = max((file.generation for file in state.new), default=0)
        if newest <= self._newest:
            return state
        self._newest = newest
        self._last_event_s = time.monotonic()
        return replace(state, last_event_s=self._last_event_s)

    async def _carriable(self, found: Gathered, receiving: Receiving) -> frozenset[TableName]:
        if not found.tables or found.tables >= frozenset(receiving.arrival.expected):
            return frozenset()
        return await self._receiver.carriable(self.drop.id.district, self.drop.id.drop)

    async def _hand_over(self, step: Take) -> float:
        """Hand a complete set over; only when the service has frozen it the journal says that it is taken."""
        if (left_s := self._not_before_s - time.monotonic()) > 0:
            return left_s
        try:
            batch = await self._receiver.complete(self.drop.id.district, self.drop.id.drop, step.files, step.carried)
        except FilesChanged:
            self._happened()
            return _LOOK_AGAIN_S
        except NotYet:
            return _LOOK_AGAIN_S
        except Exception:
            log.exception("A complete set could not be handed over and is tried again")
            wait_s, self._retry_s = self._retry_s, min(2 * self._retry_s, _LONGEST_RETRY_S)
            self._not_before_s = time.monotonic() + wait_s
            return wait_s
        self._retry_s = _FIRST_RETRY_S
        generations = [file.generation for file in step.files]
        await self._threads.run(self._journal.take, generations, batch, datetime.now(UTC))
        for file in step.files:
            self._note("taken", file, batch=batch)
        self._audit.note("batch", **_where(self.drop), batch=batch, files=len(step.files))
        return self._tick_s

    def _note(self, event: str, file: ArrivedFile, **facts: int) -> None:
        self._audit.note(event, **_where(self.drop), path=file.name, generation=file.generation, **facts)

    async def _mind_the_deadline(self, receiving: Receiving, state: DropState, step: Take | Wait) -> None:
        """Once a day, when the deadline has passed in the district's time zone, say what is missing."""
        now = datetime.now(UTC)
        day = due_deadline(receiving.arrival, receiving.time_zone, now)
        if day is None or self.drop.id.drop != "main":
            return
        district = self.drop.id.district
        handled = believable(await self._threads.run(self._journal.handled_deadline, district), day)
        deadline = deadline_on(day, receiving.arrival, receiving.time_zone)
        if handled and (handled >= day or has_grace(step, receiving.arrival, deadline, now)):
            return
        # A district that we see for the first time has not missed anything yet.
        if handled and self._deadline_told != day and await self._is_short(receiving, state, step, day):
            await self._say_incomplete(receiving, state, "deadline")
        self._deadline_told = day
        # Only now: a crash before the report stands must not lose it.
        await self._threads.run(self._journal.handle_deadline, district, day)

    async def _is_short(self, receiving: Receiving, state: DropState, step: Take | Wait, day: date) -> bool:
        """Whether what came is not taken now, for whatever reason, or nothing has come since the deadline before."""
        before = deadline_on(day - timedelta(days=1), receiving.arrival, receiving.time_zone)
        found = gathered(state, receiving.arrival)
        if found.tables or found.mismatches or blocked_by(state.interrupted):
            return isinstance(step, Wait) and not await self._was_told(found, since=before)
        last = await self._threads.run(self._journal.last_taken_at, self.drop.id)
        return last is None or last < before

    async def _was_told(self, found: Gathered, since: datetime | None = None) -> bool:
        """Whether a report has said of just these files what is wrong with them."""
        told = self._told or await self._threads.run(self._journal.told, self.drop.id)
        return told is not None and told.found == found.mark and (since is None or told.at > since)

    async def _say_incomplete(
        self, receiving: Receiving, state: DropState, because: Literal["deadline", "manifest", "trigger"]
    ) -> None:
        found = gathered(state, receiving.arrival)
        missing = frozenset(receiving.arrival.expected) - found.tables
        unfinished = await self._threads.run(self.drop.unfinished)
        left_over = await self._threads.run(self._left_over_names)
        told_left_over = await self._threads.run(self._journal.told_left_over, self.drop.id)
        self._audit.note("incomplete", **_where(self.drop), missing=",".join(sorted(missing)), open=len(unfinished))
        shortage = Shortage(
            because=because,
            present=found.files,
            missing=missing,
            interrupted=(*unfinished, *self._still_growing()),
            mismatches=found.mismatches,
            left_over=tuple(sorted(left_over - told_left_over)),
        )
        try:
            await self._receiver.incomplete(self.drop.id.district, self.drop.id.drop, shortage)
        except Exception:
            log.exception("An incomplete set could not be told")
        # Only now, as above; who crashes in between tells it twice, who cannot write the journal does not.
        self._told = Told(found.mark, datetime.now(UTC))
        await self._threads.run(self._journal.tell, self.drop.id, found.mark, left_over, self._told.at)

    def _still_growing(self) -> Iterator[Interruption]:
        """Files that were put there by other means and are not whole as far as anybody can tell."""
        where, now = self.drop.id, datetime.now(UTC)
        for name, size in self._growing.items():
            yield Interruption(
                district=where.district, drop=where.drop, name=name, size=size, at=now, account="", under_way=True
            )

    def _left_over_names(self) -> frozenset[str]:
        """Temp names that nobody has touched for a day: their clients will not come back to them (reference 7, 22)."""
        came = {one.file.name: one.file.arrived_at.timestamp() for one in self._journal.current(self.drop.id)}
        interrupted = {writing.path for writing in self.drop.interrupted()}
        long_ago = time.time() - _LEFT_OVER_S
        return frozenset(
            name
            for name, file in self.drop.listing().items()
            if is_temporary(name) and name not in interrupted and came.get(name, file.times.mtime) < long_ago
        )


def _where(drop: Drop) -> dict[str, str]:
    return {"district": drop.id.district, "drop": drop.id.drop}
