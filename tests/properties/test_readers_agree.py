"""DESIGN, the way of a batch, step 4: the fast reader is the careful one, or it declines."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.properties.library import THOROUGHLY
from validators.careful_reading import read_carefully
from validators.cells import Cells
from validators.fast_reading import read_fast
from validators.reading import peek, read
from validators.tables import LINE

# What files break on, and a little of what they are made of.
PIECES = (
    "a",
    "b",
    " ",
    ",",
    ",",
    ",",
    '"',
    '"',
    '""',
    "\n",
    "\n",
    "\r\n",
    "\r",
    "é",
    "\u00a0",
    "\ufeff",
    "\u2028",
    "\x0b",
    "\x00",
    "\u200b",
    "\ufffd",
    "e\u0301",
    "'",
    "\\",
    "-",
    "=",
)
adversarial = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)

PLAIN = ("a", "é", "", " ", "a b", "0042")
QUOTED = ('""', '"a"', '"a,b"', '"a\nb"', '"a\r\nb"', '"a""b"', '""""', '"\n"', '" a,\n\n,"')
BAD = ('"a', 'a"', '"a"b', ' "a"', "a,b", "a\nb", '"a"x"b"')
cells_mostly_fine = st.sampled_from(PLAIN * 4 + QUOTED * 2) | st.sampled_from(BAD)
cells_fine = st.sampled_from(PLAIN + QUOTED)


@st.composite
def nearly_files(draw: st.DrawFn) -> str:
    """Rows of three cells, nearly always."""
    cell = draw(st.sampled_from([cells_fine, cells_mostly_fine]))
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n"], ["\n"] * 5 + ["\n\n"], ["\r"]]))
    width = st.just(3) if draw(st.booleans()) else st.sampled_from([3] * 9 + [1, 2, 4])
    rows = draw(st.lists(width.flatmap(lambda cells: st.lists(cell, min_size=cells, max_size=cells)), max_size=6))
    text = "".join(",".join(row) + draw(st.sampled_from(ends)) for row in rows)
    return text if draw(st.booleans()) else text.rstrip("\r\n")


def both(text: str, width: int) -> tuple[Cells | None, Cells]:
    fast = read_fast(text.encode(), width=width, separator=",", first_line=2)
    return fast, read_carefully(text, width=width, separator=",", first_line=2)


def assert_agreement(text: str, width: int) -> None:
    fast, careful = both(text, width)
    if fast is None:
        return
    assert fast.rows.equals(careful.rows)
    assert fast.broken.equals(careful.broken)
    assert (fast.notes, fast.blank_lines, fast.truncated) == (careful.notes, careful.blank_lines, careful.truncated)
    assert fast.trimmed == careful.trimmed


@settings(max_examples=300, deadline=None)
@given(text=adversarial, width=st.integers(1, 4))
@example(text='"a"x"y",b\n', width=2)
@example(text="a,b\nc,", width=2)
@example(text="a,b\rc,d\n", width=2)
@example(text="a,b\n\nc,d\n", width=2)
def test_readers_agree_on_adversarial_text(text: str, width: int) -> None:
    assert_agreement(text, width)


@settings(max_examples=300, deadline=None)
@given(text=nearly_files())
def test_readers_agree_on_files_that_are_nearly_right(text: str) -> None:
    assert_agreement(text, 3)


@pytest.mark.soak
@settings(THOROUGHLY, max_examples=100_000)
@given(text=adversarial | nearly_files())
def test_readers_agree_on_a_hundred_thousand_files(text: str) -> None:
    assert_agreement(text, 3)


texts = st.text(st.sampled_from('ab é,;"\n'), max_size=6).map(lambda text: text.strip(" \n"))
at_most_two_lines = texts.filter(lambda text: text.count("\n") < 2)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.lists(at_most_two_lines, min_size=2, max_size=2).filter(any), max_size=6),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    separator=st.sampled_from(",;"),
)
def test_both_readers_read_back_what_was_written(
    rows: list[list[str]], quoting: int, line_end: str, separator: str
) -> None:
    text, begins = io.StringIO(), []
    for row in rows:
        begins.append(2 + text.getvalue().count("\n"))
        csv.writer(text, quoting=quoting, lineterminator=line_end, delimiter=separator).writerow(row)  # type: ignore[arg-type] # the stub wants literals

    careful = read_carefully(text.getvalue(), width=2, separator=separator, first_line=2)
    fast = read_fast(text.getvalue().encode(), width=2, separator=separator, first_line=2)

    written = [(line, *(cell or None for cell in row)) for line, row in zip(begins, rows, strict=True)]
    assert careful.rows.rows() == written
    assert fast is None or fast.rows.rows() == written


starts = st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"sep=;\n", b"password,", b"\n", b"x,"])
HEADER = b"classSourcedId,userSourcedId,role\n"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.tuples(starts, st.sampled_from([HEADER, b""]), adversarial.map(str.encode) | st.binary(max_size=40)))
def test_whatever_a_file_holds_is_a_result_and_every_row_counts(tmp_path: Path, content: tuple[bytes, ...]) -> None:
    """STYLE, principle 6: judge everything, raise nothing."""
    path = tmp_path / "enrollments.csv"
    path.write_bytes(b"".join(content))

    reading = read(path, "enrollments", encoding="windows-1252")

    peek(path, "enrollments")
    assert reading.table is not None or not reading.findings.is_empty()
    if reading.table is not None:
        lines = [*reading.table.rows.get_column(LINE), *reading.table.broken.get_column(LINE)]
        assert reading.facts.rows == len(lines) == len(set(lines))


def test_a_file_with_quoted_separators_and_breaks_stays_fast() -> None:
    fast, careful = both('1,"Smith, Ann"\n2,"two\nlines"\n3,"say ""yes"""\n', 2)
    assert fast is not None
    assert fast.rows.get_column(LINE).to_list() == careful.rows.get_column(LINE).to_list() == [2, 3, 5]
