"""The guard: what would vanish is counted per school and type before anything is written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many records of one type a school would lose, and how many it may (connect-behaviour 2.2, 9.2)."""

    school: str
    type: str
    managed: int
    vanishing: int
    allowed: int

    @property
    def tripped(self) -> bool:
        """Whether too many would vanish."""
        return self.vanishing > self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardOutcome:
    """Whether archiving and unlinking are withheld tonight, and why.

    Attributes:
        limits: one entry for each school and type that the sync manages.
        reasons: codes of findings that withhold whatever the counts say (`classes.none`, `enrollments.none`).
    """

    limits: tuple[Limit, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def tripped(self) -> bool:
        """Whether anything withholds."""
        return bool(self.reasons) or any(limit.tripped for limit in self.limits)
