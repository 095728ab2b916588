"""Whatever the cells and the header hold, a masked form shows no name, address or ID of a person."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from config.tables import TABLES, TableName, file_of
from tests.validators.examples import SPRINGFIELD, base
from validators import Known, described, folded, judge, read

# What a person could be known by, also where columns have shifted. An ID alone cannot be told from a school's.
SENTINELS: Final = (
    "Zebedee Quux",
    "Quux, Zebedee",
    "Zoë O'Quux-Xanthos",
    "zebedee.quux@example.org",
    "+1 512 555 01 43",
    "5125550143",
    "zquux-stud-1000000000000001",
    "zqux 77 12",
)
SHOWN: Final = ("value", "detail", "hint", "file", "column", "message", "fix")


@st.composite
def spoilt(draw: st.DrawFn, name: TableName) -> bytes:
    """A file of the valid set in which sentinels stand in place of cells and of names of columns."""
    rows = base(name)
    header = list(rows[0])
    for place in draw(st.sets(st.integers(0, len(header) - 1), max_size=2)):
        header[place] = draw(st.sampled_from(SENTINELS))
    extra = draw(st.lists(st.sampled_from(SENTINELS), max_size=2))
    cells = st.one_of(st.just(None), st.just(None), st.sampled_from(SENTINELS))
    lines = [header + extra]
    lines += [[draw(cells) or cell for cell in row.values()] + extra for row in rows]
    return "".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in lines).encode()


@settings(max_examples=15, deadline=None)
@given(st.data(), st.booleans())
def test_no_masked_form_shows_what_people_are_known_by(data: st.DataObject, auto: bool) -> None:  # noqa: FBT001  # drawn
    schools = None if auto else SPRINGFIELD.schools
    with tempfile.TemporaryDirectory() as folder:
        readings = {}
        for name in TABLES:
            path = Path(folder) / file_of(name)
            path.write_bytes(data.draw(spoilt(name), label=name))
            readings[name] = read(path, name, file=data.draw(st.sampled_from([*SENTINELS, file_of(name)])))
    tables = {name: reading.table for name, reading in readings.items() if reading.table}
    said = pl.concat([reading.findings for reading in readings.values()])
    profile = replace(SPRINGFIELD, schools=schools)
    findings = judge(tables, profile, Known(), read_findings=said).findings

    told = folded(described(pl.concat([said, findings]), masked=True)).select(SHOWN)
    text = "\n".join(told.select(pl.concat_str(SHOWN, separator="\n", ignore_nulls=True)).to_series()).casefold()
    for sentinel in (*SENTINELS, "quux", "zebedee"):
        assert sentinel.casefold() not in text
