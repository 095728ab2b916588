"""Files that are put into a drop by other means than SFTP (reference 4; 7, 25 to 28)."""

import asyncio
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.home import Home
from sftp_gateway import attending, reconciling
from sftp_gateway.arrivals import DropId, Journal
from sftp_gateway.drops import Drop
from sftp_gateway.folders import make_private
from sftp_gateway.reconciling import Found
from tests.sftp_gateway.harness import Site, running, story, write

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
            assert drop.reconcile() == Found(unstable=True)
            now_s += 5.0
    now_s -= 4.7
    assert drop.reconcile() == Found(unstable=True)
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
            site.drop.rename(tmp_path / "away")
            await site.until(lambda: site.gateway._watcher._folders.get(site.drop, 0) == _inode_of(site.drop))
            _copy_in(site)
            await site.until(lambda: site.receiver.batches)

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
            assert not caplog.records

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
