"""Rules as data: the engine, and schemas that become rules."""

from collections.abc import Mapping

import polars as pl
import pytest

from config.tables import TABLES
from validators.alone import rules_of
from validators.compiling import compiled
from validators.rules import Rule, violations
from validators.schemas import columns_of, schema_of

CAPITAL = Rule(code="x.capital", column="a", holds=pl.col("a").str.contains("^[A-Z]"), rejects="row", source="test")
SHORT = Rule(code="x.short", column="a", holds=pl.col("a").str.len_chars() < 3, rejects="value", source="test")


def broken(*cells: str | None) -> list[tuple[int, str, str]]:
    rows = pl.DataFrame({"line": range(2, len(cells) + 2), "a": cells}, schema={"line": pl.UInt32, "a": pl.String})
    return violations(rows, (CAPITAL, SHORT)).rows()


def test_each_broken_rule_is_one_row_in_the_order_of_lines_and_rules() -> None:
    assert broken("Ok", "long", "no", "Longer") == [
        (3, "x.capital", "a"),
        (3, "x.short", "a"),
        (4, "x.capital", "a"),
        (5, "x.short", "a"),
    ]


def test_an_empty_cell_breaks_no_rule() -> None:
    assert broken(None) == []


def test_without_rules_nothing_is_broken() -> None:
    assert violations(pl.DataFrame({"line": [2]}, schema={"line": pl.UInt32}), ()).is_empty()


def test_a_schema_becomes_rules_in_the_order_of_its_columns() -> None:
    codes = [rule.code for rule in rules_of("users")]
    assert codes[:5] == [f"user.{column}.missing" for column in schema_of("users")["required"]]
    assert codes[5:8] == ["user.sourcedId.characters", "user.sourcedId.spreadsheet", "user.status.unknown"]
    assert codes[-1] == "user.contact.none"


@pytest.mark.parametrize("table", TABLES)
def test_every_rule_speaks_of_a_column_that_there_is(table: str) -> None:
    name = next(each for each in TABLES if each == table)
    assert {rule.column for rule in rules_of(name)} <= {*columns_of(name), None}


def test_passwords_are_no_column() -> None:
    assert "password" in schema_of("users")["properties"]
    assert "password" not in columns_of("users")


def test_a_keyword_without_meaning_is_a_mistake_of_ours() -> None:
    schema = {"properties": {"a": {"minLength": 3, "x-code": "x", "x-rejects": "row", "x-source": "test"}}}
    with pytest.raises(ValueError, match="minLength"):
        compiled(schema)


def broken_by(constraints: Mapping[str, object], *cells: str | None) -> list[str | None]:
    """The cells that break the one rule of a column."""
    about = {"x-code": "x.y", "x-rejects": "row", "x-source": "test"}
    rows = pl.DataFrame({"line": range(len(cells)), "a": cells}, schema={"line": pl.UInt32, "a": pl.String})
    found = violations(rows, compiled({"properties": {"a": {**constraints, **about}}}))
    return [cells[line] for line in found["line"]]


def test_a_date_is_a_day_of_the_calendar() -> None:
    wrong = ("2026-02-29", "2026-2-1", "20260201", "0000-01-01", "2026-02-01 ", "2026-02-01\n", "")
    assert broken_by({"format": "date"}, "2024-02-29", "9999-12-31", None, *wrong) == list(wrong)


def test_a_moment_is_a_time_of_a_day_of_the_calendar() -> None:
    wrong = ("2026-02-29T06:00:00Z", "2026-02-01T24:00:00Z", "2026-02-01T06:00:00", "2026-02-01T06:00Z", "2026-02-01")
    right = ("2024-02-29T06:00:00Z", "2026-02-01T06:00:00.5-05:30", None)
    assert broken_by({"format": "date-time"}, *right, *wrong) == list(wrong)


def test_a_cell_keeps_any_of_several_ways() -> None:
    either = {"anyOf": [{"enum": ["one"]}, {"pattern": "^ext:."}]}
    assert broken_by(either, "one", "ext:two", None, "two", "ext:") == ["two", "ext:"]


def test_a_schema_may_name_one_code_for_all_that_is_missing() -> None:
    required = {"x-code": "x.missing", "x-rejects": "row", "x-source": "test"}
    rules = compiled({"required": ["a", "b"], "x-required": required, "properties": {}})
    assert [(rule.code, rule.column) for rule in rules] == [("x.missing", "a"), ("x.missing", "b")]
