"""Who works on this home: locks that the kernel lets go when their holder dies, and that name their holder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from config.home import Home

_POLL_S: Final = 0.05
_QUESTION_S: Final = 1.0  # somebody who only asks holds a lock for a moment; a service that starts waits that long


class Held(Exception):
    """Somebody else holds the lock; `holder` says who."""

    exit_code = 2

    def __init__(self, what: str, holder: str) -> None:
        super().__init__(f"{what} is in use by {holder}")
        self.holder = holder


@contextmanager
def service_lock(home: Home, *, who: str) -> Iterator[None]:
    """Held by the one service of a home for as long as it runs.

    Raises:
        Held: another service runs on this home.
    """
    with _locked(_service(home), f"the home {home.root}", who=who, wait_s=_QUESTION_S):
        yield


@contextmanager
def district_lock(home: Home, district: str, *, who: str, wait_s: float) -> Iterator[None]:
    """Held by whoever works on a district's batches: one at a time, in their order.

    Raises:
        Held: it was not to be had within `wait_s` seconds.
    """
    with _locked(home.locks / f"district-{district}.lock", f"district {district}", who=who, wait_s=wait_s):
        yield


def service_holder(home: Home) -> str | None:
    """Who runs the service of this home, or None where nobody does."""
    try:
        with _locked(_service(home), f"the home {home.root}", who="a question", wait_s=0):
            return None
    except Held as held:
        return held.holder


def _service(home: Home) -> Path:
    return home.locks / "service.lock"


@contextmanager
def _locked(path: Path, what: str, *, who: str, wait_s: float) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, what, give_up=time.monotonic() + wait_s)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{who} (process {os.getpid()})".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, what: str, *, give_up: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                holder = os.pread(descriptor, 200, 0).decode(errors="replace")
                raise Held(what, holder or "another process") from None
            time.sleep(_POLL_S)
        else:
            return
