"""A disk that is really full: a small file system of its own, which only root may mount (reference 7, 40)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from config.settings import Limits
from tests.sftp_gateway.harness import Site, refused, site_at, story, write

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
