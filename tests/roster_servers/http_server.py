"""What the servers of rosters have in common: a port on the loopback address, and whatever goes wrong on the way."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request: the path without the query, the query, and the headers by their names in lower case."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    url: str
    body: str = ""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer; what goes wrong with it stands in the last fields.

    `cut` bytes of the body are missing at its end, `pause_s` lies before it, `trickle_s` between its bytes.
    """

    document: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    cut: int = 0
    pause_s: float = 0.0
    trickle_s: float = 0.0
    hang_up: bool = False

    @property
    def body(self) -> bytes:
        if self.text is not None:
            return self.text.encode()
        return json.dumps(self.document).encode()


Disturbance = Callable[[Request, Reply], Reply]
"""What becomes of an answer: a test puts one into a server, and takes it out again."""


class Answering(Protocol):
    """A server as a function of the request."""

    url: str
    asked: list[str]
    disturb: Disturbance | None

    def reply(self, request: Request) -> Reply:
        """The answer, before anything goes wrong."""


class _Handler(BaseHTTPRequestHandler):
    """Every request goes to `served`."""

    protocol_version = "HTTP/1.1"
    served: Answering

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _answer(self, body: str) -> None:
        parts = urlsplit(self.path)
        request = Request(
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            url=f"{self.served.url}{self.path}",
            body=body,
        )
        self.served.asked.append(self.path)
        reply = self.served.reply(request)
        self._send(self.served.disturb(request, reply) if self.served.disturb else reply)

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.pause_s)
        if reply.hang_up:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        usual = {"Content-Type": "application/json; charset=utf-8", "Date": self.date_time_string()}
        for name, value in {**usual, **reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        sent = reply.body[: len(reply.body) - reply.cut]
        step = 16 if reply.trickle_s else max(len(sent), 1)
        for at in range(0, len(sent), step):
            self.wfile.write(sent[at : at + step])
            time.sleep(reply.trickle_s)
        self.close_connection = bool(reply.cut)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # a client that had enough
            self.close_connection = True


@contextmanager
def listening(served: Answering) -> Iterator[None]:
    """Let a server listen on a free port; its `url` is set."""
    handler = type("Handler", (_Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
