"""A table's JSON Schema becomes rules of polars expressions.

A row is an object of its cells, where an empty cell is left out. Every constraint that stands beside an `x-code`
becomes one rule, and `required` becomes one for each column: `<x-kind>.<column>.missing`, or the `x-code` that
`x-required` names for all. The keywords understood are those that the schemas of `config/schemas` use; another one is a
mistake in the schema and raises.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import polars as pl

from validators.days import is_day, is_moment
from validators.phones import is_textable
from validators.rules import Rule

Schema = Mapping[str, Any]

FORMATS: Final[Mapping[str, Callable[[pl.Expr], pl.Expr]]] = {
    "phone": is_textable,
    "date": is_day,
    "date-time": is_moment,
}
"""What the keyword `format` may name: a column to whether each of its values has that format."""

_ANNOTATIONS: Final = frozenset({"description", "title", "type", "$schema"})


def compiled(schema: Schema) -> tuple[Rule, ...]:
    """The rules of a table's schema: what is required first, then column by column, then what joins columns."""
    return (*_missing(schema), *_of_columns(schema), *_of_rows(schema))


def compiled_others(schema: Schema, cells: Mapping[str, pl.Expr]) -> tuple[Rule, ...]:
    """The rules of columns that the schema does not name, by their names."""
    parts = [part for part in schema.get("additionalProperties", {}).get("allOf", ()) if "x-code" in part]
    return tuple(_rule(part, name, cell_holds(part, cell)) for name, cell in cells.items() for part in parts)


def _missing(schema: Schema) -> Iterator[Rule]:
    about = schema.get("x-required", {})
    for column in schema.get("required", ()):
        yield Rule(
            code=about.get("x-code") or f"{schema['x-kind']}.{column}.missing",
            column=column,
            holds=pl.col(column).is_not_null(),
            rejects=about["x-rejects"],
            source=about["x-source"],
        )


def _of_columns(schema: Schema) -> Iterator[Rule]:
    for column, constraints in schema["properties"].items():
        for part in (constraints, *constraints.get("allOf", ())):
            if "x-code" in part:
                yield _rule(part, column, cell_holds(part, pl.col(column)))


def _of_rows(schema: Schema) -> Iterator[Rule]:
    for part in schema.get("allOf", ()):
        yield _rule(part, None, row_holds(part))


def _rule(part: Schema, column: str | None, holds: pl.Expr) -> Rule:
    return Rule(code=part["x-code"], column=column, holds=holds, rejects=part["x-rejects"], source=part["x-source"])


def cell_holds(schema: Schema, cell: pl.Expr) -> pl.Expr:
    """Whether a cell's text keeps the schema; null where there is no text."""
    return _all(_CELL[keyword](wanted, cell) for keyword, wanted in _keywords(schema, _CELL))


def row_holds(schema: Schema) -> pl.Expr:
    """Whether a row keeps the schema; never null."""
    return _all(_ROW[keyword](wanted, schema) for keyword, wanted in _keywords(schema, _ROW))


def _keywords(schema: Schema, known: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for keyword, wanted in schema.items():
        if keyword in known:
            yield keyword, wanted
        elif keyword not in _ANNOTATIONS and not keyword.startswith("x-"):
            msg = f"the keyword {keyword} has no meaning in a table's schema"
            raise ValueError(msg)


def _all(conditions: Iterator[pl.Expr]) -> pl.Expr:
    return pl.all_horizontal(*conditions, pl.lit(value=True))


_CELL: Final[Mapping[str, Callable[[Any, pl.Expr], pl.Expr]]] = {
    "enum": lambda allowed, cell: cell.is_in(allowed),
    "pattern": lambda pattern, cell: cell.str.contains(pattern),
    "maxLength": lambda most, cell: cell.str.len_chars() <= most,
    "format": lambda name, cell: FORMATS[name](cell),
    "not": lambda unwanted, cell: cell_holds(unwanted, cell).not_(),
    "allOf": lambda parts, cell: _all(cell_holds(part, cell) for part in parts),
    "anyOf": lambda parts, cell: pl.any_horizontal(*(cell_holds(part, cell) for part in parts)),
}

_ROW: Final[Mapping[str, Callable[[Any, Schema], pl.Expr]]] = {
    "required": lambda columns, _: _all(pl.col(column).is_not_null() for column in columns),
    "properties": lambda columns, _: _all(
        cell_holds(part, pl.col(column)).fill_null(value=True) for column, part in columns.items()
    ),
    "anyOf": lambda parts, _: pl.any_horizontal(*(row_holds(part) for part in parts)),
    "if": lambda condition, schema: row_holds(condition).not_() | row_holds(schema["then"]),
    "then": lambda *_: pl.lit(value=True),
}
