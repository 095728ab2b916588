"""The cells of findings.csv and rejected/<table>.csv: nothing cut off, and safe to open in a spreadsheet."""

from typing import Final

import polars as pl
import polars.selectors as cs

from config.repairs import BATCH, COLUMNS, PLACE, RAW, REASON
from processors.reporting.contents import Report
from processors.reporting.escaping import guarded, harmless, visible_cells, with_guarded_names
from validators.catalogue import described
from validators.no_roster import NO_ROSTER
from validators.tables import LINE, Sheet

PASSWORD_DROPPED: Final = "file.password_dropped"  # noqa: S105 - a finding's code, no password

_FINDING: Final = ("file", "line", "column", "code", "level", "rejects", "value", "message", "fix", "count")


def findings_cells(findings: pl.DataFrame) -> pl.DataFrame:
    """Every finding, in the order of repair; control characters are shown, not obeyed.

    Args:
        findings: as `findings_in_order` tells them.
    """
    return harmless(findings.select(_FINDING))


def rejected_cells(report: Report, table: Sheet) -> pl.DataFrame | None:
    """The rejected rows of a table with their values as they came, to repair and send back; None without any.

    Files that are no roster of the district cannot be repaired, and of another's no row may be written.
    """
    is_whole = table.facts.file not in report.judgement.rejected["file"]
    if is_whole or not NO_ROSTER.isdisjoint(report.judgement.findings["code"]):
        return None
    reasons = _reasons(report, table.facts.file)
    rows = reasons.join(table.rows.drop(*COLUMNS, RAW, strict=False), on=LINE, how="left", maintain_order="left")
    unread = table.broken.select(LINE, pl.col("raw").alias(RAW)).join(reasons, on=LINE, how="semi")
    if not unread.is_empty() and not _had_passwords(report, table.facts.file):
        rows = rows.join(unread, on=LINE, how="left", maintain_order="left")
    batch = pl.lit(report.number, pl.Int64).alias(BATCH)
    told = rows.select(batch, pl.col(LINE).alias(PLACE), guarded(cs.string()))
    return with_guarded_names(told)


def new_ids_cells(report: Report) -> pl.DataFrame:
    """Who probably got a new ID: `role`, `old`, `new`, `by` (what told so beside the name)."""
    pairs = report.judgement.renumbered.select("kind", "old", "new", "by").rename({"kind": "role"})
    return pairs.with_columns(guarded(cs.string()))


def changes_cells(differences: pl.DataFrame) -> pl.DataFrame:
    """Every change of the night, record by record: what is there, from what to what."""
    return harmless(differences)


def _reasons(report: Report, file: str) -> pl.DataFrame:
    """Why each row of a file was rejected: `line`, and `rosterdrop_reason` with codes and their messages."""
    rejected = report.judgement.rejected.filter(pl.col("file") == file)
    codes = rejected.select(LINE, code=pl.col("codes")).explode("code")
    found = report.judgement.findings.filter(pl.col("file") == file)
    messages = (
        described(found, masked=False, language=report.language)
        .unique((LINE, "code"), keep="first")
        .select(LINE, "code", "message")
    )
    return (
        codes.join(messages, on=(LINE, "code"), how="left", maintain_order="left")
        .group_by(LINE, maintain_order=True)
        .agg(pl.concat_str("code", "message", separator=": ", ignore_nulls=True).str.join("; "))
        .select(LINE, visible_cells(pl.col("code")).alias(REASON))
        .sort(LINE)
    )


def _had_passwords(report: Report, file: str) -> bool:
    """Whether the text of an unread row may hold a password, which must not leave the frozen file."""
    findings = report.judgement.findings
    return not findings.filter((pl.col("file") == file) & (pl.col("code") == PASSWORD_DROPPED)).is_empty()
