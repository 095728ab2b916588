"""Values of strangers made harmless for a terminal, a browser and a spreadsheet."""

import re
from typing import Final

import polars as pl

# C0, DEL and C1 control characters (a terminal obeys ESC and CSI), line separators, and the marks that turn the
# direction of text around, with which a value can pretend to be another one.
_UNSEEN: Final = (*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_ESCAPES: Final = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _UNSEEN} | {
    0x09: "\\t",
    0x0A: "\\n",
    0x0D: "\\r",
}
_LEFT_RAW_BY_JSON: Final = re.compile(f"[{''.join(chr(code) for code in _UNSEEN if code >= 0x7F)}]")

# What makes a spreadsheet take a cell for a formula, with full-width and small look-alikes (OWASP, "CSV Injection").
# Blanks before it are skipped by some spreadsheets. Apostrophes before it are ours or look like ours.
_FORMULA: Final = "[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
_NEEDS_GUARD: Final = rf"^('*\s*{_FORMULA})"


def visible(text: str) -> str:
    r"""Text in which control characters can be seen and do nothing: ESC becomes `\x1b`."""
    return text.translate(_ESCAPES)


def visible_in_json(document: str) -> str:
    """JSON in which the control characters that it may hold raw are escaped too; it means the same."""
    return _LEFT_RAW_BY_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def visible_cells(column: pl.Expr) -> pl.Expr:
    """The same as `visible` for a column of text."""
    return column.str.replace_many([chr(code) for code in _ESCAPES], list(_ESCAPES.values()))


def guarded(column: pl.Expr) -> pl.Expr:
    """A column of text that no spreadsheet takes for formulas: such cells get a leading apostrophe.

    A cell that only looks as if it had got one gets one too, so that taking one away always gives what was there.
    """
    return column.str.replace(_NEEDS_GUARD, "'${1}")


def unguarded(column: pl.Expr) -> pl.Expr:
    """What `guarded` was given."""
    return column.str.replace(rf"^'('*\s*{_FORMULA})", "${1}")
