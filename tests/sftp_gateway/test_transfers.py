"""Requests one by one, as real clients send them and as hostile ones do (reference 2.3, 2.5)."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncssh
import paramiko
import pytest
from asyncssh import constants
from asyncssh.packet import String, UInt32, UInt64

from tests.sftp_gateway.harness import PASSWORD, Site, account, refused, running, story, write

TOP = "Put files at the top of the drop; nothing takes them from folders"


async def raw(client: asyncssh.SFTPClient, request: int | bytes, *parts: bytes) -> Any:
    return await client._handler._make_request(request, *parts)


def handle_of(file: asyncssh.SFTPClientFile) -> bytes:
    assert file._handle is not None
    return String(file._handle)


def test_winscp_writes_a_temp_file_removes_the_target_and_renames(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", b"last night")
            await write(client, "users.csv.filepart", b"tonight")
            assert site.receiver.names() == ["users.csv"]
            await client.remove("users.csv")
            await client.rename("users.csv.filepart", "users.csv")
            await client.setstat("users.csv", asyncssh.SFTPAttrs(atime=10, mtime=20, permissions=0o644))
            assert (await client.stat("users.csv")).mtime == 20
            await site.until(lambda: site.receiver.names() == ["users.csv", "users.csv"])
            assert (site.drop / "users.csv").read_bytes() == b"tonight"

    story(night())


def test_a_plain_rename_never_replaces_and_a_posix_rename_does(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", b"old")
            await write(client, "users.csv.0a1b2c3d.partial", b"new")
            error = await refused(client.rename("users.csv.0a1b2c3d.partial", "users.csv"))
            assert (error.code, error.reason) == (constants.FX_FAILURE, "It exists already")
            assert (site.drop / "users.csv").read_bytes() == b"old"
            await client.posix_rename("users.csv.0a1b2c3d.partial", "users.csv")
            assert (site.drop / "users.csv").read_bytes() == b"new"

    story(night())


def test_a_rename_stays_inside_its_drop(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            site.accounts["both"] = account("both", "vendor", "springfield", "shelbyville")
            async with site.sftp("both") as client:
                await write(client, "springfield/users.csv", b"x")
                for target in ("shelbyville/users.csv", "springfield/test/users.csv"):
                    error = await refused(client.posix_rename("springfield/users.csv", target))
                    assert error.reason == "A rename stays inside one drop"
                    error = await refused(client.rename("springfield/users.csv", "users.csv"))
                    assert error.reason == "Put files into the folder of their district; nothing is taken here"

    story(night())


def test_one_writer_a_path(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as first, site.sftp("office") as second:
            file = await first.open("users.csv", "wb")
            assert "in use" in (await refused(second.open("users.csv", "wb"))).reason
            await file.close()
            await write(second, "users.csv", b"now it is free")

    story(night())


def test_what_a_batch_has_linked_never_changes(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", b"0123456789")
            linked = site.home.root / "linked"
            linked.hardlink_to(site.drop / "users.csv")
            await write(client, "users.csv", b"ab", "ab")
            assert (site.drop / "users.csv").read_bytes() == b"0123456789ab"
            async with client.open("users.csv", "r+b") as file:
                await file.write(b"X", 0)
            await client.truncate("users.csv", 5)
            assert (site.drop / "users.csv").read_bytes() == b"X1234"
            assert linked.read_bytes() == b"0123456789"
            await site.until(lambda: len(site.receiver.arrivals) == 4)

    story(night())


def test_a_file_that_is_opened_and_left_alone_is_no_arrival(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", b"x")
            async with client.open("users.csv", "ab"):
                pass
            await client.truncate("users.csv", 1)
            await client.utime("users.csv", (1, 2))
            await site.gateway._news.join()
            assert site.receiver.names() == ["users.csv"]

    story(night())


def test_an_empty_file_arrives(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.puts(users=b"")
            await site.until(lambda: site.receiver.arrivals)
            assert site.receiver.arrivals[0].file.size == 0

    story(night())


def test_modes_are_ours_and_times_are_only_shown(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            attrs = asyncssh.SFTPAttrs(permissions=0o6777, atime=1, mtime=2)
            async with client.open("users.csv", "wb", attrs) as file:
                await file.write(b"x")
            await client.chmod("users.csv", 0o6777)
            await client.chown("users.csv", 1, 1)
            state = (site.drop / "users.csv").stat()
            assert state.st_mode & 0o7777 == 0o600
            assert (state.st_uid, int(state.st_mtime) > 2) == (os.getuid(), True)
            shown = await client.stat("users.csv")
            assert (shown.atime, shown.mtime) == (1, 2)
            await write(client, "users.csv", b"y")
            assert (await client.stat("users.csv")).mtime != 2

    story(night())


def test_padding_after_the_data_is_ignored(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            file = await client.open("users.csv", "wb")
            await raw(client, constants.FXP_WRITE, handle_of(file), UInt64(0), String(b"data"), b"\0" * 99)
            await file.close()
            assert (site.drop / "users.csv").read_bytes() == b"data"

    story(night())


def test_packets_in_any_order_make_the_file(tmp_path: Path) -> None:
    async def night() -> None:
        content = os.urandom(3_000_000)
        async with running(tmp_path) as site, site.sftp() as client:
            async with client.open("users.csv", "wb") as file:
                for start in range(2_900_000, -1, -100_000):
                    await file.write(content[start : start + 100_000], start)
            assert (site.drop / "users.csv").read_bytes() == content

    story(night())


NOT_OFFERED: list[tuple[int | bytes, tuple[bytes, ...]]] = [
    (constants.FXP_SYMLINK, (String("a"), String("b"))),
    (constants.FXP_READLINK, (String("a"),)),
    (constants.FXP_LINK, (String("a"), String("b"), b"\0")),
    (b"hardlink@openssh.com", (String("a"), String("b"))),
    (b"copy-data", (String("0"), UInt64(0), UInt64(0), String("0"), UInt64(0))),
    (b"ranges@asyncssh.com", (String("0"), UInt64(0), UInt64(0))),
    (b"fstatvfs@openssh.com", (String("0"),)),
    (b"nobody@example.org", ()),
    (99, ()),
]


def test_links_copies_and_ranges_are_not_offered(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            for request, parts in NOT_OFFERED:
                assert (await refused(raw(client, request, *parts))).code == constants.FX_OP_UNSUPPORTED
            assert await client.exists("reports")

    story(night())


def test_names_that_nobody_can_use_are_refused(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "ok.csv", b"x")
            for path in (b"a\0b", b"a\nb", b"\xff.csv", b"x" * 300, b"a\x1bb"):
                for request in (client.open(path, "wb"), client.mkdir(path), client.rename(b"ok.csv", path)):
                    error = await refused(request)
                    assert "name" in error.reason
                    assert str(site.home.root) not in error.reason

    story(night())


def test_a_file_larger_than_allowed_is_refused_by_place_and_is_no_arrival(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, server={"max_file_bytes": 1000}) as site, site.sftp() as client:
            file = await client.open("users.csv", "wb")
            await file.write(b"x" * 1000)
            for offset in (1000, 2**40, 2**63, 2**64 - 1):
                assert "larger" in (await refused(file.write(b"y", offset))).reason
            assert "larger" in (await refused(file.close())).reason
            await site.until(lambda: site.receiver.interruptions)
            assert not site.receiver.arrivals
            assert (await refused(client.truncate("other.csv", 5))).code == 2

    story(night())


def test_a_planted_link_is_never_followed(tmp_path: Path) -> None:
    async def night() -> None:
        (tmp_path / "secret").write_bytes(b"secret")
        async with running(tmp_path) as site, site.sftp("office") as client:
            (site.drop / "link").symlink_to(tmp_path / "secret")
            (site.drop / "folder").symlink_to(tmp_path)
            os.mkfifo(site.drop / "pipe")
            for path in ("link", "folder/secret", "folder", "pipe"):
                assert (await refused(client.stat(path))).code == 2
                assert (await refused(client.open(path, "rb"))).code == 2
            assert (await refused(client.open("folder/x", "wb"))).code == 3
            assert sorted(await client.listdir()) == ["reports", "test"]
            await write(client, "link", b"mine")
            assert (tmp_path / "secret").read_bytes() == b"secret"

    story(night())


def test_a_session_has_64_handles(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            held = [await client.open(f"{number}.csv", "wb") for number in range(64)]
            assert "Too many" in (await refused(client.open("one-more.csv", "wb"))).reason
            await held[0].close()
            await write(client, "one-more.csv", b"x")
            for file in held[1:]:
                await file.close()

    story(night())


def test_a_read_brings_at_most_256_kib(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp("office") as client:
            (site.home.reports("springfield") / "report.json").write_bytes(b"x" * 1_000_000)
            file = await client.open("reports/report.json", "rb")
            data, _ = await raw(client, constants.FXP_READ, handle_of(file), UInt64(0), UInt32(2**30))
            assert len(data) == 256 * 1024
            assert len(await file.read()) == 1_000_000

    story(night())


def test_making_a_folder_that_is_there_is_a_plain_failure(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            for path in ("reports", "test", "/", "test/reports"):
                error = await refused(client.mkdir(path))
                assert (error.code, error.reason) == (constants.FX_FAILURE, "It exists already")

    story(night())


def test_files_go_to_the_top_of_the_drop_or_nowhere(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            (site.drop / "own").mkdir()
            await write(client, "users.csv", b"x")
            for request in (
                client.open("own/users.csv", "wb"),
                client.open("nowhere/users.csv", "wb"),
                client.open("test/own/users.csv", "wb"),
                client.rename("users.csv", "own/users.csv"),
                client.posix_rename("users.csv", "own/users.csv"),
            ):
                error = await refused(request)
                assert (error.code, error.reason[:32]) == (constants.FX_PERMISSION_DENIED, TOP[:32])
            for path, reason in (("new", TOP), ("test/new", TOP), ("own", "It exists already")):
                error = await refused(client.mkdir(path))
                assert (error.code, error.reason) == (constants.FX_FAILURE, reason)

    story(night())


def test_a_client_that_makes_its_folders_blindly_still_delivers(tmp_path: Path) -> None:
    async def night() -> None:
        source = tmp_path / "export"
        source.mkdir()
        for table in ("users", "classes", "enrollments"):
            (source / f"{table}.csv").write_bytes(b"x")
        async with running(tmp_path) as site, site.sftp() as client:
            with suppress(asyncssh.SFTPFailure):
                await client.mkdir("/")
            await client.put([str(file) for file in source.iterdir()], "/")
            await site.until(lambda: site.receiver.batches)

    story(night())


def test_a_folder_that_is_not_there_cannot_be_listed(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            assert (await refused(client.listdir("nowhere"))).code == 2

    story(night())


def test_a_folder_that_was_made_by_other_means_can_be_emptied_and_removed(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            (site.drop / "own").mkdir()
            (site.drop / "own" / "a.csv").write_bytes(b"x")
            assert await client.listdir("own") == ["a.csv"]
            assert (await refused(client.rmdir("own"))).reason == "The folder is not empty"
            await client.remove("own/a.csv")
            await client.rmdir("own")

    story(night())


def test_paramiko_puts_confirms_and_dates_a_file(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await asyncio.to_thread(_push_with_paramiko, site, tmp_path)
            assert (site.drop / "users.csv").read_bytes() == b"from paramiko"
            await site.until(lambda: site.receiver.names() == ["users.csv", "classes.csv"])

    story(night())


def _push_with_paramiko(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_bytes(b"from paramiko")
    with paramiko.SSHClient() as ssh:
        ssh.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        ssh.connect("127.0.0.1", site.port, "acme", PASSWORD, allow_agent=False, look_for_keys=False)
        with ssh.open_sftp() as client:
            assert client.put(str(source), "users.csv", confirm=True).st_size == 13
            client.utime("users.csv", (100, 200))
            client.chmod("users.csv", 0o644)
            assert client.stat("users.csv").st_mtime == 200
            assert {entry.filename for entry in client.listdir_attr()} == {"users.csv", "reports", "test"}
            client.put(str(source), "c.tmp")
            client.posix_rename("c.tmp", "classes.csv")
            with pytest.raises(OSError, match="exists"):
                client.rename("classes.csv", "users.csv")
            with client.open("users.csv") as file:
                assert file.read() == b"from paramiko"
