"""The schemas have one meaning: polars expressions and the jsonschema library judge every row alike (DESIGN, step 5).

Rows are as judging sees them: cells trimmed, none empty.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from config.tables import TABLES, TableName
from validators.alone import rules_of
from validators.phones import takes_messages
from validators.rules import violations
from validators.schemas import columns_of, schema_of
from validators.values import trimmed

Cells = Mapping[str, str | None]

FORMATS: Final = FormatChecker(formats=())
FORMATS.checks("phone")(lambda number: takes_messages(str(number)))

# What decides something somewhere: allowed words, near misses, what patterns are about.
WORDS: Final = st.sampled_from(
    [
        *("student", "parent", "teacher", "Teacher", "teachr", "active", "tobedeleted", "inactive"),
        *("s-1", "a b", 'a"b', "1E+12", "1e+5", "10234.0", "10.5", "0042", "x" * 255, "x" * 256, "é" * 256),
        *("a@b.org", "a@b", "a.b@c-d.org", ".a@b.org", "a@b.org.", "a@-b.org", "05", "5", "09,10", "09,", "Other"),
        *("+12125550143", "+18005550143", "+442079460018", "2125550143", "en", "es-MX", "EN", "zh-Hans-CN"),
        *("Zoë", "a\u0007b", "a\u00a0b", "a\u200bb", "a\nb"),
    ]
)
CELLS: Final = st.none() | WORDS | st.text(max_size=8)


def rows_of(table: TableName) -> st.SearchStrategy[list[Cells]]:
    return st.lists(st.fixed_dictionaries(dict.fromkeys(columns_of(table), CELLS)), min_size=1, max_size=6)


def by_polars(table: TableName, rows: Sequence[Cells]) -> set[tuple[int, str]]:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns_of(table), pl.String)).with_row_index("line")
    return set(violations(frame.lazy(), rules_of(table)).collect().select("line", "code").rows())


def by_jsonschema(table: TableName, row: Cells) -> set[str]:
    """The codes that stand beside the keywords that the library finds broken."""
    schema = schema_of(table)
    instance = {column: cell for column, cell in row.items() if cell is not None}
    found = set()
    for error in Draft202012Validator(dict(schema), format_checker=FORMATS).iter_errors(instance):
        if error.validator == "required" and len(error.absolute_schema_path) == 1:
            missing = next(column for column in schema["required"] if f"'{column}' is" in error.message)
            found.add(f"{schema['x-kind']}.{missing}.missing")
        else:
            found.add(code_at(schema, error.absolute_schema_path))
    return found


def code_at(schema: Mapping[str, object], path: object) -> str:
    """The nearest code above a broken keyword."""
    code = None
    here: object = schema
    for step in path:  # type: ignore[attr-defined]  # jsonschema's deque has no stub for its items
        here = here[step]  # type: ignore[index]  # mappings and lists of JSON in turn
        if isinstance(here, Mapping) and "x-code" in here:
            code = here["x-code"]
    assert isinstance(code, str)
    return code


@pytest.mark.parametrize("table", TABLES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_both_judge_every_row_alike(table: TableName, data: st.DataObject) -> None:
    drawn = data.draw(rows_of(table))
    frame = pl.DataFrame(drawn, schema=dict.fromkeys(columns_of(table), pl.String))
    rows: Sequence[Cells] = frame.with_columns(trimmed(pl.all())).to_dicts()

    expected = {(place, code) for place, row in enumerate(rows) for code in by_jsonschema(table, row)}
    assert by_polars(table, rows) == expected
