"""The keys by which clients recognise this server."""

import os
from pathlib import Path

import asyncssh

from config.home import Home
from sftp_gateway.folders import make_private
from sftp_gateway.receiving import NoHostKeys

ED25519 = "ssh_host_ed25519_key"
RSA = "ssh_host_rsa_key"
_REMEDY = "Put the keys back from a backup, or run `rosterdrop init` on this home."


def make_host_keys(home: Home) -> None:
    """Make an ed25519 and an RSA key of 3072 bits in HOME/keys, readable by us only; existing keys stay."""
    make_private(home.keys)
    if not (home.keys / ED25519).exists():
        _write(home.keys / ED25519, asyncssh.generate_private_key("ssh-ed25519"))
    if not (home.keys / RSA).exists():
        _write(home.keys / RSA, asyncssh.generate_private_key("ssh-rsa", key_size=3072))


def _write(file: Path, key: asyncssh.SSHKey) -> None:
    """Write the private half, never readable by others for a moment, and the public half beside it."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as private:
        private.write(key.export_private_key())
    file.with_name(f"{file.name}.pub").write_bytes(key.export_public_key())


def load_host_keys(home: Home) -> list[asyncssh.SSHKeyPair]:
    """Read the keys that are there; an RSA key signs with SHA-2 only.

    Raises: NoHostKeys.
    """
    present = [str(file) for name in (ED25519, RSA) if (file := home.keys / name).exists()]
    try:
        pairs = list(asyncssh.load_keypairs(present)) if present else []
    except (asyncssh.KeyImportError, OSError) as error:
        raise NoHostKeys(f"A host key in {home.keys} cannot be read.", remedy=_REMEDY) from error
    if not pairs:
        raise NoHostKeys(f"There is no host key in {home.keys}.", remedy=_REMEDY)
    for pair in pairs:
        if pair.get_algorithm() == "ssh-rsa":
            # asyncssh has no option for it and would also offer SHA-1 and four private names (reference 2.6).
            pair.host_key_algorithms = (b"rsa-sha2-512", b"rsa-sha2-256")
    return pairs
