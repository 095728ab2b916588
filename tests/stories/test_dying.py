"""SIGKILL at each step of a night, and a new start: the night ends applied once, with its report."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from connect_store import ledger
from connect_store.store import open_store
from tests.asking import ask
from tests.stories.springfield import EVERYBODY, MATH, MEMBERS, PATIENCE_S, Springfield, as_csv, settled_home

STEPS = {
    "after the close, before freezing": "processors.freezing:freeze:before",
    "while freezing, before the ledger knows": "processors.freezing:_lent:before",
    "after freezing, before the journal knows": "rosterdrop.service:_freeze:after",
    "before reading": "processors.pipeline:read_frozen:before",
    "after reading": "processors.pipeline:read_frozen:after",
    "after judging": "processors.pipeline:judge_set:after",
    "with all changes written, before the commit": "processors.pipeline:apply:after",
    "after the commit, before the report": "processors.pipeline:publish:before",
    "with the report half in the drop": "processors.reporting.publishing:_make_latest:before",
    "after the report, before the ledger knows": "processors.pipeline:publish:after",
}


class Killable:
    """The service as people run it, in a process group of its own."""

    def __init__(self, district: Springfield, port: int) -> None:
        self._district, self._port = district, port

    def start(self, *, die_at: str = "") -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "dying"), "DIE_AT": die_at}
        with (self._district.home.root / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rosterdrop", "--home", str(self._district.home.root), "serve"],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._until_it_listens()

    @property
    def port(self) -> int:
        return self._port

    def is_dead(self) -> bool:
        return self._process.poll() is not None

    def waits_for_death(self) -> None:
        assert self._process.wait(PATIENCE_S) == -signal.SIGKILL

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def interrupt(self) -> None:
        """Ctrl-C in a terminal: every process of the group is told."""
        os.killpg(self._process.pid, signal.SIGINT)

    def ends(self) -> int:
        return self._process.wait(PATIENCE_S)

    def _until_it_listens(self) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up and not self.is_dead():
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                time.sleep(0.05)
            else:
                return


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[tuple[Springfield, Killable]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    district = Springfield(settled_home(tmp_path / "home", port=port))
    service = Killable(district, port)
    district.service = service
    try:
        yield district, service
    finally:
        service.kill()


@pytest.mark.parametrize("step", STEPS)
def test_a_night_that_dies_ends_applied_once(killable: tuple[Springfield, Killable], step: str) -> None:
    springfield, service = killable
    service.start(die_at=STEPS[step])
    with contextlib.suppress(paramiko.SSHException, OSError, EOFError):
        springfield.uploads(night())
    service.waits_for_death()

    service.start()
    report = springfield.next_report()

    assert report.verdict == "accepted"
    assert report.document["changes"]["student"]["created"] == 2
    assert springfield.settled_ledger() == [(report.number, "reported", "accepted")]
    assert springfield.status_of("ana") == "active"
    assert springfield.changes_of("ana") == [(report.number, "created")]


def test_a_night_that_dies_during_the_upload_waits_for_its_retry(killable: tuple[Springfield, Killable]) -> None:
    springfield, service = killable
    service.start()
    users = night()["users.csv"]
    with contextlib.suppress(paramiko.SSHException, OSError, EOFError), springfield.logged_in() as client:
        upload = client.open("users.csv", "wb")
        upload.write(users[: len(users) // 2])
        upload.flush()
        service.kill()

    service.start()
    springfield.uploads({name: content for name, content in night().items() if name != "users.csv"})
    time.sleep(3)
    assert springfield.ledger() == [], "a set with an interrupted member is never judged"

    springfield.uploads({"users.csv": users})
    report = springfield.next_report()
    assert report.verdict == "accepted"
    assert springfield.settled_ledger() == [(report.number, "reported", "accepted")]


def night() -> dict[str, bytes]:
    tables = {"users": EVERYBODY, "classes": (MATH,), "enrollments": MEMBERS}
    return {f"{table}.csv": as_csv(table, rows) for table, rows in tables.items()}


@pytest.mark.soak
def test_three_hundred_random_kills_lose_double_and_halve_no_night(killable: tuple[Springfield, Killable]) -> None:
    """`ROSTERDROP_KILLS` sets how many, `ROSTERDROP_SEED` their moments."""
    springfield, service = killable
    kills, seed = int(os.environ.get("ROSTERDROP_KILLS", "300")), int(os.environ.get("ROSTERDROP_SEED", "1"))
    chance = random.Random(seed)  # noqa: S311 - no secret
    pushed = 0
    for _ in range(kills):
        service.start()
        vendor = threading.Thread(target=pushes, args=(springfield, pushed + 1, pushed + 3), daemon=True)
        vendor.start()
        time.sleep(chance.uniform(0.0, 4.0))
        service.kill()
        vendor.join(PATIENCE_S)
        pushed += 3
        assert_whole(springfield)

    service.start()
    springfield.waits_until(lambda: arrives(springfield, pushed + 1))
    springfield.waits_until(lambda: names_in(springfield) == {f"N{pushed + 1}"})
    springfield.waits_until(lambda: all(state in {"reported", "superseded"} for _, state, _ in springfield.ledger()))
    assert_whole(springfield)
    for number, _, _ in springfield.ledger():
        assert list(springfield.home.reports("springfield").glob(f"*-batch-{number}/report.json")), number


def arrives(springfield: Springfield, number: int) -> bool:
    """Whether a night came through; a vendor whose connection was reset tries again."""
    try:
        springfield.uploads(numbered(number))
    except (paramiko.SSHException, OSError, EOFError):
        time.sleep(1)
        return False
    return True


def pushes(springfield: Springfield, first: int, last: int) -> None:
    """A vendor that pushes one night after the other, each name of which carries its number, until it is cut off."""
    with contextlib.suppress(paramiko.SSHException, OSError, EOFError):
        for number in range(first, last + 1):
            springfield.uploads(numbered(number))
            time.sleep(0.5)


def numbered(number: int) -> dict[str, bytes]:
    users = [{**row, "givenName": f"N{number}"} for row in EVERYBODY]
    tables = {"users": users, "classes": [{**MATH, "title": f"N{number}"}], "enrollments": MEMBERS}
    return {f"{table}.csv": as_csv(table, rows) for table, rows in tables.items()}


def names_in(springfield: Springfield) -> set[str]:
    """The numbers that the store's names carry; more than one would be half a night."""
    with open_store(springfield.home.store_db) as store:
        people = ask(store, "select given_name from person where status = 'active'")
        rooms = ask(store, "select title from classroom where status = 'active'")
    return {name for (name,) in (*people, *rooms)}


def assert_whole(springfield: Springfield) -> None:
    """At most one night is in Connect, and no file of a drop was taken by two batches."""
    assert len(names_in(springfield)) <= 1
    with open_store(springfield.home.store_db) as store:
        batches = ledger.history(store, "springfield", most=10_000)
    own = [(file.file, file.generation) for batch in batches for file in batch.files if file.carried_from is None]
    assert len(own) == len(set(own))
