"""Days and moments as text: whether a calendar has them."""

from typing import Final

import polars as pl

_DAY: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_MOMENT: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)


def is_day(cell: pl.Expr) -> pl.Expr:
    """Whether a cell is a day that there is, as `YYYY-MM-DD`; null stays null."""
    return _where_text(cell, cell.str.contains(_DAY) & _there_is(cell))


def is_moment(cell: pl.Expr) -> pl.Expr:
    """Whether a cell is a time of a day that there is, with its offset (RFC 3339); null stays null."""
    return _where_text(cell, cell.str.contains(_MOMENT) & _there_is(cell.str.head(10)))


def _there_is(day: pl.Expr) -> pl.Expr:
    """Year 0 is left to astronomers: Python and most databases cannot store it."""
    return (day.str.to_date("%Y-%m-%d", strict=False).dt.year() >= 1).fill_null(value=False)


def _where_text(cell: pl.Expr, holds: pl.Expr) -> pl.Expr:
    return pl.when(cell.is_not_null()).then(holds)
