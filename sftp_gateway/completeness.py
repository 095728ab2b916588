"""When the files of a drop are a complete set (INTERFACES, "What a batch is made of"): values in, an answer out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

from config.profiles import Arrival as ArrivalRule
from config.tables import TableName, table_of
from sftp_gateway.names import final_name, is_temporary
from sftp_gateway.receiving import ArrivedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class DropState:
    """What is known of a drop at one moment.

    `new` holds the newest generation of each name that no batch has taken; `interrupted` the names whose upload was
    cut off and has not come again; `last_event_s` stands on the same clock as `now_s` of `next_step`.
    """

    new: tuple[ArrivedFile, ...] = ()
    interrupted: frozenset[str] = frozenset()
    open_handles: int = 0
    session_ended: bool = True
    last_event_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Take:
    """The set is complete."""

    files: tuple[ArrivedFile, ...]
    carried: frozenset[TableName] = frozenset()


@dataclass(frozen=True, slots=True)
class Wait:
    """The set is not complete; look again after so many seconds, or when something happens where None."""

    seconds: float | None = None


def next_step(drop: DropState, rule: ArrivalRule, carriable: frozenset[TableName], now_s: float) -> Take | Wait:
    """Whether the set is to be taken now.

    Args:
        drop: what is known of the drop.
        rule: when a set of this district is complete.
        carriable: tables that the last judged batch can lend right now.
        now_s: the moment, on the clock of `drop.last_event_s`.
    """
    files = standing(drop.new)
    if drop.open_handles or not tables_in(files) or blocked_by(drop.interrupted):
        return Wait()
    missing = frozenset(rule.expected) - tables_in(files)
    quiet_left_s = drop.last_event_s + _quiet_needed_s(drop, rule, missing) - now_s
    if quiet_left_s > 0:
        return Wait(quiet_left_s)
    return Take(files, missing) if missing <= carriable else Wait()


def standing(new: Iterable[ArrivedFile]) -> tuple[ArrivedFile, ...]:
    """The files that would make the set, each table once: where two came for one table, the newer one stands.

    The older one and every file that no table has the name of are marked `unexpected`. Temp names are left out.
    """
    taken: set[TableName] = set()
    files = []
    for file in sorted(new, key=attrgetter("generation"), reverse=True):
        if is_temporary(file.name):
            continue
        files.append(replace(file, unexpected=file.table is None or file.table in taken))
        if file.table:
            taken.add(file.table)
    return tuple(reversed(files))


def tables_in(files: Iterable[ArrivedFile]) -> frozenset[TableName]:
    """The tables that a set brings."""
    return frozenset(file.table for file in files if file.table and not file.unexpected)


def blocked_by(interrupted: Iterable[str]) -> frozenset[TableName]:
    """Tables whose upload was cut off, under their own or a temp name: no set goes without their retry."""
    return frozenset(table for name in interrupted if (table := table_of(final_name(name))))


def makes_good(name: str, interrupted: str) -> bool:
    """Whether the arrival of `name` is the retry of an upload that was cut off.

    That is its own name, the one that it would have had when whole, or another spelling of its table: tables are what
    `blocked_by` waits for.
    """
    if name in {interrupted, final_name(interrupted)}:
        return True
    table = table_of(name)
    return table is not None and blocked_by([interrupted]) == {table}


def due_deadline(rule: ArrivalRule, time_zone: ZoneInfo, now: datetime) -> date | None:
    """The day, in the district's time zone, whose deadline is the last one passed; None without a deadline."""
    if rule.deadline is None:
        return None
    today = now.astimezone(time_zone).date()
    return today if now >= deadline_on(today, rule, time_zone) else today - timedelta(days=1)


def deadline_on(day: date, rule: ArrivalRule, time_zone: ZoneInfo) -> datetime:
    """The moment of a day's deadline; in a night that skips it, the hour after; in one that has it twice, the first."""
    assert rule.deadline is not None
    return datetime.combine(day, rule.deadline, tzinfo=time_zone).astimezone(ZoneInfo("UTC"))


def has_grace(step: Take | Wait, rule: ArrivalRule, deadline: datetime, now: datetime) -> bool:
    """Whether a set whose deadline has passed may still be taken in time: it only waits for quiet, and not for long.

    A set that came a second before its deadline is no incomplete one; a session that never ends is not waited for.
    """
    longest = timedelta(seconds=max(rule.settle_s, rule.quiet_s, rule.partial_quiet_s))
    return isinstance(step, Wait) and step.seconds is not None and now < deadline + longest


def _quiet_needed_s(drop: DropState, rule: ArrivalRule, missing: frozenset[TableName]) -> float:
    if missing:
        return max(rule.partial_quiet_s, rule.settle_s)
    # Of files that came by other means nobody told us that they are whole; only quiet can.
    told = drop.session_ended and all(file.by_gateway for file in drop.new if file.table)
    return rule.settle_s if told else max(rule.quiet_s, rule.settle_s)
