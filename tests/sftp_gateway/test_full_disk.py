"""A disk that is really full: a small file system of its own, which only root may mount (reference 7, 40)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from config.settings import Limits
from tests.sftp_gateway.harness import Site, cut_off, refused, running, site_at, story, write

pytestmark = pytest.mark.system

_SIZE = 24 * 2**20
FULL = "There is no space left; the upload is not complete"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mounted = (
        bool(shutil.which("mount"))
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(tmp_path)], check=False, capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("a tmpfs cannot be mounted here")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def site_on(disk: Path, *, reserve_bytes: int) -> Site:
    site = site_at(disk)
    site.settings = replace(site.settings, limits=Limits(reserve_bytes=reserve_bytes))
    site.gateway = site._new_gateway()
    return site


def test_a_full_disk_interrupts_the_upload_and_reports_are_written_from_the_reserve(small_disk: Path) -> None:
    async def night() -> None:
        site = site_on(small_disk, reserve_bytes=8 * 2**20)
        await site.gateway.start()
        async with site.sftp() as client:
            await write(client, "users.csv", b"whole")
            file = await client.open("users.csv", "wb")
            with pytest.raises(asyncssh.SFTPFailure, match=FULL):
                for number in range(30):
                    await file.write(b"x" * 2**20, number * 2**20)
            assert (await refused(file.close())).reason == FULL
            await site.until(lambda: site.receiver.interruptions)
            assert (site.drop / "users.csv").read_bytes() == b"whole"
            (site.home.reports("springfield") / "latest.txt").write_bytes(b"r" * 4 * 2**20)
            await client.remove("users.csv")  # takes the half of it along
            await write(client, "users.csv", b"y" * 2**20)
        await site.gateway.stop(grace_s=0.0)

    story(night())


def test_a_disk_that_somebody_else_filled_to_its_last_byte_is_told_and_recovered_from(small_disk: Path) -> None:
    async def night() -> None:
        site = site_on(small_disk, reserve_bytes=0)
        await site.gateway.start()
        async with site.sftp() as client:
            await write(client, "classes.csv", b"whole")
            file = await client.open("users.csv", "wb")
            await file.write(b"x" * 2**20)
            filler = small_disk / "filler"
            with filler.open("wb", buffering=0) as other:
                while other.write(b"f" * os.statvfs(small_disk).f_frsize * 16) and os.statvfs(small_disk).f_bavail > 0:
                    pass
            assert (await refused(file.write(b"x" * 2**22, 2**20))).reason == FULL
            assert (await refused(file.close())).reason == FULL
            assert (await refused(client.open("enrollments.csv", "wb"))).reason in {
                FULL,
                "The server could not do that",
            }
            assert (site.drop / "classes.csv").read_bytes() == b"whole"
            assert not (site.drop / "users.csv").exists()
            filler.unlink()
            await site.until(site.attendant().drop.interrupted)
            await write(client, "users.csv", b"y" * 2**20)
            assert (site.drop / "users.csv").read_bytes() == b"y" * 2**20
        await site.gateway.stop(grace_s=0.0)

    story(night())


@pytest.mark.parametrize("partial", [False, True])
def test_removing_makes_room_where_not_even_the_journal_can_be_written(small_disk: Path, *, partial: bool) -> None:
    async def night() -> None:
        site = site_on(small_disk, reserve_bytes=0)
        await site.gateway.start()
        async with site.sftp() as client:
            await write(client, "users.csv", b"x" * 2**21)
            if partial:
                await cut_off(site, b"y" * 2**21)
            with (small_disk / "filler").open("wb", buffering=0) as other, suppress(OSError):
                while other.write(b"f" * os.statvfs(small_disk).f_frsize):
                    pass
            await client.remove("users.csv")
            assert not (site.drop / "users.csv").exists()
            assert not list(site.home.uploads.iterdir())
            await site.until(lambda: not site.attendant().drop.listing())
            await write(client, "users.csv", b"z" * 2**20)
        await site.gateway.stop(grace_s=0.0)

    story(night())


def test_removing_needs_no_journal(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", b"x")
            await cut_off(site, b"y")
            journal = site.gateway._journal._db.conn
            journal.execute("pragma query_only = on")  # no statement can write, as on a disk that stays full
            await client.remove("users.csv")
            assert not (site.drop / "users.csv").exists()
            assert not list(site.home.uploads.iterdir())
            journal.execute("pragma query_only = off")
            await site.looks()
            assert site.attendant().drop.new() == ()
            assert site.attendant().drop.interrupted() == ()

    story(night())
