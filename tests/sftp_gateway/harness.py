"""A gateway on a free port of this machine, its receiver, and clients to it."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import asyncssh
import pytest
from argon2 import PasswordHasher

from config.accounts import PRESETS, Account
from config.home import Home
from config.profiles import Arrival as ArrivalRule
from config.settings import Limits, Server, Settings, Watching
from config.tables import TableName
from sftp_gateway import (
    Arrival,
    ArrivedFile,
    DropName,
    Gateway,
    Interruption,
    Receiving,
    Shortage,
    make_host_keys,
)
from sftp_gateway.folders import make_private
from sftp_gateway.receiving import DropId
from sftp_gateway.sets.attending import Attendant
from sftp_gateway.sets.completeness import Take, Wait, gathered, next_step

PASSWORD = "correct horse battery staple"
CHICAGO = ZoneInfo("America/Chicago")
PATIENCE_S = 30.0  # a loaded machine is slow and not broken
SOON = ArrivalRule(settle_s=0.15, quiet_s=0.6, partial_quiet_s=0.6)
# All clients of a test come from one address and most of them as one account.
_UNLIMITED = Limits(
    connections_per_source=1000, new_per_second=1000, connections_per_account=1000, logins_at_once=1000, longest_ban_s=0
)

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A set as the receiver got it; `contents` are the bytes at the moment of taking."""

    district: str
    drop: DropName
    files: tuple[ArrivedFile, ...]
    carried: frozenset[TableName]
    contents: dict[str, bytes]


@dataclass
class Recorder:
    """A receiver that keeps what it is told; `fails` holds what `complete` raises before it takes a set."""

    arrivals: list[Arrival] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    shortages: list[Shortage] = field(default_factory=list)
    lends: frozenset[TableName] = frozenset()
    fails: list[Exception] = field(default_factory=list)

    async def arrived(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)

    async def interrupted(self, interruption: Interruption) -> None:
        self.interruptions.append(interruption)

    async def complete(
        self, district: str, drop: DropName, files: tuple[ArrivedFile, ...], carried: frozenset[TableName]
    ) -> int:
        if self.fails:
            raise self.fails.pop(0)
        contents = {file.name: file.path.read_bytes() for file in files}
        self.batches.append(Batch(district=district, drop=drop, files=files, carried=carried, contents=contents))
        return len(self.batches)

    async def carriable(self, district: str, drop: DropName) -> frozenset[TableName]:  # noqa: ARG002 - the protocol's
        return self.lends

    async def incomplete(self, district: str, drop: DropName, shortage: Shortage) -> None:  # noqa: ARG002 - the protocol's
        self.shortages.append(shortage)

    def names(self) -> list[str]:
        return [arrival.file.name for arrival in self.arrivals]


@cache
def _hashed() -> str:
    # As weak as it can be: tests log in some hundred times.
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def account(name: str, preset: str = "vendor", *districts: str, **facts: Any) -> Account:
    known = Account(
        id=name,
        districts=districts or ("springfield",),
        layout="many" if len(districts) > 1 else "single",
        rights=PRESETS[preset],
        password_hash=_hashed(),
    )
    return replace(known, **facts)


@dataclass
class Site:
    """A home with its gateway, as a test sees it."""

    home: Home
    receiver: Recorder
    accounts: dict[str, Account]
    districts: dict[str, Receiving]
    settings: Settings
    gateway: Gateway = field(init=False)

    def __post_init__(self) -> None:
        self.gateway = self._new_gateway()

    def _new_gateway(self) -> Gateway:
        return Gateway(
            self.home,
            self.settings,
            accounts=lambda: self.accounts,
            districts=lambda: self.districts,
            receiver=self.receiver,
        )

    @property
    def port(self) -> int:
        return self.gateway.port

    @property
    def drop(self) -> Path:
        return self.home.drop("springfield")

    async def restart(self) -> None:
        await self.gateway.stop(grace_s=0.0)
        await self.restart_after_stop()

    async def restart_after_stop(self) -> None:
        self.gateway = self._new_gateway()
        await self.gateway.start()

    def connection(self, user: str = "acme", password: str | None = PASSWORD, **options: Any) -> Any:
        return asyncssh.connect(
            "127.0.0.1",
            self.port,
            username=user,
            password=password,
            known_hosts=None,
            client_keys=options.pop("client_keys", None),
            agent_path=None,
            config=None,
            **options,
        )

    @asynccontextmanager
    async def sftp(self, user: str = "acme") -> AsyncIterator[asyncssh.SFTPClient]:
        async with self.connection(user) as connection, connection.start_sftp_client() as client:
            yield client

    async def puts(self, user: str = "acme", /, **tables: bytes) -> None:
        """One session that brings these tables: `await site.puts(users=b"...")`."""
        async with self.sftp(user) as client:
            for table, content in tables.items():
                await write(client, f"{table}.csv", content)

    async def asks_for_districts(self) -> None:
        """What was edited is taken up now, and not when the gateway asks again."""
        await self.gateway._refresh(at_once=True)
        for attendant in self.gateway._attendants.values():
            attendant.wake()

    def attendant(self, drop: DropName = "main") -> Attendant:
        return self.gateway._attendants[DropId("springfield", drop)]

    async def looks(self) -> None:
        """One more look at the drop, to its end."""
        await self.attendant()._look()

    async def step(self, quiet_s: float = 1000.0) -> Take | Wait:
        """What the gateway would do with the drop if nothing had happened for so long."""
        attendant = self.attendant()
        inside = await asyncio.to_thread(attendant._evidence.gather)
        state = await asyncio.to_thread(attendant._state, time.monotonic() - quiet_s, inside)
        receiving = self.districts["springfield"]
        carriable = await attendant._carriable(gathered(state, receiving.arrival), receiving)
        return next_step(state, receiving.arrival, carriable, time.monotonic())

    async def until(self, condition: Any, seconds: float = PATIENCE_S) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - what happens, happens in the gateway
                await asyncio.sleep(0.02)

    def audit(self) -> str:
        return "".join(file.read_text() for file in sorted(self.home.audit.iterdir()))


async def write(client: asyncssh.SFTPClient, path: str, content: bytes, mode: str = "wb") -> None:
    async with client.open(path, mode) as file:
        await file.write(content)


async def cut_off(site: Site, content: bytes) -> None:
    """A push of users.csv whose connection breaks after so much."""
    connection = await site.connection()
    client = await connection.start_sftp_client()
    file = await client.open("users.csv", "wb")
    await file.write(content)
    connection.abort()
    await site.until(lambda: site.receiver.interruptions)


async def refused(request: Awaitable[object]) -> asyncssh.SFTPError:
    """The error that a request is answered with."""
    with pytest.raises(asyncssh.SFTPError) as caught:
        await request
    return caught.value


_RSA = shutil.ignore_patterns("*rsa*")  # each start of a gateway checks it for 0.2 s: only where a test is about it


@cache
def _host_keys() -> Path:
    """Host keys that all tests share: an RSA key takes a second to make."""
    home = Home(Path(tempfile.mkdtemp(prefix="rosterdrop-test-keys-")))
    make_host_keys(home)
    return home.keys


def site_at(root: Path, **changes: Any) -> Site:
    home = Home(root / "home")
    if not home.keys.exists():
        make_private(home.root)
        shutil.copytree(_host_keys(), home.keys, ignore=None if changes.get("rsa") else _RSA)
    return Site(
        home=home,
        receiver=Recorder(),
        accounts={"acme": account("acme"), "office": account("office", "district")},
        districts={
            "springfield": Receiving(time_zone=CHICAGO, arrival=changes.get("rule", SOON)),
            "shelbyville": Receiving(time_zone=CHICAGO, arrival=changes.get("rule", SOON)),
        },
        settings=Settings(
            server=replace(Server(port=0), **changes.get("server", {})),
            watching=Watching(scan_s=changes.get("scan_s", 0.3), polling=changes.get("polling", False)),
            limits=replace(_UNLIMITED, **changes.get("limits", {})),
        ),
    )


@asynccontextmanager
async def running(root: Path, **changes: Any) -> AsyncIterator[Site]:
    site = site_at(root, **changes)
    await site.gateway.start()
    try:
        yield site
    finally:
        await site.gateway.stop(grace_s=0.0)


def story(coroutine: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(coroutine)
