"""A backup: the store as it is at one moment, settings, accounts, profiles and keys, in one file that was read again.

Frozen files, drops, reports and the audit are not in it: nobody changes them once they are there, and any program that
copies files copies them, also while the service runs.
"""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, Final

from config.disk import sync
from config.home import Home
from config.writing import alone
from connect_store import ledger
from connect_store.copies import copy_store
from connect_store.places import must_be_a_file
from processors.frozen import digest

STORE: Final = "connect.db"
_CONTENTS: Final = "backup.json"
_FORMAT: Final = 1
_CHUNK: Final = 1024 * 1024


class NoBackup(Exception):
    """A file is no backup, or not the one that was written; or one cannot be written where it was asked for."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup: its file, when it was made, the newest batch in its store, and its files with their SHA-256."""

    file: Path
    made: datetime
    newest: int
    files: Mapping[str, str]

    @property
    def settings(self) -> tuple[str, ...]:
        """The files that people write, by their paths in the home: all but the store."""
        return tuple(name for name in self.files if name != STORE)


def back_up(home: Home, place: Path, *, now: datetime) -> Backup:
    """Write a backup into a folder, under a name with its date, or into a new file; the service may go on.

    It appears under its name once every byte of it was read back.

    Raises:
        NoBackup: the file is there already, or its folder is not.
        BrokenCopy: the store is damaged.
        StoreError: it is in PostgreSQL.
    """
    must_be_a_file(home.store_db)
    file = place / f"rosterdrop-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar" if place.is_dir() else place
    if file.exists():
        raise NoBackup(f"{file} is there already; name another file, or a folder")
    if not file.parent.is_dir():
        raise NoBackup(f"the folder {file.parent} is not there; make it first")
    with _beside(file) as (copy, part):
        given = copy_store(home.store_db, copy)
        small = _settings_in(home)
        digests = {STORE: digest(copy), **{name: hashlib.sha256(text).hexdigest() for name, text in small.items()}}
        _pack(part, copy, small, _contents(home, now, given.batch, digests))
        _settle(part)
        examined = open_backup(part)
        part.rename(file)
    sync(file.parent)
    return Backup(file=file, made=examined.made, newest=examined.newest, files=examined.files)


def open_backup(file: Path) -> Backup:
    """A backup whose every byte is as it was written.

    Raises:
        NoBackup: it is none, or it is damaged.
    """
    try:
        with tarfile.open(file) as archive:
            known = json.loads(_bytes_of(archive, _CONTENTS))
            if known["format"] != _FORMAT:
                raise NoBackup(f"{file} is of a newer version of rosterdrop; install that one first")
            files: dict[str, str] = known["files"]
            for name, sha256 in files.items():
                if not _is_ours(name) or _digest_in(archive, name) != sha256:
                    raise NoBackup(f"{file} is damaged: {name} is not what was written; use another backup")
            return Backup(file=file, made=ledger.moment(known["made"]), newest=known["newest"], files=files)
    except (tarfile.TarError, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error, FileNotFoundError):
            raise NoBackup(f"{file} is not there") from error
        raise NoBackup(f"{file} is no backup of rosterdrop, or is damaged ({type(error).__name__})") from error


def take_out(backup: Backup, name: str, target: Path) -> None:
    """Write one file of a backup, for us alone, and wait until it is safe on the disk."""
    with tarfile.open(backup.file) as archive, open(target, "wb", opener=_for_us) as written:
        written.writelines(_chunks_of(archive, name))
        written.flush()
        os.fsync(written.fileno())


def differing(home: Home, backup: Backup) -> tuple[str, ...]:
    """Files that people write and that stand in a home otherwise than in a backup, or not at all."""
    return tuple(
        name
        for name in backup.settings
        if not (home.root / name).is_file() or digest(home.root / name) != backup.files[name]
    )


def _settings_in(home: Home) -> dict[str, bytes]:
    """The files that people write, and the keys, by their paths in the home."""
    with alone(home):
        files = [home.settings_file, home.accounts_file, *sorted(home.profiles.glob("*.toml"))]
        files += sorted(path for path in home.keys.rglob("*") if path.is_file())
        return {file.relative_to(home.root).as_posix(): file.read_bytes() for file in files if file.is_file()}


def _contents(home: Home, now: datetime, newest: int, digests: Mapping[str, str]) -> bytes:
    known: dict[str, Any] = {
        "format": _FORMAT,
        "made": ledger.stamp(now),
        "rosterdrop": version("rosterdrop"),
        "home": str(home.root),
        "newest": newest,
        "files": digests,
    }
    return json.dumps(known, indent=1).encode()


def _pack(part: Path, copy: Path, small: Mapping[str, bytes], contents: bytes) -> None:
    with open(part, "wb", opener=_for_us) as file, tarfile.open(fileobj=file, mode="w") as archive:
        for name, text in ((_CONTENTS, contents), *small.items()):
            archive.addfile(_member(name, len(text)), BytesIO(text))
        with copy.open("rb") as store:
            archive.addfile(_member(STORE, copy.stat().st_size), store)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _is_ours(name: str) -> bool:
    """Whether a path stays within a home: whoever made the file, nothing of it is written elsewhere."""
    path = PurePosixPath(name)
    inside = len(path.parts) > 1 and path.parts[0] in {"districts", "keys"} and ".." not in path.parts
    return name in {STORE, "rosterdrop.toml", "accounts.toml"} or inside


def _chunks_of(archive: tarfile.TarFile, name: str) -> Iterator[bytes]:
    member = archive.extractfile(name)
    if member is None:
        raise KeyError(name)
    while chunk := member.read(_CHUNK):
        yield chunk


def _bytes_of(archive: tarfile.TarFile, name: str) -> bytes:
    return b"".join(_chunks_of(archive, name))


def _digest_in(archive: tarfile.TarFile, name: str) -> str:
    sum_ = hashlib.sha256()
    for chunk in _chunks_of(archive, name):
        sum_.update(chunk)
    return sum_.hexdigest()


@contextmanager
def _beside(file: Path) -> Iterator[tuple[Path, Path]]:
    """Hidden places beside a file for the copy of the store and for the backup; what is left of them goes away."""
    places = file.with_name(f".{file.name}.store"), file.with_name(f".{file.name}.part")
    try:
        for place in places:
            place.unlink(missing_ok=True)  # of an earlier try that died
            place.touch(mode=0o600)
        yield places
    finally:
        for place in places:
            place.unlink(missing_ok=True)


def _for_us(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _settle(path: Path) -> None:
    path.chmod(0o600)
    sync(path)
