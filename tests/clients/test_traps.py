"""What single clients are known for, and must find right here (reference 7, 7 to 11)."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
import pytest

from config.profiles import Arrival as ArrivalRule
from config.tables import TableName
from sftp_gateway import ArrivedFile, DropName
from tests.clients.client import Client, Complaint
from tests.clients.lftp import LftpMirror
from tests.clients.matrix import each_client
from tests.clients.night import LONG, SHORT, night_for
from tests.clients.openssh import OpensshScp
from tests.clients.rclone import DebianRclone, Rclone
from tests.clients.winscp import Winscp
from tests.sftp_gateway.harness import PASSWORD, Recorder, site_at, story

pytestmark = pytest.mark.clients


def test_winscp_renames_large_files_writes_small_ones_and_each_night_is_one_batch(tmp_path: Path) -> None:
    async def nights() -> None:
        async with night_for(winscp := Winscp(), tmp_path) as night:
            for number, content in enumerate((LONG, SHORT), start=1):
                await night.does(winscp.push, night.folder(f"night-{number}", content))
                await night.until_batches(number)
            assert night.contents() == [LONG, SHORT]
            assert sorted(night.site.receiver.names()) == sorted([*LONG, *SHORT])
            assert '"rename"' in night.site.audit()
            assert '"remove"' in night.site.audit()

    story(nights())


@pytest.mark.system
@pytest.mark.parametrize("rclone", [Rclone(), DebianRclone()], ids=["current", "of Debian"])
def test_rclone_transfers_nothing_the_second_time(rclone: Client, tmp_path: Path) -> None:
    async def nights() -> None:
        async with night_for(rclone, tmp_path) as night:
            await night.does(rclone.push, folder := night.folder("first", LONG))
            await night.until_batches(1)
            await night.does(rclone.push, folder)
            await night.site.gateway._news.join()
            assert len(night.site.receiver.arrivals) == len(LONG)
            assert night.contents() == [LONG]

    story(nights())


@pytest.mark.system
def test_scp_of_five_files_exits_with_0_and_a_shorter_file_shrinks_exactly(tmp_path: Path) -> None:
    async def nights() -> None:
        five = LONG | {"guardians.csv": LONG["users.csv"], "orgs.csv": LONG["classes.csv"]}
        async with night_for(scp := OpensshScp(), tmp_path) as night:
            await night.does(scp.push, folder := night.folder("first", five))
            await night.until_batches(1)
            (folder / "guardians.csv").write_bytes(shorter := LONG["users.csv"][:1001])
            await night.does(scp.push, folder)
            await night.until_batches(2)
            assert night.contents() == [five, five | {"guardians.csv": shorter}]

    story(nights())


@dataclass
class Holding(Recorder):
    """A receiver that takes a set only when it may."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_take: asyncio.Event = field(default_factory=asyncio.Event)

    async def complete(
        self, district: str, drop: DropName, files: tuple[ArrivedFile, ...], carried: frozenset[TableName]
    ) -> int:
        self.asked.set()
        await self.may_take.wait()
        return await super().complete(district, drop, files, carried)


def test_paramiko_confirms_each_size_while_the_batch_is_taken(tmp_path: Path) -> None:
    async def night() -> None:
        site = site_at(tmp_path, rule=ArrivalRule(settle_s=0.0, quiet_s=0.0, partial_quiet_s=0.0))
        site.receiver = holding = Holding()
        await site.restart_after_stop()
        transport = await asyncio.to_thread(paramiko.Transport, ("127.0.0.1", site.port))
        await asyncio.to_thread(transport.connect, None, "acme", PASSWORD)
        client = await asyncio.to_thread(paramiko.SFTPClient.from_transport, transport)
        assert client is not None
        for name, content in LONG.items():
            (tmp_path / name).write_bytes(content)
            confirmed = await asyncio.to_thread(client.put, str(tmp_path / name), name)
            assert confirmed.st_size == len(content)
        await holding.asked.wait()
        for name, content in LONG.items():
            assert (await asyncio.to_thread(client.stat, name)).st_size == len(content)
        holding.may_take.set()
        await site.until(lambda: holding.batches)
        await asyncio.to_thread(transport.close)
        await site.gateway.stop(grace_s=0.0)
        assert holding.batches[0].contents == LONG

    story(night())


@pytest.mark.system
def test_lftp_mirror_makes_its_folder_sets_modes_after_all_closes_and_the_night_is_one_batch(tmp_path: Path) -> None:
    async def one_night() -> None:
        async with night_for(lftp := LftpMirror(), tmp_path) as night:
            await night.does(lftp.push_into, night.folder("first", LONG), "test")
            await night.until_batches(1)
            await night.does(lftp.push, night.where.folder / "first")
            await night.until_batches(2)
            assert [batch.drop for batch in night.site.receiver.batches] == ["test", "main"]
            assert night.contents() == [LONG, LONG]

    story(one_night())


@each_client(that_can="resume")
def test_a_resume_of_last_nights_file_is_refused_or_sends_the_whole(client: Client, tmp_path: Path) -> None:
    async def nights() -> None:
        async with night_for(client, tmp_path) as night:
            await night.does(client.push, night.folder("first", LONG))
            await night.until_batches(1)
            await night.site.until(lambda: not night.site.attendant().drop.new())
            longer = b"sourcedId,role\n" + b"u-2,student,second night\n" * 14_000
            refusal = ""
            try:
                await night.does(client.resume, night.folder("second", {"users.csv": longer}) / "users.csv")
            except Complaint as complaint:
                refusal = str(complaint)
            assert night.standing()["users.csv"] == (LONG["users.csv"] if refusal else longer)
            assert bool(night.site.attendant().drop.new()) != bool(refusal)
            assert night.site.receiver.interruptions == []

    story(nights())
