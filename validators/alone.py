"""One table by its own rules: duplicates, then what its schema asks of each cell, then `tobedeleted`."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import polars as pl

from config.tables import TableName
from validators import duplicates
from validators.compiling import compiled, compiled_others
from validators.distinct import each_distinct
from validators.elsewhere import Belonging, without_other_schools
from validators.hints import nearest_role
from validators.people import kind_of
from validators.rules import Rule, violations
from validators.schemas import schema_of
from validators.sifting import Sieve, joined_found
from validators.tables import LINE, Table
from validators.values import ATTRIBUTES, listed, normalised

_PREFIX: Final[dict[TableName, str]] = {
    "users": "user", "classes": "class", "enrollments": "enrollment", "guardians": "guardian",
    "student_attributes": "attribute",
}  # fmt: skip
_NOTHING_BROKEN: Final = pl.DataFrame(
    schema={LINE: pl.UInt32, **dict.fromkeys(("code", "column", "value", "hint", "rejects"), pl.String)}
)


def judged_alone(table: Table, *, country: str, belonging: Belonging | None = None) -> Sieve:
    """The rows of a table after everything that can be said without another table.

    Users carry `kind`, `orgs` and `agents` (lists of str, as the file names them) from here on.

    Args:
        table: as read.
        country: whose phone numbers come without a country code.
        belonging: which schools the profile names: nothing is said of the values in rows of others (connect-behaviour
            9.3).
    """
    rows = _with_people(normalised(table.rows, table.name, country=country), table.name)
    identity = duplicates.IDENTITIES[table.name]
    every = Sieve.of(table, rows)
    mine = every if belonging is None else without_other_schools(every, belonging, but=identity.key)
    shared = duplicates.sharing(mine.standing, identity)
    again = duplicates.repeated(shared, identity)
    once = mine.setting_aside(again, "duplicate").noting(again)
    differing = duplicates.conflicting(shared, identity)
    faults = broken_rules(once, [*(rule for rule in rules_of(table.name) if rule.column), *_rules_of_others(table)])
    of_rows, of_values = (faults.filter(rejects=what) for what in ("row", "value"))
    strangers = (duplicates.shared_by_strangers(once.standing),) if table.name == "guardians" else ()
    judged = once.rejecting(joined_found(differing, *strangers, of_rows)).without_values(of_values)
    return _without_absent(_with_notes(judged))


@cache
def rules_of(table: TableName) -> tuple[Rule, ...]:
    """The rules of a table's schema."""
    return compiled(schema_of(table))


def _rules_of_others(table: Table) -> tuple[Rule, ...]:
    """The rules of the columns that a file names as it likes."""
    schema = schema_of(table.name)
    others = [name for name in table.rows.columns if name != LINE and name not in schema["properties"]]
    return compiled_others(schema, {name: pl.col(ATTRIBUTES).struct.field(name) for name in others})


def broken_rules(sieve: Sieve, rules: Sequence[Rule]) -> pl.DataFrame:
    """Where standing rows break rules: `line`, `code`, `column`, `value` as the file has it, `hint`, `rejects`."""
    broken = violations(sieve.standing, rules)
    if broken.is_empty():
        return _NOTHING_BROKEN
    effects = {rule.code: rule.rejects for rule in rules}
    columns = [column for column in broken["column"].unique().drop_nulls() if sieve.table.has(column)]
    cells = (
        sieve.table.rows.select(LINE, pl.col(*columns).name.prefix("cell "))
        if columns
        else sieve.table.rows.select(LINE)
    )
    value = pl.coalesce(pl.lit(None, pl.String), *(pl.when(column=column).then(f"cell {column}") for column in columns))
    return (
        broken.join(cells, on=LINE, how="left", maintain_order="left")
        .select(LINE, "code", "column", value=value)
        .with_columns(
            hint=_hint(pl.col("value")), rejects=pl.col("code").replace_strict(effects, return_dtype=pl.String)
        )
    )


def _hint(value: pl.Expr) -> pl.Expr:
    """The role that was probably meant."""
    unknown_role = pl.when(pl.col("code").str.ends_with(".role.unknown")).then(value)
    return unknown_role.map_batches(lambda texts: each_distinct(texts, nearest_role), pl.String)


def _with_people(rows: pl.DataFrame, table: TableName) -> pl.DataFrame:
    if table != "users":
        return rows
    return rows.with_columns(
        kind=kind_of(pl.col("role")),
        orgs=listed(pl.col("orgSourcedIds")),
        agents=listed(pl.col("agentSourcedIds")).fill_null([]),
    )


def _with_notes(sieve: Sieve) -> Sieve:
    return sieve.noting(duplicates.repeated_ids(sieve.standing)) if sieve.name == "enrollments" else sieve


def _without_absent(sieve: Sieve) -> Sieve:
    """Rows that the source has marked as deleted are read as if they were not there (connect-behaviour 9.3)."""
    if "status" not in sieve.standing.columns:
        return sieve
    absent = sieve.standing.filter(status="tobedeleted").select(
        LINE, code=pl.lit(f"{_PREFIX[sieve.name]}.status.absent"), column=pl.lit("status"), value="status"
    )
    return sieve.setting_aside(absent, "absent").noting(absent)
