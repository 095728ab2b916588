"""The way of a batch, steps 3 to 10 of the design: freeze, read, judge, mean, compare, guard, apply, report.

Any step may die at any moment. What is unfinished stands in the ledger, and `work` takes it up again: a batch that was
frozen or in work is run anew from its frozen files, one that was decided only lacks its report.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import polars as pl

from config.home import Home
from config.loading import read_profile
from config.profiles import Profile
from config.tables import TableName
from config.writing import write_schools
from connect_store import ledger, people
from connect_store.applying import Changes, apply
from connect_store.ledger import LedgerBatch
from connect_store.records import ENTITIES
from connect_store.store import Store, open_store
from processors import freezing, lifecycle
from processors.comparing import Comparison, Frames, compare, newcomers, withheld
from processors.counting import counts
from processors.freezing import Delivery
from processors.guarding import GuardOutcome, guard
from processors.locks import district_lock
from processors.meaning import roster
from processors.reporting.contents import Report
from processors.reporting.publishing import publish
from processors.summaries import findings_in, guard_in, summary_of
from processors.verdicts import APPLIED, Verdict, as_verdict, verdict_on
from validators import Judgement, Known, Table, judge, read
from validators.findings import Finding, as_frame, joined

_LOCK_WAIT_S: Final = 600.0


class NoVerdict(Exception):
    """A batch has no verdict to report."""

    exit_code = 1

    def __init__(self, number: int, state: str) -> None:
        super().__init__(f"batch {number} is {state} and has no verdict; see: rosterdrop batch show {number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one batch: its number, its verdict, and the report that went into the drop."""

    number: int
    verdict: Verdict
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """The tables of a batch that could be read, and what reading found."""

    tables: Mapping[TableName, Table]
    findings: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What applying a batch would do, counted and guarded before anything is written."""

    comparison: Comparison
    guard: GuardOutcome


def deliver(home: Home, delivery: Delivery) -> int:
    """Freeze a delivery into a batch that waits for its turn; its number (step 3)."""
    with open_store(home.store_db) as store:
        return freezing.freeze(home, store, delivery, now=_now())


def work(home: Home, district: str, *, who: str) -> list[Outcome]:
    """Finish every unfinished batch of a district, oldest first, and return what became of them.

    Raises:
        Held: another process works on the district and did not finish in time.
    """
    with district_lock(home, district, who=who, wait_s=_LOCK_WAIT_S), open_store(home.store_db) as store:
        return [_attempt(home, store, number, who=who) for number in ledger.open_work(store, district)]


def finish(home: Home, district: str, number: int, *, who: str) -> Outcome:
    """Finish one batch and those before it; where the service was faster, its report is made again from the ledger."""
    finished = {outcome.number: outcome for outcome in work(home, district, who=who)}
    return finished.get(number) or outcome_of(home, number)


def outcome_of(home: Home, number: int) -> Outcome:
    """The outcome of a batch that has its verdict, from its frozen files and the ledger.

    Raises:
        UnknownBatch: there is no such batch.
        NoVerdict: it failed, or is not decided yet.
    """
    with open_store(home.store_db) as store:
        batch = ledger.require(store, number)
        if batch.verdict is None:
            raise NoVerdict(number, batch.state)
        profile = read_profile(freezing.frozen_profile(home, batch), batch.district)
        judgement = _judge(store, batch, _read(home, batch, profile), profile)
    report = _report_on(batch, profile, judgement)
    return Outcome(number=number, verdict=report.verdict, report=report)


def _attempt(home: Home, store: Store, number: int, *, who: str) -> Outcome:
    """A batch that fails three times steps aside for the next one; its files stay, a person may requeue it."""
    try:
        return _finish(home, store, number, who=who)
    except Exception as error:
        _note_failure(store, number, error, who=who)
        raise


def _note_failure(store: Store, number: int, error: Exception, *, who: str) -> None:
    batch = ledger.require(store, number)
    with store.writing():
        ledger.note(store, number, "stumble", at=_now(), who=who, detail=type(error).__name__)
        if batch.state == "working" and batch.attempt >= lifecycle.MOST_ATTEMPTS:
            failed = lifecycle.after("working", "fail")
            ledger.move(store, number, attempt=batch.attempt, before="working", after=failed)
            ledger.note(store, number, "fail", at=_now(), who=who)


def _finish(home: Home, store: Store, number: int, *, who: str) -> Outcome:
    """Steps 4 to 10; a batch that an earlier attempt decided lacks only its report."""
    batch = ledger.require(store, number)
    if batch.state != "decided":
        batch = _take(store, batch, who=who)
    profile = read_profile(freezing.frozen_profile(home, batch), batch.district)
    reading = _read(home, batch, profile)
    judgement = _judge(store, batch, reading, profile)
    if batch.state != "decided":
        _adopt_schools(home, profile, judgement)
        plan = None if judgement.refused else _plan(store, batch.district, judgement, profile)
        _apply(store, batch, judgement, plan, who=who)
        batch = ledger.require(store, number)
    report = _report_on(batch, profile, judgement)
    publish(home, report, reading.tables)
    _close(store, batch, who=who)
    return Outcome(number=number, verdict=report.verdict, report=report)


def _take(store: Store, batch: LedgerBatch, *, who: str) -> LedgerBatch:
    lifecycle.after(batch.state, "take")
    with store.writing():
        attempt = ledger.take(store, batch)
        ledger.note(store, batch.number, "take", at=_now(), who=who, detail=f"attempt {attempt}")
    return ledger.require(store, batch.number)


def _read(home: Home, batch: LedgerBatch, profile: Profile) -> _Reading:
    readings = {
        file.table: read(
            freezing.frozen_file(home, batch, file),
            file.table,
            encoding=profile.reading.encoding,
            sha256=file.sha256,
            file=file.file,
            carried_from=file.carried_from,
        )
        for file in batch.files
        if file.table is not None
    }
    strangers = [Finding(code="file.unexpected", file=file.file) for file in batch.files if file.table is None]
    return _Reading(
        tables={name: reading.table for name, reading in readings.items() if reading.table is not None},
        findings=joined([*(reading.findings for reading in readings.values()), as_frame(strangers)]),
    )


def _judge(store: Store, batch: LedgerBatch, reading: _Reading, profile: Profile) -> Judgement:
    known = Known(
        guardians=people.guardian_keys(store, batch.district),
        guardians_file_seen=people.guardians_file_seen(store, batch.district),
    )
    present = {file.table for file in batch.files}
    missing = frozenset(table for table in profile.arrival.expected if table not in present)
    return judge(reading.tables, profile, known, read_findings=reading.findings, missing=missing)


def _adopt_schools(home: Home, profile: Profile, judgement: Judgement) -> None:
    """A profile that says `auto` takes the schools of the first batch that is not refused."""
    if profile.schools is None and not judgement.refused:
        write_schools(home, profile.id, judgement.schools)


def _plan(store: Store, district: str, judgement: Judgement, profile: Profile) -> _Plan:
    """Steps 6 to 8: only for keys that the baseline does not hold is more of the store read."""
    tonight = roster(judgement)
    baseline = people.baseline(store, district)
    with store.writing():
        standing = {
            name: people.standing(store, district, ENTITIES[name], records)
            for name, records in newcomers(tonight, baseline).items()
        }
    comparison = compare(tonight, baseline, standing, _protected(judgement), profile.sync)
    return _Plan(
        comparison=comparison,
        guard=guard(comparison, baseline, profile.guard, reasons=judgement.withholds),
    )


def _apply(store: Store, batch: LedgerBatch, judgement: Judgement, plan: _Plan | None, *, who: str) -> None:
    """Step 9, one transaction: changes, undo record, baseline, verdict and history, or nothing of it."""
    now = _now()
    verdict = verdict_on(judgement, plan.guard if plan else None)
    changes = _allowed(verdict, plan)
    with store.writing():
        if verdict in APPLIED and not batch.test:
            apply(store, district=batch.district, batch=batch.number, changes=changes)
        ledger.decide(
            store,
            batch.number,
            attempt=batch.attempt,
            verdict=verdict,
            changes=counts(plan.comparison, changes) if plan else None,
            summary=summary_of(judgement, plan.guard if plan else None, plan.comparison if plan else None),
            decided=now,
        )
        ledger.note(store, batch.number, "decide", at=now, who=who, detail=verdict)
        if not batch.test:
            _supersede_held(store, batch, now, who=who)


def _allowed(verdict: Verdict, plan: _Plan | None) -> Changes:
    if plan is None:
        return {}
    return withheld(plan.comparison.changes) if verdict == "withheld" else plan.comparison.changes


def _supersede_held(store: Store, batch: LedgerBatch, now: datetime, *, who: str) -> None:
    for number, attempt in ledger.held_before(store, batch.district, batch.number):
        ledger.move(store, number, attempt=attempt, before="reported", after=lifecycle.after("reported", "supersede"))
        ledger.note(store, number, "supersede", at=now, who=who, detail=f"by batch {batch.number}")


def _report_on(batch: LedgerBatch, profile: Profile, judgement: Judgement) -> Report:
    summary = batch.summary or {}
    return Report(
        verdict=as_verdict(batch.verdict),
        judgement=replace(judgement, findings=joined([judgement.findings, as_frame(findings_in(summary))])),
        district=batch.district,
        district_name=profile.name,
        time_zone=profile.time_zone.key,
        number=batch.number,
        received=batch.received,
        test=batch.test,
        changes=batch.changes,
        guard=guard_in(summary),
    )


def _close(store: Store, batch: LedgerBatch, *, who: str) -> None:
    reported = lifecycle.after("decided", "report")
    with store.writing():
        ledger.move(store, batch.number, attempt=batch.attempt, before="decided", after=reported)
        ledger.note(store, batch.number, "report", at=_now(), who=who)


def _protected(judgement: Judgement) -> Frames:
    """Keys of rejected rows in the store's words."""
    keys = judgement.protected
    pairs = keys.get("enrollments", _NO_ENROLLMENTS)
    links = keys.get("guardians", _NO_LINKS)
    return {
        "person": keys.get("users", _NO_KEYS),
        "classroom": keys.get("classes", _NO_KEYS),
        "membership": pairs.select(classroom="classSourcedId", key="userSourcedId"),
        "guardianship": links.select(student="studentSourcedId", guardian="guardianSourcedId"),
    }


def _now() -> datetime:
    return datetime.now(UTC)


_NO_KEYS: Final = pl.DataFrame(schema={"key": pl.String()})
_NO_ENROLLMENTS: Final = pl.DataFrame(schema={"classSourcedId": pl.String(), "userSourcedId": pl.String()})
_NO_LINKS: Final = pl.DataFrame(schema={"studentSourcedId": pl.String(), "guardianSourcedId": pl.String()})
