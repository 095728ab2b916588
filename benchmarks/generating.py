"""How long it takes to invent a district of 20,000 students, and one of 250,000 with every OneRoster file, on one core.

Run: python -m benchmarks.generating
"""

import sys
import tempfile
import time
from pathlib import Path

from rosterdrop.generating import generate, plantable

STUDENTS = 20_000
LIMIT_S = 4.0
MANY_STUDENTS = 250_000
MANY_LIMIT_S = 60.0


def seconds(folder: Path, faults: tuple[str, ...] = (), nights: int = 1) -> float:
    """Wall-clock time of one order."""
    start_s = time.perf_counter()
    generate(folder, students=STUDENTS, faults=faults, nights=nights)
    return time.perf_counter() - start_s


def main() -> int:
    """Print the figures; 1 where a night takes longer than promised."""
    with tempfile.TemporaryDirectory() as place:
        night_s = seconds(Path(place, "night"))
        faulty_s = seconds(Path(place, "faulty"), tuple(plantable(separate_guardians=False)))
        week_s = seconds(Path(place, "week"), nights=7)
        start_s = time.perf_counter()
        many = generate(Path(place, "many"), students=MANY_STUDENTS, version="1.1")
        many_s = time.perf_counter() - start_s
        bytes_ = sum(path.stat().st_size for path in Path(place, "night").rglob("*.csv"))
    print(f"{STUDENTS:,} students, {bytes_ / 1e6:.0f} MB: {night_s:.1f} s")
    print(f"with every fault: {faulty_s:.1f} s")
    print(f"seven nights: {week_s:.1f} s")
    print(f"{MANY_STUDENTS:,} students, OneRoster 1.1, {sum(many.rows.values()):,} rows: {many_s:.1f} s")
    return int(night_s > LIMIT_S or many_s > MANY_LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
