"""Findings and rejected rows in the order of repair, with their texts, masked where values must not show."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

import polars as pl

from config.clever_files import clever_file_of
from config.masking import masked as masked_value
from config.tables import table_of
from processors.reporting.contents import Report, is_foreign
from validators.catalogue import described, of_level
from validators.clever.columns import files_sent, headers_sent
from validators.distinct import each_distinct

LEVELS: Final = ("error", "warning", "info")

# Order of repair (sis-deviations 4, row 4): what is repaired first makes later findings vanish.
_STAGES: Final = {
    "batch": 0,
    "set": 0,
    "archive": 0,
    "clever": 0,
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

_OF_WHAT_WAS_SENT: Final = pl.col("code").str.contains(r"^(?:file|header|row|clever)\.")  # their places are right
_CAMEL: Final = re.compile(r"[a-z]+(?:[A-Z]|\.csv)")  # names that are no words of a sentence, as `grades` may be
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

    Returns: errors before warnings before notes, root causes first; `cause` is an index into this very frame. `file`,
    `line` and `column` are those of what was sent; `judged_file` and `judged_line` where the row stood when it was
    judged, in tables that were made of other files.
    """
    is_alien = is_foreign(report)
    ordered = _as_sent(_in_order(report.judgement.findings), report.judgement.origins)
    findings = _in_their_words(described(ordered, masked=masked or is_alien, language=report.language))
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


def _as_sent(findings: pl.DataFrame, origins: pl.DataFrame) -> pl.DataFrame:
    """Findings with the places that whoever sent the files knows."""
    judged = findings.with_columns(judged_file="file", judged_line="line")
    if origins.is_empty():
        return judged
    column = pl.col("column")
    for (sent, file), _ in origins.group_by("sent_file", "file"):
        clever, table = clever_file_of(str(sent)), table_of(str(file))
        if clever and table:
            is_here = (pl.col("sent_file") == sent) & (pl.col("file") == file)
            column = pl.when(is_here).then(pl.col("column").replace(headers_sent(clever, table))).otherwise(column)
    return (
        judged.join(origins, on=("file", "line"), how="left", maintain_order="left")
        .with_columns(pl.when(~_OF_WHAT_WAS_SENT).then(name).alias(name) for name in ("sent_file", "sent_line"))
        .with_columns(column=column)
        .with_columns(file=pl.coalesce("sent_file", "file"), line=pl.coalesce("sent_line", "line"))
        .drop("sent_file", "sent_line")
    )


def _in_their_words(findings: pl.DataFrame) -> pl.DataFrame:
    """Texts about rows that stand in another file, with the names of that file and its columns."""
    moved = findings.filter(pl.col("file").ne_missing(pl.col("judged_file"))).select("file", "judged_file").unique()
    for sent, file in moved.iter_rows():
        clever, table = clever_file_of(sent or ""), table_of(file or "")
        if clever is None or table is None:
            continue
        named = {**headers_sent(clever, table), **files_sent(clever)}
        names = {name: theirs for name, theirs in named.items() if _CAMEL.match(name)}
        is_here = (pl.col("file") == sent) & (pl.col("judged_file") == file)
        for text in ("message", "fix"):
            told = pl.col(text)
            for name, theirs in names.items():
                told = told.str.replace_all(rf"\b{re.escape(name)}\b", theirs)
            findings = findings.with_columns(pl.when(is_here).then(told).otherwise(text).alias(text))
    return findings


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
