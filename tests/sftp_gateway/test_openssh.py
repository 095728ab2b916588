"""OpenSSH's own clients, where they are installed (reference 2.5)."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from config.profiles import Quota
from tests.sftp_gateway.harness import Site, account, running, story

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not (shutil.which("sftp") and shutil.which("scp")), reason="OpenSSH's clients are missing"),
]


def _options(site: Site, tmp_path: Path) -> list[str]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    site.accounts["acme"] = account("acme", public_keys=(key.export_public_key().decode(),))
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_bytes(key.export_private_key())
    chosen = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes")
    return ["-F", "none", "-i", str(file), "-P", str(site.port), *(f"-o{option}" for option in chosen)]


async def _run(*command: str, commands: str = "") -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate(commands.encode())
    return process.returncode, output.decode()


def test_scp_of_a_whole_set_exits_with_0_and_a_shorter_file_shrinks(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            sources = [tmp_path / f"{table}.csv" for table in ("users", "classes", "enrollments")]
            for source in sources:
                source.write_bytes(b"a long first night " * 10_000)
            command = ["scp", *_options(site, tmp_path), *map(str, sources), "acme@127.0.0.1:"]
            assert await _run(*command) == (0, "")
            await site.until(lambda: len(site.receiver.batches) == 1)
            sources[0].write_bytes(b"short")
            assert await _run(*command) == (0, "")
            await site.until(lambda: len(site.receiver.batches) == 2)
            assert site.receiver.batches[1].contents["users.csv"] == b"short"

    story(night())


def test_sftp_puts_resumes_renames_and_lists(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            source = tmp_path / "source.csv"
            source.write_bytes(b"0123456789" * 1000)
            options = _options(site, tmp_path)
            connection = await site.connection("office")
            client = await connection.start_sftp_client()
            file = await client.open("classes.csv", "wb")
            await file.write(b"0123456789" * 300)
            connection.abort()
            await site.until(lambda: site.receiver.interruptions)
            script = f"put -p {source} users.tmp\nrename users.tmp users.csv\nreput {source} classes.csv\nls -l\n"
            code, output = await _run("sftp", *options, "-b", "-", "acme@127.0.0.1", commands=script)
            assert code == 0, output
            assert (site.drop / "users.csv").read_bytes() == source.read_bytes()
            assert (site.drop / "classes.csv").read_bytes() == source.read_bytes()
            assert "rosterdrop" in output

    story(night())


def test_df_shows_what_is_left_of_the_quota(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            known = site.districts["springfield"]
            site.districts["springfield"] = replace(known, quota=Quota(bytes=1024 * 4000, files=10))
            await site.asks_for_districts()
            await site.puts(users=b"x" * 1024 * 1000)
            options = _options(site, tmp_path)
            code, output = await _run("sftp", *options, "-b", "-", "acme@127.0.0.1", commands="df\ndf -i\n")
            assert code == 0, output
            sizes, files = (line.split() for line in output.splitlines() if line.rstrip().endswith("%"))
            assert [sizes[0], sizes[1], sizes[-1]] == ["4000", "1000", "25%"]
            assert [files[0], files[1], files[-1]] == ["10", "1", "10%"]

    story(night())


def test_sftp_is_told_only_our_texts(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            options = _options(site, tmp_path)
            script = "-get reports/none\n-put /etc/hostname reports/x\n-ln -s a b\n-rm none\n"
            code, output = await _run("sftp", *options, "-b", "-", "acme@127.0.0.1", commands=script)
            assert code == 0
            assert str(site.home.root) not in output

    story(night())
