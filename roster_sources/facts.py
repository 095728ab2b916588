"""What is known of a pull beside its records, and what may not be between one pull and the next."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Self

from config.profiles import Source, SourceKind
from roster_sources.failures import PullFailed
from validators.findings import Finding

_MAY_BE_EMPTY: Final = frozenset({"terms", "staff", "district_admins", "contacts", "demographics", "academicSessions"})
_FEW: Final = 10  # so many of these leave in a night; of a mistake in the sharing that is all it would cost
_STALE: Final = timedelta(days=1)
_MANY: Final = 20
_MOST: Final = 0.5
_FEW_TEACHERS: Final = 5
_MANY_TEACHERS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a source tells of itself, and how much it gave.

    Attributes:
        counts: records of each collection.
        version: what the source changes whenever its data change, as far as it tells: `last_sync` of Clever,
            `x-perm-rev` of ClassLink.
        newest: the day on which the record that changed last did so, ISO 8601.
        districts: the IDs of the districts that it names, of a OneRoster server.
        trouble: what the source says is wrong on its side.
        kind: of the source; what another one told is compared with nothing.
        settings: tells apart pulls that took other parts of the same data.
        fingerprint: of the files that were made of the data.
        same_since: the day of the first pull that brought these files, ISO 8601.
        teachers: how many came; None where the source gave the files themselves.
        memberships: how many it told; None where it gave the files themselves.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    version: str | None = None
    newest: str | None = None
    districts: Sequence[str] = ()
    trouble: str | None = None
    kind: SourceKind | None = None
    settings: str | None = None
    fingerprint: str | None = None
    same_since: str | None = None
    teachers: int | None = None
    memberships: int | None = None

    def as_document(self) -> dict[str, Any]:
        """What a store can keep."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """From what a store kept."""
        return cls(**document)


def standing(now: Facts, before: Facts | None, today: date) -> Facts:
    """The facts of a pull, with the day since which its files are what they are."""
    is_same = before is not None and before.fingerprint is not None and before.fingerprint == now.fingerprint
    since = before.same_since if before and is_same else None
    return replace(now, same_since=since or today.isoformat())


def stillness(now: Facts, source: Source, today: date) -> list[Finding]:
    """That nothing changed for so long that the source may show an old state: a frozen app says nothing (E 9)."""
    since = date.fromisoformat(now.same_since) if now.same_since else today
    if not source.is_long(since, today):
        return []
    return [Finding(code="source.still", detail=since.isoformat(), count=source.school_days(since, today))]


def missing_teachers(now: Facts, before: Facts | None) -> list[Finding]:
    """That a good part of the teachers is gone, as where a rule of the sharing was changed (E 23)."""
    if now.teachers is None or before is None or before.teachers is None:
        return []
    gone = before.teachers - now.teachers
    if gone < max(_FEW_TEACHERS, before.teachers * _MANY_TEACHERS):
        return []
    return [Finding(code="source.teachers", detail=f"{now.teachers}", count=gone)]


def require_plausible(now: Facts, before: Facts | None) -> None:
    """Stop a pull that lacks what a roster has, or is older than the one before: absence is never a message.

    Raises:
        PullFailed: a collection is empty that never is, or was not last time, or the data went back by more than a day.
    Source: clever-classlink E 3, 4, 26.
    """
    for name in (name for name, count in now.counts.items() if not count):
        were = before.counts.get(name) if before else None
        if were is None and name not in _MAY_BE_EMPTY:
            raise PullFailed("source.nothing_shared", name)
        if were and name != "contacts" and (were > _FEW or name not in _MAY_BE_EMPTY):
            raise PullFailed("source.emptied", name)
    if before and before.newest and now.newest and _day(before.newest) - _day(now.newest) > _STALE:
        raise PullFailed("source.stale", now.newest)


def require_same_district(now: Facts, before: Facts | None) -> None:
    """Stop a pull with the token of another district, where the source names districts.

    Raises:
        PullFailed: it names none of those that it named last time.
    Source: clever-classlink E 24.
    """
    if before and before.districts and now.districts and set(before.districts).isdisjoint(now.districts):
        raise PullFailed("source.other_district")


def require_most(now: Facts, before: Facts | None, *, schools_named: bool) -> None:
    """Stop a pull that has less than half of what the one before had: so little looks as if most had left.

    Where the profile names the schools and there are fewer, the report will name those that are missing (E 3).

    Raises:
        PullFailed: of a collection, or of the memberships, so many are gone; those that are empty are told otherwise.
    Source: clever-classlink E 10.
    """
    if before is None or (schools_named and _schools(now) < _schools(before)):
        return
    counts = {name: (count, before.counts.get(name, 0)) for name, count in now.counts.items() if count}
    counts["memberships"] = now.memberships or 0, before.memberships or 0
    for name, (count, were) in counts.items():
        if were >= _MANY and count < were * _MOST:
            raise PullFailed("source.halved", f"{name}: {count} / {were}")


def _schools(facts: Facts) -> int:
    return facts.counts.get("schools", 0) + facts.counts.get("orgs", 0)


def tomorrow() -> date:
    """What a record tells of a later day is a mistake, and no other record will ever be as new (E 26)."""
    return datetime.now(UTC).date() + timedelta(days=1)


def _day(moment: str) -> date:
    return date.fromisoformat(moment[: len("2026-11-28")])
