"""What it costs to write a million findings into all files of a report, beside polars writing the same table as CSV.

Run: python -m benchmarks findings.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from config.home import Home
from processors.reporting.contents import Report
from processors.reporting.publishing import publish
from validators.catalogue import described
from validators.findings import joined
from validators.judging import REJECTED, SET_ASIDE, Judgement
from validators.tables import FileFacts

MILLION: Final = 1_000_000
PAIRS: Final = 3
LIMIT: Final = 15.0


def main() -> int:
    """Print the median of the ratios; 1 where it is more than promised."""
    findings = _million()
    report = _report_on(findings)
    texts = described(findings, masked=False)
    ratios = []
    for _ in range(PAIRS):
        with tempfile.TemporaryDirectory() as folder:
            whole_s = _seconds(lambda: publish(Home(Path(folder, "home")), report, {}))
            bare_s = _seconds(lambda: texts.write_csv(Path(folder, "bare.csv")))
        ratios.append(whole_s / bare_s)
        print(f"{MILLION:,} findings: all files, with values and masked, {whole_s:.1f} s; bare CSV {bare_s:.2f} s")
    print(f"ratio {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
    return int(statistics.median(ratios) > LIMIT)


def _million() -> pl.DataFrame:
    """Findings of four rules, each with a value of its own."""
    number = pl.int_range(MILLION, dtype=pl.UInt32, eager=True)
    codes = ["user.role.unknown", "user.email.invalid", "user.sms.invalid", "user.grades.unknown"]
    told = pl.DataFrame({"line": number + 2}).select(
        code=pl.Series(codes).gather(number % len(codes)),
        file=pl.lit("users.csv"),
        line="line",
        column=pl.Series([code.split(".")[1] for code in codes]).gather(number % len(codes)),
        value=pl.format("value {}", "line"),
    )
    return joined([told])


def _report_on(findings: pl.DataFrame) -> Report:
    facts = FileFacts(file="users.csv", bytes=1, sha256="0" * 64, rows=MILLION)
    judgement = Judgement(
        facts=(facts,),
        standing={},
        findings=findings,
        rejected=pl.DataFrame(schema=REJECTED),
        set_aside=pl.DataFrame(schema=SET_ASIDE),
    )
    return Report(
        verdict="accepted", judgement=judgement, district="d", number=1, received=datetime(2026, 11, 28, tzinfo=UTC)
    )


def _seconds(work: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s
