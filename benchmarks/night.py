"""A night from frozen files to the report in the drop, beside the least that any program must do: read the files.

The peer is polars reading the same three files in the same run; the figure to quote is the ratio.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from config.home import Home
from config.loading import load_profile
from config.writing import add_district, profile_text
from connect_store.store import open_store
from processors import deliveries, freezing, pipeline
from rosterdrop.commands.home import make_home
from rosterdrop.generating import generate

STUDENTS = int(os.environ.get("STUDENTS", "20000"))


def main() -> int:
    """Time a first load, an ordinary night and the same night again."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        week = generate(root / "week", students=STUDENTS, nights=2)
        home = Home(root / "home")
        make_home(home)
        add_district(home, "d", profile_text(week.name, week.time_zone, week.schools, None))
        rows = sum(week.rows.values())
        print(f"{STUDENTS:,} students, {rows:,} rows a night")
        for title, night in (("first load", 0), ("ordinary night", 1), ("the same again", 1)):
            _show(title, rows, _timed(bring, home, "d", week.nights[night]), _timed(_read, week.nights[night]))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return 0


def _read(night: Path) -> None:
    for file in sorted(night.glob("*.csv")):
        pl.read_csv(file, infer_schema=False)


def bring(home: Home, district: str, night: Path) -> int:
    """Let a folder of files go through the whole pipeline; the number of its batch."""
    with open_store(home.store_db) as store:
        delivery = deliveries.upload(store, load_profile(home, district), deliveries.files_at([night]), who="benchmark")
    number = freezing.deliver(home, delivery)
    outcome = pipeline.finish(home, district, number, who="benchmark")
    assert outcome.verdict == "accepted", outcome.verdict
    return number


def _timed(work: Callable[..., object], *given: object) -> float:
    started = time.perf_counter()
    work(*given)
    return time.perf_counter() - started


def _show(title: str, rows: int, whole_s: float, reading_s: float) -> None:
    ratio = whole_s / reading_s
    print(f"{title:16} {whole_s:6.2f} s  {rows / whole_s:9,.0f} rows/s  {ratio:6.1f} x reading ({reading_s:.2f} s)")


if __name__ == "__main__":
    sys.exit(main())
