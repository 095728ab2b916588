"""SFTP sites of districts: ours in a thread for every run, OpenSSH's for `make test-all`."""

import asyncio
import getpass
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

SSHD = "/usr/sbin/sshd"
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Site:
    """An SFTP site that listens on the loopback address: its folder, and how to log in."""

    folder: Path
    port: int
    login: str
    host_key: str
    key_file: Path


def _keys(folder: Path) -> tuple[asyncssh.SSHKey, asyncssh.SSHKey, Path]:
    host, own = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    file = folder / "login_key"
    own.write_private_key(file)
    file.chmod(0o600)
    return host, own, file


def _line(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """A site of asyncssh whose one account has the key in `login_key`."""
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    host, own, key_file = _keys(folder)
    allowed = asyncssh.import_authorized_keys(_line(own))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host],
            authorized_client_keys=allowed,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(files).encode()),
        )

    listener = asyncio.run_coroutine_threadsafe(listen(), loop).result(_PATIENCE_S)
    try:
        yield Site(files, listener.get_port(), "district", _line(host), key_file)
    finally:

        async def close() -> None:
            listener.close()
            await listener.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), loop).result(_PATIENCE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE_S)
        loop.close()


@contextmanager
def openssh_site(folder: Path) -> Iterator[Site]:
    """The same of a real sshd, for whoever runs the tests."""
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    host, own, key_file = _keys(folder)
    host_file, allowed = folder / "host_key", folder / "authorized_keys"
    host.write_private_key(host_file)
    host_file.chmod(0o600)
    allowed.write_text(_line(own) + "\n")
    allowed.chmod(0o600)
    Path("/run/sshd").mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "Port": str(port),
        "ListenAddress": "127.0.0.1",
        "HostKey": str(host_file),
        "AuthorizedKeysFile": str(allowed),
        "StrictModes": "no",
        "UsePAM": "no",
        "PidFile": "none",
        "PermitRootLogin": "yes",
        "Subsystem": f"sftp internal-sftp -d {files}",
    }
    sshd = shutil.which("sshd") or SSHD
    command = [sshd, "-D", "-e", "-f", "/dev/null", *(f"-o{name}={value}" for name, value in options.items())]
    with (folder / "sshd.log").open("wb") as log, subprocess.Popen(command, stderr=log) as server:
        try:
            _wait_for(port)
            yield Site(files, port, getpass.getuser(), _line(host), key_file)
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
