"""Settings of the service as frozen values; every field is a key of `rosterdrop.toml` with the same name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Algorithms = Literal["strict-2026-11", "default-2026-11", "legacy-2026-11"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where and how the SFTP server listens. Table `[server]`.

    `more_ports` maps further ports to the algorithms that are spoken there, for a vendor whose client is old.
    """

    host: str = "127.0.0.1"
    port: int = 2222
    algorithms: Algorithms = "default-2026-11"
    more_ports: Mapping[str, Algorithms] = field(default_factory=dict)
    processes: int = 1
    login_timeout_s: float = 30.0
    idle_s: float = 900.0
    keepalive_s: float = 30.0  # three silences end a session: a vanished client is noticed within 90 s
    tries: int = 6  # per connection, as OpenSSH's MaxAuthTries
    max_file_bytes: int = 4 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one source, one account and all together may take of the server. Table `[limits]`."""

    connections_per_source: int = 10
    new_per_second: int = 20  # of one source
    connections_per_account: int = 10
    logins_at_once: int = 100  # connections of all sources that have not logged in
    longest_ban_s: float = 600.0  # as OpenSSH's PerSourcePenalties
    reserve_bytes: int = 256 * 1024**2  # of the disk, kept for reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How drops are watched for files that did not come through the gateway. Table `[watching]`."""

    scan_s: float = 30.0
    polling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The process in which batches are judged and applied. Table `[worker]`."""

    threads: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """How long it stays known what accounts did. Table `[audit]`."""

    keep_days: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how many days what batches leave behind is kept. Table `[retention]`."""

    files_days: int = 30
    undo_days: int = 400
    reports_days: int = 90
    events_days: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Figures for Prometheus, on the loopback address only. Table `[metrics]`."""

    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where the Connect store is. Table `[store]`; the environment counts before it (`connect_store.places`)."""

    url: str | None = field(default=None, repr=False)  # it may hold a password


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for the whole installation."""

    server: Server = field(default_factory=Server)
    limits: Limits = field(default_factory=Limits)
    watching: Watching = field(default_factory=Watching)
    worker: Worker = field(default_factory=Worker)
    audit: Audit = field(default_factory=Audit)
    retention: Retention = field(default_factory=Retention)
    metrics: Metrics = field(default_factory=Metrics)
    store: Store = field(default_factory=Store)
