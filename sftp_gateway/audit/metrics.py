"""Figures for Prometheus at `http://127.0.0.1:PORT/metrics`, where the settings name a port.

What is counted is what the audit is told of, so nothing can be in the one and not in the other. The other processes
of a gateway send what they count through the pipe that they have to the lead, which alone counts and serves: the
library's own way for several processes needs a folder of mapped files and a variable set before it is imported, and
would add nothing. What stands in gateway.db, for all processes, is read when it is asked for.

Labels are our own words, and ids of districts; nothing that a client chose.
"""

import errno
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sftp_gateway.receiving import DropId, GatewayError, PortTaken
from sftp_gateway.statements import statements

_STATEMENTS: Final = statements("metrics.sql")
_LOOPBACK: Final = "127.0.0.1"
_BUSY_S: Final = 1.0


class Count(NamedTuple):
    """One thing that happened, as it is counted: an event of the audit, what tells it from others, and its bytes."""

    event: str
    detail: str = ""
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """What one process has to do at this moment."""

    sessions: int = 0
    handles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the lead knows of all processes at this moment; `looked_s` says how long ago each drop was looked at."""

    processes: int
    busy: Busy = field(default_factory=Busy)
    looked_s: Mapping[DropId, float] = field(default_factory=dict)


def together(all_busy: Iterable[Busy]) -> Busy:
    """What several processes have to do."""
    each = tuple(all_busy)
    return Busy(sessions=sum(one.sessions for one in each), handles=sum(one.handles for one in each))


_DETAILS: Final = {"login": "method", "login_failed": "method", "kept_out": "reason", "refused": "request"}
_COUNTED: Final = frozenset(
    {
        *_DETAILS,
        "connected",
        "banned",
        "upload",
        "interrupted",
        "download",
        "arrived_elsewhere",
        "batch",
        "audit_line_lost",
    }
)


def count_of(event: str, facts: Mapping[str, object]) -> Count | None:
    """What is counted of an event of the audit; None where nothing is."""
    if event not in _COUNTED:
        return None
    size = facts.get("bytes")
    return Count(event, str(facts.get(_DETAILS.get(event, ""), "")), size if isinstance(size, int) else 0)


class Metrics:
    """Counts for all processes of a gateway, and serves the figures."""

    def __init__(self, database: Path, state: Callable[[], State]) -> None:
        self._registry = CollectorRegistry()
        self._server: WSGIServer | None = None
        self._turned_away = self._counter("turned_away", "Connections refused before they could log in", "reason")
        self._logins = self._counter("logins", "Attempts to log in", "outcome", "method")
        self._uploads = self._counter("uploads", "Uploads that ended", "result")
        self._upload_bytes = self._counter("upload_bytes", "Bytes of uploads that ended", "result")
        self._downloads = self._counter("downloads", "Files that were read")
        self._download_bytes = self._counter("download_bytes", "Bytes that were read")
        self._refusals = self._counter("refusals", "Requests that were refused", "request")
        self._plain = {
            "connected": self._counter("connections", "Connections that came in"),
            "banned": self._counter("bans", "Sources that were banned for failed logins"),
            "arrived_elsewhere": self._counter(
                "arrived_elsewhere", "Files put into drops by other means than the gateway"
            ),
            "batch": self._counter("batches", "Sets that were taken"),
            "audit_line_lost": self._counter("audit_lines_lost", "Lines of the audit that could not be written"),
        }
        self._registry.register(_Now(database, state))

    def count(self, one: Count) -> None:
        """Something happened, in whichever process; may be called from any thread."""
        match one.event:
            case "kept_out":
                self._turned_away.labels(one.detail).inc()
            case "login" | "login_failed":
                self._logins.labels("accepted" if one.event == "login" else "failed", one.detail).inc()
            case "upload" | "interrupted":
                result = "finished" if one.event == "upload" else "interrupted"
                self._uploads.labels(result).inc()
                self._upload_bytes.labels(result).inc(one.bytes)
            case "download":
                self._downloads.inc()
                self._download_bytes.inc(one.bytes)
            case "refused":
                self._refusals.labels(one.detail).inc()
            case _:
                self._plain[one.event].inc()

    def serve(self, port: int) -> int:
        """Serve the figures to this machine alone, in threads of their own; returns the port.

        Raises: GatewayError.
        """
        try:
            self._server, self._thread = start_http_server(port, _LOOPBACK, self._registry)
        except OSError as error:
            raise _cannot_serve(port, error) from error
        return int(self._server.server_port)

    def close(self) -> None:
        """Serve no more."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"rosterdrop_{name}", says, labels, registry=self._registry)


class _Now(Collector):
    """What holds at the moment at which it is asked for."""

    def __init__(self, database: Path, state: Callable[[], State]) -> None:
        self._database = database
        self._state = state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every figure of this moment; where the database cannot be read, those that stand in it are missing."""
        state = self._state()
        yield _gauge("processes", "Processes that serve clients", state.processes)
        yield _gauge("sessions_open", "SFTP sessions that are open", state.busy.sessions)
        yield _gauge("handles_open", "Files that clients have open", state.busy.handles)
        looked = GaugeMetricFamily(
            "rosterdrop_seconds_since_look", "Since a drop was last looked through", labels=("district", "drop")
        )
        for drop_id, seconds in state.looked_s.items():
            looked.add_metric((drop_id.district, drop_id.drop), seconds)
        yield looked
        with suppress(sqlite3.Error):
            yield from self._in_database()

    def _in_database(self) -> list[GaugeMetricFamily]:
        address = f"{self._database.as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S)) as database:
            connections = dict(database.execute(_STATEMENTS["connections"]).fetchall())
            one = {
                name: database.execute(_STATEMENTS[name], {"now": time.time()} if name == "banned" else {}).fetchone()[
                    0
                ]
                for name in ("banned", "uploads_open", "untold")
            }
        open_now = GaugeMetricFamily("rosterdrop_connections_open", "Connections right now", labels=("logged_in",))
        open_now.add_metric(("yes",), connections.get(1, 0))
        open_now.add_metric(("no",), connections.get(0, 0))
        return [
            open_now,
            _gauge("sources_banned", "Sources that are refused for failed logins", one["banned"]),
            _gauge("uploads_open", "Uploads that clients have open", one["uploads_open"]),
            _gauge("news_untold", "Arrivals and interruptions without a receipt yet", one["untold"]),
        ]


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"rosterdrop_{name}", says, value)


def _cannot_serve(port: int, error: OSError) -> GatewayError:
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Another program listens on {_LOOPBACK}, port {port}.", remedy="Stop it, or set another metrics.port."
        )
    return GatewayError(f"Metrics cannot be served on {_LOOPBACK}, port {port}.", remedy="Set another metrics.port.")
