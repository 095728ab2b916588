"""A gateway with a vendor's account, and the folders that the vendor pushes."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncssh
import pytest

from tests.clients.client import Client, Where
from tests.sftp_gateway.harness import PASSWORD, Site, account, running

Given = ParamSpec("Given")
Told = TypeVar("Told")

# Users are large enough for WinSCP's temp name and for more packets than one.
LONG = {
    "users.csv": b"sourcedId,role\n" + b"u-1,student,first night\n" * 12_000,
    "classes.csv": b"sourcedId,title\n" + b"c-1,first night\n" * 40,
    "enrollments.csv": b"classSourcedId,userSourcedId\n" + b"c-1,u-1,first night\n" * 600,
}
SHORT = {
    "users.csv": b"sourcedId,role\n" + b"u-1,teacher\n" * 9_000,
    "classes.csv": b"sourcedId,title\nc-1,x\n",
    "enrollments.csv": b"classSourcedId,userSourcedId\nc-1,u-1\n",
}
REPORT = b'{"verdict": "accepted"}\n'
OURS = {"reports", "test"}


@dataclass
class Night:
    """What a client meets, and how a test sees it from the gateway's side."""

    site: Site
    where: Where

    async def does(
        self, verb: Callable[Concatenate[Where, Given], Told], *given: Given.args, **more: Given.kwargs
    ) -> Told:
        """Let a client do something, in a thread of its own."""
        return await asyncio.to_thread(verb, self.where, *given, **more)

    def folder(self, name: str, files: dict[str, bytes], mtime: int | None = None) -> Path:
        """A folder of the vendor's machine."""
        folder = self.where.folder / name
        folder.mkdir()
        for file, content in files.items():
            (folder / file).write_bytes(content)
            if mtime is not None:
                os.utime(folder / file, (mtime, mtime))
        return folder

    async def until_batches(self, number: int) -> None:
        await self.site.until(lambda: len(self.site.receiver.batches) >= number)

    def contents(self) -> list[dict[str, bytes]]:
        """What each batch holds."""
        return [batch.contents for batch in self.site.receiver.batches]

    def standing(self) -> dict[str, bytes]:
        """What stands in the drop beside what is ours."""
        return {entry.name: entry.read_bytes() for entry in self.site.drop.iterdir() if entry.name not in OURS}

    def ours_stands(self) -> bool:
        return {entry.name for entry in self.site.drop.iterdir()} >= OURS and self.report().read_bytes() == REPORT

    def report(self) -> Path:
        """The newest report, as a vendor may see it."""
        return self.site.home.summaries("springfield") / "latest.json"

    async def cut_off(self, name: str, content: bytes) -> None:
        """A session of the vendor that breaks in the middle of an upload."""
        connection = await self.site.connection()
        sftp = await connection.start_sftp_client()
        file = await sftp.open(name, "wb")
        await file.write(content)
        connection.abort()
        await self.site.until(lambda: self.site.receiver.interruptions)


@asynccontextmanager
async def night_for(client: Client, tmp_path: Path, **changes: Any) -> AsyncIterator[Night]:
    """A gateway for one client, or a skip where the client is absent."""
    if reason := await asyncio.to_thread(client.missing):
        pytest.skip(reason)
    changes["server"] = {"algorithms": client.algorithms} | changes.get("server", {})
    async with running(tmp_path, rsa=True, **changes) as site:
        night = Night(site, _where(site, tmp_path))
        night.report().write_bytes(REPORT)
        yield night


def _where(site: Site, tmp_path: Path) -> Where:
    folder = tmp_path / "vendor"
    folder.mkdir()
    key = asyncssh.generate_private_key("ssh-ed25519")
    site.accounts["acme"] = account("acme", public_keys=(key.export_public_key().decode(),))
    file = folder / "key"
    file.touch(mode=0o600)
    file.write_bytes(key.export_private_key())
    host_keys = [asyncssh.read_public_key(path) for path in sorted(site.home.keys.glob("*.pub"))]
    known_hosts = folder / "known_hosts"
    known_hosts.write_text("".join(f"[127.0.0.1]:{site.port} {_line(key)}\n" for key in host_keys))
    return Where(
        port=site.port,
        user="acme",
        password=PASSWORD,
        key=file,
        known_hosts=known_hosts,
        fingerprints=tuple(key.get_fingerprint() for key in host_keys),
        folder=folder,
    )


def _line(key: asyncssh.SSHKey) -> str:
    kind, blob = key.export_public_key().decode().split()[:2]
    return f"{kind} {blob}"
