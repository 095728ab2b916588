"""What a drop may hold and take: refused before a byte is written, in words that say what to do (reference 2.3, 13)."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.profiles import Quota
from config.settings import Limits
from sftp_gateway.drops.quotas import Grant, Holding, grant
from sftp_gateway.statuses import Refusal
from tests.sftp_gateway.harness import Site, refused, running, site_at, story, write
from tests.sftp_gateway.test_claims import MAIN, NEW, processes

FULL = "The drop is full, it may hold 1,000 bytes: remove files that are not needed or ask for a larger quota"


def limited(site: Site, **quota: int) -> None:
    site.districts["springfield"] = replace(site.districts["springfield"], quota=Quota(**quota))


async def reason(request: Any) -> str:
    return (await refused(request)).reason


def test_a_full_drop_refuses_by_place_what_stood_there_stays_and_the_upload_is_interrupted(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            limited(site, bytes=1000)
            await site.asks_for_districts()
            await write(client, "users.csv", b"x" * 400)
            file = await client.open("users.csv", "wb")
            await file.write(b"y" * 600)
            for offset in (1000, 2**40, 2**63 - 1, 2**63, 2**64 - 2):
                assert (await reason(file.write(b"y", offset))).startswith(
                    FULL if offset < 2**63 else "The drop is full"
                )
            assert (await reason(file.close())).startswith(FULL)
            await site.until(lambda: site.receiver.interruptions)
            assert [cut.size for cut in site.receiver.interruptions] == [600]
            assert (site.drop / "users.csv").read_bytes() == b"x" * 400
            assert all(hidden.stat().st_size <= 1000 for hidden in site.home.uploads.iterdir())
            await client.remove("users.csv")
            await write(client, "users.csv", b"z" * 1000)
            assert (site.drop / "users.csv").stat().st_size == 1000

    story(night())


def test_every_way_to_grow_a_file_is_held_by_the_quota(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            limited(site, bytes=1000)
            await site.asks_for_districts()
            await write(client, "users.csv", b"x" * 600)
            assert (await reason(client.truncate("users.csv", 1001))).startswith(FULL)
            for mode in ("r+b", "ab"):
                file = await client.open("users.csv", mode)
                assert (await reason(file.write(b"y" * 401, 600))).startswith(FULL)
                assert (await reason(file.close())).startswith(FULL)
            file = await client.open("classes.csv", "wb")
            await file.write(b"c")
            assert (await reason(file.truncate(401))).startswith(FULL)
            assert (await reason(file.write(b"c"))).startswith(FULL)
            assert (await reason(file.close())).startswith(FULL)
            (site.drop / "own").mkdir()
            (site.drop / "own" / "a.csv").write_bytes(b"x" * 500)
            assert (await reason(client.rename("own/a.csv", "a.csv"))).startswith(FULL)
            assert (site.drop / "users.csv").read_bytes() == b"x" * 600
            assert sorted(await client.listdir()) == ["classes.csv", "own", "reports", "test", "users.csv"]

    story(night())


@pytest.mark.parametrize("name", ["users.csv", "users.csv.part"])
def test_a_full_drop_takes_the_next_night_in_the_place_of_the_last(tmp_path: Path, name: str) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            limited(site, bytes=1000)
            await site.asks_for_districts()
            await write(client, "users.csv", b"x" * 600)
            await write(client, "classes.csv", b"x" * 400)
            file = await client.open(name, "wb")
            await file.write(b"y" * 600)
            if name == "users.csv":  # two at a time under their own names: each takes the place of its own
                async with client.open("classes.csv", "wb") as other:
                    await other.write(b"y" * 400)
            await file.close()
            if name != "users.csv":
                await client.posix_rename(name, "users.csv")
            assert (site.drop / "users.csv").read_bytes() == b"y" * 600
            assert (await reason(write(client, "more.csv", b"z"))).startswith(FULL)

    story(night())


def test_a_drop_holds_so_many_files_and_one_that_stands_may_come_again(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            limited(site, files=2)
            await site.asks_for_districts()
            await site.puts(users=b"u")
            half = await client.open("classes.csv", "wb")
            third = await reason(client.open("enrollments.csv", "wb"))
            assert third.startswith("The drop is full, it may hold 2 files")
            await half.close()
            await write(client, "users.csv", b"again")
            await client.rename("classes.csv", "other.csv")
            await client.remove("other.csv")
            await write(client, "enrollments.csv", b"e")

    story(night())


def test_a_drop_takes_so_many_bytes_a_day_however_often_they_are_replaced(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            limited(site, daily_bytes=1000)
            await site.asks_for_districts()
            await site.puts(users=b"x" * 600)
            file = await client.open("users.csv", "wb")
            await file.write(b"y" * 200, 0)
            await file.write(b"y" * 200, 0)
            assert "takes 1,000 bytes a day: send again after midnight UTC" in await reason(file.write(b"z", 0))
            assert "a day" in await reason(file.close())
            async with site.sftp("office") as other:
                assert "a day" in await reason(write(other, "test/users.csv", b"x" * 1001))  # a drop of its own
                await write(other, "test/classes.csv", b"x" * 1000)
            limited(site, daily_bytes=2000)
            await site.asks_for_districts()
            await site.puts(users=b"z" * 1000)

    story(night())


def test_no_upload_touches_what_of_the_disk_is_kept_for_reports(tmp_path: Path) -> None:
    async def night() -> None:
        site = site_at(tmp_path)
        disk = os.statvfs(tmp_path)
        # A reserve that leaves uploads some twenty megabytes, whatever others write meanwhile.
        reserve = disk.f_bavail * disk.f_frsize - 20_000_000
        site.settings = replace(site.settings, limits=Limits(reserve_bytes=reserve))
        site.gateway = site._new_gateway()
        await site.gateway.start()
        async with site.sftp() as client:
            await write(client, "users.csv", b"whole")
            file = await client.open("users.csv", "wb")
            await file.write(b"x" * 1000)
            assert "no space left" in await reason(file.write(b"x", 30_000_000))
            assert "no space left" in await reason(file.close())
            await site.until(lambda: site.receiver.interruptions)
            assert (site.drop / "users.csv").read_bytes() == b"whole"
            (site.home.reports("springfield") / "latest.txt").write_bytes(b"reports are not held by it")
        await site.gateway.stop(grace_s=0.0)
        site.settings = replace(site.settings, limits=Limits(reserve_bytes=2**60))
        await site.restart_after_stop()
        async with site.sftp() as client:
            assert "no space left" in await reason(client.open("classes.csv", "wb"))
            await client.remove("users.csv")
        await site.gateway.stop(grace_s=0.0)

    story(night())


def test_the_file_system_that_a_client_sees_is_the_quota(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            limited(site, bytes=512 * 100, files=10)
            await site.asks_for_districts()
            await site.puts(users=b"x" * 512 * 30)
            for path in ("/", "users.csv", "reports"):
                seen = await client.statvfs(path)
                assert (seen.frsize, seen.blocks, seen.bfree, seen.bavail) == (512, 100, 70, 70)
                assert (seen.files, seen.ffree, seen.favail) == (10, 9, 9)
            assert (await client.statvfs("test")).bfree == 100
            limited(site, bytes=512 * 20, files=1)  # less than it holds
            await site.asks_for_districts()
            seen = await client.statvfs("/")
            assert (seen.blocks, seen.bfree, seen.ffree) == (20, 0, 0)

    story(night())


def test_two_processes_never_give_the_same_room_twice(tmp_path: Path) -> None:
    one, two = processes(tmp_path, Quota(bytes=3 * 2**20))
    first = one.drop.open_for_writing(("users.csv",), NEW, "acme")
    second = two.drop.open_for_writing(("classes.csv",), NEW, "acme")
    first.get_room(0, 2**20)
    second.get_room(0, 2**20)
    with pytest.raises(Refusal, match="full"):
        first.get_room(2 * 2**20, 1)
    assert one.journal.holding(MAIN, "", datetime.now(UTC)).bytes <= 3 * 2**20
    one.drop.interrupt(first)
    second.get_room(0, 3 * 2**20)


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_what_is_granted_is_what_was_asked_for_or_more_and_never_over_the_quota(
    most: int, held: int, place: int, received: int, amount: int
) -> None:
    quota = Quota(bytes=most, daily_bytes=most)
    try:
        granted = grant(
            quota, Holding(held, 0, stands=False, received=received), Grant(place, amount), growth=0, free=2**40
        )
    except Refusal:
        assert held + place > most or received + amount > most
    else:
        assert place <= granted.place <= most - held
        assert amount <= granted.amount <= most - received
