"""What accounts see and may do: drops, reports with values and masked, rights."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.sftp_gateway.harness import SOON, Site, account, refused, running, story, write


def _with_reports(site: Site) -> None:
    for folder, text in (
        (site.home.reports("springfield"), b"real"),
        (site.home.summaries("springfield"), b"masked"),
        (site.home.reports("springfield", test=True), b"real test"),
        (site.home.summaries("springfield", test=True), b"masked test"),
    ):
        (folder / "latest.txt").write_bytes(text)


async def _read(client: asyncssh.SFTPClient, path: str) -> bytes:
    async with client.open(path, "rb") as file:
        content = await file.read()
        assert isinstance(content, bytes)
        return content


@pytest.mark.parametrize(("who", "seen"), [("acme", "masked"), ("office", "real")])
def test_the_vendor_sees_masked_reports_and_the_district_the_real_ones(tmp_path: Path, who: str, seen: str) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.sftp(who) as client:
            _with_reports(site)
            assert await _read(client, "reports/latest.txt") == seen.encode()
            assert await _read(client, "test/reports/latest.txt") == f"{seen} test".encode()
            assert await client.listdir("reports") == ["latest.txt"]
            assert await client.listdir("test") == ["reports"]

    story(visit())


def test_an_account_without_reports_sees_no_such_folder(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site:
            _with_reports(site)
            site.accounts["blind"] = account("blind", rights=frozenset({"upload"}))
            async with site.sftp("blind") as client:
                assert await client.listdir() == ["test"]
                assert not await client.exists("reports")
                assert (await refused(client.open("reports/latest.txt", "rb"))).code == 2
                assert (await refused(client.open("reports/latest.txt", "wb"))).code == 3

    story(visit())


def test_an_account_of_many_districts_sees_a_folder_for_each(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site:
            site.accounts["both"] = account("both", "vendor", "springfield", "shelbyville")
            async with site.sftp("both") as client:
                assert await client.listdir("/") == ["springfield", "shelbyville"]
                assert sorted(await client.listdir("shelbyville")) == ["reports", "test"]
                await write(client, "shelbyville/users.csv", b"x")
                for request in (
                    client.open("users.csv", "wb"),
                    client.mkdir("ogdenville"),
                    client.rename("shelbyville/users.csv", "users.csv"),
                ):
                    error = await refused(request)
                    assert error.code == 3
                    assert error.reason == "Put files into the folder of their district; nothing is taken here"
                assert (await refused(client.open("ogdenville/users.csv", "wb"))).code == 2
                assert (await refused(client.stat("users.csv"))).code == 2
                assert (await refused(client.mkdir("shelbyville"))).reason == "It exists already"
            await site.until(lambda: [arrival.district for arrival in site.receiver.arrivals] == ["shelbyville"])

    story(visit())


def test_reports_cannot_be_written(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.sftp("office") as client:
            _with_reports(site)
            for request in (
                client.open("reports/mine.txt", "wb"),
                client.open("reports/latest.txt", "ab"),
                client.mkdir("reports/mine"),
                client.truncate("reports/latest.txt", 0),
                client.open("test/reports/latest.txt", "wb"),
            ):
                assert (await refused(request)).code == 3
            await write(client, "users.csv", b"x")
            assert (await refused(client.posix_rename("users.csv", "reports/latest.txt"))).code == 3

    story(visit())


@pytest.mark.parametrize("who", ["acme", "office"])
def test_reports_look_read_only_and_belong_to_nobody_of_this_machine(tmp_path: Path, who: str) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.sftp(who) as client:
            _with_reports(site)
            await write(client, "users.csv", b"x")
            names = {entry.filename: str(entry.longname)[:10] for entry in await client.readdir(".")}
            assert names == {"users.csv": "-rw-------", "reports": "dr-x------", "test": "drwx------"}
            (report,) = await client.readdir("test/reports")
            assert str(report.longname)[:10] == "-r--------"
            assert ((await client.stat("reports")).permissions or 0) & 0o777 == 0o500
            async with client.open("reports/latest.txt", "rb") as file:
                assert ((await file.stat()).permissions or 0) & 0o777 == 0o400

    story(visit())


@pytest.mark.parametrize("who", ["acme", "office"])
def test_a_report_that_is_being_written_is_not_there_yet(tmp_path: Path, who: str) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.sftp(who) as client:
            for folder in (site.home.reports("springfield"), site.home.summaries("springfield")):
                (folder / ".2026-11-24-batch-42").mkdir()
                (folder / ".2026-11-24-batch-42" / "report.txt").write_bytes(b"half")
                (folder / ".latest.txt.part").write_bytes(b"half")
            assert await client.listdir("reports") == []
            assert not await client.exists("reports/.latest.txt.part")
            assert (await refused(client.listdir("reports/.2026-11-24-batch-42"))).code == 2
            assert (await refused(client.open("reports/.2026-11-24-batch-42/report.txt", "rb"))).code == 2

    story(visit())


def test_a_synchronising_client_may_think_that_it_removed_ours(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            _with_reports(site)
            await client.remove("reports/latest.txt")
            await client.rmdir("reports")
            await client.rmdir("test")
            await client.rename("reports", "old-reports")
            await client.setstat("reports/latest.txt", asyncssh.SFTPAttrs(atime=1, mtime=2, permissions=0o600))
            assert await _read(client, "reports/latest.txt") == b"masked"
            assert sorted(await client.listdir()) == ["reports", "test"]
            await site.gateway.stop()
            assert site.audit().count('"event": "spared"') == 4
            await site.restart_after_stop()

    story(visit())


def test_a_vendor_reads_its_upload_back_until_a_batch_has_taken_it(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, rule=replace(SOON, settle_s=2.0)) as site:
            site.accounts["other"] = account("other")
            async with site.sftp() as vendor, site.sftp("other") as stranger, site.sftp("office") as district:
                for table in ("users", "classes", "enrollments"):
                    await write(vendor, f"{table}.csv", b"secret")
                assert await _read(vendor, "users.csv") == b"secret"
                assert (await refused(stranger.open("users.csv", "rb"))).code == 3
            await site.until(lambda: site.receiver.batches)
            async with site.sftp() as vendor, site.sftp("office") as district:
                await site.until(lambda: not site.attendant().drop.new())
                assert (await vendor.stat("users.csv")).size == 6
                assert (await refused(vendor.open("users.csv", "rb"))).code == 3
                async with vendor.open("users.csv", "r+b") as file:
                    assert (await refused(file.read())).code == 4
                assert await _read(district, "users.csv") == b"secret"

    story(visit())


async def _append(client: asyncssh.SFTPClient, name: str) -> None:
    await write(client, name, b"!", "ab")


async def _write_into(client: asyncssh.SFTPClient, name: str) -> None:
    async with client.open(name, "r+b") as file:
        await file.write(b"!", 0)


async def _rename(client: asyncssh.SFTPClient, name: str) -> None:
    await client.rename(name, "mine.csv")
    await client.rename("mine.csv", name)


async def _cut(client: asyncssh.SFTPClient, name: str) -> None:
    await client.truncate(name, 5)


@pytest.mark.parametrize(
    ("taken", "changed"),
    [(False, _append), (False, _rename), (False, _cut), (True, _write_into), (True, _rename), (True, _cut)],
)
def test_no_change_to_a_file_makes_it_readable_for_whoever_changed_it(
    tmp_path: Path, changed: Any, *, taken: bool
) -> None:
    async def visit() -> None:
        async with running(tmp_path, rule=SOON if taken else replace(SOON, settle_s=30.0)) as site:
            await site.puts("acme" if taken else "office", users=b"secret", classes=b"c", enrollments=b"e")
            if taken:
                await site.until(lambda: site.receiver.batches and not site.attendant().drop.new())
            async with site.sftp() as vendor:
                await changed(vendor, "users.csv")
                assert (await refused(vendor.open("users.csv", "rb"))).code == 3

    story(visit())


def test_whoever_goes_on_with_the_upload_of_another_account_reads_nothing_of_it(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site:
            async with site.sftp("office") as district:
                file = await district.open("users.csv", "wb")
                await file.write(b"secret")
            await site.until(lambda: site.receiver.interruptions)
            async with site.sftp() as vendor:
                async with vendor.open("users.csv", "r+b") as file:
                    assert (await refused(file.read(6, 0))).code == 4
                    await file.write(b"!", 6)
                assert (await refused(vendor.open("users.csv", "rb"))).code == 3

    story(visit())


def test_what_is_being_written_can_be_read_on_the_same_handle(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.sftp() as vendor, vendor.open("users.csv", "w+b") as file:
            await file.write(b"one two three")
            await file.seek(4)
            part: Any = await file.read(3)
            assert part == b"two"

    story(visit())


def test_a_file_is_read_the_same_in_order_and_at_random(tmp_path: Path) -> None:
    content = b"".join(number.to_bytes(4, "big") for number in range(175_000))

    async def visit() -> None:
        async with running(tmp_path) as site, site.sftp("office") as client:
            await write(client, "users.csv", content)
            async with client.open("users.csv", "rb", block_size=0) as file:
                parts: list[Any] = [await file.read(10_007, offset) for offset in range(0, 710_000, 10_007)]
                assert b"".join(parts) == content
                for offset in (650_000, 3, 262_143, 262_144, 699_999, 700_000, 0):
                    part: Any = await file.read(40_000, offset)
                    assert part == content[offset : offset + 40_000]

    story(visit())


def test_an_account_without_upload_changes_nothing(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site:
            await site.puts(users=b"x")
            site.accounts["reader"] = account("reader", "district", rights=frozenset({"reports", "files"}))
            async with site.sftp("reader") as client:
                for request in (
                    client.open("classes.csv", "wb"),
                    client.remove("users.csv"),
                    client.rename("users.csv", "a.csv"),
                    client.mkdir("own"),
                    client.truncate("users.csv", 0),
                ):
                    assert (await refused(request)).code == 3
                await client.utime("users.csv", (1, 2))
                assert await _read(client, "users.csv") == b"x"
                assert (await client.stat("users.csv")).mtime != 2

    story(visit())


def test_long_names_show_no_account_of_this_machine(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", b"x")
            names = await client.readdir()
            assert all(b" rosterdrop rosterdrop " in (entry.longname or b"") for entry in map(_as_bytes, names))

    story(visit())


def _as_bytes(name: asyncssh.SFTPName) -> asyncssh.SFTPName:
    if isinstance(name.longname, str):
        name.longname = name.longname.encode()
    return name


def test_nobody_else_on_the_machine_reads_what_the_gateway_makes(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site:
            await site.puts(users=b"x")
            await site.until(lambda: site.audit().count('"upload"'))
            ours = [site.home.root, *site.home.root.rglob("*")]
            assert {_mode(folder) for folder in ours if folder.is_dir()} == {0o700}
            keys = set(site.home.keys.iterdir())
            assert {_mode(file) for file in set(ours) - keys if file.is_file()} == {0o600}
            assert {file.name for file in ours} > {"gateway.db", "gateway.db-wal", "users.csv", "main", "summaries"}

    story(visit())


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777
