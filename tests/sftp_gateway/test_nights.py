"""Nightly pushes as vendors make them: which sets are taken, and when."""

import asyncio
import errno
import threading
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.profiles import Arrival as ArrivalRule
from sftp_gateway import DropName, FilesChanged, NotYet, Receiving, Shortage
from sftp_gateway.drops.arrivals import Writing
from sftp_gateway.drops.drops import Drop
from sftp_gateway.receiving import DropId
from sftp_gateway.sets.completeness import DropState, Inside, Take, Wait
from tests.sftp_gateway.harness import CHICAGO, SOON, Recorder, Site, running, site_at, story, write

NIGHT = {"users": b"u1\n", "classes": b"c1\n", "enrollments": b"e1\n"}


def test_a_whole_set_is_taken_soon_after_the_session_ended(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.puts(**NIGHT)
            await site.until(lambda: site.receiver.batches)
            (batch,) = site.receiver.batches
            assert batch.contents == {"users.csv": b"u1\n", "classes.csv": b"c1\n", "enrollments.csv": b"e1\n"}
            assert all(file.by_gateway and file.account == "acme" for file in batch.files)
            assert site.receiver.names() == ["users.csv", "classes.csv", "enrollments.csv"]

    story(night())


def test_a_session_that_stays_open_is_waited_for_until_it_is_quiet(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, rule=replace(SOON, quiet_s=30.0)) as site, site.sftp() as client:
            for table, content in NIGHT.items():
                await write(client, f"{table}.csv", content)
            # Past the settle time, and still some time before it is quiet enough.
            assert isinstance(await site.step(quiet_s=10.0), Wait)
            assert isinstance(await site.step(quiet_s=30.0), Take)
            assert not site.receiver.batches
            site.districts["springfield"] = Receiving(time_zone=CHICAGO, arrival=SOON)
            await site.asks_for_districts()
            await site.until(lambda: site.receiver.batches)

    story(night())


def test_no_set_is_taken_while_a_handle_is_open(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp("office") as client, client.open("guardians.csv", "wb"):
            await site.puts(**NIGHT)
            assert await site.step() == Wait()
            assert not site.receiver.batches

    story(night())


def test_the_same_names_the_next_night_are_a_new_set(tmp_path: Path) -> None:
    async def nights() -> None:
        async with running(tmp_path) as site:
            await site.puts(**NIGHT)
            await site.until(lambda: len(site.receiver.batches) == 1)
            await site.puts(users=b"u2\n", classes=b"c2\n", enrollments=b"e2\n")
            await site.until(lambda: len(site.receiver.batches) == 2)
            assert site.receiver.batches[1].contents["users.csv"] == b"u2\n"
            first, second = ({file.generation for file in batch.files} for batch in site.receiver.batches)
            assert not first & second

    story(nights())


def test_one_new_file_waits_until_the_others_can_be_carried(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.puts(users=b"u1\n")
            assert await site.step() == Wait()
            assert not site.receiver.batches
            site.receiver.lends = frozenset({"classes", "enrollments"})
            await site.until(lambda: site.receiver.batches)
            (batch,) = site.receiver.batches
            assert batch.carried == {"classes", "enrollments"}
            assert list(batch.contents) == ["users.csv"]

    story(night())


def test_files_that_nothing_takes_travel_along_and_start_nothing(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.puts(staff=b"s\n")
            assert await site.step() == Wait()
            assert not site.receiver.batches
            await site.puts(**NIGHT)
            await site.until(lambda: site.receiver.batches)
            assert [file.name for file in site.receiver.batches[0].files if file.unexpected] == ["staff.csv"]

    story(night())


def test_two_names_for_one_table_are_handed_over_together(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.puts(Users=b"old\n", users=b"new\n", classes=b"c\n", enrollments=b"e\n")
            await site.until(lambda: site.receiver.batches)
            taken = {file.name: file.unexpected for file in site.receiver.batches[0].files}
            assert (taken["users.csv"], taken["Users.csv"]) == (False, False)

    story(night())


def test_the_test_folder_is_a_drop_of_its_own(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            async with site.sftp() as client:
                for table, content in NIGHT.items():
                    await write(client, f"test/{table}.csv", content)
            await site.until(lambda: site.receiver.batches)
            assert [batch.drop for batch in site.receiver.batches] == ["test"]
            assert {arrival.drop for arrival in site.receiver.arrivals} == {"test"}

    story(night())


def test_files_that_lie_in_a_folder_count_once_they_are_moved_to_the_top(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            (site.drop / "archive").mkdir()
            for table, content in NIGHT.items():
                (site.drop / "archive" / f"{table}.csv").write_bytes(content)
                await client.rename(f"archive/{table}.csv", f"{table}.csv")
            await site.until(lambda: site.receiver.batches)
            assert not any(file.by_gateway for file in site.receiver.batches[0].files)

    story(night())


@pytest.mark.parametrize("fault", [FilesChanged("users.csv moved"), RuntimeError("the store is locked")])
def test_a_set_that_could_not_be_frozen_is_tried_again(tmp_path: Path, fault: Exception) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            site.receiver.fails = [fault]
            await site.puts(**NIGHT)
            await site.until(lambda: site.receiver.batches)
            await site.until(lambda: not site.attendant().drop.new())
            assert len(site.receiver.batches) == 1

    story(night())


def test_a_set_whose_turn_has_not_come_need_not_be_quiet_anew(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            attendant = site.attendant()
            before_s = attendant._last_event_s
            site.receiver.fails = [NotYet("batch 1 is not finished")]
            assert await attendant._hand_over(Take(())) == 1.0
            assert attendant._last_event_s == before_s

    story(night())


def test_tries_of_a_set_that_cannot_be_frozen_come_2_4_and_8_seconds_apart(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            attendant = site.attendant()
            site.receiver.fails = [RuntimeError("the store is locked") for _ in range(3)]
            waits_s = []
            while site.receiver.fails:
                attendant._not_before_s = 0.0
                waits_s.append(await attendant._hand_over(Take(())))
            assert waits_s == [2.0, 4.0, 8.0]

    story(night())


def test_what_was_taken_is_not_taken_again_after_a_restart(tmp_path: Path) -> None:
    async def nights() -> None:
        async with running(tmp_path) as site:
            await site.puts(**NIGHT)
            await site.until(lambda: not site.attendant().drop.new())
            await site.restart()
            await site.looks()
            assert await site.step() == Wait()
            assert len(site.receiver.batches) == 1
            assert site.receiver.names() == ["users.csv", "classes.csv", "enrollments.csv"]
            await site.puts(users=b"u2\n")
            site.receiver.lends = frozenset({"classes", "enrollments"})
            await site.until(lambda: len(site.receiver.batches) == 2)
            assert list(site.receiver.batches[1].contents) == ["users.csv"]

    story(nights())


def test_a_set_that_waits_goes_on_waiting_over_a_restart(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.puts(users=b"u1\n", classes=b"c1\n")
            await site.until(lambda: len(site.receiver.arrivals) == 2)
            await site.restart()
            await site.puts(enrollments=b"e1\n")
            await site.until(lambda: site.receiver.batches)
            assert set(site.receiver.batches[0].contents) == {"users.csv", "classes.csv", "enrollments.csv"}

    story(night())


def test_a_file_that_was_renamed_after_it_was_taken_does_not_come_again(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.puts(**NIGHT)
            await site.until(lambda: not site.attendant().drop.new())
            async with site.sftp() as client:
                await client.rename("users.csv", "users-old.csv")
                await client.posix_rename("classes.csv", "enrollments.csv")
            await site.looks()
            assert await site.step() == Wait()
            assert len(site.receiver.batches) == 1
            assert len(site.receiver.arrivals) == 3

    story(night())


def _last_handled() -> date:
    return datetime.now(CHICAGO).date() - timedelta(days=2)


def _missed_nothing_yet(site: Site) -> None:
    site.gateway._journal.handle_deadline("springfield", _last_handled())


def _with_deadline(site: Site, *, minutes_ago: float, rule: ArrivalRule = SOON) -> None:
    deadline = (datetime.now(UTC) - timedelta(minutes=minutes_ago)).astimezone(CHICAGO).time().replace(tzinfo=None)
    site.districts["springfield"] = Receiving(time_zone=CHICAGO, arrival=replace(rule, deadline=deadline))


def test_a_deadline_that_passes_names_what_is_missing_once(tmp_path: Path) -> None:
    """connect-behaviour 9.5: no new files."""

    async def night() -> None:
        async with running(tmp_path) as site:
            await asyncio.to_thread(_missed_nothing_yet, site)
            await site.puts(users=b"u1\n")
            await site.until(lambda: site.receiver.arrivals)
            _with_deadline(site, minutes_ago=1)
            await site.until(lambda: site.receiver.shortages)
            await site.restart()
            await site.looks()
            (shortage,) = site.receiver.shortages
            assert shortage.because == "deadline"
            assert shortage.missing == frozenset({"classes", "enrollments"})

    story(night())


def test_a_whole_set_that_an_open_handle_holds_up_is_incomplete_at_the_deadline(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp("office") as client:
            await asyncio.to_thread(_missed_nothing_yet, site)
            async with client.open("guardians.csv", "wb") as file:
                await file.write(b"g" * 2**20)  # so much goes to the disk at once
                await site.puts(**NIGHT)
                _with_deadline(site, minutes_ago=1)
                await site.until(lambda: site.receiver.shortages)
                (shortage,) = site.receiver.shortages
                assert not shortage.missing
                assert [(cut.name, cut.size) for cut in shortage.interrupted] == [("guardians.csv", 2**20)]
                assert not site.receiver.batches
            await site.until(lambda: site.receiver.batches)

    story(night())


def test_a_set_that_settles_at_the_deadline_is_taken_and_not_incomplete(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await asyncio.to_thread(_missed_nothing_yet, site)
            patient = replace(SOON, settle_s=1.0, quiet_s=30.0)
            site.districts["springfield"] = Receiving(time_zone=CHICAGO, arrival=patient)
            await site.asks_for_districts()
            await site.puts(**NIGHT)
            await site.until(lambda: len(site.receiver.arrivals) == 3)
            _with_deadline(site, minutes_ago=0.01, rule=patient)
            await site.asks_for_districts()
            await site.until(lambda: site.receiver.batches)
            await site.until(lambda: site.gateway._journal.handled_deadline("springfield") != _last_handled())
            assert not site.receiver.shortages

    story(night())


def test_a_district_seen_for_the_first_time_has_missed_nothing(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            _with_deadline(site, minutes_ago=1)
            await site.asks_for_districts()
            await site.looks()
            await site.until(lambda: site.gateway._journal.handled_deadline("springfield"))
            assert not site.receiver.shortages

    story(night())


def test_an_upload_that_ends_while_the_gateway_looks_is_open_or_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def night() -> None:
        async with running(tmp_path, rule=replace(SOON, settle_s=30.0)) as site, site.sftp() as client:
            file = await client.open("guardians.csv", "wb")
            loop, ending, lookers = asyncio.get_running_loop(), list[Any](), set[int]()

            def interrupted(self: Drop) -> tuple[Writing, ...]:
                if threading.get_ident() in lookers:
                    ending.append(asyncio.run_coroutine_threadsafe(file.close(), loop))
                    wait(ending, 0.5)
                return tuple(self._partials.all())

            def look() -> DropState:
                lookers.add(threading.get_ident())
                return site.attendant()._state(0.0, Inside())

            with monkeypatch.context() as slow:
                slow.setattr(Drop, "interrupted", interrupted)
                state = await asyncio.to_thread(look)
            assert state.open_handles + len(state.new) == 1
            await asyncio.gather(*map(asyncio.wrap_future, ending))

    story(night())


class Checking(Recorder):
    """A receiver that looks, while it is told of a shortage, at what the journal has of it already."""

    def __init__(self) -> None:
        super().__init__()
        self.site: Site | None = None
        self.entered: list[object] = []

    async def incomplete(self, district: str, drop: DropName, shortage: Shortage) -> None:
        assert self.site is not None
        journal = self.site.gateway._journal
        self.entered += [journal.told(DropId(district, drop)), journal.handled_deadline(district)]
        await super().incomplete(district, drop, shortage)


def test_a_report_of_an_incomplete_set_is_entered_once_it_stands_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def night() -> None:
        site = site_at(tmp_path)
        site.receiver = receiver = Checking()
        receiver.site = site
        await site.restart_after_stop()
        journal = site.gateway._journal
        await asyncio.to_thread(_missed_nothing_yet, site)
        before = journal.handled_deadline("springfield")
        await site.puts(users=b"u1\n")
        await site.until(lambda: receiver.arrivals)
        with monkeypatch.context() as patched:  # a disk that is full for the journal
            patched.setattr(journal, "tell", _full)
            patched.setattr(journal, "handle_deadline", _full)
            _with_deadline(site, minutes_ago=1)
            await site.until(lambda: receiver.shortages)
            assert receiver.entered == [None, before]
            for _ in range(3):
                with suppress(OSError):
                    await site.looks()
        await site.until(lambda: journal.handled_deadline("springfield") != before)
        assert len(receiver.shortages) == 1
        await site.gateway.stop(grace_s=0.0)

    story(night())


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "")
