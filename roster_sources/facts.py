"""What is known of a pull beside its records, and what may not be between one pull and the next."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self

from roster_sources.failures import PullFailed

_MAY_BE_EMPTY: Final = frozenset({"terms", "staff", "district_admins", "contacts", "demographics", "academicSessions"})
_STALE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a source tells of itself, and how much it gave.

    Attributes:
        counts: records of each collection.
        version: what the source changes whenever its data change, as far as it tells: `last_sync` of Clever,
            `x-perm-rev` of ClassLink.
        newest: when the record that changed last did so, ISO 8601 in UTC.
        trouble: what the source says is wrong on its side.
        settings: tells apart pulls that took other parts of the same data.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    version: str | None = None
    newest: str | None = None
    trouble: str | None = None
    settings: str | None = None

    def as_document(self) -> dict[str, Any]:
        """What a store can keep."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """From what a store kept."""
        return cls(**document)


def require_plausible(now: Facts, before: Facts | None) -> None:
    """Stop a pull that lacks what a roster has, or is older than the one before: absence is never a message.

    Raises:
        PullFailed: a collection is empty that never is, or was not last time, or the data went back by more than a day.
    Source: clever-classlink E 3, 4, 26.
    """
    for name, count in now.counts.items():
        if count:
            continue
        if before and before.counts.get(name):
            if name != "contacts":
                raise PullFailed("source.emptied", name)
        elif name not in _MAY_BE_EMPTY:
            raise PullFailed("source.nothing_shared", name)
    if before and before.newest and now.newest and _moment(before.newest) - _moment(now.newest) > _STALE:
        raise PullFailed("source.stale", now.newest[:10])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
