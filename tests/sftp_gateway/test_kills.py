"""SIGKILL of the server in the middle of pushes: what was acknowledged stays, nothing counts twice (reference 7, 4)."""

import asyncio
import hashlib
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import asyncssh
import pytest

from config.home import Home
from tests.sftp_gateway.harness import PATIENCE_S, story
from tests.sftp_gateway.mortal import chronicle
from tests.sftp_gateway.pushing import connecting, push

_NAMES: Final = ("users.csv", "classes.csv", "enrollments.csv")
_LARGEST: Final = 150_000
_LONGEST_LIFE_S: Final = 0.6


@dataclass
class Vendor:
    """Pushes night after night until the server dies, and remembers what it was answered."""

    chance: random.Random
    sent: dict[str, bytes] = field(default_factory=dict)  # of the night that it pushes
    may_stand: dict[str, list[bytes]] = field(default_factory=dict)  # what was acknowledged, and what was begun since
    under_way: str | None = None

    async def pushes(self, port: int) -> None:
        with suppress(asyncssh.Error, OSError, EOFError):
            async with connecting(port) as connection, connection.start_sftp_client() as client:
                while not connection.is_closed():
                    await self._a_night(client)
                    await asyncio.sleep(self.chance.choice((0.0, 0.0, 0.3)))

    async def _a_night(self, client: asyncssh.SFTPClient) -> None:
        self.sent = {name: self.chance.randbytes(self.chance.randrange(1, _LARGEST)) for name in _NAMES}
        await push(client, self.sent, self._hear)

    def _hear(self, answer: str, name: str) -> None:
        if answer == "opened":
            self.under_way = name
            if name in self.may_stand:
                self.may_stand[name].append(self.sent[name])
        else:
            self.under_way = None
            self.may_stand[name] = [self.sent[name]]


@asynccontextmanager
async def _life(root: Path) -> AsyncIterator[int]:
    """The port of a gateway that is killed at the end."""
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.sftp_gateway.mortal", str(root), stdout=asyncio.subprocess.PIPE
    )
    assert gateway.stdout
    try:
        yield int(await asyncio.wait_for(gateway.stdout.readline(), PATIENCE_S))
    finally:
        gateway.kill()
        await gateway.wait()


async def _kills(root: Path, times: int, seed: int) -> list[dict[str, Any]]:
    vendor, drop = Vendor(random.Random(seed)), Home(root / "home").drop("springfield")  # noqa: S311 - no secrets
    for _ in range(times):
        async with _life(root) as port:
            await _the_last_kill_was_told(root, drop, vendor)
            pushing = asyncio.create_task(vendor.pushes(port))
            await asyncio.sleep(vendor.chance.uniform(0.0, _LONGEST_LIFE_S))
        await pushing
        for name, contents in vendor.may_stand.items():
            assert (drop / name).read_bytes() in contents
    await _ends_well(root, vendor)
    return chronicle(root / "chronicle")


async def _the_last_kill_was_told(root: Path, drop: Path, vendor: Vendor) -> None:
    """What was on its way is interrupted, or it arrived and only the answer was lost."""
    name, vendor.under_way = vendor.under_way, None
    if name and not ((drop / name).exists() and (drop / name).read_bytes() == vendor.sent[name]):
        async with asyncio.timeout(PATIENCE_S):
            while name not in _interrupted_in_this_life(root):  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)


def _interrupted_in_this_life(root: Path) -> list[str]:
    lines = chronicle(root / "chronicle")
    began = max((number for number, line in enumerate(lines) if line["what"] == "start"), default=0)
    return [line["name"] for line in lines[began:] if line["what"] == "interruption"]


async def _ends_well(root: Path, vendor: Vendor) -> None:
    """A last push in peace is a batch, with the bytes that were sent."""
    async with _life(root) as port:
        async with connecting(port) as connection, connection.start_sftp_client() as client:
            await vendor._a_night(client)
        expected = {name: hashlib.sha256(content).hexdigest() for name, content in vendor.sent.items()}
        async with asyncio.timeout(PATIENCE_S):
            while _last_batch(root) != expected:  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)


def _last_batch(root: Path) -> dict[str, str]:
    batches = [line["files"] for line in chronicle(root / "chronicle") if line["what"] == "batch"]
    return {name: sha256 for name, (_, sha256) in batches[-1].items()} if batches else {}


def _nothing_counts_twice(lines: list[dict[str, Any]]) -> None:
    """A set comes again only where the process died before it could note that the service has it."""
    lives, batches = 0, list[tuple[int, set[int]]]()
    for line in lines:
        lives += line["what"] == "start"
        if line["what"] == "batch":
            batches.append((lives, {generation for generation, _ in line["files"].values()}))
    for (before, taken), (life, again) in pairwise(batches):
        assert not taken & again or before < life
    for number, (_, taken) in enumerate(batches):
        assert not any(taken & later for _, later in batches[number + 2 :])


def test_a_server_that_is_killed_during_pushes_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    _nothing_counts_twice(story(_kills(tmp_path, times=3, seed=random.randrange(10**6))))  # noqa: S311 - no secret


@pytest.mark.soak
def test_200_kills_lose_nothing_and_nothing_counts_twice(tmp_path: Path) -> None:
    lines = story(_kills(tmp_path, times=200, seed=1))
    _nothing_counts_twice(lines)
    told = [line["what"] for line in lines]
    assert told.count("interruption") > 50
    assert told.count("batch") > 20
