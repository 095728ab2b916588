"""paramiko and asyncssh, as scripts of vendors use them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import asyncssh
import paramiko

from tests.clients.client import PROFILES, Client, Complaint, Notes, Where, files_in

_EVERYWHERE = frozenset(PROFILES)
_NO_SYNCHRONISATION = {"synchronise": "no synchronisation"}


class Paramiko(Client):
    name = "paramiko"
    repeats = False
    connects = _EVERYWHERE
    system = False
    notes: ClassVar[Notes] = _NO_SYNCHRONISATION

    def missing(self) -> None:
        return None

    def version(self) -> str:
        return version("paramiko")

    def push(self, at: Where, folder: Path) -> None:
        """After each put it asks for the size and compares."""
        with _paramiko(at) as sftp:
            for file in files_in(folder):
                sftp.put(str(file), file.name)

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        with _paramiko(at) as sftp:
            for file in files_in(folder):
                sftp.put(str(file), f"{file.name}.tmp")
                sftp.posix_rename(f"{file.name}.tmp", file.name)

    def resume(self, at: Where, file: Path) -> None:
        with _paramiko(at) as sftp:
            came = sftp.stat(file.name).st_size or 0
            with sftp.open(file.name, "a") as rest:
                rest.write(file.read_bytes()[came:])

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        with _paramiko(at) as sftp:
            with suppress(OSError):
                sftp.mkdir(name)
            sftp.chdir(name)
            for file in files_in(folder):
                sftp.put(str(file), file.name)

    def push_dated(self, at: Where, folder: Path) -> None:
        with _paramiko(at) as sftp:
            for file in files_in(folder):
                sftp.put(str(file), file.name)
                sftp.utime(file.name, (file.stat().st_atime, file.stat().st_mtime))
                sftp.chmod(file.name, 0o644)

    def names_in(self, at: Where, path: str) -> str:
        with _paramiko(at) as sftp:
            return "\n".join(map(str, sftp.listdir_attr(path)))

    def fetch(self, at: Where, path: str, target: Path) -> None:
        with _paramiko(at) as sftp:
            sftp.get(path, str(target))


@contextmanager
def _paramiko(at: Where) -> Iterator[paramiko.SFTPClient]:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507 - the gateway lives for one test
    try:
        client.connect("127.0.0.1", at.port, at.user, at.password, allow_agent=False, look_for_keys=False, timeout=30)
        with client.open_sftp() as sftp:
            yield sftp
    except (OSError, paramiko.SSHException) as error:
        raise Complaint(str(error)) from error
    finally:
        client.close()


class Asyncssh(Client):
    name = "asyncssh"
    connects = _EVERYWHERE
    system = False
    notes: ClassVar[Notes] = _NO_SYNCHRONISATION

    def missing(self) -> None:
        return None

    def version(self) -> str:
        return asyncssh.__version__

    def push(self, at: Where, folder: Path) -> None:
        with_asyncssh(at, lambda sftp: sftp.put(list(files_in(folder))))

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        async def work(sftp: asyncssh.SFTPClient) -> None:
            for file in files_in(folder):
                await sftp.put(file, f"{file.name}.tmp")
                await sftp.posix_rename(f"{file.name}.tmp", file.name)

        with_asyncssh(at, work)

    def resume(self, at: Where, file: Path) -> None:
        content = file.read_bytes()

        async def work(sftp: asyncssh.SFTPClient) -> None:
            came = (await sftp.stat(file.name)).size or 0
            async with sftp.open(file.name, "ab") as rest:
                await rest.write(content[came:])

        with_asyncssh(at, work)

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        async def work(sftp: asyncssh.SFTPClient) -> None:
            await sftp.makedirs(name, exist_ok=True)
            await sftp.put(list(files_in(folder)), name)

        with_asyncssh(at, work)

    def push_dated(self, at: Where, folder: Path) -> None:
        with_asyncssh(at, lambda sftp: sftp.put(list(files_in(folder)), preserve=True))

    def names_in(self, at: Where, path: str) -> str:
        names: list[str] = []

        async def work(sftp: asyncssh.SFTPClient) -> None:
            names.extend(str(entry.longname) for entry in await sftp.readdir(path))

        with_asyncssh(at, work)
        return "\n".join(names)

    def fetch(self, at: Where, path: str, target: Path) -> None:
        with_asyncssh(at, lambda sftp: sftp.get(path, target))


def with_asyncssh(
    at: Where, work: Callable[[asyncssh.SFTPClient], Awaitable[None]], *, offered_version: int = 3
) -> None:
    """Do something in one session of asyncssh's client."""

    async def session() -> None:
        async with (
            asyncssh.connect(
                "127.0.0.1",
                at.port,
                username=at.user,
                password=at.password,
                known_hosts=None,
                client_keys=None,
                agent_path=None,
                config=None,
            ) as connection,
            connection.start_sftp_client(sftp_version=offered_version) as sftp,
        ):
            await work(sftp)

    try:
        asyncio.run(session())
    except (OSError, asyncssh.Error) as error:
        raise Complaint(str(error)) from error
