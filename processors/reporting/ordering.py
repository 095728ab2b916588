"""Findings and rejected rows in the order of repair, with their texts, masked where values must not show."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import polars as pl

from config.masking import masked as masked_value
from processors.reporting.contents import Report, is_foreign
from validators.catalogue import described, of_level
from validators.distinct import each_distinct

LEVELS: Final = ("error", "warning", "info")

# Order of repair (sis-deviations 4, row 4): what is repaired first makes later findings vanish.
_STAGES: Final = {
    "batch": 0,
    "set": 0,
    "archive": 0,
    "version": 0,
    "package": 0,
    "mode": 0,
    "repair": 0,
    "manifest": 0,
    "school": 1,
    "schools": 1,
    "file": 2,
    "header": 2,
    "rows": 2,
    "ids": 2,
    "people": 2,
    "files": 2,
    "users": 2,
    "classes": 2,
    "enrollments": 2,
    "guardians": 2,
    "user": 3,
    "student": 3,
    "class": 4,
    "enrollment": 5,
    "guardianships": 6,
    "guardian": 6,
    "attribute": 7,
}
_STAGES_BY_FILE: Final = {
    "orgs.csv": 1,
    "academicSessions.csv": 1,
    "courses.csv": 2,
    "users.csv": 3,
    "classes.csv": 4,
    "enrollments.csv": 5,
    "guardians.csv": 6,
    "student_attributes.csv": 7,
}
_LAST_STAGE: Final = 8

_CONFORMANCE: Final = "oneroster."


def rejected_rows(report: Report, *, masked: bool) -> pl.DataFrame:
    """The rejected rows, each once: as REJECTED, keys masked where values must not show; none of foreign files."""
    rejected = report.judgement.rejected
    if is_foreign(report):
        return rejected.clear()
    return (
        rejected.with_columns(each_distinct(rejected["key"], partial(masked_value, language=report.language)))
        if masked
        else rejected
    )


def findings_in_order(report: Report, *, masked: bool) -> pl.DataFrame:
    """The findings with level, effect and texts, in the order of repair: as FINDINGS and `described` add to it.

    Args:
        report: what is told.
        masked: whether values are reduced to kind and length, here and in the messages.

    Returns: errors before warnings before notes, root causes first; `cause` is an index into this very frame.
    """
    is_alien = is_foreign(report)
    ordered = _in_order(report.judgement.findings)
    findings = described(ordered, masked=masked or is_alien, language=report.language)
    return _without_places(findings) if is_alien else findings


def is_conformance(code: str) -> bool:
    """Whether a finding is one of the rule set `oneroster`."""
    return code.startswith(_CONFORMANCE)


def stage_of(code: str, file: str | None) -> int:
    """When in the order of repair a finding has its turn."""
    return _STAGES.get(_kind_of(code), _STAGES_BY_FILE.get(file or "", _LAST_STAGE))


def _kind_of(code: str) -> str:
    return code.removeprefix(_CONFORMANCE).split(".", maxsplit=1)[0]


def _in_order(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings in the order of repair, with `cause` pointing at the new places."""
    ordered = findings.with_row_index("was").sort(_turn(findings), maintain_order=True)
    places = ordered["was"].arg_sort()  # the inverse: where each of them is now
    return ordered.drop("was").with_columns(cause=places.gather(ordered["cause"]).cast(pl.Int32))


def _turn(findings: pl.DataFrame) -> pl.Series:
    """One number a finding that tells its place: by level, stage, file and line.

    Codes and files are few, so each is looked at once; to sort by four columns takes three times as long.
    """
    codes = findings["code"].unique().to_list()
    levels = {code: rank for rank, level in enumerate(LEVELS) for code in of_level(level)}
    files = findings["file"].drop_nulls().unique().sort().to_list()
    parts: Sequence[tuple[pl.Expr, int]] = (
        (pl.col("code").replace_strict(levels, default=len(LEVELS)), len(LEVELS) + 1),
        (
            pl.col("code")
            .replace_strict(codes, [_STAGES.get(_kind_of(code)) for code in codes], return_dtype=pl.UInt64)
            .fill_null(pl.col("file").replace_strict(_STAGES_BY_FILE, default=_LAST_STAGE)),
            _LAST_STAGE + 1,
        ),
        (pl.col("file").replace_strict(files, range(1, len(files) + 1), default=0), len(files) + 1),
        (pl.col("line").cast(pl.UInt64) + 1, 2**32 + 1),
    )
    turn = pl.lit(0, pl.UInt64)
    for part, many in parts:
        turn = turn * many + part.cast(pl.UInt64).fill_null(0)
    return findings.select(turn).to_series()


def _without_places(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings about the set and whole files only, so that nothing of a row is told."""
    whole = findings.filter(pl.col("line").is_null())
    empty = [pl.lit(None, findings.schema[name]).alias(name) for name in ("column", "value", "detail", "hint", "cause")]
    return whole.with_columns(empty)
