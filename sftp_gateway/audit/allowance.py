"""How many lines of the audit one account may cause: whoever asks on and on shall not fill the disk."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

MOST_AT_ONCE: Final = 10_000  # a drop with all its files, as quotas allow by default
A_MINUTE: Final = 1_000
_TOLD_EVERY_S: Final = 60.0
_MOST_KEPT: Final = 4_096

Whose = TypeVar("Whose", bound=Hashable)


@dataclass(slots=True)
class _Spent:
    """What one of them has caused: lines that have not run off, and those that were left out and are not told yet."""

    lines: float
    at_s: float
    told_at_s: float
    left_out: int = 0


class Allowance(Generic[Whose]):
    """Counts lines, by whose they are."""

    def __init__(self) -> None:
        self._spent: dict[Whose, _Spent] = {}

    def takes(self, whose: Whose, now_s: float) -> bool:
        """Whether one more line may be written; where not, it is counted as left out."""
        spent = self._spent.get(whose) or self._new(whose, now_s)
        spent.lines = _run_off(spent, now_s)
        spent.at_s = now_s
        if spent.lines + 1 > MOST_AT_ONCE:
            spent.left_out += 1
            return False
        spent.lines += 1
        return True

    def to_tell(self, whose: Whose, now_s: float) -> int:
        """How many lines were left out since this was last told, once in a while; 0 where there is nothing to tell."""
        spent = self._spent[whose]
        if not spent.left_out or now_s - spent.told_at_s < _TOLD_EVERY_S:
            return 0
        left_out, spent.left_out, spent.told_at_s = spent.left_out, 0, now_s
        return left_out

    def untold(self) -> Iterator[tuple[Whose, int]]:
        """Whose lines were left out and how many, as far as nobody was told."""
        for whose, spent in self._spent.items():
            if spent.left_out:
                yield whose, spent.left_out

    def _new(self, whose: Whose, now_s: float) -> _Spent:
        if len(self._spent) >= _MOST_KEPT:
            busy = {one: spent for one, spent in self._spent.items() if spent.left_out or _run_off(spent, now_s) > 0}
            self._spent = busy if len(busy) < _MOST_KEPT else {}
        self._spent[whose] = spent = _Spent(0.0, now_s, told_at_s=now_s - _TOLD_EVERY_S)
        return spent


def _run_off(spent: _Spent, now_s: float) -> float:
    return max(spent.lines - (now_s - spent.at_s) * A_MINUTE / 60, 0.0)
