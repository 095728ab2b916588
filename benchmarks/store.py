"""What a night costs beside judging it: a night with a little churn, the same night again, an undo.

Run: `python -m benchmarks store`, STUDENTS=250000 for the largest. Every figure to quote is a ratio of this run.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.night import bring
from config.home import Home
from config.loading import load_profile
from config.writing import add_district, profile_text
from connect_store import ledger, people
from connect_store.applying import apply
from connect_store.store import open_store, open_store_file
from processors import steering
from processors.contexts import known_to
from processors.file_sets import SetFile, judge_set, read_set
from processors.frozen import digest
from processors.pipeline import decide
from rosterdrop.commands.home import make_home
from rosterdrop.generating import generate
from validators import Judgement

STUDENTS: Final = int(os.environ.get("STUDENTS", "50000"))
MOST_NIGHT: Final = 1.5  # times judging
CHURN: Final = 100  # one in so many people has another name

NOW: Final = ledger.moment("2026-11-28T00:00:00.000Z")


def main() -> int:
    """Print each ratio; 1 where one is more than promised."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        week = generate(root / "week", students=STUDENTS, nights=1)
        night = week.nights[0]
        home = Home(root / "home")
        make_home(home)
        add_district(home, "d", profile_text(week.name, week.time_zone, week.schools, None))
        print(f"{STUDENTS:,} students, {sum(week.rows.values()):,} rows a night")
        bring(home, "d", night)
        same_s = _timed(lambda: bring(home, "d", night))
        churned = _churned(night, root / "churned")
        judging_s = _timed(lambda: _judged(home, churned))
        applying_s = _applying(home, churned, root / "copy.db")
        night_s = _timed(lambda: bring(home, "d", churned))
        undo_s = _timed(lambda: _undo(home))
    print(f"judging a night {judging_s:.2f} s; of a night with 1 % churn")
    print(f"  all of it      {night_s:6.2f} s, {night_s / judging_s:.2f} x judging")
    print(f"  compare, apply {applying_s:6.2f} s, {applying_s / judging_s:.2f} x judging")
    print(f"  undo           {undo_s:6.2f} s, {undo_s / applying_s:.2f} x compare and apply")
    print(f"the same night again {same_s:.2f} s, {same_s / judging_s:.2f} x judging")
    return int(night_s / judging_s > MOST_NIGHT or undo_s > applying_s)


def _applying(home: Home, night: Path, copy: Path) -> float:
    """Seconds of comparing and applying alone, on a copy of the store."""
    judgement = _judged(home, night)
    with open_store(home.store_db) as store:
        store.copy_to(copy)
    profile = load_profile(home, "d")
    started = time.perf_counter()
    with open_store_file(copy) as store:
        changes = decide(store, judgement, profile, people.baseline(store, "d")).takes
        with store.writing():
            number = ledger.open_batch(store, district="d", test=False, origin="upload", received=NOW, files=[])
            apply(store, district="d", batch=number, changes=changes, at=NOW)
    return time.perf_counter() - started


def _undo(home: Home) -> None:
    with open_store(home.store_db) as store:
        newest = ledger.last_applied(store, "d")
    assert newest
    steering.undo(home, newest.number, who="benchmark", why="benchmark")


def _judged(home: Home, night: Path) -> Judgement:
    profile = load_profile(home, "d")
    files = [
        SetFile(path=path, file=path.name, table=table, sha256=digest(path))
        for table in profile.arrival.expected
        if (path := night / f"{table}.csv").exists()
    ]
    with open_store(home.store_db) as store:
        known = known_to(store, "d")
    return judge_set(read_set(files, profile, ()), profile, known)


def _churned(night: Path, folder: Path) -> Path:
    """The same night in which one person of a hundred has another name."""
    folder.mkdir()
    for file in night.glob("*.csv"):
        rows = pl.read_csv(file, infer_schema=False)
        if file.name == "users.csv":
            other = pl.when(pl.int_range(pl.len()) % CHURN == 0).then(pl.col("familyName") + "-Moss")
            rows = rows.with_columns(familyName=other.otherwise("familyName"))
        rows.write_csv(folder / file.name)
    return folder


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
