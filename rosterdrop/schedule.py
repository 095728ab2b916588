"""When a roster is fetched by itself: once a day after the district's start time, and again where that may help."""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from config.profiles import Profile
from connect_store.pulls import PullNote

SPREAD: Final = timedelta(minutes=10)
"""Within this time after their start time districts begin, each always at its own moment: not all at once."""

_TRIES: Final = 3  # a day
_PAUSE: Final = timedelta(hours=1)
MAY_PASS: Final = frozenset({"source.unreachable", "source.busy", "source.unusable", "source.changed", "source.fault"})
"""What may be over in an hour without anybody's help."""


def is_due(profile: Profile, pulls: Sequence[PullNote], now: datetime, *, taken: PullNote | None) -> bool:
    """Whether a district's roster is to be fetched now.

    The first pull of a source that brings anything is made by hand, so that somebody looks at it (connect-behaviour
    4.1). A moment that was missed because no service ran is made up for.

    Args:
        profile: with the start time, the days without a pull, and Enable Daily sync.
        pulls: the last ones of the district, newest first.
        now: aware.
        taken: the last one that brought a batch.
    """
    begins = last_start(profile, now)
    if begins is None or not _is_known(profile, taken) or not profile.sync.daily:
        return False
    since = [pull for pull in pulls if pull.at >= begins]
    if not since:
        return True
    newest = since[0]
    failed = newest.outcome == "failed" and (newest.code is None or newest.code in MAY_PASS)
    return failed and len(since) < _TRIES and now - newest.at >= _PAUSE


def _is_known(profile: Profile, taken: PullNote | None) -> bool:
    """Whether the source that the profile names ever brought a batch."""
    return taken is not None and (taken.facts or {}).get("kind") == profile.source.kind


def last_start(profile: Profile, now: datetime) -> datetime | None:
    """The last moment at which the roster was to be fetched; None where it is not fetched by the clock."""
    start = profile.sync.start_time
    if profile.source.kind == "none" or start is None:
        return None
    today = now.astimezone(profile.time_zone).date()
    for day in (today, today - timedelta(days=1)):
        begins = datetime.combine(day, start, profile.time_zone) + _offset(profile.id)
        if begins <= now:
            return None if profile.source.rests_on(day) else begins
    return None


def _offset(district: str) -> timedelta:
    return SPREAD * (zlib.crc32(district.encode()) % 600 / 600)
