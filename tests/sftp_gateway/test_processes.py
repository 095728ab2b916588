"""Several processes on one port: what one of them does the others know, and each may die alone."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from config.profiles import Arrival as ArrivalRule
from config.settings import Limits
from config.writing import accounts_template, add_account, add_district, profile_text, settings_template
from sftp_gateway import GatewayError, PortTaken, gateway
from sftp_gateway.processes.presence import processes_present
from tests.sftp_gateway.harness import Site, account, refused, site_at, story, write

NIGHT = {"users.csv": b"u" * 300_000, "classes.csv": b"c" * 200_000, "enrollments.csv": b"e" * 250_000}
ENDS_WITH_SESSION = ArrivalRule(settle_s=0.2, quiet_s=60.0, partial_quiet_s=60.0)
ROOMY = Limits(connections_per_source=1000, new_per_second=1000, connections_per_account=1000)
PATIENCE_S = 45.0

_GATEWAY = """
import asyncio, sys
from pathlib import Path
from tests.sftp_gateway.test_processes import site_of

async def serve():
    site = site_of(Path(sys.argv[1]), int(sys.argv[2]))
    await site.gateway.start()
    print(site.port, flush=True)
    await asyncio.sleep(120)

asyncio.run(serve())
"""


def site_of(root: Path, processes: int) -> Site:
    """A site whose accounts and districts also stand in its home, where the processes that follow read them."""
    site = site_at(root, rule=ENDS_WITH_SESSION, server={"processes": processes})
    site.settings = replace(site.settings, limits=ROOMY)
    site.gateway = site._new_gateway()
    home = site.home
    if not home.settings_file.exists():
        home.settings_file.write_text(settings_template())
        home.accounts_file.write_text(accounts_template())
        home.profiles.mkdir()
        add_district(home, "springfield", profile_text("Springfield", "America/Chicago", None))
        add_account(home, account("acme"))
    return site


@asynccontextmanager
async def several(root: Path, processes: int) -> AsyncIterator[Site]:
    site = site_of(root, processes)
    await site.gateway.start()
    await site.until(lambda: site.gateway.processes == processes)
    try:
        yield site
    finally:
        await site.gateway.stop(grace_s=0.0)


def pid_of(site: Site, process: int) -> int:
    return int((site.home.locks / f"gateway-{process}.lock").read_text())


def process_behind(site: Site, connection: asyncssh.SSHClientConnection) -> int:
    """The process that serves a connection, as the kernel knows it."""
    port = connection.get_extra_info("sockname")[1]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (inode,) = [row[9] for row in rows if row[1].endswith(f":{site.port:04X}") and row[2].endswith(f":{port:04X}")]
    return next(process for process in range(9) if f"socket:[{inode}]" in _open_files(pid_of(site, process)))


def _open_files(pid: int) -> set[str]:
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(file.readlink()))
    return found


async def client_on(site: Site, stack: AsyncExitStack, wanted: Any) -> asyncssh.SFTPClient:
    """A session on a process that `wanted` takes; the kernel chooses, so connect until it is one."""
    for _ in range(200):
        connection = await site.connection()
        if wanted(process_behind(site, connection)):
            await stack.enter_async_context(connection)
            return await stack.enter_async_context(connection.start_sftp_client())
        connection.close()
        await connection.wait_closed()
    raise AssertionError("no session on the process that is wanted")


def followed(process: int) -> bool:
    return process != 0


def led(process: int) -> bool:
    return process == 0


def test_a_set_that_came_over_all_processes_is_one_batch(tmp_path: Path) -> None:
    async def night() -> None:
        more = {f"extra-{number}.csv": os.urandom(400_000) for number in range(9)}
        async with several(tmp_path, 3) as site:
            async with AsyncExitStack() as stack:
                clients = [await client_on(site, stack, lambda _: True) for _ in range(9)]
                clients += [await client_on(site, stack, lambda process, own=own: process == own) for own in range(3)]
                pushes = [
                    write(client, name, content)
                    for client, (name, content) in zip(clients, (NIGHT | more).items(), strict=True)
                ]
                await asyncio.gather(*pushes)
                await site.until(lambda: len(site.receiver.arrivals) == 12)
                await site.until(lambda: {session.process for session in site.gateway._sessions} == {0, 1, 2})
                assert not site.receiver.batches  # every session may still bring more
            await site.until(lambda: site.receiver.batches)
            (batch,) = site.receiver.batches
            assert batch.contents == NIGHT | more
            assert sorted(site.receiver.names()) == sorted(batch.contents)  # each was told once
            assert not site.gateway._sessions

    story(night())


def test_a_set_waits_for_a_session_of_another_process_to_end(tmp_path: Path) -> None:
    async def night() -> None:
        async with several(tmp_path, 2) as site:
            pid = pid_of(site, 1)
            assert os.getsid(pid) != os.getsid(0)  # so that a terminal's Ctrl-C does not reach it
            os.kill(pid, signal.SIGTERM)  # of a supervisor that signals every process: only the lead obeys
            async with AsyncExitStack() as stack:
                client = await client_on(site, stack, followed)
                for name, content in NIGHT.items():
                    await write(client, name, content)
                await site.until(lambda: len(site.receiver.arrivals) == 3)
                for _ in range(4):
                    await asyncio.sleep(ENDS_WITH_SESSION.settle_s)
                    await site.looks()
                assert not site.receiver.batches
            await site.until(lambda: site.receiver.batches)
            assert pid_of(site, 1) == pid

    story(night())


def test_a_process_that_dies_interrupts_its_own_uploads_alone_and_comes_back(tmp_path: Path) -> None:
    async def night() -> None:
        async with several(tmp_path, 2) as site, AsyncExitStack() as stack:
            theirs = await client_on(site, stack, followed)
            ours = await client_on(site, stack, led)
            half = await theirs.open("users.csv", "wb")
            await half.write(b"u" * 2_000_000)
            await half.fsync()
            whole = await ours.open("classes.csv", "wb")
            await whole.write(b"c" * 1_000_000)
            assert "in use" in (await refused(ours.open("users.csv", "wb"))).reason
            assert "in use" in (await refused(theirs.open("classes.csv", "wb"))).reason

            os.kill(pid_of(site, 1), signal.SIGKILL)
            await site.until(lambda: site.receiver.interruptions, PATIENCE_S)
            (cut,) = site.receiver.interruptions
            assert (cut.name, cut.size) == ("users.csv", 2_000_000)
            assert {session.process for session in site.gateway._sessions} == {0}
            await whole.close()
            await site.until(lambda: site.receiver.names() == ["classes.csv"])

            await site.until(lambda: site.gateway.processes == 2, PATIENCE_S)
            again = await client_on(site, stack, followed)
            async with again.open("users.csv", "ab") as rest:
                assert (await rest.stat()).size == 2_000_000
                await rest.write(b"u" * 1_000)
            await site.until(lambda: site.receiver.names() == ["classes.csv", "users.csv"])
            assert (site.drop / "users.csv").stat().st_size == 2_001_000

    story(night())


def test_a_process_that_starts_again_knows_what_the_lead_knows_where_the_files_are_not_valid(tmp_path: Path) -> None:
    async def night() -> None:
        async with several(tmp_path, 2) as site, AsyncExitStack() as stack:
            for file in (site.home.accounts_file, site.home.settings_file, site.home.profile_file("springfield")):
                file.write_text("[not valid")
            before = pid_of(site, 1)
            os.kill(before, signal.SIGKILL)
            await site.until(lambda: site.gateway.processes == 1)
            await site.until(lambda: site.gateway.processes == 2, PATIENCE_S)
            assert pid_of(site, 1) != before
            client = await client_on(site, stack, followed)
            await write(client, "users.csv", b"u")
            await site.until(lambda: site.receiver.names() == ["users.csv"])

    story(night())


def test_no_process_outlives_the_one_that_leads(tmp_path: Path) -> None:
    async def nights() -> None:
        lead = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _GATEWAY, str(tmp_path), "2", stdout=subprocess.PIPE
        )
        assert lead.stdout
        site = site_of(tmp_path, 2)
        site.gateway.port = int(await lead.stdout.readline())
        await site.until(lambda: processes_present(site.home) == 2, PATIENCE_S)
        async with AsyncExitStack() as stack:
            client = await client_on(site, stack, followed)
            half = await client.open("users.csv", "wb")
            await half.write(b"u" * 500_000)
            await half.fsync()
            lead.kill()
            await lead.wait()
            with pytest.raises((asyncssh.Error, OSError)):
                await asyncio.wait_for(half.read(1, 0), PATIENCE_S)
            stack.pop_all()
        await site.until(lambda: processes_present(site.home) == 0)
        async with several(tmp_path, 1) as after:
            await after.until(lambda: after.receiver.interruptions)
            assert [(cut.name, cut.size) for cut in after.receiver.interruptions] == [("users.csv", 500_000)]

    story(nights())


def test_a_stop_reaches_all_processes_and_each_gives_the_same_grace(tmp_path: Path) -> None:
    async def night() -> None:
        async with several(tmp_path, 2) as site, AsyncExitStack() as stack:
            theirs, ours = await client_on(site, stack, followed), await client_on(site, stack, led)
            begun = [await theirs.open("users.csv", "wb"), await ours.open("classes.csv", "wb")]
            left_open = await theirs.open("enrollments.csv", "wb")
            await left_open.write(b"e" * 1_000)
            stop = asyncio.create_task(site.gateway.stop(grace_s=5.0))
            await site.until(lambda: site.gateway.stopping)
            with pytest.raises((asyncssh.Error, OSError)):
                for _ in range(100):  # a process may need a moment to hear it
                    async with site.connection():
                        await asyncio.sleep(0.02)
            for file in begun:
                await file.write(b"x" * 100_000)
                await file.close()
            await stop
            assert sorted(site.receiver.names()) == ["classes.csv", "users.csv"]
            assert [(cut.name, cut.size) for cut in site.receiver.interruptions] == [("enrollments.csv", 1_000)]
            assert processes_present(site.home) == 0
            stack.pop_all()

    story(night())


def test_neither_a_port_nor_a_home_is_shared_with_another_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def night() -> None:
        async with several(tmp_path / "one", 2) as site:
            other = site_of(tmp_path / "other", 2)
            other.settings = replace(other.settings, server=replace(other.settings.server, port=site.port))
            with pytest.raises(PortTaken):
                await other.restart_after_stop()
            with pytest.raises(GatewayError, match=f"End process {pid_of(site, 0)}, {pid_of(site, 1)}"):
                await site_of(tmp_path / "one", 1).gateway.start()

    monkeypatch.setattr(gateway, "_FORMER_LIFE_S", 0.1)
    story(night())
