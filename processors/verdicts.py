"""The five verdicts on a batch and the exit codes that scripts read (INTERFACES, "Verdicts")."""

from collections.abc import Mapping
from typing import Final, Literal

from processors.guarding import MOVED, GuardOutcome
from validators.judging import Judgement

Verdict = Literal["accepted", "accepted_with_rejections", "withheld", "held", "refused"]

EXIT_CODES: Final[Mapping[Verdict, int]] = {
    "accepted": 0,
    "accepted_with_rejections": 3,
    "withheld": 4,
    "held": 4,
    "refused": 4,
}

ChangeCounts = Mapping[str, Mapping[str, int]]
"""Records by type (student, guardian, staff, classroom, membership, guardianship) and by what became of them
(created, updated, archived, restored, unchanged, withheld)."""

APPLIED: Final[frozenset[Verdict]] = frozenset({"accepted", "accepted_with_rejections", "withheld"})
"""Verdicts after which at least creates and updates are in the store."""

WAITING: Final[frozenset[Verdict]] = frozenset({"held", "withheld"})
"""Verdicts after which a person may still have all of it applied."""

HOLDING: Final = frozenset(
    {"rows.rejected_share", "file.rows_missing", "ids.renumbered", "people.replaced", "clever.staff_missing"}
    | set(MOVED.values())
)
"""Findings that put a batch on hold: it was probably misread (connect-behaviour 9.2), its footer counts other rows than
came (sis-deviations 37), a file that came before is missing, or IDs, people, contacts or families are others."""


def verdict_on(
    judgement: Judgement, guard: GuardOutcome | None, *, paused: bool = False, approved: bool = False
) -> Verdict:
    """The verdict on a judged batch; the guard is None where nothing was compared.

    Of a paused district everything that could be applied is held. What somebody approved is held by nothing, and
    withheld only where a whole table came without rows: that says nothing about what it held before.
    """
    if judgement.refused:
        return "refused"
    moves = guard is not None and bool(guard.moves)
    if paused or (not approved and (moves or not HOLDING.isdisjoint(judgement.findings["code"].unique()))):
        return "held"
    if guard is not None and (judgement.withholds or (guard.tripped and not approved)):
        return "withheld"
    return "accepted" if judgement.rejected.is_empty() else "accepted_with_rejections"


def as_verdict(text: str | None) -> Verdict:
    """A verdict that the ledger holds as text.

    Raises:
        ValueError: it is none.
    """
    for verdict in EXIT_CODES:
        if text == verdict:
            return verdict
    raise ValueError(f"{text!r} is no verdict")
