"""Findings: one thing to say about a batch each. Their level, texts and effect stand in the catalogue, by code."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final

import polars as pl

from validators.finding import Finding

__all__ = ["FINDINGS", "Finding", "as_frame", "folded", "joined"]

FINDINGS: Final[dict[str, pl.DataType]] = {
    "code": pl.String(),
    "file": pl.String(),
    "line": pl.UInt32(),
    "column": pl.String(),
    "value": pl.String(),
    "detail": pl.String(),
    "hint": pl.String(),
    "cause": pl.Int32(),
    "count": pl.UInt32(),
}
"""Shape of a frame of findings, one row each.

`file`, `line`, `column`: where, as far as it has a place. `value`: the offending value, unmasked; it may be personal.
`detail`: what the message needs beside the value (an ID, a number, a list), unmasked; it may be personal.
`hint`: a value that was probably meant (`teacher` for `teachr`). `cause`: index of the finding that this one follows
from, in the same frame. `count`: how many rows it stands for, 1 unless it was folded.
"""


_CELLS: Final = attrgetter(*FINDINGS)


def as_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as one frame (FINDINGS)."""
    return pl.DataFrame([_CELLS(finding) for finding in findings], schema=FINDINGS, orient="row")


def joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Frames of findings as one; columns that a frame lacks are null, a missing count is 1."""
    parts = [as_frame(()), *frames]
    return pl.concat(parts, how="diagonal").select(*FINDINGS).with_columns(pl.col("count").fill_null(1))


def folded(findings: pl.DataFrame) -> pl.DataFrame:
    """One row for what is the same thing said often: what follows from one cause, and notes of one kind in a file.

    `count` adds up, place and value are those of the first. Findings that somebody must repair one by one stay apart,
    and so do notes on different columns or schools (`detail`).

    Args:
        findings: as FINDINGS, with `level` (as `catalogue.described` adds it) where notes are to be folded.

    Returns: the same columns; `cause` points into the folded frame.
    """
    level = pl.col("level") if "level" in findings.columns else pl.lit(None, pl.String)
    alone = pl.col("cause").is_null() & level.ne("info").fill_null(value=True)
    numbered = findings.with_row_index("index")
    same = ["code", "file", "cause", "column", "detail"]
    groups = (
        numbered.filter(~alone)
        .group_by(same)
        .agg(index=pl.col("index").min(), every="index", sum=pl.col("count").sum().cast(pl.UInt32))
    )
    lone = numbered.filter(alone).select("index", first="index", sum="count")
    followed = groups.select("sum", first="index", index="every").explode("index")
    firsts = pl.concat([lone, followed.select(lone.columns)]).sort("index")
    kept = (
        numbered.with_columns(firsts["first"], count=firsts["sum"])
        .filter(pl.col("index") == pl.col("first"))
        .with_row_index("new")
    )
    moved = firsts.select(cause=pl.col("index").cast(pl.Int32), first="first").join(
        kept.select("first", new=pl.col("new").cast(pl.Int32)), on="first"
    )
    return (
        kept.drop("new")
        .join(moved.select("cause", "new"), on="cause", how="left", maintain_order="left")
        .with_columns(cause="new")
        .select(findings.columns)
    )
