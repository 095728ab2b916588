"""Columns of strangers' values made harmless for a spreadsheet and a terminal; texts one by one: config.unseen."""

from collections.abc import Callable
from typing import Final

import polars as pl
import polars.selectors as cs

from config.unseen import ESCAPES

# What makes a spreadsheet take a cell for a formula, with full-width and small look-alikes (OWASP, "CSV Injection").
# Blanks before it are skipped by some spreadsheets. Apostrophes before it are ours or look like ours.
_FORMULA: Final = "[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
_BLANKS: Final = r"[\s\x1c-\x1f]*"  # the last four are blanks for Python, and not for a pattern of polars
_NEEDS_GUARD: Final = rf"^('*{_BLANKS}{_FORMULA})"
_UNSEEN: Final = f"[{''.join(map(chr, ESCAPES))}]"
_OUR_WORDS: Final = cs.by_name("message", "fix", require_all=False)


def visible_cells(column: pl.Expr) -> pl.Expr:
    """The same as `visible` for a column of text."""
    return column.str.replace_many([chr(code) for code in ESCAPES], list(ESCAPES.values()))


def guarded(column: pl.Expr) -> pl.Expr:
    """A column of text that no spreadsheet takes for formulas: such cells get a leading apostrophe.

    A cell that only looks as if it had got one gets one too, so that taking one away always gives what was there.
    """
    return column.str.replace(_NEEDS_GUARD, "'${1}")


def harmless(findings: pl.DataFrame) -> pl.DataFrame:
    """The same findings, visible and guarded; a column without any text that acts is only looked through."""
    seen = findings.with_columns(visible_cells(cs.string())) if holds_unseen(findings) else findings
    acting = _columns_with(seen.select(cs.string()), _NEEDS_GUARD)
    return seen.with_columns(guarded(pl.col(acting))) if acting else seen


def holds_unseen(rows: pl.DataFrame) -> bool:
    """Whether a text of these rows holds anything that nobody sees and that acts.

    What a finding says is our words around its other cells, so it is not looked through: it is most of the text.
    """
    return bool(_columns_with(rows.select(cs.string() - _OUR_WORDS), _UNSEEN))


def _columns_with(texts: pl.DataFrame, pattern: str) -> list[str]:
    found = texts.select(pl.all().str.contains(pattern).any())
    return [name for name in found.columns if found[name].item()]


def unguarded(column: pl.Expr) -> pl.Expr:
    """What `guarded` was given."""
    return column.str.replace(rf"^'('*{_BLANKS}{_FORMULA})", "${1}")


def with_guarded_names(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows under names that no spreadsheet takes for formulas: those of columns are a stranger's text too."""
    return _renamed(rows, guarded)


def with_unguarded_names(rows: pl.DataFrame) -> pl.DataFrame:
    """What `with_guarded_names` was given."""
    return _renamed(rows, unguarded)


def _renamed(rows: pl.DataFrame, change: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    names = pl.DataFrame({"was": rows.columns}).with_columns(change(pl.col("was")).alias("is"))
    return rows.rename(dict(names.iter_rows()))
