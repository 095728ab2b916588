"""What becomes of a judged batch: its verdict, and what of its changes the store takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connect_store.applying import Changes
from processors.comparing import Comparison, withheld
from processors.counting import counts
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
        summary: the batch in counts and codes, for the ledger.
    """

    verdict: Verdict
    summary: Mapping[str, Any]
    takes: Changes = field(default_factory=dict)
    counts: ChangeCounts | None = None

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
    )
