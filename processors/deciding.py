"""What becomes of a judged batch: its verdict, and what of its changes the store takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from config.profiles import Profile
from connect_store.applying import Changes
from connect_store.ledger import LedgerBatch
from processors.comparing import Comparison, withheld
from processors.counting import counts
from processors.differing import differences_made
from processors.guarding import GuardOutcome
from processors.summaries import summary_of
from processors.verdicts import APPLIED, ChangeCounts, Verdict, verdict_on
from validators import Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision on one batch.

    Attributes:
        verdict: of the batch.
        takes: the changes that the store takes; none where nothing is to be applied.
        counts: what is changed, or would be; None where nothing was compared.
        differences: the same record by record and field by field, as DIFFERENCES; None where nothing was compared.
        summary: the batch in counts and codes, for the ledger.
    """

    verdict: Verdict
    summary: Mapping[str, Any]
    takes: Changes = field(default_factory=dict)
    counts: ChangeCounts | None = None
    differences: pl.DataFrame | None = None

    @property
    def is_applied(self) -> bool:
        """Whether the store takes anything of it."""
        return bool(self.takes)


def refusal(judgement: Judgement) -> Decision:
    """The decision on files of which nothing can be applied."""
    return Decision(verdict="refused", summary=summary_of(judgement, None, None))


def decision(
    judgement: Judgement,
    comparison: Comparison,
    guarded: GuardOutcome,
    *,
    test: bool = False,
    paused: bool = False,
    approved: bool = False,
) -> Decision:
    """The decision on files that were compared; what came through `test/` is counted and never taken."""
    verdict = verdict_on(judgement, guarded, paused=paused, approved=approved)
    allowed = withheld(comparison.changes) if verdict == "withheld" else comparison.changes
    return Decision(
        verdict=verdict,
        summary={**summary_of(judgement, guarded, comparison), "paused": paused},
        takes=allowed if verdict in APPLIED and not test else {},
        counts=counts(comparison, allowed),
        differences=differences_made(allowed, comparison.standing),
    )


def due_at(batch: LedgerBatch, profile: Profile) -> datetime | None:
    """When a batch is to be applied (UTC); None where at once.

    A night that came by itself waits for the start time of its district. What a person asks for does not wait.

    Source: connect-behaviour 9.5.
    """
    start = profile.sync.start_time
    if start is None or batch.origin != "sftp" or batch.test:
        return None
    came = batch.received.astimezone(profile.time_zone)
    day = came.date() if came.time() <= start else came.date() + timedelta(days=1)
    return datetime.combine(day, start, profile.time_zone).astimezone(UTC)
