"""A gateway in a process of its own: what it needs to run, and what is left when it is killed (reference 7, 4)."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncssh

from tests.sftp_gateway.harness import PASSWORD, site_at, story, write

GATEWAY = """
import asyncio, sys
from pathlib import Path
from tests.sftp_gateway.harness import site_at

async def serve():
    site = site_at(Path(sys.argv[1]))
    await site.gateway.start()
    print(site.port, flush=True)
    await asyncio.sleep(60)

asyncio.run(serve())
"""


def test_a_gateway_alone_runs_without_polars() -> None:
    code = "import sys, sftp_gateway; sys.exit(any(name in sys.modules for name in ('polars', 'processors')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_killed_gateway_loses_nothing_and_takes_nothing_twice(tmp_path: Path) -> None:
    async def nights() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", GATEWAY, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout
        port = int(await process.stdout.readline())
        async with asyncssh.connect(
            "127.0.0.1", port, username="acme", password=PASSWORD, known_hosts=None, config=None, client_keys=None
        ) as connection:
            client = await connection.start_sftp_client()
            await write(client, "classes.csv", b"whole")
            half = await client.open("users.csv", "wb")
            await half.write(b"x" * 3_000_000)
            process.kill()
            await process.wait()
        site = site_at(tmp_path)
        await site.gateway.start()
        await site.until(lambda: site.receiver.interruptions)
        (cut,) = site.receiver.interruptions
        assert cut.name == "users.csv"
        assert 0 < cut.size <= 3_000_000
        assert not (site.drop / "users.csv").exists()
        async with site.sftp() as client, client.open("users.csv", "ab") as rest:
            assert (await rest.stat()).size == cut.size
            await rest.write(b"x" * (3_000_000 - cut.size))
        await site.puts(enrollments=b"e")
        await site.until(lambda: site.receiver.batches and not site.attendant().drop.new())
        (batch,) = site.receiver.batches
        assert batch.contents == {"classes.csv": b"whole", "users.csv": b"x" * 3_000_000, "enrollments.csv": b"e"}
        assert all(file.by_gateway for file in batch.files)
        await site.gateway.stop(grace_s=0.0)

    story(nights())
