"""A rule as a value, and the one engine that runs them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from validators.tables import LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that must hold for every row; level, message and fix stand in the catalogue.

    Attributes:
        code: of the finding where it does not hold.
        column: the column that it speaks of; None where it speaks of the whole row.
        holds: true where the row is fine. Null counts as fine: emptiness has its own rule.
        rejects: the row, the value alone, or nothing.
        source: the clause behind it.
    """

    code: str
    column: str | None
    holds: pl.Expr
    rejects: Literal["row", "value"] | None
    source: str


def violations(table: pl.LazyFrame, rules: Sequence[Rule]) -> pl.LazyFrame:
    """Where a rule does not hold, one row each, those of a line in the order of the rules.

    Two rules may share a code where they ask the same of different columns.

    Returns: `line` u32, `code` str, `column` str.
    """
    if not rules:
        return table.select(LINE, code=pl.lit(""), column=pl.lit("")).clear()
    places = [str(place) for place, _ in enumerate(rules)]
    fails = [rule.holds.not_().fill_null(value=False).alias(place) for place, rule in zip(places, rules, strict=True)]
    return (
        table.select(LINE, *fails)
        .filter(pl.any_horizontal(places))
        .unpivot(index=LINE, variable_name="place", value_name="fails")
        .filter("fails")
        .select(
            LINE,
            code=pl.col("place").replace_strict(places, [rule.code for rule in rules], return_dtype=pl.String),
            column=pl.col("place").replace_strict(places, [rule.column for rule in rules], return_dtype=pl.String),
        )
        .sort(LINE, maintain_order=True)
    )
