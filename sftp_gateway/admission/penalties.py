"""How long a source stays out after failed logins, and when an account's passwords are no longer taken from anywhere.

Penalties add up as OpenSSH's PerSourcePenalties do (reference 1.2): each offence adds seconds, nothing happens until
they reach a threshold, and from then on the source is refused until they have run off. A name that nobody has weighs
as much as a wrong password, so that the length of a ban tells nothing.
"""

from dataclasses import dataclass
from typing import Final

WRONG_PASSWORD_S: Final = 5.0
WRONG_KEYS_S: Final = 5.0  # once a connection: an agent offers every key that it holds
NO_ATTEMPT_S: Final = 1.0
TOO_SLOW_S: Final = 10.0  # the time for logging in ran out
ENFORCED_FROM_S: Final = 15.0

FAILURES_KEPT_S: Final = 600.0
FAMILIAR_FOR_S: Final = 30 * 86400.0
_MOST_FAILURES: Final = 30
_FEWEST_SOURCES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """What a source has still to bear: until when, in seconds since 1970, and whether it is refused until then."""

    until_s: float = 0.0
    enforced: bool = False

    def left_s(self, now_s: float, longest_s: float) -> float:
        """Seconds that are left; a clock that was set back prolongs nothing beyond the longest ban."""
        return min(max(self.until_s - now_s, 0.0), longest_s)

    def bans(self, now_s: float, longest_s: float) -> bool:
        """Whether the source is refused now."""
        return self.enforced and self.left_s(now_s, longest_s) > 0

    def grown(self, offence_s: float, now_s: float, longest_s: float) -> "Penalty":
        """The penalty after one more offence, never longer than the longest ban."""
        left_s = min(self.left_s(now_s, longest_s) + offence_s, longest_s)
        reached = left_s >= min(ENFORCED_FROM_S, longest_s)
        return Penalty(until_s=now_s + left_s, enforced=longest_s > 0 and (reached or self.bans(now_s, longest_s)))


def weight_s(*, wrong_passwords: int, wrong_keys: bool, late: bool) -> float:
    """Seconds that a connection costs its source on which nobody logged in, or somebody else than was tried."""
    tried_s = wrong_passwords * WRONG_PASSWORD_S + (WRONG_KEYS_S if wrong_keys else 0.0)
    return tried_s or (TOO_SLOW_S if late else NO_ATTEMPT_S)


def is_under_attack(failures: int, sources: int) -> bool:
    """Whether so many wrong passwords for one account from so many sources are more than a client set up wrongly.

    One source alone never reaches this: its own penalties stop it, and nobody else is to pay for it.
    """
    return failures >= _MOST_FAILURES and sources >= _FEWEST_SOURCES
