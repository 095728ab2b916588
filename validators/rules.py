"""A rule as a value, and the one engine that runs them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

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


_NONE: Final = pl.DataFrame(schema={LINE: pl.UInt32, "code": pl.String, "column": pl.String})


def violations(table: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Where a rule does not hold, one row each, those of a line in the order of the rules.

    Two rules may share a code where they ask the same of different columns.

    Returns: `line` u32, `code` str, `column` str.
    """
    named = {str(place): rule for place, rule in enumerate(rules)}
    fails = table.select(~rule.holds.alias(place) for place, rule in named.items())
    broken = [column for column in fails.iter_columns() if column.any()]  # hardly any, in most files
    if not broken:
        return _NONE
    codes = {column.name: named[column.name].code for column in broken}
    columns = {column.name: named[column.name].column for column in broken}
    return (
        pl.DataFrame([table[LINE], *broken])
        .filter(pl.any_horizontal(*codes))
        .unpivot(index=LINE, variable_name="place", value_name="fails")
        .filter("fails")
        .select(
            LINE,
            code=pl.col("place").replace_strict(codes, return_dtype=pl.String),
            column=pl.col("place").replace_strict(columns, return_dtype=pl.String),
        )
        .sort(LINE, maintain_order=True)
    )
