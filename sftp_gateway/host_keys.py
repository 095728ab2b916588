"""The keys by which clients recognise this server."""

import os
from pathlib import Path

import asyncssh

from config.home import Home

ED25519 = "ssh_host_ed25519_key"
RSA = "ssh_host_rsa_key"


def make_host_keys(home: Home) -> None:
    """Make an ed25519 and an RSA key of 3072 bits in HOME/keys, readable by us only; existing keys stay."""
    home.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (home.keys / ED25519).exists():
        _write(home.keys / ED25519, asyncssh.generate_private_key("ssh-ed25519"))
    if not (home.keys / RSA).exists():
        _write(home.keys / RSA, asyncssh.generate_private_key("ssh-rsa", key_size=3072))


def _write(file: Path, key: asyncssh.SSHKey) -> None:
    """Write the private half, never readable by others for a moment, and the public half beside it."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as private:
        private.write(key.export_private_key())
    file.with_name(f"{file.name}.pub").write_bytes(key.export_public_key())
