"""Whatever the tables hold, judging raises nothing and every row ends in exactly one place (INTERFACES, "Verdicts")."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, get_args

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from config.profiles import Guardians, GuardiansFrom
from config.tables import TABLES, TableName
from tests.validators.examples import SPRINGFIELD, Row, table
from validators.catalogue import described
from validators.findings import folded
from validators.judging import Known, judge
from validators.schemas import columns_of, schema_of, takes_any_column
from validators.tables import Table

# Few words, so that rows repeat, contradict and point at each other all the time.
IDS: Final = st.sampled_from(["", "a", "b", "c", "a,b", "b,c,x", "0042", "1E+12", 'a"'])
CELLS: Final = {
    "role": st.sampled_from(["student", "Parent", "aide", "teachr", ""]),
    "status": st.sampled_from(["", "active", "tobedeleted", "gone"]),
    "orgSourcedIds": st.sampled_from(["0042", "0042,7", "7", ""]),
    "schoolSourcedId": st.sampled_from(["0042", "7", ""]),
    "email": st.sampled_from(["", "a@b.org", "a@"]),
    "sms": st.sampled_from(["", "212-555-0143", "5"]),
    "grades": st.sampled_from(["", "K", "9-12", "zz"]),
}


@st.composite
def any_table(draw: st.DrawFn, name: TableName) -> Table:
    """Any rows, some of them torn, with at least the required columns."""
    optional = draw(st.sets(st.sampled_from(columns_of(name))))
    columns = [column for column in columns_of(name) if column in schema_of(name)["required"] or column in optional]
    columns += ["kept", "fate"] if takes_any_column(name) else []  # a file may call them like ours
    row = st.fixed_dictionaries({column: CELLS.get(column, IDS) for column in columns})
    rows: Sequence[Row] = draw(st.lists(row, max_size=12))
    torn = draw(st.dictionaries(st.integers(2, 4), st.sampled_from(["a,b", '"a|0042', "", "student"]), max_size=2))
    return table(name, rows, columns=columns, broken={line: raw for line, raw in torn.items() if line < len(rows) + 2})


@settings(max_examples=35, deadline=None)
@given(st.data(), st.sets(st.sampled_from(TABLES)), st.sampled_from(get_args(GuardiansFrom)), st.booleans())
def test_every_row_has_one_fate(data: st.DataObject, came: set[TableName], source: GuardiansFrom, auto: bool) -> None:  # noqa: FBT001  # drawn
    tables = {name: data.draw(any_table(name), label=name) for name in TABLES if name in came}
    schools = None if auto else {"0042": "Lincoln High"}
    profile = replace(SPRINGFIELD, schools=schools, guardians=Guardians(source=source))
    judgement = judge(tables, profile, Known(guardians=frozenset({"a"})))

    if "set.other_district" not in judgement.findings["code"]:
        for name, one in tables.items():
            gone = [frame.filter(file=one.facts.file)["line"] for frame in (judgement.rejected, judgement.set_aside)]
            stands = judgement.standing.get(name)
            lines = pl.concat([*gone, *([] if stands is None else [stands["line"]])])
            assert lines.is_unique().all()
            assert lines.len() == one.facts.rows
    told = described(judgement.findings, masked=True)
    assert told["message"].null_count() == 0
    assert folded(told)["count"].sum() == judgement.findings["count"].sum()
    causes = judgement.findings["cause"].drop_nulls()
    assert (causes < judgement.findings.height).all()
