"""Whatever path a tenant asks for, by whatever request, it learns nothing of another tenant (reference 7, 29)."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
from asyncssh import constants
from asyncssh.packet import String, UInt32
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from tests.properties.wire import Answer, Wire, attributes, extended
from tests.sftp_gateway.harness import Site, account, running

_SECRET: Final = b"of-shelbyville-only"
_SIZE: Final = 7_654_321  # nothing else here has it
_PATH_ONLY: Final = (
    constants.FXP_STAT, constants.FXP_LSTAT, constants.FXP_OPENDIR, constants.FXP_READLINK, constants.FXP_REMOVE,
    constants.FXP_RMDIR, constants.FXP_REALPATH,
)  # fmt: skip
_pieces = some.one_of(
    some.sampled_from(
        (b"..", b"..", b".", b"", b"drops", b"home", b"springfield", b"shelbyville", b"secret.csv", b"test", b"reports",
         b"link", b"..\\..", b"shelbyville\\secret.csv", b"\0", b"a\0b", b"%2e%2e",
         "\u2024\u2024".encode(), b"\xc0\xae\xc0\xae")
    ),
    some.binary(max_size=4),
)  # fmt: skip
_paths = some.builds(
    lambda head, pieces, tail: head + b"/".join(pieces) + tail,
    some.sampled_from((b"", b"/", b"//", b"///", b"/./")),
    some.lists(_pieces, max_size=9),
    some.sampled_from((b"", b"/", b"/.", b"/secret.csv", b"/../shelbyville/secret.csv")),
)


class Tenant:
    """The session of an account of springfield, beside a district that has a secret."""

    def __init__(self, root: Path) -> None:
        self._runner, self._stack = asyncio.Runner(), AsyncExitStack()
        self._runner.run(self._begin(root))

    async def _begin(self, root: Path) -> None:
        self.site: Site = await self._stack.enter_async_context(running(root))
        self.site.accounts["both"] = account("both", "vendor", "springfield", "ogdenville")
        secret = self.site.home.drop("shelbyville") / "secret.csv"
        with secret.open("wb") as file:
            file.write(_SECRET)
            file.truncate(_SIZE)
        (self.site.drop / "link").symlink_to(self.site.home.drop("shelbyville"))
        self.secret = secret.stat()
        self.wires = []
        for name in ("acme", "office", "both"):
            connection = await self._stack.enter_async_context(self.site.connection(name))
            self.wires.append(await Wire.on(connection))

    def asks(self, wire: Wire, kind: int, body: bytes) -> Answer:
        return self._runner.run(asyncio.wait_for(wire.ask(kind, body), 30))

    def ends(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def secret_is_untouched(self) -> bool:
        secret = self.site.home.drop("shelbyville") / "secret.csv"
        others = {entry.name for entry in secret.parent.iterdir()} - {"reports", "test", "secret.csv"}
        return _but_for_reading(secret.stat()) == _but_for_reading(self.secret) and not others


def _but_for_reading(facts: os.stat_result) -> tuple[int, ...]:
    """Without the time of access: the gateway itself looks whether a new CSV file holds repaired rows."""
    return facts.st_ino, facts.st_mode, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


@pytest.fixture(scope="module")
def tenant() -> Iterator[Tenant]:
    with tempfile.TemporaryDirectory(prefix="tenants-") as folder:
        one = Tenant(Path(folder))
        yield one
        one.ends()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=_paths)
@example(path=b"..")
@example(path=b"//shelbyville/secret.csv")
@example(path=b"///etc/passwd")
@example(path=b"/./../shelbyville/secret.csv")
@example(path=b"x/../../shelbyville/secret.csv")
@example(path=b"..\\..\\shelbyville\\secret.csv")
@example(path=b"../" * 1600 + b"shelbyville/secret.csv")
@example(path=b"\0/../shelbyville/secret.csv")
@example(path=b"link/secret.csv")
def test_no_path_tells_a_tenant_of_another_one(tenant: Tenant, path: bytes) -> None:
    for wire in tenant.wires:
        for answer in _answers(tenant, wire, path):
            assert _SECRET not in answer.body
            assert _SIZE.to_bytes(8, "big") not in answer.body
            assert str(tenant.site.home.root).encode() not in answer.body
    assert tenant.secret_is_untouched()


def _answers(tenant: Tenant, wire: Wire, path: bytes) -> Iterator[Answer]:
    """What comes back for every request that takes a path, and for reading what it opened."""
    for kind in _PATH_ONLY:
        yield (answer := tenant.asks(wire, kind, String(path)))
        if kind == constants.FXP_OPENDIR and answer.kind == constants.FXP_HANDLE:
            yield tenant.asks(wire, constants.FXP_READDIR, String(answer.text))
            tenant.asks(wire, constants.FXP_CLOSE, String(answer.text))
    yield (opened := tenant.asks(wire, constants.FXP_OPEN, String(path) + UInt32(constants.FXF_READ) + attributes()))
    if opened.kind == constants.FXP_HANDLE:
        yield tenant.asks(wire, constants.FXP_READ, String(opened.text) + bytes(8) + UInt32(999))
        tenant.asks(wire, constants.FXP_CLOSE, String(opened.text))
    yield tenant.asks(wire, constants.FXP_SETSTAT, String(path) + attributes(size=1))
    yield tenant.asks(wire, constants.FXP_MKDIR, String(path) + attributes())
    yield tenant.asks(wire, constants.FXP_RENAME, String(path) + String("taken.csv"))
    yield tenant.asks(
        wire, constants.FXP_EXTENDED, extended(b"posix-rename@openssh.com", String(path), String("t.csv"))
    )
    yield tenant.asks(wire, constants.FXP_EXTENDED, extended(b"statvfs@openssh.com", String(path)))
