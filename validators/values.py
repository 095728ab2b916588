"""Cells as Connect will hold them, before they are judged: harmless differences of real exports vanish here.

What cannot be read stays as it stands, and its rule rejects it (sis-deviations 2.4).
"""

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from config.tables import TableName
from validators import grades, languages
from validators.distinct import each_distinct, with_others
from validators.phones import as_e164
from validators.schemas import columns_of, takes_any_column
from validators.tables import LINE

Change = Callable[[pl.Expr], pl.Expr]

# What surrounds text by accident: spaces, no-break and zero-width ones, a byte-order mark, line ends.
_AROUND_TEXT: Final = " \t\r\n\u00a0\u200b\ufeff"
_EDGE: Final = "".join(rf"\x{{{ord(character):x}}}" for character in _AROUND_TEXT)
_UNTIDY: Final = rf"(?:^|,)(?:[{_EDGE}]|,|$)|[{_EDGE}](?:,|$)"
_PLAIN_EMAIL: Final = "^[A-Za-z0-9._%+'-]+@[a-z0-9.-]+$"
ATTRIBUTES: Final = "attributes"
"""Column of student_attributes.csv while it is judged (struct): its columns, which the file names as it likes."""


def normalised(rows: pl.DataFrame, table: TableName, *, country: str) -> pl.DataFrame:
    """The known columns of a table, as Connect will hold their cells; a column that the file lacks is all null.

    Args:
        rows: as `Table.rows`, whose cells have bare edges.
        table: which one it is.
        country: whose phone numbers come without a country code.
    """
    changes: dict[str, Change] = {**_CHANGES, "sms": lambda cell: as_e164(cell, country)}
    changes["phone"] = changes["sms"]
    cells = []
    for column in columns_of(table):
        change = changes.get(column, _as_it_stands)
        cell = change(pl.col(column)) if column in rows.columns else pl.lit(None, pl.String)
        cells.append(cell.alias(column))
    if takes_any_column(table):
        cells.append(pl.struct(pl.exclude(LINE)).alias(ATTRIBUTES))
    return rows.select(LINE, *cells).rechunk()


def listed(cell: pl.Expr) -> pl.Expr:
    """The IDs of a cell that holds several, in order, each once; no list where there is no text."""
    return cell.map_batches(_lists, pl.List(pl.String))


def ids_in(cells: pl.Series) -> frozenset[str]:
    """Every ID in cells that may hold several."""
    parts = set(",".join(cells.unique().drop_nulls()).split(","))
    return frozenset(part.strip(_AROUND_TEXT) for part in parts) - {""}


def _lists(cells: pl.Series) -> pl.Series:
    """Most cells, whose edges are bare, hold one ID, or some with nothing but commas between.

    Only what is untidy is taken apart again.
    """
    ids = cells.str.split(",")
    several = (ids.list.len() > 1).arg_true()
    parts = ids.gather(several)
    is_untidy = cells.gather(several).str.contains(_UNTIDY) | (parts.list.n_unique() != parts.list.len())
    if not is_untidy.any():
        return ids
    tidied = parts.filter(is_untidy).list.eval(pl.element().str.strip_chars(_AROUND_TEXT))
    tidied = tidied.list.eval(pl.element().filter(pl.element() != "")).list.unique(maintain_order=True)
    places = pl.int_range(ids.len(), ids.len() + tidied.len(), dtype=pl.UInt32, eager=True)
    order = pl.int_range(ids.len(), dtype=pl.UInt32, eager=True).scatter(several.filter(is_untidy), places)
    return pl.concat([ids, tidied]).gather(order)


def _as_it_stands(cell: pl.Expr) -> pl.Expr:
    return cell


def _email(cell: pl.Expr) -> pl.Expr:
    """Without what clings to a copied address; the domain in lower case, what stands before it as given."""
    return cell.map_batches(
        lambda texts: with_others(texts, texts.str.contains(_PLAIN_EMAIL), texts, _bare_emails), pl.String
    )


def _bare_emails(texts: pl.Series) -> pl.Series:
    bare = pl.col("text").str.replace("(?i)^mailto:", "").str.strip_chars(" ,;<>")
    name, domain = bare.str.extract("^(.*)@"), bare.str.extract("@([^@]*)$").str.to_lowercase()
    return texts.to_frame("text").select(pl.coalesce(pl.concat_str(name, domain, separator="@"), "text")).to_series()


def _by_distinct(answer: Callable[[str], str]) -> Change:
    return lambda cell: cell.map_batches(lambda texts: each_distinct(texts, answer), pl.String)


_CHANGES: Final[Mapping[str, Change]] = {
    "role": _by_distinct(str.lower),
    "status": _by_distinct(str.lower),
    "email": _email,
    "grades": _by_distinct(grades.as_codes),
    "language": _by_distinct(languages.as_code),
}
