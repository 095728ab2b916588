"""Rejected rows that come back repaired: what they say, and the files of their batch with these lines replaced.

A repair may replace only what its batch rejected, line by line, so that a number that a spreadsheet shifted never
overwrites another person's row. Whatever else is wrong with it, nothing of it is used, and its report says why.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl
import polars.selectors as cs

from config.profiles import Encoding
from config.repairs import BATCH, COLUMNS, PLACE, RAW, REASON
from config.tables import SCHOOL_COLUMNS, TABLES, TableName, file_of, table_of
from processors.reporting.escaping import unguarded, with_unguarded_names
from processors.unpacking import DeliveredFile
from validators import Finding, Table, Written, read, written
from validators.cells import MOST_LINES
from validators.tables import LINE

_FIRST_LINE: Final = "row.quote: "
"""Of rows that could not be read, those whose quotes do not fit were read a line, the others to their end."""

_LINE_END: Final = "\r\n"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """What a batch rejected of one table, as its report gave it back.

    Attributes:
        columns: of the rows, without ours.
        reasons: by line.
    """

    columns: tuple[str, ...]
    reasons: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Repaired rows of one table.

    Attributes:
        delivered: the file in which they came.
        table: whose rows they are.
        rows: `rosterdrop_line` u32, the columns of the table, `rosterdrop_raw` where the file has it.
        reasons: by line, why the rows were rejected.
    """

    delivered: DeliveredFile
    table: TableName
    rows: pl.DataFrame
    reasons: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Repaired rows by themselves, where nobody knows what was rejected.

    Attributes:
        delivered: the file in which they came.
        table: the rows that say something; lines are those of the file.
        findings: what reading found, as FINDINGS.
        batch: the newest that a row names; None where there is no row.
    """

    delivered: DeliveredFile
    table: Table
    findings: pl.DataFrame
    batch: str | None


def rejected_by(report: Path) -> dict[TableName, Rejected]:
    """What a batch rejected, from the folder of its report."""
    found: dict[TableName, Rejected] = {}
    for name in TABLES:
        path = report / "rejected" / file_of(name)
        if path.is_file():
            rows = pl.read_csv(path, infer_schema=False)
            columns = tuple(column for column in rows.columns if column not in {*COLUMNS, RAW})
            reasons = dict(zip(rows[PLACE].cast(pl.UInt32), rows[REASON], strict=True))
            found[name] = Rejected(columns=columns, reasons=reasons)
    return found


def rejected_people(report: Path) -> frozenset[str]:
    """The sourcedIds of the rejected rows of users.csv, from the folder of a batch's report."""
    path = report / "rejected" / file_of("users")
    if not path.is_file():
        return frozenset()
    ids = pl.scan_csv(path, infer_schema=False).select(unguarded(pl.col("sourcedId").drop_nulls())).collect()
    return frozenset(ids["sourcedId"])


def repair_in(
    file: DeliveredFile, batch: int, rejected: Mapping[TableName, Rejected], *, encoding: Encoding
) -> Repair | Finding:
    """The repaired rows in a delivered file, or why they cannot be used.

    Args:
        file: what was delivered.
        batch: number of the newest batch, the only one that can be repaired.
        rejected: what that batch rejected.
        encoding: what the profile names for files that are not UTF-8.
    """
    table = _table_in(file, rejected, encoding)
    if isinstance(table, Finding):
        return table
    known = rejected[table.name]
    given = table.rows.select(LINE, BATCH, PLACE, *known.columns, *([RAW] if table.has(RAW) else ()))
    rows = with_unguarded_names(_with_content(given.with_columns(unguarded(cs.string().exclude(COLUMNS)))))
    if wrong := _wrong_batch(rows, file, batch) or _wrong_line(
        rows, file, pl.col(PLACE).is_in(list(map(str, known.reasons)))
    ):
        return wrong
    lines = rows.with_columns(pl.col(PLACE).cast(pl.UInt32)).drop(LINE, BATCH)
    return Repair(delivered=file, table=table.name, rows=lines.unique(maintain_order=True), reasons=known.reasons)


def part_in(file: DeliveredFile, *, encoding: Encoding, dispensable: Collection[str]) -> Part | Finding:
    """The repaired rows in a file as the table whose columns they have, or why they cannot be used at all."""
    for name in sorted(TABLES, key=lambda name: name != table_of(file.name)):
        reading = read(file.path, name, encoding=encoding, dispensable=dispensable, file=file_of(name))
        if "file.not_utf8" in reading.findings["code"]:
            return Finding(code="repair.not_utf8", file=file.name)
        if reading.table is not None and {BATCH, PLACE} <= set(reading.table.rows.columns):
            return _part(file, reading.table, reading.findings)
    return Finding(code="repair.columns", file=file.name)


def twice(came: Sequence[tuple[DeliveredFile, TableName]]) -> list[Finding]:
    """Files that are about the same table: nobody can know which is meant."""
    tables = Counter(table for _, table in came)
    return [
        Finding(code="repair.table_twice", file=file.name, detail=file_of(table))
        for file, table in came
        if tables[table] > 1
    ]


def mended(path: Path, repair: Repair, *, encoding: Encoding, headers: Mapping[str, str]) -> bytes:
    """A batch's file with the repaired lines in their places, in UTF-8.

    Every other line is as it was, and stands where it stood.
    """
    original = written(path, repair.table, encoding=encoding, headers=headers)
    assert original is not None  # it had rows that were rejected
    lines = original.utf8.splitlines(keepends=True)
    for row in repair.rows.iter_rows(named=True):
        at = row[PLACE] - 1
        taken = _lines_of_row(lines, at, repair.reasons[row[PLACE]], original.header.separator)
        end = _end_of(lines[at + taken - 1])
        new = (str(row[RAW]) if _is_raw(row) else _as_line(row, original)).encode()
        padding = end * (taken - len(new.splitlines()))  # so that every other row stays on its line
        lines[at : at + taken] = [new + end + padding, *[b""] * (taken - 1)]
    return b"".join(lines)


def _table_in(file: DeliveredFile, rejected: Mapping[TableName, Rejected], encoding: Encoding) -> Table | Finding:
    """The file as the table whose rejected rows have its columns; its name only says where to look first."""
    for name in sorted(rejected, key=lambda name: name != table_of(file.name)):
        reading = read(file.path, name, encoding=encoding, dispensable=SCHOOL_COLUMNS.values())
        if "file.not_utf8" in reading.findings["code"]:
            return Finding(code="repair.not_utf8", file=file.name)
        table = reading.table
        if table is None or not {*rejected[name].columns, BATCH, PLACE} <= set(table.rows.columns):
            continue
        if not table.broken.is_empty():
            return Finding(code="repair.row_unreadable", file=file.name, line=table.broken[LINE][0])
        return table
    return Finding(code="repair.columns", file=file.name)


def _part(file: DeliveredFile, table: Table, found: pl.DataFrame) -> Part | Finding:
    if not table.broken.is_empty():
        return Finding(code="repair.row_unreadable", file=file.name, line=table.broken[LINE][0])
    rows = with_unguarded_names(_with_content(table.rows.with_columns(unguarded(cs.string().exclude(COLUMNS)))))
    named = rows[BATCH].str.extract(f"^({_NUMBER.pattern})$").cast(pl.Int64)
    newest = max(named.drop_nulls().unique(), default=0)
    if wrong := _wrong_batch(rows, file, newest) or _wrong_line(rows, file, _is_number(PLACE)):
        return wrong
    own = [name for name in rows.columns if name not in {*COLUMNS, RAW}]
    apart = rows.filter(pl.any_horizontal(pl.col(own).exclude(LINE).is_not_null()))  # the others came as one text
    return Part(
        delivered=file,
        table=replace(table, rows=apart.select(own)),
        findings=found.filter(pl.col("code") != "header.column_unknown"),  # ours are meant
        batch=str(newest) if newest else None,
    )


def _is_number(column: str) -> pl.Expr:
    return pl.col(column).str.contains(f"^{_NUMBER.pattern}$")


def _with_content(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that say something beside our columns: a row that was emptied leaves the old one as it was."""
    return rows.filter(pl.any_horizontal(cs.string().exclude(COLUMNS).is_not_null()))


def _wrong_batch(rows: pl.DataFrame, file: DeliveredFile, batch: int) -> Finding | None:
    others = rows.filter(pl.col(BATCH).ne_missing(str(batch)))
    if others.is_empty():
        return None
    line, named = others.select(LINE, BATCH).row(0)
    if named is None or not _NUMBER.fullmatch(named) or int(named) > batch:
        return Finding(code="repair.batch_unknown", file=file.name, line=line, column=BATCH, value=named)
    return Finding(code="repair.outdated", file=file.name, line=line, column=BATCH, value=named, detail=str(batch))


def _wrong_line(rows: pl.DataFrame, file: DeliveredFile, is_known: pl.Expr) -> Finding | None:
    """A row that is none of the rejected ones, or two for one of them that differ."""
    strangers = rows.filter(~is_known.fill_null(value=False))
    once = rows.unique([name for name in rows.columns if name != LINE], maintain_order=True)
    again = once.filter(pl.col(PLACE).is_duplicated())
    for code, wrong in (("repair.line_unknown", strangers), ("repair.line_repeated", again)):
        if not wrong.is_empty():
            line, place = wrong.select(LINE, PLACE).row(-1)
            return Finding(code=code, file=file.name, line=line, column=PLACE, value=place)
    return None


def _is_raw(row: Mapping[str, object]) -> bool:
    """Whether the row came back as one text, as it was given where its cells could not be told apart."""
    return bool(row.get(RAW)) and all(cell is None for name, cell in row.items() if name not in {PLACE, RAW})


def _as_line(row: Mapping[str, str | None], original: Written) -> str:
    """A repaired row as the original file writes its rows; what became no column of the table stays empty."""
    text = io.StringIO()
    cells = ["" if name is None else row.get(name) for name in original.names]
    # Without a line end of its own the writer puts no quotes around breaks within cells (Python before 3.13).
    csv.writer(text, delimiter=original.header.separator, lineterminator=_LINE_END).writerow(cells)
    return text.getvalue().removesuffix(_LINE_END)


def _lines_of_row(lines: Sequence[bytes], at: int, reason: str, separator: str) -> int:
    """How many physical lines the rejected row at this place has."""
    if reason.startswith(_FIRST_LINE):
        return 1
    here = (line.decode(errors="replace") for line in lines[at : at + MOST_LINES])
    records = csv.reader(here, delimiter=separator, strict=True)
    try:
        next(records)
    except csv.Error:
        return 1
    return records.line_num


def _end_of(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :]
