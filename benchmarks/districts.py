"""How long a command takes that support waits for, in a store of 500 districts and a year of nights.

Run: `python -m benchmarks districts`. The peer is the same program with `--version`: what starting alone costs. The
home takes minutes to make; with KEEP=FOLDER it stays there, and the next run measures it again. A first run of each
command does not count: it compiles what an installed program has compiled.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.night import bring
from config.home import Home
from config.writing import add_district, profile_text
from connect_store import ledger
from connect_store.store import Store, open_store
from rosterdrop.commands.home import make_home
from rosterdrop.generating import generate

DISTRICTS: Final = int(os.environ.get("DISTRICTS", "500"))
NIGHTS: Final = 100  # of each, beside the one that is real
STUDENTS: Final = int(os.environ.get("STUDENTS", "200"))
TRIES: Final = 5
_MIDDLE: Final = f"d-{DISTRICTS // 2}"
MOST_S: Final = 1.0
_NOTHING: Final[Mapping[str, object]] = {"files": [], "findings": {}, "guard": None, "links_lost": 0, "skipped": {}}
NOW: Final = ledger.moment("2026-11-28T00:00:00.000Z")


def main() -> int:
    """Print the median of each command; 1 where one takes longer than a second."""
    with _kept() as folder, tempfile.TemporaryDirectory() as compiled:
        home = Home(folder / "home")
        if not home.root.is_dir():
            _fill(home, folder / "week")
        with open_store(home.store_db) as store:
            newest = [_newest(store, place) for place in range(DISTRICTS)]
        number = newest[DISTRICTS // 2]
        commands = {
            "--version": ["--version"],
            "district list": ["district", "list"],
            "status": ["status"],
            "batch list": ["batch", "list"],
            "batch list of one": ["batch", "list", _MIDDLE],
            "batch show": ["batch", "show", str(number)],
            "person find": ["person", "find", _MIDDLE, "--name", "a"],
            "person why": ["person", "why", _MIDDLE, "--name", "Ana", "--nights", "1"],
        }
        tries = {title: [command] * (TRIES + 1) for title, command in commands.items()}
        # What was run again once waits, and is not run again before its turn: each try takes another district's night.
        tries["batch requeue"] = [["batch", "requeue", str(one)] for one in newest[: TRIES + 1]]
        slowest = 0.0
        for title, runs in tries.items():
            _, *taken_s = (_seconds(home, Path(compiled), command) for command in runs)
            slowest = max(slowest, median_s := statistics.median(taken_s))
            print(f"{title:18} {median_s:5.2f} s  (best {min(taken_s):.2f})")
    return int(slowest > MOST_S)


@contextlib.contextmanager
def _kept() -> Iterator[Path]:
    """The folder in which the home is made: one that stays where somebody names it."""
    if kept := os.environ.get("KEEP"):
        Path(kept).mkdir(exist_ok=True)
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _newest(store: Store, place: int) -> int:
    """The newest night of a district; in a home that is measured again it may be one that was run again."""
    newest = ledger.last(store, f"d-{place}", test=False)
    assert newest is not None
    return newest.number


def _fill(home: Home, files: Path) -> None:
    """Make a home with every district's night applied, and a history."""
    week = generate(files, students=STUDENTS, nights=1)
    make_home(home)
    for place in range(DISTRICTS):
        district = f"d-{place}"
        add_district(home, district, profile_text(district, week.time_zone, week.schools, None))
        with open_store(home.store_db) as store:
            _history(store, district)
        bring(home, district, week.nights[0])


def _history(store: Store, district: str) -> None:
    """Nights that came before and changed nothing."""
    with store.writing():
        for _ in range(NIGHTS):
            number = ledger.open_batch(store, district=district, test=False, origin="sftp", received=NOW, files=[])
            attempt = ledger.take(store, ledger.require(store, number))
            ledger.decide(store, number, attempt=attempt, verdict="accepted", changes={}, summary=_NOTHING, decided=NOW)
            ledger.move(store, number, attempt=attempt, before="decided", after="reported")
            for event in ("freeze", "take", "decide", "report"):
                ledger.note(store, number, event, at=NOW, who="benchmark")


def _seconds(home: Home, compiled: Path, command: Sequence[str]) -> float:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "rosterdrop", "--home", str(home.root), *command],
        capture_output=True,
        check=False,
        env=kept | {"PYTHONPYCACHEPREFIX": str(compiled)},
    )
    assert done.returncode == 0, done.stderr.decode()
    return time.perf_counter() - started
