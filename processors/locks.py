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


class Lock:
    """A lock that is held; the kernel knows its file and not its name, so the name may be removed under its holder."""

    def __init__(self, file: Path, what: str, who: str) -> None:
        self.file = file
        self._what = what
        self._who = who
        self._descriptor = -1

    def acquire(self, wait_s: float) -> None:
        """Hold it, or raise `Held` after so many seconds; what was held before stays so until then."""
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _acquire(descriptor, self._what, give_up=time.monotonic() + wait_s)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{self._who} (process {os.getpid()})".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self.release()
        self._descriptor = descriptor

    def keep(self) -> bool:
        """Hold it again where somebody has removed its file; returns whether that was so.

        Raises:
            Held: another one was quicker.
        """
        try:
            named = self.file.stat()
        except FileNotFoundError:
            named = None
        held = os.fstat(self._descriptor)
        if named and (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino):
            return False
        self.acquire(wait_s=0)
        return True

    def release(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def service_lock(home: Home, *, who: str) -> Iterator[Lock]:
    """Held by the one service of a home for as long as it runs.

    Raises:
        Held: another service runs on this home.
    """
    with _locked(_service(home), f"the home {home.root}", who=who, wait_s=_QUESTION_S) as lock:
        yield lock


def district_holder(home: Home, district: str) -> str | None:
    """Who works on a district, or None where nobody does."""
    try:
        with district_lock(home, district, who="a question", wait_s=0):
            return None
    except Held as held:
        return held.holder


@contextmanager
def district_lock(home: Home, district: str, *, who: str, wait_s: float) -> Iterator[None]:
    """Held by whoever works on a district's batches: one at a time, in their order.

    Raises:
        Held: it was not to be had within `wait_s` seconds.
    """
    with _locked(home.locks / f"district-{district}.lock", f"district {district}", who=who, wait_s=wait_s):
        yield


@contextmanager
def pull_lock(home: Home, district: str, *, who: str) -> Iterator[None]:
    """Held while a district's roster is fetched: one pull at a time.

    Raises:
        Held: another one is under way.
    """
    with _locked(home.locks / f"pull-{district}.lock", f"the source of {district}", who=who, wait_s=0):
        yield


@contextmanager
def entering_lock(home: Home) -> Iterator[None]:
    """Shared by all who enter batches, whoever works on the district: no other store takes the store's place."""
    home.locks.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(_restore(home), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def restore_lock(home: Home, *, wait_s: float) -> Iterator[None]:
    """Held while another store takes the store's place: nobody enters a batch.

    Raises:
        Held: somebody still enters one after `wait_s` seconds.
    """
    with _locked(_restore(home), f"the home {home.root}", who="somebody who enters a batch or restores", wait_s=wait_s):
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


def _restore(home: Home) -> Path:
    return home.locks / "restore.lock"


@contextmanager
def _locked(path: Path, what: str, *, who: str, wait_s: float) -> Iterator[Lock]:
    lock = Lock(path, what, who)
    lock.acquire(wait_s)
    try:
        yield lock
    finally:
        lock.release()


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
