"""What trust costs: reading a users.csv of 500,000 rows, compared with a bare polars read in the same run.

Run: python -m benchmarks.reading
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from validators.reading import read

ROWS = 500_000
LIMIT = 12.0  # times a bare read, for a file with quotes; a quiet machine of two cores shows about half


def users(*, quoted: bool) -> pl.DataFrame:
    """Students, each linked to one guardian, or to two in a cell that needs quotes."""
    number = pl.int_range(ROWS).cast(pl.String)
    return pl.select(
        sourcedId="u-" + number,
        status=pl.lit("active"),
        orgSourcedIds=pl.lit("0042"),
        role=pl.lit("student"),
        givenName="Ana" + number,
        familyName="Nuñez" + number,
        email="ana." + number + "@example.org",
        sms=pl.lit("+15555550100"),
        agentSourcedIds="g-" + number + (",h-" + number if quoted else ""),
        grades=pl.lit("05"),
    )


def best_s(work: Callable[[], object], times: int = 3) -> float:
    """The best wall-clock time of a few, as other work on the machine only adds."""

    def once() -> float:
        start_s = time.perf_counter()
        work()
        return time.perf_counter() - start_s

    return min(once() for _ in range(times))


def careful_s(path: Path) -> float:
    """How long the careful reader takes for a file that the fast one declines: its last row has a stray quote."""
    path.write_text(path.read_text("utf-8") + 'u,active,0042,student,A "B" C,D,,,,05\n', "utf-8")
    return best_s(lambda: read(path, "users"), times=1)


def main() -> int:
    """Print the figures; 1 where trust costs more than promised."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "users.csv")
        for kind, quoted in (("plain", False), ("quoted", True)):
            users(quoted=quoted).write_csv(path)
            bare_s = best_s(lambda: pl.read_csv(path.read_bytes(), infer_schema=False))
            read_s = best_s(lambda: read(path, "users"))
            print(f"{kind}: read {read_s:.2f} s, bare polars {bare_s:.2f} s, ratio {read_s / bare_s:.1f}")
        slow_s = careful_s(path)
        print(f"careful: {slow_s:.1f} s, ratio {slow_s / bare_s:.0f}")
    return int(read_s > LIMIT * bare_s)


if __name__ == "__main__":
    sys.exit(main())
