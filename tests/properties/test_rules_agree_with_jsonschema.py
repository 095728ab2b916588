"""The schemas have one meaning: polars expressions and the jsonschema library judge every row alike (DESIGN, step 5).

Rows are as judging sees them: cells trimmed, none empty.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.tables import TABLES, TableName
from tests.properties.library import THOROUGHLY, Cells, Library, many
from validators.alone import rules_of
from validators.cells import tidied
from validators.compiling import compiled_others
from validators.rules import violations
from validators.schemas import columns_of, schema_of, takes_any_column
from validators.tables import LINE

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


def columns_in(table: TableName) -> tuple[str, ...]:
    """The columns of a file; one that names columns as it likes may call them like one of ours."""
    return (*columns_of(table), *(("house", "kept") if takes_any_column(table) else ()))


def by_polars(table: TableName, rows: Sequence[Cells]) -> set[tuple[int, str]]:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns_in(table), pl.String)).with_row_index("line")
    others = {name: pl.col(name) for name in columns_in(table) if name not in columns_of(table)}
    rules = (*rules_of(table), *compiled_others(schema_of(table), others))
    return set(violations(frame, rules).select("line", "code").rows())


def assert_agreement(table: TableName, drawn: Sequence[Cells]) -> None:
    frame = pl.DataFrame(drawn, schema=dict.fromkeys(columns_in(table), pl.String))
    rows: Sequence[Cells] = tidied(pl.repeat(0, frame.height, eager=True), frame).rows.drop(LINE).to_dicts()

    library = Library(schema_of(table))
    expected = {(place, code) for place, row in enumerate(rows) for code in library.codes(row)}
    assert by_polars(table, rows) == expected


@pytest.mark.parametrize("table", TABLES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_both_judge_every_row_alike(table: TableName, data: st.DataObject) -> None:
    row = st.fixed_dictionaries(dict.fromkeys(columns_in(table), CELLS))
    assert_agreement(table, data.draw(st.lists(row, min_size=1, max_size=6)))


@pytest.mark.soak
@pytest.mark.parametrize("table", TABLES)
@THOROUGHLY
@given(data=st.data())
def test_both_judge_a_hundred_thousand_rows_alike(table: TableName, data: st.DataObject) -> None:
    assert_agreement(table, data.draw(many(columns_in(table), CELLS)))
