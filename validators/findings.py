"""Findings: one thing to say about a batch each. Their level, texts and effect stand in the catalogue, by code."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import polars as pl

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding, for the places that make them one by one; columns as in FINDINGS."""

    code: str
    file: str | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None
    detail: str | None = None
    hint: str | None = None
    cause: int | None = None
    count: int = 1


def as_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as one frame (FINDINGS)."""
    return pl.DataFrame([asdict(finding) for finding in findings], schema=FINDINGS)


def joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Frames of findings as one; columns that a frame lacks are null, a missing count is 1."""
    parts = [as_frame(()), *frames]
    return pl.concat(parts, how="diagonal").select(FINDINGS).with_columns(pl.col("count").fill_null(1))
