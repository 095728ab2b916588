"""The schemas of OneRoster's files have one meaning: polars expressions and the jsonschema library judge rows alike.

Cells are as a file has them: not trimmed.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.oneroster import FILES, VERSIONS, Version, header_of, schema_of
from tests.properties.library import THOROUGHLY, Cells, Library, many
from validators.compiling import compiled
from validators.rules import Rule, violations

FILE: Final = [(version, file) for version in VERSIONS for file in FILES[version]]

# What decides something somewhere, and what only looks like it.
WORDS: Final = (
    *("s-1", "a.b_c/d@e", "s1,s2", "s1, s2", "s1,", ",s1", ",", "academy:org:1", "a b", "é", "x" * 255, "x" * 256),
    *("x" * 255 + ",y", "x" * 256 + ",y", '["o1"]', "{LDAP:jo1}", "{LDAP:jo1},{LTI:77}", "{LDAP:}", "{a:b:c}", "{a}"),
    *("LDAP:jo1", "{a:b},", "{a:b}{c:d}", "true", "FALSE", "Yes", "1", "0", "\uff34RUE", "fal\u017fe"),
    *("2026-02-28", "2026-02-29", "2024-02-29", "2026-2-1", "20260201", "2026-W05-1", "0000-01-01", "0001-01-01"),
    *("2026-13-01", "2026-00-10", "8/27/2018", "2026-02-28 ", " 2026-02-28", "٢٠٢٦-٠٢-٢٨", "+2026-02-28", "9999-12-31"),
    *("2012-04-23T18:25:43.511Z", "2012-04-23T18:25:43Z", "2012-04-23T18:25:43+00:00", "2012-04-23T18:25:43+02:00"),
    *("2012-02-30T18:25:43.511Z", "2012-04-23T24:00:00Z", "2012-04-23T18:60:00Z", "2012-04-23T18:25Z"),
    *("2012-04-23T18:25:43.Z", "2012-04-23 18:25:43Z", "2012-04-23t18:25:43z", "0000-04-23T18:25:43Z"),
    *("2027", "27", "20270", "-7", "+7", "7.5", ".5", "5.", ".", "1e3", "1,5", "NaN", "inf", "50%", "1_000"),
    *("active", "inactive", "tobedeleted", "Active", "student", "Student", "proctor", "principal", "ext:x", "ext:"),
    *("ext:\n", "Ext:x", "student,ext:x", "student,ext:", "student,teacher", "primary", "school", "term", "homeroom"),
    *("fully graded", "other", "Male", "case", "09", "9", "KG", "09,10", "K-12", "09,", "NULL", " "),
    *("\u2028", "a\u0000", "\ufeff", "\U0001f600"),
)  # fmt: skip
CELLS: Final = (
    st.none()
    | st.sampled_from(WORDS)
    | st.builds(str.__add__, st.sampled_from(WORDS), st.sampled_from(("\n", "\r", ",", " ", "\u00a0", "\ufeff")))
    | st.text(min_size=1, max_size=8)
)


def by_polars(rules: Sequence[Rule], header: Sequence[str], rows: Sequence[Cells]) -> set[tuple[int, str]]:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String)).with_row_index("line")
    return set(violations(frame, rules).select("line", "code").rows())


def assert_agreement(version: Version, file: str, rows: Sequence[Cells]) -> None:
    schema = schema_of(version, file)
    library = Library(schema)
    expected = {(place, code) for place, row in enumerate(rows) for code in library.codes(row)}
    assert by_polars(compiled(schema), header_of(version, file), rows) == expected


@pytest.mark.parametrize(("version", "file"), FILE)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_both_judge_every_row_alike(version: Version, file: str, data: st.DataObject) -> None:
    row = st.fixed_dictionaries(dict.fromkeys(header_of(version, file), CELLS))
    assert_agreement(version, file, data.draw(st.lists(row, min_size=1, max_size=6)))


@pytest.mark.soak
@pytest.mark.parametrize("file", sorted({file for _, file in FILE}))
@THOROUGHLY
@given(data=st.data())
def test_both_judge_a_hundred_thousand_rows_alike(file: str, data: st.DataObject) -> None:
    version = data.draw(st.sampled_from([version for version, name in FILE if name == file]))
    assert_agreement(version, file, data.draw(many(header_of(version, file), CELLS)))


@pytest.mark.parametrize(("version", "file"), FILE)
def test_both_judge_every_word_alike_in_every_column(version: Version, file: str) -> None:
    header, schema = header_of(version, file), schema_of(version, file)
    cells = [*WORDS, *(f"{word}\n" for word in WORDS)]

    found = violations(
        pl.DataFrame([dict.fromkeys(header, cell) for cell in cells]).with_row_index("line"), compiled(schema)
    )
    broken = set(found.rows())
    for column, constraints in schema["properties"].items():
        alone = Library({"properties": {column: constraints}})
        expected = {(place, code) for place, cell in enumerate(cells) for code in alone.codes({column: cell})}
        assert {(place, code) for place, code, where in broken if where == column} == expected, column
