"""The keys by which clients recognise this server, and their rotation.

    HOME/keys/ssh_host_*_key            current: they prove who we are
    HOME/keys/next/ssh_host_*_key       next: announced, so that clients trust them before they are used
    HOME/keys/retired/<moment>/         retired: neither used nor announced, kept for whoever has to go back

A client that logs in is told of current and next keys (hostkeys-00@openssh.com) and lets each be proven, while the
current one vouches for them; OpenSSH then writes the next ones to its known_hosts and takes away what is no longer
announced. That is why a retired key is not announced: its owner wants it forgotten.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, Literal

import asyncssh

from config.disk import sync
from config.home import Home
from config.settings import Algorithms
from config.writing import alone
from sftp_gateway.folders import make_private
from sftp_gateway.receiving import NoHostKeys
from sftp_gateway.ssh.algorithms import SPOKEN, HostKeyType

Standing = Literal["current", "next"]

_FILES: Final[Mapping[HostKeyType, str]] = {
    "ssh-ed25519": "ssh_host_ed25519_key",
    "ssh-rsa": "ssh_host_rsa_key",
    "ecdsa-sha2-nistp256": "ssh_host_ecdsa_key",
}
_RSA_BITS: Final = 3072
_REMEDY: Final = "Put the keys back from a backup, or make new ones: rosterdrop host-key prepare."


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKey:
    """One of our keys, as people may see it; `line` is its public half as one OpenSSH line."""

    kind: HostKeyType
    standing: Standing
    made: datetime
    fingerprint: str
    line: str


def make_host_keys(home: Home) -> None:
    """Make a key of each type that is not there, readable by us only; existing keys stay."""
    make_private(home.root, home.keys)
    with alone(home):
        for kind in _FILES:
            _make_once(_file(home, kind, "current"), kind)


def load_host_keys(home: Home, name: Algorithms) -> list[asyncssh.SSHKeyPair]:
    """The keys that are offered and announced where the algorithms `name` are spoken, current ones first.

    Homes of the first version have no ecdsa key. It is made when a port first speaks algorithms that offer it: no
    client can have known it. A lost key of the other types is not replaced in silence.

    Raises: NoHostKeys.
    """
    kinds = SPOKEN[name].host_keys
    _make_ecdsa(home, kinds)
    try:
        current = [pair for kind in kinds for pair in _current_pairs(_file(home, kind, "current"), kind)]
        following = [pair for kind in kinds for pair in _next_pairs(_file(home, kind, "next"), kind)]
    except (asyncssh.KeyImportError, OSError) as error:
        raise NoHostKeys(f"A host key in {home.keys} cannot be read.", remedy=_REMEDY) from error
    if not current:
        raise NoHostKeys(f"There is no host key in {home.keys} for {name}.", remedy=_REMEDY)
    return [*current, *following]


def host_keys(home: Home) -> tuple[HostKey, ...]:
    """Every key that is there, the current ones first.

    Raises: NoHostKeys.
    """
    standings: tuple[Standing, ...] = ("current", "next")
    files = [(standing, kind, _file(home, kind, standing)) for standing in standings for kind in _FILES]
    return tuple(_seen(file, kind, standing) for standing, kind, file in files if file.exists())


def prepare_host_keys(home: Home) -> None:
    """Make the next keys; what is there already stays. A current key that is missing is made as well."""
    make_host_keys(home)
    make_private(home.keys / "next")
    with alone(home):
        for kind in _FILES:
            _make_once(_file(home, kind, "next"), kind)


def rotate_host_keys(home: Home, now: datetime) -> None:
    """The next keys become the current ones; at no moment is a type without a key, whenever the machine stops."""
    with alone(home):
        retired = _new_folder(home.keys / "retired", f"{now:%Y-%m-%dT%H%M%SZ}")
        for kind in _FILES:
            following = _file(home, kind, "next")
            if following.exists():
                _replace(_file(home, kind, "current"), following, retired)


def _replace(current: Path, following: Path, retired: Path) -> None:
    """Public half first: as long as the next private one is there, doing it once more finishes it."""
    for old, new in ((_public(current), _public(following)), (current, following)):
        if old.exists():
            os.link(old, retired / old.name)
        sync(retired)  # before the key loses its name here
        if new.exists():
            new.replace(old)
            sync(old.parent)
            sync(new.parent)


def _new_folder(above: Path, moment: str) -> Path:
    """A folder that holds nothing yet, named after the moment; a second one of a second is counted."""
    names = (moment if number == 1 else f"{moment}-{number}" for number in count(1))
    folder = next(above / name for name in names if not (above / name).exists())
    make_private(folder)
    return folder


def _file(home: Home, kind: HostKeyType, standing: Standing) -> Path:
    folder = home.keys if standing == "current" else home.keys / "next"
    return folder / _FILES[kind]


def _public(file: Path) -> Path:
    return file.with_name(f"{file.name}.pub")


def _make_ecdsa(home: Home, kinds: tuple[HostKeyType, ...]) -> None:
    wanted = "ecdsa-sha2-nistp256" in kinds and not _file(home, "ecdsa-sha2-nistp256", "current").exists()
    if wanted and any(_file(home, kind, "current").exists() for kind in kinds):
        with alone(home):
            _make_once(_file(home, "ecdsa-sha2-nistp256", "current"), "ecdsa-sha2-nistp256")


def _make_once(file: Path, kind: HostKeyType) -> None:
    """Write both halves, the private one last and whole: it is what makes the key exist."""
    if file.exists():
        return
    key = _new(kind)
    _public(file).write_bytes(key.export_public_key())
    unfinished = file.with_name(f".{file.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as private:
        private.write(key.export_private_key())
        private.flush()
        os.fsync(private.fileno())
    unfinished.replace(file)
    sync(file.parent)


def _new(kind: HostKeyType) -> asyncssh.SSHKey:
    if kind == "ssh-rsa":
        return asyncssh.generate_private_key(kind, key_size=_RSA_BITS)
    return asyncssh.generate_private_key(kind)


def _current_pairs(file: Path, kind: HostKeyType) -> Iterator[asyncssh.SSHKeyPair]:
    """The key as asyncssh uses it; an RSA key once for each of its signatures.

    asyncssh has no option for them: it would also offer SHA-1 and four private names (reference 2.6), and it notes in
    the one pair which signature a client has chosen, so that two clients at once could get each other's. Of two pairs
    with one key the later one proves it to clients who are told of it; OpenSSH expects SHA-512 there.
    """
    if file.exists():
        algorithms = (b"rsa-sha2-256", b"rsa-sha2-512") if kind == "ssh-rsa" else (kind.encode(),)
        for algorithm in algorithms:
            yield _pair(file, algorithm)


def _next_pairs(file: Path, kind: HostKeyType) -> Iterator[asyncssh.SSHKeyPair]:
    """The key as it is announced; asyncssh uses the first key of an algorithm, so this one only proves itself."""
    if file.exists():
        yield _pair(file, b"rsa-sha2-512" if kind == "ssh-rsa" else kind.encode())


def _pair(file: Path, algorithm: bytes) -> asyncssh.SSHKeyPair:
    (pair,) = asyncssh.load_keypairs([asyncssh.read_private_key(file)])
    pair.host_key_algorithms = (algorithm,)
    pair.set_sig_algorithm(algorithm)
    return pair


def _seen(file: Path, kind: HostKeyType, standing: Standing) -> HostKey:
    try:
        key, made = asyncssh.read_private_key(file), datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except (asyncssh.KeyImportError, OSError) as error:
        raise NoHostKeys(f"The host key {file} cannot be read.", remedy=_REMEDY) from error
    kind_and_blob = key.export_public_key().decode().split()[:2]
    return HostKey(
        kind=kind, standing=standing, made=made, fingerprint=key.get_fingerprint(), line=" ".join(kind_and_blob)
    )
