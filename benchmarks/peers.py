"""Two servers to measure side by side: rosterdrop's own service and OpenSSH's sshd, on free ports of this machine."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SSHD = "/usr/sbin/sshd"
PASSWORD = "a long password of the benchmark"  # noqa: S105 - of an account that lives for one benchmark
_LIMITS = "connections_per_source = 1000\nnew_per_second = 1000\nconnections_per_account = 1000\nlogins_at_once = 1000"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A server that takes the benchmark's key; `folder` is where a client's files go."""

    name: str
    user: str
    port: int
    key: Path
    folder: str
    pid: int

    def sftp(self, *commands: str, cipher: str = "aes256-gcm@openssh.com") -> None:
        """One session of OpenSSH's client that does these commands."""
        batch = "\n".join((f"cd {self.folder}", *commands, "bye"))
        subprocess.run(self.client(cipher), input=batch, text=True, check=True, capture_output=True)

    def client(self, cipher: str = "aes256-gcm@openssh.com") -> list[str]:
        """The command of OpenSSH's client; it reads its batch from standard input."""
        options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", f"Ciphers={cipher}")
        chosen = [part for option in options for part in ("-o", option)]
        return ["sftp", "-q", "-b", "-", "-F", "none", "-i", str(self.key), "-P", str(self.port), *chosen, self.login]

    @property
    def login(self) -> str:
        """Who logs in where."""
        return f"{self.user}@127.0.0.1"


def sshd_is_here() -> bool:
    """Whether the peer is installed (Debian's openssh-server)."""
    return Path(SSHD).exists() and shutil.which("sftp") is not None


@contextmanager
def rosterdrop(root: Path, *, processes: int = 1) -> Iterator[Peer]:
    """The whole service, as a district would run it, with limits wide enough for a benchmark."""
    home, key, port = root / "home", _key_in(root), _free_port()
    _command(home, "init")
    _command(home, "district", "add", "d", "--name", "D", "--time-zone", "UTC", "--school", "1")
    added = ("account", "add", "bench", "--district", "d", "--preset", "district", "--key", f"{key}.pub")
    _command(home, *added, "--password-stdin", given=PASSWORD)
    settings = f"[server]\nport = {port}\nprocesses = {processes}\n[limits]\n{_LIMITS}\nlongest_ban_s = 0\n"
    (home / "rosterdrop.toml").write_text(settings, encoding="utf-8")
    serving = [sys.executable, "-m", "rosterdrop", "--home", str(home), "serve"]
    with _running(serving, port, root / "rosterdrop.log") as pid:
        yield Peer(name="rosterdrop", user="bench", port=port, key=key, folder="/", pid=pid)


@contextmanager
def sshd(root: Path) -> Iterator[Peer]:
    """OpenSSH's server with its own SFTP, and as many connections as it is asked for."""
    key, port = _key_in(root), _free_port()
    host_key, folder = root / "sshd_host_key", root / "sshd-files"
    folder.mkdir()
    _keygen(host_key)
    (root / "authorized_keys").write_bytes(key.with_name(f"{key.name}.pub").read_bytes())
    (root / "authorized_keys").chmod(0o600)
    Path("/run/sshd").mkdir(exist_ok=True)  # where it is not root, it is not asked for
    config = root / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nAuthorizedKeysFile {root}/authorized_keys\n"
        "StrictModes no\nUsePAM no\nPermitRootLogin yes\nMaxStartups 1000\nMaxSessions 1000\n"
        "Subsystem sftp internal-sftp\n",
        encoding="utf-8",
    )
    with _running([SSHD, "-D", "-e", "-f", str(config)], port, root / "sshd.log") as pid:
        user = os.environ.get("USER") or "root"
        yield Peer(name="sshd", user=user, port=port, key=key, folder=str(folder), pid=pid)


@contextmanager
def _running(command: Sequence[str], port: int, log: Path) -> Iterator[int]:
    with log.open("wb") as written:
        server = subprocess.Popen(command, stdout=written, stderr=written)
    try:
        _wait_for(port, server, log)
        yield server.pid
    finally:
        server.terminate()
        server.wait(timeout=60)


def _wait_for(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the server did not come up:\n{log.read_text(errors='replace')}")


def _command(home: Path, *arguments: str, given: str = "") -> None:
    command = [sys.executable, "-m", "rosterdrop", *(() if arguments == ("init",) else ("--home", str(home)))]
    where = (str(home),) if arguments == ("init",) else ()
    subprocess.run([*command, *arguments, *where], input=given, text=True, check=True, capture_output=True)


def _key_in(root: Path) -> Path:
    key = root / "client_key"
    if not key.exists():
        _keygen(key)
    return key


def _keygen(file: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
