"""New keys in the middle of an upload, and many uploads at once (reference 7, 46)."""

import asyncio
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from sftp_gateway.ssh import server
from sftp_gateway.ssh.connections import Connection
from tests.sftp_gateway.harness import PATIENCE_S, running, site_at, story
from tests.sftp_gateway.pushing import connecting

_MIB: Final = 2**20

_SERVES: Final = """
import asyncio, sys
from pathlib import Path
from tests.sftp_gateway.harness import running

async def serve():
    async with running(Path(sys.argv[1])) as site:
        print(site.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(serve())
"""
_PUSHES: Final = """
import asyncio, hashlib, os, sys
from tests.sftp_gateway.pushing import connecting

async def push(port, number, size):
    content = os.urandom(size)
    async with connecting(port) as connection, connection.start_sftp_client() as client:
        async with client.open(f"part-{number}.bin", "wb") as file:
            await file.write(content)
    return f"part-{number}.bin {hashlib.sha256(content).hexdigest()}"

async def main(port, sessions, size):
    print("\\n".join(await asyncio.gather(*[push(port, number, size) for number in range(sessions)])))

asyncio.run(main(*map(int, sys.argv[1:])))
"""


def _counted_keys(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever the server takes new keys into use."""
    sends, keys = Connection.send_newkeys, list[int]()

    def counted(connection: Connection, key: bytes, digest: bytes) -> None:
        keys.append(1)
        sends(connection, key, digest)

    monkeypatch.setattr(Connection, "send_newkeys", counted)
    return keys


def _blocks(size: int) -> Iterator[bytes]:
    """Content of any size that does not repeat itself, without keeping it."""
    block = os.urandom(_MIB)
    for number in range(size // _MIB):
        yield number.to_bytes(8, "big") + block[8:]


async def _upload(port: int, size: int) -> bytes:
    """Bring a file of this size; the hash of what was sent."""
    sent = hashlib.sha256()
    async with (
        connecting(port, rekey_bytes=size // 3) as connection,
        connection.start_sftp_client() as client,
        client.open("users.csv", "wb") as file,
    ):
        for block in _blocks(size):
            sent.update(block)
            await file.write(block)
    return sent.digest()


def _sha256(file: Path) -> bytes:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").digest()


@pytest.mark.parametrize("size", [8 * _MIB, pytest.param(3 * 2**30, marks=pytest.mark.soak)], ids=["8 MiB", "3 GiB"])
def test_an_upload_survives_a_client_that_asks_for_new_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    keys = _counted_keys(monkeypatch)

    async def night() -> None:
        async with running(tmp_path) as site:
            sent = await _upload(site.port, size)
            assert await asyncio.to_thread(_sha256, site.drop / "users.csv") == sent

    story(night())
    assert len(keys) in {3, 4}  # the first, and one for each third that is full


def test_a_download_survives_a_server_that_asks_for_new_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_NOTHING_ELSE", {**server._NOTHING_ELSE, "rekey_bytes": _MIB})
    keys, content = _counted_keys(monkeypatch), b"".join(_blocks(8 * _MIB))

    async def night() -> None:
        async with running(tmp_path) as site, site.sftp("office") as client:
            (site.drop / "users.csv").write_bytes(content)
            await client.get("users.csv", tmp_path / "back.csv")
            assert (tmp_path / "back.csv").read_bytes() == content

    story(night())
    assert len(keys) > 3


@pytest.mark.parametrize(("sessions", "size"), [(10, 10**6), pytest.param(50, 10**7, marks=pytest.mark.soak)])
def test_many_pushes_at_once_keep_their_hashes_and_a_bystander_goes_on(
    tmp_path: Path, sessions: int, size: int
) -> None:
    async def night() -> None:
        gateway = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _SERVES, str(tmp_path), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert gateway.stdin
        assert gateway.stdout
        port = int(await asyncio.wait_for(gateway.stdout.readline(), PATIENCE_S))
        waits_s, drop = [], site_at(tmp_path).drop
        async with connecting(port) as connection, connection.start_sftp_client() as bystander:
            pushes = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _PUSHES, str(port), str(sessions), str(size), stdout=asyncio.subprocess.PIPE
            )
            answering = asyncio.create_task(pushes.communicate())
            while not answering.done():
                asked_s = monotonic()
                await bystander.stat("/")
                waits_s.append(monotonic() - asked_s)
                await asyncio.sleep(0.02)
        sent = dict(line.split() for line in (await answering)[0].decode().splitlines())
        gateway.stdin.close()
        await gateway.wait()
        assert len(sent) == sessions
        assert sent == {name: hashlib.sha256((drop / name).read_bytes()).hexdigest() for name in sent}
        assert max(waits_s) < (1.0 if sessions == 50 else 5.0)  # only the soak has the machine for itself

    story(night())
