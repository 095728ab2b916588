"""Settings of the service as frozen values; every field is a key of `rosterdrop.toml` with the same name."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where and how the SFTP server listens. Table `[server]`."""

    host: str = "127.0.0.1"
    port: int = 2222
    login_timeout_s: float = 30.0
    keepalive_s: float = 30.0  # three unanswered ones end a session: a vanished client is noticed within 90 s
    tries: int = 6  # per connection, as OpenSSH's MaxAuthTries
    max_file_bytes: int = 4 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How drops are watched for files that did not come through the gateway. Table `[watching]`."""

    scan_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The process in which batches are judged and applied. Table `[worker]`."""

    threads: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for the whole installation."""

    server: Server = field(default_factory=Server)
    watching: Watching = field(default_factory=Watching)
    worker: Worker = field(default_factory=Worker)
