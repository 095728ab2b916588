"""What the pictures of a report are drawn from: parts of bars in hundredths, wide enough to be seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from processors.guarding import Limit

CHANGES: Final = ("created", "updated", "archived", "restored", "withheld")
"""What became of records that did not stay as they were."""

_WHOLE: Final = 100.0
_SMALLEST: Final = 0.8
_DRAWN: Final = 0.94  # of a guard's bar, so that the mark of its limit never stands at the very end


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a bar: what it stands for, and where it is, in hundredths of the width."""

    name: str
    left: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardBar:
    """How much would vanish, and the mark of what may, in hundredths of the width."""

    vanishing: float
    allowed: float


def stacked(numbers: Mapping[str, int], *, whole: int | None = None) -> list[Part]:
    """A bar of parts as wide as their numbers; a single row among thousands can still be seen.

    Args:
        numbers: by name, in order.
        whole: the number that fills the width; that of all parts where it is not given.
    """
    there = {name: number for name, number in numbers.items() if number}
    if not there:
        return []
    total = sum(there.values())
    room = _WHOLE * total / (whole or total)
    widths = {name: max(room * number / total, _SMALLEST) for name, number in there.items()}
    widest = max(there, key=there.__getitem__)
    widths[widest] = max(widths[widest] + room - sum(widths.values()), _SMALLEST)
    lefts = accumulate(widths.values(), initial=0.0)
    return [
        Part(name=name, left=round(left, 2), width=round(width, 2))
        for (name, width), left in zip(widths.items(), lefts, strict=False)
    ]


def changes(by_action: Mapping[str, int]) -> dict[str, int]:
    """Of the records of a type those that did not stay as they were."""
    return {action: by_action.get(action, 0) for action in CHANGES}


def guard_bar(limit: Limit) -> GuardBar:
    """What would vanish beside what may, both on one scale."""
    scale = _DRAWN * _WHOLE / max(limit.vanishing, limit.allowed, 1)
    vanishing = max(limit.vanishing * scale, _SMALLEST) if limit.vanishing else 0.0
    return GuardBar(vanishing=round(vanishing, 2), allowed=round(limit.allowed * scale, 2))


def by_worst(limits: Sequence[Limit]) -> list[Limit]:
    """Limits of what vanishes, those that tripped first, then those that came nearest."""
    counted = [limit for limit in limits if limit.vanishing]
    return sorted(counted, key=lambda one: (not one.tripped, one.allowed - one.vanishing, one.school, one.type))
