"""Folders of many files, and files that vanish while somebody looks (reference 2.3, 11 and 19; 7, 41)."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sftp_gateway.harness import running, story

_MANY = 4000


@contextmanager
def removing(folder: Path, names: list[str]) -> Iterator[None]:
    """Remove files one after the other, and make them again, as long as somebody looks."""
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            for name in names:
                (folder / name).unlink()
            for name in names:
                (folder / name).touch()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_listing_survives_files_that_vanish(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=60.0) as site, site.sftp("office") as client:
            folder = site.home.reports("springfield") / "receipts"
            folder.mkdir(mode=0o700)
            names = [f"{number}.json" for number in range(300)]
            for name in names:
                (folder / name).touch()
            (folder / "stays.json").touch()
            with removing(folder, names):
                for _ in range(8):
                    assert "stays.json" in await client.listdir("reports/receipts")
                    assert await client.exists("reports/receipts/stays.json")

    story(night())


@pytest.mark.parametrize("count", [2_000, pytest.param(50_000, marks=pytest.mark.soak)])
def test_a_folder_that_is_emptied_is_listed_until_nothing_is_left(tmp_path: Path, count: int) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=60.0) as site, site.sftp("office") as client:
            folder = site.home.reports("springfield") / "receipts"
            folder.mkdir(mode=0o700)
            for number in range(count):
                (folder / f"{number}.json").touch()
            assert len(await client.listdir("reports/receipts")) == count
            emptying = asyncio.create_task(asyncio.to_thread(_empty, folder))
            seen = {len(await client.listdir("reports/receipts"))}
            while not emptying.done():
                seen.add(len(await client.listdir("reports/receipts")))
            assert await client.listdir("reports/receipts") == []
            assert max(seen) <= count

    story(night())


def _empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def test_a_bystander_goes_on_while_somebody_lists_a_huge_folder(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=60.0) as site, site.sftp("office") as lister, site.sftp() as bystander:
            folder = site.home.reports("springfield") / "receipts"
            folder.mkdir(mode=0o700)
            for number in range(_MANY):
                (folder / f"20261124T0211{number:06}-users.csv.json").touch()
            listing, began_s = asyncio.create_task(lister.listdir("reports/receipts")), time.monotonic()
            waits_s = []
            while not listing.done():
                asked_s = time.monotonic()
                await bystander.stat("/")
                waits_s.append(time.monotonic() - asked_s)
            took_s = time.monotonic() - began_s
            assert len(await listing) == _MANY
            assert len(waits_s) > 10
            assert max(waits_s) < max(took_s / 3, 1.0)  # never for as long as the listing takes, on any machine

    story(night())
