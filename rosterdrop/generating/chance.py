"""Dice that fall the same way on every machine and every Python, so that a seed is a district."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Chance for one purpose of one seed.

    Everything is built on `random()`: it is the one stream that Python promises to keep from version to version.
    Each purpose has its own stream, so that a new fault does not give the families other names.
    """

    __slots__ = ("_next",)

    def __init__(self, seed: int, purpose: str) -> None:
        self._next = random.Random(f"{seed} {purpose}").random  # noqa: S311 - invented people, no secrets

    def below(self, limit: int) -> int:
        """A whole number from 0 up to, not including, `limit`."""
        return int(self._next() * limit)

    def chance(self, share: float) -> bool:
        """True in this share of all throws."""
        return self._next() < share

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each as likely as the other."""
        return options[int(self._next() * len(options))]

    def weighed(self, options: Sequence[tuple[T, float]]) -> T:
        """One of the options, by the weight that stands beside it; the weights add up to 1."""
        left = self._next()
        for option, weight in options:
            left -= weight
            if left < 0:
                return option
        return options[-1][0]

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """Up to `count` different options, in the order in which they fell."""
        rest = list(options)
        for place in range(min(count, len(rest))):
            other = place + self.below(len(rest) - place)
            rest[place], rest[other] = rest[other], rest[place]
        return rest[: min(count, len(rest))]

    def whole(self, amount: float) -> int:
        """A fractional amount as a whole number that is right on average: 2.3 is 3 in three throws of ten."""
        floor = int(amount)
        return floor + self.chance(amount - floor)
