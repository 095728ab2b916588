"""A whole roster over HTTP, beside the least that any client must do and beside what the server itself needs.

The servers are those of our tests; they stand in a process of their own, have every record ready, and only put pages
together and send them. The client is a process of its own for each try, so that its memory is that of one pull. Tries
come in pairs: a pull, then the same requests by a client that throws every answer away. Printed are medians, and:

- *receiving*: how many times as long as that other client a pull took. It is the floor of any pull, for while a server
  makes a page nobody can work on it; the servers send faster than a disk writes, so the ratio is far above that of a
  real service, which takes a second for such a page.
- *sending*: how many times the server's own processor time the client's processor time was. It hardly depends on what
  else the machine does.

STUDENTS and TRIES say how many. The figures to quote are the ratios and the peak.
"""

import http.client
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from config.profiles import ClassLink, Clever, Profile, Source
from roster_sources.pulling import pull
from rosterdrop.generating import generate
from tests.roster_servers.classlink import ClassLinkServer
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.district import of_night

STUDENTS = int(os.environ.get("STUDENTS", "20000"))
TRIES: Final = int(os.environ.get("TRIES", "3"))
_SERVERS: Final = {"clever": CleverServer, "classlink": ClassLinkServer}
_PROCESSES: Final = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class _Told:
    """What the client has to know of a server."""

    url: str
    token: str
    district: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a server was asked since it was last looked at, and its processor time for that."""

    targets: Sequence[str]
    cpu_s: float


@dataclass(frozen=True, slots=True)
class _Pulled:
    """One pull, as the client saw it."""

    taken_s: float
    cpu_s: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class _Try:
    """A pull, and the same answers received and thrown away."""

    pulled: _Pulled
    sending_s: float
    receiving_s: float
    received: int
    pages: int


def main() -> int:
    """Time pulls from Clever and from ClassLink."""
    print(f"{STUDENTS:,} students, {TRIES} tries")
    for kind in _SERVERS:
        ours, theirs = _PROCESSES.Pipe()
        server = _PROCESSES.Process(target=_serve, args=(kind, theirs), daemon=True)
        server.start()
        told: _Told = ours.recv()
        tries = [_try(kind, told, ours) for _ in range(TRIES)]
        server.terminate()
        server.join()
        _show(kind, tries)
    return 0


def _serve(kind: str, pipe: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        district = of_night(generate(Path(folder) / "d", students=STUDENTS).nights[0])
    with _SERVERS[kind](district) as server:
        server.prepare()
        tenant = server.district_id if isinstance(server, CleverServer) else server.tenant_id
        pipe.send(_Told(server.url, server.token, tenant))
        while True:
            before_s = time.process_time()
            pipe.recv()
            pipe.send(_Asked(server.requests[:], time.process_time() - before_s))
            server.requests.clear()


def _try(kind: str, told: _Told, server: Connection) -> _Try:
    with _PROCESSES.Pool(1) as client:
        pulled = client.apply(_pulled, (kind, told))
    asked = _look_at(server)
    receiving_s, received = _received(told, asked.targets)
    _look_at(server)
    return _Try(pulled, asked.cpu_s, receiving_s, received, len(asked.targets))


def _look_at(server: Connection) -> _Asked:
    server.send("what was asked?")
    asked = server.recv()
    assert isinstance(asked, _Asked)
    return asked


def _pulled(kind: str, told: _Told) -> _Pulled:
    os.environ["BENCHMARK_TOKEN"] = told.token
    profile = Profile(id="d", name="District", time_zone=ZoneInfo("UTC"))
    if kind == "clever":
        settings = Clever(url=told.url, district_id=told.district, token="env:BENCHMARK_TOKEN")  # noqa: S106 - a place
        profile = replace(profile, source=Source(kind="clever"), clever=settings)
    else:
        place = f"{told.url}/{ClassLinkServer.application}/ims/oneroster/v1p1"
        proxy = ClassLink(url=place, tenant_id=told.district, token="env:BENCHMARK_TOKEN")  # noqa: S106 - a place
        profile = replace(profile, source=Source(kind="classlink"), classlink=proxy)
    with tempfile.TemporaryDirectory() as folder:
        started, cpu_s = time.perf_counter(), time.process_time()
        pull(profile, Path(folder))
        taken_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu_s
    return _Pulled(taken_s, cpu_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _received(told: _Told, asked: Sequence[str]) -> tuple[float, int]:
    """Seconds and bytes of the same answers, none of which is looked at."""
    connection = http.client.HTTPConnection(urlsplit(told.url).netloc)
    started, received = time.perf_counter(), 0
    for target in asked:
        connection.request("GET", target, headers={"Authorization": f"Bearer {told.token}"})
        received += len(connection.getresponse().read())
    connection.close()
    return time.perf_counter() - started, received


def _show(kind: str, tries: Sequence[_Try]) -> None:
    middle = statistics.median
    pull_s = middle(one.pulled.taken_s for one in tries)
    cpu_s = middle(one.pulled.cpu_s for one in tries)
    receiving = middle(one.pulled.taken_s / one.receiving_s for one in tries)
    sending = middle(one.pulled.cpu_s / one.sending_s for one in tries)
    peak = max(one.pulled.peak_mib for one in tries)
    print(
        f"{kind:10} {tries[0].received / 1e6:5.0f} MB in {tries[0].pages} pages: {pull_s:6.2f} s, "
        f"{receiving:5.1f} x receiving ({middle(one.receiving_s for one in tries):.2f} s); processor {cpu_s:6.2f} s, "
        f"{sending:5.1f} x sending ({middle(one.sending_s for one in tries):.2f} s); peak {peak:.0f} MiB"
    )


if __name__ == "__main__":
    sys.exit(main())
