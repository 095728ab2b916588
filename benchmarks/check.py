"""What a verdict costs, with bookkeeping, every rule and every relation, beside a bare polars read of the same files.

Run: python -m benchmarks.check [--sizes 5000,50000,250000]. Each size is measured in a process of its own, so that its
peak memory is its own. A ratio of processor time beside that of the clock tells a busy machine from a slow program.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from benchmarks import rule_engines
from config.profiles import Profile
from config.tables import TABLES, file_of
from processors.file_sets import SetFile, judge_set, read_set
from rosterdrop.generating import generate
from validators import Known
from validators.values import normalised

SIZES: Final = (5_000, 50_000)
TIMES: Final = 5
LIMIT: Final = 5.0  # times a bare read
GROWTH: Final = 1.2  # of the cost of a row, from the smallest set to the largest


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; 1 where a verdict costs more than promised."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of students, with commas")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments or [])
    if given.folder:
        print(json.dumps(_measured(given.folder)))
        return 0
    costs: list[tuple[float, float]] = []
    for students in map(int, given.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder, "week"), students=students)
            costs.append(_show(students, Path(folder, "week")))
            last = students == int(given.sizes.split(",")[-1])
            print(
                "\n".join(rule_engines.compare(_users(Path(folder, "week"))) if last else ()), end="\n" if last else ""
            )
    growth = costs[-1][1] / costs[0][1]
    print(f"cost of a row, largest to smallest set: {growth:.2f}")
    return int(growth > GROWTH or any(ratio > LIMIT for ratio, _ in costs))


def _show(students: int, folder: Path) -> tuple[float, float]:
    """Measure one size in a child; its ratio and its cost of a row."""
    command = [sys.executable, "-m", "benchmarks.check", "--folder", str(folder)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    rows, whole_s, bare_s = told["rows"], told["whole_s"], told["bare_s"]
    print(
        f"{students:,} students, {rows:,} rows: {whole_s:.2f} s, {rows / whole_s:,.0f} rows/s, "
        f"peak {told['peak']:.0f} MiB; bare read {bare_s:.3f} s, ratio {told['ratio']:.1f} "
        f"(processor time {told['cpu_ratio']:.1f})"
    )
    return told["ratio"], whole_s / rows


def _measured(folder: Path) -> dict[str, float]:
    night = next(folder.glob("night-*"))
    files = [SetFile(path=night / file_of(name), file=file_of(name), table=name) for name in TABLES]
    files = [file for file in files if file.path.exists()]
    schools = json.loads((folder / "district.json").read_text("utf-8"))["schools"]
    profile = Profile(id="d", name="D", time_zone=ZoneInfo("UTC"), schools=schools)

    def whole() -> int:
        judged = judge_set(read_set(files, profile), profile, Known())
        return sum(facts.rows for facts in judged.facts)

    def bare() -> None:
        for file in files:
            pl.read_csv(file.path, infer_schema=False)

    rows = whole()
    pairs = [(*_timed(whole), *_timed(bare)) for _ in range(TIMES)]
    return {
        "rows": rows,
        "whole_s": statistics.median(pair[0] for pair in pairs),
        "bare_s": statistics.median(pair[2] for pair in pairs),
        "ratio": statistics.median(pair[0] / pair[2] for pair in pairs),
        "cpu_ratio": statistics.median(pair[1] / pair[3] for pair in pairs),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _users(folder: Path) -> pl.DataFrame:
    users = pl.read_csv(next(folder.glob("night-*")) / "users.csv", infer_schema=False).with_row_index("line", offset=2)
    return normalised(users, "users", country="US")


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start_s, time.process_time() - start_cpu_s


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
