"""What a profile says that files mean: schools that are one in Connect, and the column of numbers to log in with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import polars as pl

from config.profiles import Reading
from config.tables import SCHOOL_COLUMNS, TableName
from validators.sifting import Sieve
from validators.tables import Table

_EXCHANGED: Final[Mapping[str, str]] = {"sms": "phone", "phone": "sms"}


def adapted(tables: Mapping[TableName, Table], reading: Reading) -> Mapping[TableName, Table]:
    """The tables as the profile means them; as they are where it says nothing of it (connect-behaviour 2.1, 3.1)."""
    if not reading.same_school and reading.phone_credential == "sms":
        return tables
    return {name: replace(table, rows=_adapted(table, reading)) for name, table in tables.items()}


def as_delivered(sieve: Sieve, reading: Reading) -> Sieve:
    """What is said of a column, said of the one in the file."""
    if reading.phone_credential == "sms" or sieve.name != "users" or sieve.found.is_empty():
        return sieve
    return sieve.telling(sieve.found.with_columns(pl.col("column").replace(_EXCHANGED)))


def _adapted(table: Table, reading: Reading) -> pl.DataFrame:
    rows = table.rows
    if reading.phone_credential == "phone" and table.name == "users":
        rows = rows.rename(_EXCHANGED, strict=False)
    if merged := reading.schools_merged():
        rows = rows.with_columns(
            _merged(column, merged) for column in SCHOOL_COLUMNS.values() if column in rows.columns
        )
    return rows


def _merged(column: str, merged: Mapping[str, str]) -> pl.Expr:
    """Cells that name a merged school, with the one that it is part of; the others are not touched."""
    cell = pl.col(column)
    ids = cell.str.split(",").list.eval(pl.element().str.strip_chars().replace(merged))
    named = cell.str.contains_any(list(merged))
    return pl.when(named).then(ids.list.unique(maintain_order=True).list.join(",")).otherwise(cell).alias(column)
