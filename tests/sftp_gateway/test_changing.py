"""Files that are replaced, renamed, dated and changed after they stood there (reference 7, 7, 12, 14, 24)."""

import asyncio
import hashlib
import threading
from pathlib import Path

import asyncssh

from config.tables import TableName
from sftp_gateway import ArrivedFile, DropName
from sftp_gateway.sets.completeness import Take, Wait
from tests.sftp_gateway.harness import Recorder, Site, refused, running, story, write

NIGHT = {"users": b"u" * 5000, "classes": b"c", "enrollments": b"e"}


def test_the_gap_between_removing_a_file_and_renaming_the_new_one_is_no_missing_table(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=60.0) as site, site.sftp() as client:
            for table, content in NIGHT.items():
                await write(client, f"{table}.csv", content)
            await write(client, "users.csv.filepart", b"newer")
            await client.remove("users.csv")
            await site.looks()
            assert await site.step() == Wait()  # without users, however long it is quiet
            await client.rename("users.csv.filepart", "users.csv")
            assert isinstance(await site.step(quiet_s=0.0), Wait)  # what still comes may still come
            step = await site.step()
            assert isinstance(step, Take)
            assert {file.name: file.size for file in step.files}["users.csv"] == 5

    story(night())


def test_a_posix_rename_replaces_without_a_moment_in_which_the_name_is_gone(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", b"0")
            done, seen = threading.Event(), set[bytes]()
            watching = threading.Thread(target=_read_until, args=(site.drop / "users.csv", done, seen))
            watching.start()
            try:
                for number in range(1, 30):
                    await write(client, "users.csv.part", b"%d" % number)
                    await client.posix_rename("users.csv.part", "users.csv")
                    await write(client, "users.csv", b"%d" % number)
            finally:
                done.set()
                watching.join()
            assert len(seen) > 1
            assert b"" not in seen

    story(night())


def _read_until(file: Path, done: threading.Event, seen: set[bytes]) -> None:
    while not done.is_set():
        try:
            seen.add(file.read_bytes())
        except FileNotFoundError:
            seen.add(b"")


class Freezing(Recorder):
    """A receiver that links what it takes, as the service does."""

    def __init__(self, batches: Path) -> None:
        super().__init__()
        self._folder = batches

    async def complete(
        self, district: str, drop: DropName, files: tuple[ArrivedFile, ...], carried: frozenset[TableName]
    ) -> int:
        number = await super().complete(district, drop, files, carried)
        for file in files:
            (self._folder / f"{number}-{file.name}").hardlink_to(file.path)
        return number


async def _appends(client: asyncssh.SFTPClient) -> None:
    await write(client, "users.csv", b"more", "ab")


async def _writes_into(client: asyncssh.SFTPClient) -> None:
    async with client.open("users.csv", "r+b") as file:
        await file.write(b"X", 100)


async def _cuts(client: asyncssh.SFTPClient) -> None:
    await client.truncate("users.csv", 10)


async def _opens_anew(client: asyncssh.SFTPClient) -> None:
    await write(client, "users.csv", b"anew")


async def _is_cut_off_while_it_changes(client: asyncssh.SFTPClient) -> None:
    file = await client.open("users.csv", "r+b")
    await file.write(b"Y", 0)
    client.exit()


def test_what_a_batch_has_frozen_keeps_its_hash_whatever_clients_do_to_the_file(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            frozen = site.home.root / "frozen"
            frozen.mkdir()
            await _receive_with(site, Freezing(frozen))
            await site.puts(**NIGHT)
            await site.until(lambda: site.receiver.batches)
            linked = frozen / "1-users.csv"
            for change in (_writes_into, _appends, _cuts, _opens_anew, _is_cut_off_while_it_changes):
                async with site.sftp() as client:
                    await change(client)
                assert _sha256(linked) == hashlib.sha256(NIGHT["users"]).hexdigest(), change.__name__
            await site.puts(**NIGHT)
            await site.until(lambda: len(site.receiver.batches) > 1)
            assert site.receiver.batches[-1].contents["users.csv"] == NIGHT["users"]

    story(night())


async def _receive_with(site: Site, receiver: Recorder) -> None:
    site.receiver = receiver
    await site.gateway.stop(grace_s=0.0)
    site.gateway = site._new_gateway()
    await site.gateway.start()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_times_that_a_client_sets_are_shown_and_order_nothing(tmp_path: Path) -> None:
    async def nights() -> None:
        async with running(tmp_path) as site:
            async with site.sftp() as client:
                await write(client, "user.csv", b"older")
                await client.utime("user.csv", (4_070_908_800, 4_070_908_800))  # 2099
                await write(client, "users.csv", b"newer")
                await client.utime("users.csv", (0, 0))  # 1970
                await write(client, "classes.csv", b"c")
                await write(client, "enrollments.csv", b"e")
                assert (await client.stat("user.csv")).mtime == 4_070_908_800
            await site.until(lambda: site.receiver.batches)
            used = {file.table: file.name for file in site.receiver.batches[0].files if not file.unexpected}
            assert used["users"] == "users.csv"
            await site.restart()
            async with site.sftp() as client:
                assert (await client.stat("users.csv")).mtime == 0
                assert {entry.filename: entry.attrs.mtime for entry in await client.readdir()}["users.csv"] == 0
            await asyncio.sleep(0.5)
            assert len(site.receiver.batches) == 1

    story(nights())


def test_a_plain_rename_over_a_file_changes_neither(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", b"old")
            await write(client, "users.csv.part", b"new")
            before = {file.name: (file.read_bytes(), file.stat().st_ino) for file in site.drop.glob("users*")}
            assert (await refused(client.rename("users.csv.part", "users.csv"))).reason == "It exists already"
            assert before == {file.name: (file.read_bytes(), file.stat().st_ino) for file in site.drop.glob("users*")}

    story(night())


def test_a_file_that_is_renamed_to_its_own_name_keeps_its_times(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", b"u")
            await client.utime("users.csv", (1, 2))
            await client.posix_rename("users.csv", "users.csv")
            assert (await client.stat("users.csv")).mtime == 2

    story(night())
