"""The JSON Schemas of the tables, from `config/schemas`: the one source of columns, aliases and rules of a row."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from config.tables import TABLES, TableName


@cache
def schema_of(table: TableName) -> Mapping[str, Any]:
    """The schema of a table's rows, as parsed."""
    text = resources.files("config").joinpath("schemas", f"{table}.json").read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))


def columns_of(table: TableName) -> tuple[str, ...]:
    """The columns that a table is known to have, in their usual order; passwords are not among them."""
    properties = schema_of(table)["properties"]
    return tuple(name for name, column in properties.items() if not column.get("x-dropped"))


@cache
def takes_any_column(table: TableName) -> bool:
    """Whether every other column of a file belongs to its table too."""
    return "additionalProperties" in schema_of(table)


@cache
def every_column() -> frozenset[str]:
    """The columns of all tables."""
    return frozenset(column for table in TABLES for column in columns_of(table))
