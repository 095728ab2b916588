"""How long a command takes that support waits for, in a store of 500 districts and a year of nights.

Run: `python -m benchmarks districts`. The peer is the same program with `--version`: what starting alone costs.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
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
STUDENTS: Final = 200
TRIES: Final = 5
_MIDDLE: Final = f"d-{DISTRICTS // 2}"
MOST_S: Final = 1.0
_NOTHING: Final[Mapping[str, object]] = {"files": [], "findings": {}, "guard": None, "links_lost": 0, "skipped": {}}
NOW: Final = ledger.moment("2026-11-28T00:00:00.000Z")


def main() -> int:
    """Print the median of each command; 1 where one takes longer than a second."""
    with tempfile.TemporaryDirectory() as folder:
        home, number = _filled(Path(folder))
        commands = {
            "--version": ["--version"],
            "status": ["status"],
            "batch list": ["batch", "list"],
            "batch list of one": ["batch", "list", _MIDDLE],
            "batch show": ["batch", "show", str(number)],
            "person find": ["person", "find", _MIDDLE, "--name", "a"],
            "person why": ["person", "why", _MIDDLE, "--name", "Ana", "--nights", "1"],
            "batch requeue": ["batch", "requeue", str(number)],
        }
        slowest = 0.0
        for title, command in commands.items():
            tries = 1 if title == "batch requeue" else TRIES
            taken_s = statistics.median(_seconds(home, command) for _ in range(tries))
            slowest = max(slowest, taken_s)
            print(f"{title:18} {taken_s:5.2f} s")
    return int(slowest > MOST_S)


def _filled(root: Path) -> tuple[Home, int]:
    """A home with every district's night applied, and a history; the number of one batch to ask for."""
    week = generate(root / "week", students=STUDENTS, nights=1)
    home = Home(root / "home")
    make_home(home)
    asked = 0
    for place in range(DISTRICTS):
        district = f"d-{place}"
        add_district(home, district, profile_text(district, week.time_zone, week.schools, None))
        with open_store(home.store_db) as store:
            _history(store, district)
        number = bring(home, district, week.nights[0])
        asked = number if place == DISTRICTS // 2 else asked
    return home, asked


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


def _seconds(home: Home, command: Sequence[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "rosterdrop", "--home", str(home.root), *command], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return time.perf_counter() - started
