"""The HTTP of the servers: requests in, replies out, as slowly and as broken as a test wants it."""

import contextlib
import json
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from tests.roster_servers.faults import Faults, Reply

_POLL_S: Final = 0.02
_END: Final = b"\r\n0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; `path` is as it came over the wire, escapes and all."""

    method: str
    path: str
    query: Mapping[str, str]
    target: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


Disturbance = Callable[[Request, Reply], Reply]
"""What becomes of an answer, whichever it is."""


def document(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply of JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status=status, body=body, headers=headers or {})


class LocalServer(ABC):
    """A server on the loopback address while its context lasts.

    Attributes:
        faults: what goes wrong; may be changed at any time.
        requests: path and query of everything that was asked, in order.
        disturb: what becomes of every answer, where faults of single pages do not say it.
    """

    def __init__(self) -> None:
        self.faults = Faults()
        self.requests: list[str] = []
        self.disturb: Disturbance | None = None
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    @abstractmethod
    def reply(self, request: Request) -> Reply:
        """The answer to a request."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def now(self) -> float:
        """Seconds of the epoch on the server's clock."""
        return time.time() + self.faults.skew_s

    def __enter__(self) -> Self:
        self._stopping.clear()
        self._http = _Listening(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": _POLL_S}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._http.server_close()

    def opened(self, connection: socket.socket) -> None:
        """A client is there."""
        with self._lock:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """It is gone."""
        with self._lock:
            self._connections.discard(connection)

    def take(self, request: Request) -> Reply:
        """The answer, and a note of what was asked."""
        with self._lock:
            self.requests.append(request.target)
        reply = self.reply(request)
        return self.disturb(request, reply) if self.disturb else reply

    def wait(self, seconds: float) -> bool:
        """Let time pass; True where the server stops meanwhile."""
        return self._stopping.wait(seconds)


class _Listening(ThreadingHTTPServer):
    """The socket of a server."""

    def __init__(self, local: LocalServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.local = local


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listening

    def setup(self) -> None:
        super().setup()
        self.server.local.opened(self.connection)

    def finish(self) -> None:
        self.server.local.closed(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # a client that had enough
            super().handle()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        self._send(self.server.local.take(request))

    def _send(self, reply: Reply) -> None:
        if reply.hang_up or (reply.hang_s and self.server.local.wait(reply.hang_s)):
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        self.send_header("Date", formatdate(self.server.local.now(), usegmt=True))
        self.send_header("Content-Type", reply.content_type)
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self._send_body(reply)

    def _send_body(self, reply: Reply) -> None:
        body = reply.body[: len(reply.body) - reply.cut]
        if reply.chunked:
            body = b"%x\r\n%s%s" % (len(reply.body), body, b"" if reply.cut else _END)
        step = reply.piece if reply.pause_s else max(len(body), 1)
        for at in range(0, len(body), step):
            self.wfile.write(body[at : at + step])
            if reply.pause_s and self.server.local.wait(reply.pause_s):
                self.close_connection = True
                return
        if reply.cut:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""
