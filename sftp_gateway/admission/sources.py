"""Who may come in before anybody has proven who they are: the sources, their counts, and who makes room.

When too many connections wait to log in, the newcomer is not turned away: one that waits makes room. First goes one
whose client has not said a word yet, of the source with the most connections, the oldest of them. So idle connections
push out each other, however many sources they come from, while a client that is logging in stays; random early drop
(OpenSSH's MaxStartups) would turn away a vendor with the same chance as the flood, and certainly when all places are
taken. Clients that talk and do not finish are given a few seconds before they make room as well.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, Protocol, TypeVar

from config.settings import Limits
from sftp_gateway.statuses import BANNED, TOO_MANY_CONNECTIONS, TOO_QUICK

_LOGIN_TAKES_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a source at the moment one more connection comes from it."""

    banned: bool
    connections: int
    recent: float  # new connections that have not leaked away, see `leaked`


class Waiting(Protocol):
    """A connection on which nobody has logged in yet."""

    @property
    def source(self) -> str:
        """Where it comes from."""

    @property
    def since_s(self) -> float:
        """Since when it is there."""

    @property
    def has_spoken(self) -> bool:
        """Whether the client has sent its first line."""


Waits = TypeVar("Waits", bound=Waiting)


def source_of(address: str) -> str:
    """What counts as one source: an IPv4 address, or the /64 that an IPv6 host has for itself."""
    host = ip_address(address.partition("%")[0])
    if isinstance(host, IPv6Address):
        return str(host.ipv4_mapped or ip_network((host, 64), strict=False))
    return str(host)


def leaked(recent: float, seconds: float, limits: Limits) -> float:
    """What is left of a count of new connections after so many seconds."""
    return max(recent - max(seconds, 0.0) * limits.new_per_second, 0.0)


def why_refused(seen: Seen, limits: Limits) -> str | None:
    """What a source is told that may not come in now; None where it may."""
    if seen.banned:
        return BANNED
    if seen.connections >= limits.connections_per_source:
        return TOO_MANY_CONNECTIONS
    if seen.recent + 1 > limits.new_per_second:
        return TOO_QUICK
    return None


def who_makes_room(waiting: Iterable[Waits], now_s: float) -> Waits | None:
    """The connection that goes so that another one can come; None where all are busy logging in."""
    candidates = tuple(waiting)
    of_source = Counter(one.source for one in candidates)
    may_go = [one for one in candidates if not one.has_spoken or now_s - one.since_s > _LOGIN_TAKES_S]
    return min(may_go, key=lambda one: (one.has_spoken, -of_source[one.source], one.since_s), default=None)
