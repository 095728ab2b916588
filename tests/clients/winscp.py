"""WinSCP, which has no command line here: its requests one by one, in its order (reference 2.5).

Files of 100 KiB and more go to `<name>.filepart`; after the CLOSE it removes the target where there is one, renames
without replacing, and sets times and mode on the final name. Smaller files are written under their own name. It
offers version 6 of the protocol and is answered 3.
"""

import stat
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import asyncssh
from asyncssh import constants
from asyncssh.packet import String, UInt32, UInt64

from tests.clients.client import Client, Notes, Where, files_in
from tests.clients.python_libraries import with_asyncssh

_BY_TEMP_NAME_FROM = 100 * 1024
_BLOCK = 32 * 1024 - 1024
_WRITE, _CREATE, _TRUNCATE = constants.FXF_WRITE, constants.FXF_CREAT, constants.FXF_TRUNC


class Winscp(Client):
    name = "WinSCP replayed"
    has_own_connection = False  # asyncssh makes it
    system = False
    notes: ClassVar[Notes] = {"resume": "the .filepart", "push_by_temp_names": "from 100 KiB on"}

    def missing(self) -> None:
        return None

    def version(self) -> str:
        return "(version 6 offered, 3 spoken)"

    def push(self, at: Where, folder: Path) -> None:
        files = _local(folder)
        _session(at, lambda requests: _upload_all(requests, files))

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        self.push(at, folder)

    def push_dated(self, at: Where, folder: Path) -> None:
        self.push(at, folder)

    def resume(self, at: Where, file: Path) -> None:
        local = _Local.of(file)

        async def work(requests: "_Requests") -> None:
            came = (await requests.facts(f"{local.name}.filepart")).size
            await requests.write(f"{local.name}.filepart", local.content, flags=_WRITE, start=came or 0)
            await _give_its_name(requests, local, local.name)

        _session(at, work)

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        files = _local(folder)

        async def work(requests: "_Requests") -> None:
            await requests.make_folder(name)
            await _upload_all(requests, files, f"{name}/")

        _session(at, work)

    def names_in(self, at: Where, path: str) -> str:
        names: list[str] = []

        async def work(requests: "_Requests") -> None:
            names.extend(await requests.names(path))

        _session(at, work)
        return "\n".join(names)

    def fetch(self, at: Where, path: str, target: Path) -> None:
        content: list[bytes] = []

        async def work(requests: "_Requests") -> None:
            content.append(await requests.read(path))

        _session(at, work)
        target.write_bytes(b"".join(content))

    def synchronise(self, at: Where, folder: Path) -> None:
        files = _local(folder)

        async def work(requests: "_Requests") -> None:
            await _upload_all(requests, files)
            for name in set(await requests.names("/")) - {file.name for file in files}:
                await _delete(requests, f"/{name}")

        _session(at, work)


@dataclass(frozen=True, slots=True)
class _Local:
    """A file of the vendor's machine."""

    name: str
    content: bytes
    atime: int
    mtime: int

    @classmethod
    def of(cls, file: Path) -> "_Local":
        state = file.stat()
        return cls(file.name, file.read_bytes(), int(state.st_atime), int(state.st_mtime))


def _local(folder: Path) -> list[_Local]:
    return [_Local.of(file) for file in files_in(folder)]


class _Requests:
    """Raw requests, each answered with OK or an error that ends the session."""

    def __init__(self, sftp: asyncssh.SFTPClient) -> None:
        self._sftp = sftp

    async def ask(self, request: int, *parts: bytes) -> Any:
        assert self._sftp._handler is not None
        return await self._sftp._handler._make_request(request, *parts)

    async def facts(self, path: str) -> asyncssh.SFTPAttrs:
        found = await self.ask(constants.FXP_LSTAT, String(path))
        assert isinstance(found, asyncssh.SFTPAttrs)
        return found

    async def exists(self, path: str) -> bool:
        try:
            await self.facts(path)
        except asyncssh.SFTPNoSuchFile:
            return False
        return True

    async def write(self, path: str, content: bytes, *, flags: int, start: int = 0) -> None:
        handle = await self.ask(constants.FXP_OPEN, String(path), UInt32(flags), UInt32(0))
        for offset in range(start, len(content), _BLOCK):
            block = content[offset : offset + _BLOCK]
            await self.ask(constants.FXP_WRITE, String(handle), UInt64(offset), String(block))
        await self.ask(constants.FXP_CLOSE, String(handle))

    async def read(self, path: str) -> bytes:
        size = (await self.facts(path)).size or 0
        handle = await self.ask(constants.FXP_OPEN, String(path), UInt32(constants.FXF_READ), UInt32(0))
        content = b""
        while len(content) < size:
            block, _ = await self.ask(constants.FXP_READ, String(handle), UInt64(len(content)), UInt32(_BLOCK))
            content += block
        await self.ask(constants.FXP_CLOSE, String(handle))
        return content

    async def names(self, path: str) -> list[str]:
        return [str(name) for name in await self._sftp.listdir(path) if name not in {".", ".."}]

    async def make_folder(self, path: str) -> None:
        """It ignores FAILURE, and looks whether the folder is there."""
        try:
            await self.ask(constants.FXP_MKDIR, String(path), UInt32(0))
        except asyncssh.SFTPFailure:
            assert _is_folder(await self.facts(path))


def _session(at: Where, work: Callable[[_Requests], Awaitable[None]]) -> None:
    async def replay(sftp: asyncssh.SFTPClient) -> None:
        assert sftp.version == 3
        await work(_Requests(sftp))

    with_asyncssh(at, replay, offered_version=6)


async def _upload_all(requests: _Requests, files: Sequence[_Local], folder: str = "") -> None:
    for file in files:
        await _upload(requests, file, folder + file.name)


async def _upload(requests: _Requests, file: _Local, path: str) -> None:
    if len(file.content) < _BY_TEMP_NAME_FROM:
        await requests.write(path, file.content, flags=_WRITE | _CREATE | _TRUNCATE)
        await _date(requests, file, path)
        return
    await requests.write(f"{path}.filepart", file.content, flags=_WRITE | _CREATE | _TRUNCATE)
    await _give_its_name(requests, file, path)


async def _give_its_name(requests: _Requests, file: _Local, path: str) -> None:
    if await requests.exists(path):
        await requests.ask(constants.FXP_REMOVE, String(path))
    await requests.ask(constants.FXP_RENAME, String(f"{path}.filepart"), String(path))
    await _date(requests, file, path)


async def _date(requests: _Requests, file: _Local, path: str) -> None:
    """Permissions, then access and modification time, as version 3 sends them."""
    given = constants.FILEXFER_ATTR_PERMISSIONS | constants.FILEXFER_ATTR_ACMODTIME
    values = UInt32(0o644) + UInt32(file.atime) + UInt32(file.mtime)
    await requests.ask(constants.FXP_SETSTAT, String(path), UInt32(given) + values)


async def _delete(requests: _Requests, path: str) -> None:
    if not _is_folder(await requests.facts(path)):
        await requests.ask(constants.FXP_REMOVE, String(path))
        return
    for name in await requests.names(path):
        await _delete(requests, f"{path}/{name}")
    await requests.ask(constants.FXP_RMDIR, String(path))


def _is_folder(facts: asyncssh.SFTPAttrs) -> bool:
    return stat.S_ISDIR(facts.permissions or 0)
