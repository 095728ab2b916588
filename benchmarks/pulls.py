"""A whole roster over HTTP, beside the least that any client must do: receive the same answers and throw them away.

The servers are those of our tests, in a process of their own, so that the memory is the client's alone. The figure to
quote is the ratio.
"""

import http.client
import multiprocessing
import os
import resource
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
_SERVERS: Final = {"clever": CleverServer, "classlink": ClassLinkServer}


@dataclass(frozen=True, slots=True)
class _Told:
    """What the client has to know of a server."""

    url: str
    token: str
    district: str


def main() -> int:
    """Time a pull from Clever and one from ClassLink."""
    print(f"{STUDENTS:,} students")
    for kind in _SERVERS:
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=(kind, theirs), daemon=True)
        server.start()
        told: _Told = ours.recv()
        pull_s = _pulled(kind, told)
        ours.send("what was asked?")
        asked: Sequence[str] = ours.recv()
        receiving_s, received = _received(told, asked)
        ours.send("that was all")
        server.join()
        _show(kind, pull_s, receiving_s, received, len(asked))
    return 0


def _serve(kind: str, pipe: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        district = of_night(generate(Path(folder) / "d", students=STUDENTS).nights[0])
    with _SERVERS[kind](district) as server:
        server.prepare()
        tenant = server.district_id if isinstance(server, CleverServer) else server.tenant_id
        pipe.send(_Told(server.url, server.token, tenant))
        pipe.recv()
        pipe.send(server.requests[:])
        pipe.recv()


def _pulled(kind: str, told: _Told) -> float:
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
        started = time.perf_counter()
        pull(profile, Path(folder))
        return time.perf_counter() - started


def _received(told: _Told, asked: Sequence[str]) -> tuple[float, int]:
    """Seconds and bytes of the same answers, none of which is looked at."""
    connection = http.client.HTTPConnection(urlsplit(told.url).netloc)
    started, received = time.perf_counter(), 0
    for target in asked:
        connection.request("GET", target, headers={"Authorization": f"Bearer {told.token}"})
        received += len(connection.getresponse().read())
    connection.close()
    return time.perf_counter() - started, received


def _show(kind: str, pull_s: float, receiving_s: float, received: int, pages: int) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{kind:10} {pull_s:6.2f} s  {received / 1e6:6.0f} MB in {pages} pages  "
        f"{pull_s / receiving_s:6.1f} x receiving ({receiving_s:.2f} s)  peak memory so far {peak:.0f} MiB"
    )


if __name__ == "__main__":
    sys.exit(main())
