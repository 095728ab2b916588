"""Cells as Connect will hold them, before they are judged: harmless differences of real exports vanish here.

What cannot be read stays as it stands, and its rule rejects it (sis-deviations 2.4).
"""

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from config.tables import TableName
from validators import grades, languages
from validators.distinct import each_distinct
from validators.phones import as_e164
from validators.schemas import columns_of

Change = Callable[[pl.Expr], pl.Expr]

# What surrounds text by accident: spaces, no-break and zero-width ones, a byte-order mark, line ends.
_AROUND_TEXT: Final = " \t\r\n\u00a0\u200b\ufeff"
LISTS: Final = ("orgSourcedIds", "agentSourcedIds")


def normalised(rows: pl.DataFrame, table: TableName, *, country: str) -> pl.DataFrame:
    """The known columns of a table, as Connect will hold their cells; a column that the file lacks is all null.

    Args:
        rows: as `Table.rows`.
        table: which one it is.
        country: whose phone numbers come without a country code.
    """
    changes: dict[str, Change] = {**_CHANGES, "sms": lambda cell: as_e164(cell, country)}
    changes["phone"] = changes["sms"]
    cells = []
    for column in columns_of(table):
        cell = trimmed(pl.col(column)) if column in rows.columns else pl.lit(None, pl.String)
        cells.append(changes.get(column, _as_it_stands)(cell).alias(column))
    return rows.lazy().select("line", *cells).collect()


def trimmed(cell: pl.Expr) -> pl.Expr:
    """Text without what surrounds it by accident; nothing left is an empty cell."""
    text = cell.str.strip_chars(_AROUND_TEXT)
    return pl.when(text != "").then(text)


def listed(cell: pl.Expr) -> pl.Expr:
    """The IDs of a cell that holds several, in order, each once; no list where there is no text."""
    ids = cell.str.split(",").list.eval(pl.element().str.strip_chars(_AROUND_TEXT))
    return ids.list.eval(pl.element().filter(pl.element() != "")).list.unique(maintain_order=True)


def _as_it_stands(cell: pl.Expr) -> pl.Expr:
    return cell


def _email(cell: pl.Expr) -> pl.Expr:
    """Without what clings to a copied address; the domain in lower case, what stands before it as given."""
    bare = cell.str.replace("(?i)^mailto:", "").str.strip_chars(" ,;<>")
    name, domain = bare.str.extract("^(.*)@"), bare.str.extract("@([^@]*)$").str.to_lowercase()
    return pl.coalesce(pl.concat_str(name, domain, separator="@"), cell)


def _by_distinct(answer: Callable[[str], str]) -> Change:
    return lambda cell: cell.map_batches(lambda texts: each_distinct(texts, answer), pl.String)


def _lower(cell: pl.Expr) -> pl.Expr:
    return cell.str.to_lowercase()


_CHANGES: Final[Mapping[str, Change]] = {
    "role": _lower,
    "status": _lower,
    "email": _email,
    "grades": _by_distinct(grades.as_codes),
    "language": _by_distinct(languages.as_code),
}
