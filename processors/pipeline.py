"""The way of a batch, steps 3 to 10 of the design: freeze, read, judge, mean, compare, guard, apply, report.

Any step may die at any moment. What is unfinished stands in the ledger, and `work` takes it up again: a batch that was
frozen or in work is run anew from its frozen files, one that was decided only lacks its report.
"""

import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from config.home import Home
from config.loading import load_profile, read_profile
from config.mistakes import ConfigError
from config.profiles import ASSUMED, Profile
from config.writing import write_schools
from connect_store import ledger, people
from connect_store.applying import apply
from connect_store.ledger import LedgerBatch, State
from connect_store.notices import tell_outcome
from connect_store.records import Frames
from connect_store.retention import require_files
from connect_store.store import Store, open_store
from processors import deliveries, freezing, frozen, lifecycle
from processors.against_store import compared
from processors.answers import code_of
from processors.contexts import Context
from processors.deciding import Decision, decision, due_at, refusal
from processors.file_sets import judge_set
from processors.freezing import deliver
from processors.guarding import guard
from processors.kept_changes import keep_changes, kept_changes
from processors.locks import district_lock
from processors.meaning import roster
from processors.nights import night_of
from processors.reporting.contents import Report
from processors.reporting.publishing import publish, publish_failed
from processors.rereading import context_in, judged_again, read_frozen
from processors.summaries import findings_in, guard_in
from processors.verdicts import APPLIED, WAITING, Verdict, as_verdict
from validators import Judgement
from validators.findings import as_frame, joined

_LOCK_WAIT_S: Final = 600.0
_ASKED_FOR: Final = frozenset({"approve", "once"})
_FINISHED: Final[frozenset[State]] = frozenset({"reported", "superseded", "failed"})


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


def work(home: Home, district: str, *, who: str, wait_s: float = _LOCK_WAIT_S) -> list[Outcome]:
    """Finish every unfinished batch of a district, oldest first, and return what became of them.

    A batch that only lacks its report does not keep the next ones waiting; one that is not decided does, since a newer
    one must not be applied before it.

    Raises:
        Held: another process works on the district and did not finish within `wait_s` seconds.
    """
    finished: list[Outcome] = []
    failures: list[Exception] = []
    with district_lock(home, district, who=who, wait_s=wait_s), open_store(home.store_db) as store:
        for number in ledger.open_work(store, district, _now()):
            try:
                finished += _try(home, store, number, who=who)
            except Exception as error:  # noqa: BLE001 - it is raised again below
                failures.append(error)
                if ledger.require(store, number).state != "decided":
                    break
    if failures:
        raise failures[0]
    return finished


def finish(home: Home, district: str, number: int, *, who: str) -> Outcome:
    """Finish one batch and those before it; its report is made again from the ledger where somebody was faster."""
    done: list[Outcome] = []
    try:
        done = work(home, district, who=who)
    except Exception:
        with open_store(home.store_db) as store:
            if ledger.require(store, number).state != "reported":
                raise
    return next((outcome for outcome in done if outcome.number == number), None) or outcome_of(home, number)


def outcome_of(home: Home, number: int) -> Outcome:
    """The outcome of a batch that has its verdict, from its frozen files and the ledger.

    Raises:
        UnknownBatch: there is no such batch.
        NoVerdict: it failed, or is not decided yet.
        NotKept: its frozen files are no longer there.
    """
    with open_store(home.store_db) as store:
        batch = ledger.require(store, number)
        if batch.verdict is None:
            raise NoVerdict(number, batch.state)
        require_files(store, number, "reported again")
        context = context_in(home, store, batch)
        _, judgement = judged_again(home, batch, context)
        report = _report_on(store, batch, context.profile, judgement)
    return Outcome(number=number, verdict=report.verdict, report=report)


def _try(home: Home, store: Store, number: int, *, who: str) -> list[Outcome]:
    """One try at a batch; nothing comes of it where three tries had no end, so that it steps aside for the next one.

    Its files stay, and a person may requeue it. A try that took its whole process with it counts like any other.
    """
    batch = ledger.require(store, number)
    if batch.state in _FINISHED:  # meanwhile, as what an older one that waited gave way to
        return []
    if batch.state == "scheduled":
        return _run_due(home, store, batch, who=who)
    if batch.state == "working" and batch.attempt >= lifecycle.MOST_ATTEMPTS:
        _give_up(home, store, batch, who=who)
        return []
    try:
        return [_run(home, store, batch, who=who)]
    except Exception as error:
        with store.writing():
            ledger.note(store, number, "stumble", at=_now(), who=who, detail=type(error).__name__)
        raise


def _run_due(home: Home, store: Store, batch: LedgerBatch, *, who: str) -> list[Outcome]:
    """What waited for its time is run as a batch of its own: batches change Connect in the order of their numbers.

    Undo and history rest on that order. A newer batch that waits for its turn goes first, and may take its place.
    """
    running = ledger.run_again(store, batch.number, "schedule")
    if running is None:
        try:
            running = deliver(home, deliveries.again(home, store, batch, who=who, origin="schedule"))
        except (freezing.NewerBatch, freezing.NoLongerWaits):
            return []
        except (frozen.Damaged, frozen.FileMoved):
            _give_up(home, store, batch, who=who)
            return []
    with store.writing():
        _supersede(store, [(batch.number, batch.attempt, batch.state)], running, who=who)
    return _try(home, store, running, who=who)


def _give_up(home: Home, store: Store, batch: LedgerBatch, *, who: str) -> None:
    """Tell the district that its files are safe and that we could not work on them."""
    profile = _profile_of(home, batch)
    publish_failed(
        home,
        district=batch.district,
        district_name=profile.name,
        time_zone=profile.time_zone.key,
        number=batch.number,
        received=batch.received,
        test=batch.test,
        language=profile.report.language,
    )
    failed = lifecycle.after(batch.state, "fail")
    with store.writing():
        ledger.move(store, batch.number, attempt=batch.attempt, before=batch.state, after=failed)
        ledger.note(store, batch.number, "fail", at=_now(), who=who)
        if profile.notices.enabled and not batch.test:
            tell_outcome(store, district=batch.district, batch=batch.number, at=_now(), outcome=failed)


def _profile_of(home: Home, batch: LedgerBatch) -> Profile:
    """The profile of a batch; today's where its folder is gone, and where that is not valid either, none."""
    with contextlib.suppress(ConfigError):  # its folder is gone
        return read_profile(frozen.frozen_profile(home, batch), batch.district)
    with contextlib.suppress(ConfigError):  # nor is today's valid
        return load_profile(home, batch.district)
    return ASSUMED


def _run(home: Home, store: Store, batch: LedgerBatch, *, who: str) -> Outcome:
    """Steps 4 to 10; a batch that an earlier try decided lacks only its report."""
    if batch.state != "decided":
        batch = _take(store, batch, who=who)
    context = context_in(home, store, batch)
    profile = context.profile
    with ThreadPoolExecutor(1) as beside:  # one core reads the files, another one the store
        reading = beside.submit(read_frozen, home, batch, profile)  # 4 read
        before = {} if batch.state == "decided" else people.baseline(store, batch.district)
        files = reading.result()
    night = night_of(home, store, batch, files, profile, before)
    judgement = judge_set(files, profile, replace(context.known, night=night))  # 5 judge

    def tell(decided: LedgerBatch) -> Outcome:
        report = replace(_report_on(store, decided, profile, judgement), differences=kept_changes(home, batch))
        publish(home, report, files.tables)
        return Outcome(number=batch.number, verdict=report.verdict, report=report)

    if batch.state != "decided":
        decided = decide(store, judgement, profile, before, batch)  # 6 mean, 7 compare, 8 guard
        if decided.differences is not None:
            keep_changes(home, batch, decided.differences)
        due = due_at(batch, profile)
        if decided.takes and due and due > _now():
            return _schedule(store, batch, decided, due, tell, who=who)
        batch = _apply(store, batch, decided, profile, who=who)  # 9 apply
    _adopt_schools(home, batch, context, judgement)
    outcome = tell(batch)  # 10 report
    _close(store, batch, who=who)
    return outcome


def decide(
    store: Store, judgement: Judgement, profile: Profile, before: Frames, batch: LedgerBatch | None = None
) -> Decision:
    """Steps 6 to 8: what applying would do, before anything is written; `before` is what the sync brought last.

    Without a batch it is what a night like any other would do.
    """
    if judgement.refused:
        return refusal(judgement)
    day = (batch.received if batch else _now()).astimezone(profile.time_zone).date()
    tonight = roster(judgement, before)  # 6 mean
    comparison = compared(store, tonight, before, judgement, profile)  # 7 compare
    guarded = guard(comparison, profile.guard, day, reasons=judgement.withholds)  # 8 guard
    return decision(
        judgement,
        comparison,
        guarded,
        test=batch is not None and batch.test,
        paused=_is_off(profile, batch) or ledger.paused(store, profile.id) is not None,
        approved=batch is not None and batch.origin == "approve",
    )


def _is_off(profile: Profile, batch: LedgerBatch | None) -> bool:
    """Whether nights are not applied; one that somebody asked for is (connect-behaviour 2.1, Enable Daily sync)."""
    return not profile.sync.daily and (batch is None or batch.origin not in _ASKED_FOR)


def _take(store: Store, batch: LedgerBatch, *, who: str) -> LedgerBatch:
    lifecycle.after(batch.state, "take")
    with store.writing():
        attempt = ledger.take(store, batch)
        ledger.note(store, batch.number, "take", at=_now(), who=who, detail=f"attempt {attempt}")
    return ledger.require(store, batch.number)


def _adopt_schools(home: Home, batch: LedgerBatch, context: Context, judgement: Judgement) -> None:
    """A profile that says `auto` takes the schools of the first batch that is applied, and never from `test/`."""
    if context.profile.schools is not None or batch.test or batch.verdict not in APPLIED:
        return
    with contextlib.suppress(ConfigError):  # a profile that is being edited takes those of the next batch
        if load_profile(home, batch.district).schools is None:
            write_schools(home, batch.district, judgement.schools)


def _apply(store: Store, batch: LedgerBatch, decided: Decision, profile: Profile, *, who: str) -> LedgerBatch:
    """Step 9, one transaction: changes, undo record, baseline, verdict and history, or nothing of it."""
    now = _now()
    with store.writing():
        apply(
            store,
            district=batch.district,
            batch=batch.number,
            changes=decided.takes,
            at=now,
            tell_logins=profile.sync.tell_changed_logins,
        )
        ledger.decide(
            store,
            batch.number,
            attempt=batch.attempt,
            verdict=decided.verdict,
            changes=decided.counts,
            summary=decided.summary,
            decided=now,
        )
        ledger.note(store, batch.number, "decide", at=now, who=who, detail=decided.verdict)
        if not batch.test:
            if profile.notices.enabled and not decided.summary.get("paused"):
                tell_outcome(store, district=batch.district, batch=batch.number, at=now, outcome=decided.verdict)
            waiting = ledger.waiting_before(store, batch.district, batch.number)
            gone = [one for one in waiting if decided.takes or one[2] != "scheduled"]
            _supersede(store, gone, batch.number, who=who)
    return ledger.require(store, batch.number)


def _schedule(
    store: Store,
    batch: LedgerBatch,
    decided: Decision,
    due: datetime,
    tell: Callable[[LedgerBatch], Outcome],
    *,
    who: str,
) -> Outcome:
    """Tell now what is applied later. The report comes first, so that a batch that waits has one at any moment."""
    summary = {**decided.summary, ledger.DUE: ledger.stamp(due)}
    outcome = tell(replace(batch, verdict=decided.verdict, changes=decided.counts, summary=summary))
    lifecycle.after(batch.state, "schedule")
    with store.writing():
        now = _now()
        ledger.decide(
            store,
            batch.number,
            attempt=batch.attempt,
            verdict=decided.verdict,
            changes=decided.counts,
            summary=summary,
            decided=now,
            due=due,
        )
        ledger.note(store, batch.number, "schedule", at=now, who=who, detail=ledger.stamp(due))
        waiting = ledger.waiting_before(store, batch.district, batch.number)
        _supersede(store, [one for one in waiting if one[2] == "scheduled"], batch.number, who=who)
    return outcome


def _supersede(store: Store, older: Iterable[tuple[int, int, State]], by: int, *, who: str) -> None:
    for number, attempt, state in older:
        ledger.move(store, number, attempt=attempt, before=state, after=lifecycle.after(state, "supersede"))
        ledger.note(store, number, "supersede", at=_now(), who=who, detail=f"by batch {by}")


def _report_on(store: Store, batch: LedgerBatch, profile: Profile, judgement: Judgement) -> Report:
    summary = batch.summary or {}
    lenders = {file.carried_from for file in batch.files if file.carried_from is not None}
    return Report(
        verdict=as_verdict(batch.verdict),
        judgement=replace(judgement, findings=joined([judgement.findings, as_frame(findings_in(summary))])),
        district=batch.district,
        district_name=profile.name,
        time_zone=profile.time_zone.key,
        number=batch.number,
        received=batch.received,
        test=batch.test,
        language=profile.report.language,
        student_id=profile.sync.student_id,
        contact=profile.report.contact,
        changes=batch.changes,
        guard=guard_in(summary),
        answer_code=code_of(batch) if _waits_for_a_person(batch) else None,
        applied_at=ledger.moment(summary[ledger.DUE]) if ledger.DUE in summary else None,
        carried={number: ledger.require(store, number).received for number in lenders},
    )


def _waits_for_a_person(batch: LedgerBatch) -> bool:
    return batch.verdict in WAITING and not batch.test and not (batch.summary or {}).get("paused")


def _close(store: Store, batch: LedgerBatch, *, who: str) -> None:
    reported = lifecycle.after("decided", "report")
    with store.writing():
        ledger.move(store, batch.number, attempt=batch.attempt, before="decided", after=reported)
        ledger.note(store, batch.number, "report", at=_now(), who=who)


def _now() -> datetime:
    return datetime.now(UTC)
