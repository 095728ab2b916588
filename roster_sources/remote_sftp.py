"""A district's own SFTP site: the files that stand there, taken once they are whole and stand still."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar, cast

import asyncssh
import stamina

from config.clever_files import clever_file_of
from config.profiles import RemoteSftp
from config.tables import table_of
from roster_sources.asking import Patience
from roster_sources.facts import Facts
from roster_sources.failures import NothingNew, PullFailed, spoken
from roster_sources.secrets import NoSecret, secret_at

T = TypeVar("T")
_MOST_FILES: Final = 10_000
_MOST_BYTES: Final = 4 * 1024**3
_BLOCK: Final = 256 * 1024
_FRESH_S: Final = 3600.0  # whoever writes a file changes its time; so far the clock of the site may be from ours


@dataclass(frozen=True, slots=True, order=True)
class _Seen:
    """A file of the site, as it was when it was looked at."""

    name: str
    path: str
    size: int
    mtime: int


def fetch(
    settings: RemoteSftp, into: Path, *, known: str | None, quiet_s: float, patience: Patience
) -> tuple[list[Path], Facts]:
    """Copy the roster files of a site into a folder: the tables, or the newest ZIP where there is one alone.

    Where one was written lately, all must stay as they are for `quiet_s`: a program that writes may pause.

    Raises:
        PullFailed: the site is not to be had, is another one, or has no roster; `source.changed` where files are still
            being written.
        NothingNew: the files are those of the known version.
        NoSecret: the password or key is not where the profile says.
    """
    for attempt in stamina.retry_context(
        on=_may_pass, attempts=patience.tries, timeout=None, wait_initial=patience.first_wait_s
    ):
        with attempt:
            return _run(_fetch(settings, into, known, quiet_s, patience), settings, patience)
    raise AssertionError  # the loop ends by files or by an exception


def _may_pass(error: Exception) -> bool:
    return isinstance(error, PullFailed) and error.code == "source.unreachable"


def _run(work: Coroutine[Any, Any, T], settings: RemoteSftp, patience: Patience) -> T:
    """Do the work; what may happen on the way to a site becomes the words for it."""
    try:
        return asyncio.run(asyncio.wait_for(work, patience.pull_s))
    except TimeoutError as error:
        raise PullFailed("source.unreachable", "too slow") from error
    except asyncssh.HostKeyNotVerifiable as error:
        raise PullFailed("source.host_key") from error
    except asyncssh.PermissionDenied as error:
        raise PullFailed("source.login") from error
    except asyncssh.SFTPPermissionDenied as error:
        raise PullFailed("source.forbidden", settings.path) from error
    except asyncssh.SFTPNoSuchFile as error:
        raise PullFailed("source.no_files", settings.path) from error
    except (OSError, asyncssh.Error) as error:
        raise PullFailed("source.unreachable", spoken(error)) from error


def look(settings: RemoteSftp, *, patience: Patience) -> dict[str, str]:
    """The key that a site shows, and the roster files that stand there.

    Raises:
        PullFailed: the site is not to be had, or has no roster.
        NoSecret: the password or key is not where the profile says.
    """
    shown = host_key_of(settings, patience)
    told = {"host key": shown or "none"}
    if shown:  # what people read to each other over the phone
        told["fingerprint"] = asyncssh.import_public_key(shown).get_fingerprint()
    if not settings.host_key:
        return told | {"next": f'compare it, then set remote_sftp.host_key="{shown}"'}

    async def listed() -> list[_Seen]:
        async with _site(settings, patience) as site:
            return await _look(site, settings.path)

    return told | {seen.name: f"{seen.size} bytes" for seen in _run(listed(), settings, patience)}


def host_key_of(settings: RemoteSftp, patience: Patience) -> str | None:
    """The key that a site shows now, as the line for a profile; nobody has checked whose it is."""

    async def ask() -> str | None:
        key = await asyncio.wait_for(asyncssh.get_server_host_key(settings.host, settings.port), patience.silence_s)
        return key.export_public_key().decode().strip() if key else None

    try:
        return asyncio.run(ask())
    except (OSError, TimeoutError, asyncssh.Error) as error:
        raise PullFailed("source.unreachable", spoken(error)) from error


async def _fetch(
    settings: RemoteSftp, into: Path, known: str | None, quiet_s: float, patience: Patience
) -> tuple[list[Path], Facts]:
    async with _site(settings, patience) as site:
        before = await _look(site, settings.path)
        version = hashlib.sha256(repr(before).encode()).hexdigest()
        if version == known:
            raise NothingNew(rests=False)
        copies = [await _copy(site, seen, into) for seen in before]
        if any(seen.mtime > time.time() - _FRESH_S for seen in before):
            await asyncio.sleep(quiet_s)
        if await _look(site, settings.path) != before:
            raise PullFailed("source.changed")
    return copies, Facts(counts={"files": len(copies)}, version=version)


@asynccontextmanager
async def _site(settings: RemoteSftp, patience: Patience) -> AsyncIterator[asyncssh.SFTPClient]:
    if not settings.host_key:
        raise NoSecret("remote_sftp.host_key", "it is not set; rosterdrop source test shows the key of the site")
    password = secret_at(settings.password, "remote_sftp.password") if settings.password else None
    key = _private_key(secret_at(settings.key, "remote_sftp.key")) if settings.key else None
    if password is None and key is None:
        raise NoSecret("remote_sftp.password", "neither this nor remote_sftp.key is set")
    nobody: list[asyncssh.SSHKey] = []
    trusted = ([asyncssh.import_public_key(settings.host_key)], nobody, nobody)
    async with (
        asyncssh.connect(
            settings.host,
            settings.port,
            username=settings.login,
            password=password,
            client_keys=[key] if key else None,
            known_hosts=trusted,
            agent_path=None,
            config=None,
            connect_timeout=patience.silence_s,
            keepalive_interval=patience.silence_s / 2,
        ) as connection,
        connection.start_sftp_client() as client,
    ):
        yield client


def _private_key(text: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(text)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise NoSecret("remote_sftp.key", f"it is no private key without a passphrase ({error})") from None


async def _look(site: asyncssh.SFTPClient, path: str) -> list[_Seen]:
    """The files that make the roster: the ZIP that the profile names, the tables of a folder, or its newest ZIP.

    Raises:
        PullFailed: there are none.
    """
    if not await site.isdir(path):
        return [await _seen(site, str(PurePosixPath(path).parent), PurePosixPath(path).name)]
    listed = [str(name) for name in await site.listdir(path)]
    if len(listed) > _MOST_FILES:
        raise PullFailed("source.endless")
    names = [name for name in listed if "/" not in name]  # such a name would be written outside our folder
    tables = [await _seen(site, path, name) for name in names if table_of(name) or clever_file_of(name)]
    zips = [await _seen(site, path, name) for name in names if name.casefold().endswith(".zip")]
    if zips and (not tables or max(one.mtime for one in zips) > max(one.mtime for one in tables)):
        return [max(zips, key=lambda one: one.mtime)]
    if not tables:
        raise PullFailed("source.no_files", path)
    return sorted(tables)


async def _seen(site: asyncssh.SFTPClient, folder: str, name: str) -> _Seen:
    path = str(PurePosixPath(folder) / name)
    facts = await site.stat(path)
    return _Seen(name, path, facts.size or 0, facts.mtime or 0)


async def _copy(site: asyncssh.SFTPClient, seen: _Seen, into: Path) -> Path:
    target = into / seen.name
    copied = 0
    async with site.open(seen.path, "rb") as source:
        with target.open("wb") as file:
            while block := cast(bytes, await source.read(_BLOCK)):
                copied += len(block)
                if copied > _MOST_BYTES:
                    raise PullFailed("source.endless")
                await asyncio.to_thread(file.write, block)
    if copied != seen.size:
        raise PullFailed("source.changed")
    return target
