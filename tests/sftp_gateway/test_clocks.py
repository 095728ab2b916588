"""A gateway whose wall clock goes over midnight and over nights in which it changes (reference 7, 23)."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.profiles import Arrival as ArrivalRule
from sftp_gateway.sets import attending
from tests.sftp_gateway.harness import CHICAGO, Site, running, story

DEADLINES = {date(2026, 3, 8): time(2, 30), date(2026, 11, 1): time(1, 30)}  # one hour is missing, one comes twice


class Clock:
    """The wall clock that the gateway sees."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def now(self, _zone: object) -> datetime:
        return self.at


def _hours(start: datetime, hours: float, minutes: int = 10) -> Iterator[datetime]:
    for step in range(1, int(hours * 60 / minutes) + 1):
        yield start + timedelta(minutes=minutes * step)


async def _passes(site: Site, clock: Clock, hours: float) -> None:
    for moment in _hours(clock.at, hours):
        clock.at = moment
        await site.looks()


@pytest.mark.parametrize("night", DEADLINES)
def test_a_push_over_midnight_is_one_batch_and_each_deadline_fires_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, night: date
) -> None:
    evening = datetime.combine(night - timedelta(days=1), time(23, 58), tzinfo=CHICAGO).astimezone(UTC)
    clock = Clock(evening)
    monkeypatch.setattr(attending, "datetime", SimpleNamespace(now=clock.now))
    rule = ArrivalRule(settle_s=0.05, quiet_s=0.1, partial_quiet_s=0.1, deadline=DEADLINES[night])

    async def nights() -> None:
        async with running(tmp_path, rule=rule, scan_s=300.0) as site:
            await asyncio.to_thread(site.gateway._journal.handle_deadline, "springfield", night - timedelta(days=1))
            await site.puts(users=b"u\n", classes=b"c\n")
            clock.at = evening + timedelta(minutes=4)
            await site.puts(enrollments=b"e\n")
            await site.until(lambda: site.receiver.batches and not site.attendant().drop.new())
            await _passes(site, clock, 8)
            assert len(site.receiver.batches) == 1
            assert site.receiver.shortages == []
            await _passes(site, clock, 24)  # nobody pushes anything
            assert [shortage.because for shortage in site.receiver.shortages] == ["deadline"]
            assert len(site.receiver.batches) == 1

    story(nights())
