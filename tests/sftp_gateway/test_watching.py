"""Files that are put into a drop by other means than SFTP (reference 4; 7, 25 to 28)."""

import asyncio
import os
import resource
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.home import Home
from config.profiles import Arrival as ArrivalRule
from sftp_gateway.drops import reconciling
from sftp_gateway.drops.arrivals import Journal
from sftp_gateway.drops.drops import Drop
from sftp_gateway.drops.reconciling import Found
from sftp_gateway.drops.watching import Watcher, is_limit
from sftp_gateway.folders import make_private
from sftp_gateway.receiving import DropId
from sftp_gateway.sets import attending
from sftp_gateway.sets.completeness import Wait
from tests.sftp_gateway.harness import PATIENCE_S, SOON, Site, running, story, write

NIGHT = {"users.csv": b"u\n", "classes.csv": b"c\n", "enrollments.csv": b"e\n"}


@pytest.fixture(autouse=True)
def _looks_that_lie_closer_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "_STABLE_S", 0.4)
    monkeypatch.setattr(attending, "_LOOK_AGAIN_S", 0.4)


def _copy_in(site: Site, **contents: bytes) -> None:
    for name, content in (contents or NIGHT).items():
        (site.drop / name).write_bytes(content)


def _inode_of(folder: Path) -> int | None:
    return folder.stat().st_ino if folder.is_dir() else None


async def _is_watched(site: Site) -> None:
    """Return when the watcher hears of what happens in the drop."""
    watcher, heard = site.gateway._watcher, asyncio.Event()
    wake = watcher._woken

    def woken(folders: Iterable[Path]) -> None:
        heard.set()
        wake(folders)

    watcher._woken = woken
    while not heard.is_set():
        (site.drop / "is-anybody-there.tmp").touch()
        await asyncio.sleep(0.02)
    (site.drop / "is-anybody-there.tmp").unlink()


def test_files_copied_into_the_drop_make_a_set(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=300.0) as site:
            await _is_watched(site)
            _copy_in(site)
            await site.until(lambda: site.receiver.batches)
            (batch,) = site.receiver.batches
            assert batch.contents == NIGHT
            assert not any(file.by_gateway or file.account for file in batch.files)
            assert sorted(site.receiver.names()) == sorted(NIGHT)

    story(night())


def test_the_scan_finds_what_nobody_was_woken_for(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=0.3) as site:
            site.gateway._watcher.stop()
            _copy_in(site)
            await site.until(lambda: site.receiver.batches)

    story(night())


def test_files_that_came_while_the_gateway_was_down_are_found(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.gateway.stop()
            _copy_in(site)
            await site.restart_after_stop()
            await site.until(lambda: site.receiver.batches)

    story(night())


def test_a_file_that_still_grows_has_not_arrived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(reconciling, "time", SimpleNamespace(monotonic=lambda: now_s))
    home = Home(tmp_path)
    make_private(home.drops)
    journal = Journal(home.gateway_db, home.drops)
    drop = Drop(home, DropId("springfield", "main"), journal, max_file_bytes=1000)
    drop.make_folders()
    with (home.drop("springfield") / "users.csv").open("wb") as slow:
        for _ in range(8):
            slow.write(b"x" * 100)
            slow.flush()
            assert drop.reconcile() == Found(growing={"users.csv": slow.tell()})
            now_s += 5.0
    now_s -= 4.7
    assert drop.reconcile() == Found(growing={"users.csv": 800})
    now_s += 0.2
    (arrival,) = drop.reconcile().arrivals
    assert arrival.file.size == 800
    journal.close()


def test_a_file_left_in_the_drop_is_taken_once_and_its_change_again(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            site.receiver.lends = frozenset({"classes", "enrollments"})
            _copy_in(site)
            await site.until(lambda: len(site.receiver.batches) == 1)
            (site.drop / "users.csv").rename(site.drop / "moved.csv")
            journal, drop_id = site.gateway._journal, site.attendant().drop.id
            await site.until(lambda: journal.current_of(drop_id, "moved.csv"))
            await site.looks()
            assert len(site.receiver.batches) == 1
            (site.drop / "users.csv").write_bytes(b"changed by hand")
            await site.until(lambda: len(site.receiver.batches) == 2)
            assert site.receiver.batches[1].contents == {"users.csv": b"changed by hand"}

    story(night())


def test_names_that_nobody_can_read_do_not_end_the_watch(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=0.4) as site:
            for name in (b"\xff\xfe.csv", b"new\nline.csv"):
                (site.drop / os.fsdecode(name)).write_bytes(b"x")
            await site.until(lambda: site.audit().count('"unreadable_name"') == 2)
            _copy_in(site)
            await site.until(lambda: site.receiver.batches)
            assert {file.name for file in site.receiver.batches[0].files} == set(NIGHT)

    story(night())


def test_reports_and_temp_names_and_folders_are_no_arrivals(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=0.2) as site:
            (site.home.reports("springfield") / "users.csv").write_bytes(b"x")
            _copy_in(site, **{"users.csv.part": b"x", "classes.csv~": b"x"})
            (site.drop / "enrollments.csv").mkdir()
            await site.looks()
            _copy_in(site, **{"came-later.csv": b"x"})
            await site.until(lambda: site.receiver.arrivals)
            assert site.receiver.names() == ["came-later.csv"]

    story(night())


def test_a_drop_that_was_made_again_is_watched_again(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=0.3) as site:
            await site.until(lambda: site.drop in site.gateway._watcher._folders)
            site.drop.rename(tmp_path / "away")
            await site.until(lambda: site.gateway._watcher._folders.get(site.drop, 0) == _inode_of(site.drop))
            _copy_in(site)
            await site.until(lambda: site.receiver.batches)
            await site.until(lambda: '"drop_removed", "district": "springfield", "drop": "main"' in site.audit())

    story(night())


def test_a_drop_that_is_removed_is_made_again_at_the_next_look(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=0.2) as site:
            shutil.rmtree(site.drop)
            shutil.rmtree(site.home.summaries("springfield").parent)
            await site.until(site.home.reports("springfield", test=True).is_dir)
            await site.until(site.home.summaries("springfield", test=True).is_dir)
            _copy_in(site)
            await site.until(lambda: site.receiver.batches)
            assert {record.name for record in caplog.records} <= {"sftp_gateway.drops.watching"}

    story(night())


def test_a_drop_that_was_made_again_at_once_is_watched_again_before_the_next_tick(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=300.0) as site:
            await _is_watched(site)
            shutil.rmtree(site.drop)
            site.drop.mkdir()  # on many file systems with the inode that it had
            await site.until(lambda: "A drop was removed; the watcher is started again" in caplog.messages)
            await _is_watched(site)
            _copy_in(site)
            await site.until(lambda: site.receiver.batches)
            assert site.audit().count('"drop_removed", "district": "springfield", "drop": "main"') == 1

    story(night())


def test_where_the_kernel_tells_nothing_the_watcher_looks_for_itself(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=300.0, polling=True) as site:
            await _is_watched(site)
            _copy_in(site)
            await site.until(lambda: site.receiver.batches)

    story(night())


def test_a_watcher_that_the_kernel_refuses_polls(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def refused() -> None:
        woken: list[Path] = []
        watcher = Watcher(woken.extend, woken.remove, polling=False)
        watcher.look_at({tmp_path: 0})
        most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        await asyncio.to_thread(int)  # the loop has its thread
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            running = asyncio.create_task(watcher.run())
            async with asyncio.timeout(PATIENCE_S):
                while not caplog.messages:  # noqa: ASYNC110 - the watcher says it to the log alone
                    await asyncio.sleep(0.01)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        woken.clear()
        async with asyncio.timeout(PATIENCE_S):
            while tmp_path not in woken:
                (tmp_path / "users.csv").write_bytes(os.urandom(8))
                await asyncio.sleep(0.1)
        watcher.stop()
        await running
        assert caplog.messages == [
            "The watcher ended and is started again by polling: WatchfilesRustInternalError",
        ]

    story(refused())


@pytest.mark.parametrize(
    ("says", "is_one"),
    [
        ('OS file watch limit reached. about ["/drops"] (Error { kind: MaxFilesWatch, paths: ["/drops"] })', True),
        ("Error creating recommended watcher: Too many open files (os error 24)", True),
        ("Permission denied (os error 13) about /drops", False),
        ("unhandled errors in a TaskGroup (1 sub-exception)", False),
    ],
)
def test_limits_of_the_kernel_are_told_in_words(says: str, *, is_one: bool) -> None:
    assert is_limit(OSError(says)) is is_one


def _nests(folder: Path, count: int) -> None:
    """Folders in folders as fast as the disk can make them, each with a whole night in it."""
    for number in range(count):
        below = folder / f"a{number}" / "b" / "c"
        below.mkdir(parents=True)
        for place in (below, below.parent, below.parent.parent):
            for name, content in NIGHT.items():
                (place / name).write_bytes(content)


def test_of_folders_made_at_full_speed_nothing_counts_and_all_beside_them_does(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=0.4) as site:
            beside, _ = await asyncio.gather(
                asyncio.to_thread(_storm, site.drop, 0, 300, 1), asyncio.to_thread(_nests, site.drop, 100)
            )
            await site.until(lambda: beside <= set(site.receiver.names()))
            await site.looks()
            assert isinstance(await site.step(), Wait)
            assert sorted(site.receiver.names()) == sorted(beside)
            _copy_in(site)
            await site.until(lambda: site.receiver.batches)
            assert site.receiver.batches[0].contents == dict.fromkeys(beside, b"") | NIGHT
            assert (site.drop / "a99/b/c/users.csv").read_bytes() == NIGHT["users.csv"]

    story(night())


def _storm(drop: Path, writer: int, files: int, every: int) -> set[str]:
    """Make files as fast as the disk can; the names of those that count, one in so many."""
    counting = set()
    for number in range(files):
        counts = number % every == 0
        file = drop / f"{writer}-{number}.{'txt' if counts else 'tmp'}"
        file.touch()
        if counts:
            counting.add(file.name)
    return counting


@pytest.mark.parametrize(
    ("writers", "files", "every"),
    [(2, 2_500, 500), pytest.param(6, 40_000, 100, marks=pytest.mark.soak)],
)
def test_a_storm_of_events_hides_no_file_from_the_scan(tmp_path: Path, writers: int, files: int, every: int) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=1.0) as site:
            storms = [asyncio.to_thread(_storm, site.drop, writer, files, every) for writer in range(writers)]
            counting = set(NIGHT).union(*await asyncio.gather(*storms))
            _copy_in(site)
            await site.until(lambda: counting <= set(site.receiver.names()), seconds=writers * PATIENCE_S)
            await site.until(lambda: site.receiver.batches)

    story(night())


async def _writes_slowly(file: Path, *, times: int, pause_s: float) -> None:
    with file.open("wb", buffering=0) as slow:
        for _ in range(times):
            await asyncio.to_thread(slow.write, b"x" * 1024)
            await asyncio.sleep(pause_s)


@pytest.mark.parametrize(
    ("times", "pause_s", "rule"),
    [
        (25, 0.05, replace(SOON, quiet_s=0.6)),
        pytest.param(600, 1.0, ArrivalRule(), marks=pytest.mark.soak),
    ],
)
def test_what_somebody_still_writes_to_is_never_claimed(
    tmp_path: Path, times: int, pause_s: float, rule: ArrivalRule
) -> None:
    async def night() -> None:
        async with running(tmp_path, rule=rule) as site:
            _copy_in(site, **{"classes.csv": b"c\n", "enrollments.csv": b"e\n"})
            await _writes_slowly(site.drop / "users.csv", times=times, pause_s=pause_s)
            assert not site.receiver.batches
            await site.until(lambda: site.receiver.batches, seconds=PATIENCE_S + rule.quiet_s)
            assert len(site.receiver.batches[0].contents["users.csv"]) == times * 1024

    story(night())


def test_when_the_last_scan_succeeded_is_known(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.until(lambda: site.attendant().scanned_at)
            before = site.attendant().scanned_at
            await site.until(lambda: site.attendant().scanned_at != before)

    story(night())


def test_a_drop_that_is_removed_is_made_again_when_somebody_comes_in(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=300.0) as site:
            shutil.rmtree(site.drop)
            async with site.sftp() as client:
                await write(client, "users.csv", b"u\n")
                await write(client, "test/users.csv", b"u\n")
                assert await client.listdir("reports") == []
            await site.until(lambda: len(site.receiver.arrivals) == 2)

    story(night())


def test_what_never_stops_growing_holds_no_set_back_and_is_named(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=0.1) as site:
            _copy_in(site)
            growing = asyncio.create_task(_grow(site.drop / "export.log"))
            await site.until(lambda: site.receiver.batches, 8.0)
            assert "export.log" not in {file.name for file in site.receiver.batches[0].files}
            (site.drop / "night.done").write_bytes(b"")
            (site.drop / "users.csv").write_bytes(b"alone")
            await site.until(lambda: site.receiver.shortages, 8.0)
            assert [one.name for one in site.receiver.shortages[0].interrupted] == ["export.log"]
            growing.cancel()

    story(night())


def test_a_table_that_still_grows_holds_its_set_back(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=0.1) as site:
            growing = asyncio.create_task(_grow(site.drop / "guardians.csv"))
            _copy_in(site)
            await asyncio.sleep(2.5)
            assert site.receiver.batches == []
            growing.cancel()
            await site.until(lambda: site.receiver.batches)
            assert "guardians.csv" in {file.name for file in site.receiver.batches[0].files}

    story(night())


async def _grow(file: Path) -> None:
    with file.open("wb", buffering=0) as slow:
        while True:
            slow.write(b"x")
            await asyncio.sleep(0.02)
