"""Faults of whole files: bytes, headers, and what is no table at all (sis-deviations 2.1 to 2.3)."""

from collections.abc import Callable
from typing import Final

import polars as pl

from rosterdrop.generating.faults.fault import Fault, Plant
from rosterdrop.generating.plotting import HEADER, Mark, Place, Plot
from rosterdrop.generating.sheets import Sheet, as_text

_BOM: Final = b"\xef\xbb\xbf"
_PAGE: Final = b"<!DOCTYPE html>\n<html><body><h1>Your session has expired</h1></body></html>\n"
_MESSAGE: Final = b"Msg 208, Level 16, State 1, Server SIS01, Line 1\nInvalid object name 'dbo.vw_users'.\n"
_WORKBOOK: Final = b"PK\x03\x04\x14\x00\x06\x00" + b"\x00" * 22 + b"[Content_Types].xml"
_CLEVER: Final = b"Student_id,School_id,First_name,Last_name\r\n000101,0042,Ana,Diaz\r\n"


def _sheet(file: str, change: Callable[[Sheet], object], code: str | None, column: str | None = None) -> Plant:
    """Change a whole sheet; what is said of it has no line."""

    def plant(plot: Plot) -> list[Mark]:
        change(plot.sheets[file])
        return [Mark(place=Place(file, None, code), column=column)]

    return plant


def _header(file: str, change: Callable[[Sheet], object], code: str | None, column: str | None = None) -> Plant:
    """Change a sheet so that something is to be said of its header."""

    def plant(plot: Plot) -> list[Mark]:
        change(plot.sheets[file])
        return [Mark(place=Place(file, HEADER, code), column=column)]

    return plant


def _set(name: str, value: object) -> Callable[[Sheet], object]:
    """Give a sheet another spelling."""
    return lambda sheet: setattr(sheet, name, value)


def _named(**headers: str) -> Callable[[Sheet], object]:
    """Write other names into a header."""
    return lambda sheet: sheet.headers.update(headers)


def _renamed(column: str, name: str) -> Callable[[Sheet], object]:
    """Call a column otherwise."""

    def change(sheet: Sheet) -> None:
        sheet.frame = sheet.frame.rename({column: name})

    return change


def _without(*columns: str) -> Callable[[Sheet], object]:
    """Leave columns out."""

    def change(sheet: Sheet) -> None:
        sheet.frame = sheet.frame.drop(columns)

    return change


def _with(column: str, value: str) -> Callable[[Sheet], object]:
    """Add a column that holds the same everywhere."""
    return lambda sheet: sheet.add_column(column, value)


def _again(column: str, value: str) -> Callable[[Sheet], object]:
    """Add a column under a name that is there already."""

    def change(sheet: Sheet) -> None:
        sheet.add_column("again", value)
        sheet.headers["again"] = column

    return change


def _as_data(sheet: Sheet) -> None:
    """The first row stands where the header should."""
    first = sheet.row(0)
    sheet.headers = {column: first[column] or f"{place}" for place, column in enumerate(sheet.columns)}


def _in_encoding(encoding: str, name: str) -> Plant:
    """Write users.csv in an encoding that is not UTF-8, with a middle name that shows it in every row."""

    def plant(plot: Plot) -> list[Mark]:
        plain = pl.col(pl.String).map_batches(_without_accents)
        plot.users.frame = plot.users.frame.with_columns(plain).with_columns(middleName=pl.lit(name))
        plot.users.encoding = encoding
        return [Mark(place=Place("users", 0, "file.not_utf8"))]

    return plant


def _without_accents(texts: pl.Series) -> pl.Series:
    plain = texts.str.normalize("NFKD").str.replace_all(r"[^\x00-\x7f]", "")
    return plain.replace("", "x") if texts.name in ("givenName", "familyName") else plain


def _nul(plot: Plot) -> list[Mark]:
    row = plot.class_row[plot.classroom().id]
    plot.classes.put(row, "location", "Room" + "\x00" * 40)
    return [Mark(place=Place("classes", row, "file.nul"))]


def _cut(plot: Plot) -> list[Mark]:
    """A transfer broke off inside a quoted cell."""
    sheet = plot.classes
    last = sheet.height - 1
    cells = list(sheet.row(last).values())
    sheet.torn[last] = as_text(cells[:3]) + ',"' + cells[3].replace('"', "")
    sheet.last_end = ""
    return [Mark(place=Place("classes", last, "file.truncated"))]


def _blank_lines(plot: Plot) -> list[Mark]:
    sheet = plot.classes
    for row in (1, sheet.height):
        sheet.between.setdefault(row, []).append("")
    return [Mark(place=Place("classes", None, "file.blank_lines"))]


def _comma_lines(plot: Plot) -> list[Mark]:
    sheet = plot.enrollments
    sheet.between.setdefault(sheet.height, []).append("," * (len(sheet.columns) - 1))
    return [Mark(place=Place("enrollments", None, "file.blank_lines"))]


def _another_file(plot: Plot) -> list[Mark]:
    plot.sheets["students"] = Sheet(file="students", frame=pl.DataFrame({"id": ["1"]}))
    return [Mark(place=Place("students", None, "file.unexpected"))]


def _no_table(content: bytes, file: str = "users", code: str = "file.not_csv") -> Plant:
    return _sheet(file, _set("whole", content), code)


def _row_bytes(plot: Plot) -> list[Mark]:
    """One row of a file in UTF-8 was written in another encoding."""
    person = plot.student()
    row = plot.user_row[person.id]
    plot.users.put(row, "middleName", "Inigo")
    plot.users.replaced[b"Inigo"] = "Íñigo".encode("cp1252")
    falls = plot.fallen_with_student(person, "rejected")
    return [Mark(place=Place("users", row, "row.not_utf8"), implied=falls)]


def _inserted(file: str, text: Callable[[Sheet], str], code: str, *, first: bool = False) -> Plant:
    """Put a line that is no row among the rows: below the header, or in the middle."""

    def plant(plot: Plot) -> list[Mark]:
        sheet = plot.sheets[file]
        row = 0 if first else sheet.height // 2
        sheet.between.setdefault(row, []).append(text(sheet))
        return [Mark(place=Place(file, row, code), lines_above=1)]

    return plant


def _ended(file: str, text: Callable[[Sheet], str], *codes: str) -> Plant:
    """Put a line below the last row."""

    def plant(plot: Plot) -> list[Mark]:
        sheet = plot.sheets[file]
        sheet.between.setdefault(sheet.height, []).append(text(sheet))
        return [Mark(place=Place(file, None, code)) for code in codes]

    return plant


def _header_line(sheet: Sheet) -> str:
    return as_text(sheet.headers.get(column, column) for column in sheet.columns)


def _ruler(sheet: Sheet) -> str:
    return ",".join("-" * len(column) for column in sheet.columns)


def _padded(plot: Plot) -> list[Mark]:
    room = pl.col("location").str.pad_end(20)
    plot.classes.frame = plot.classes.frame.with_columns(room)
    return [Mark(place=Place("classes", None, "file.trimmed"))]


def _formulas(plot: Plot) -> list[Mark]:
    wrapped = pl.concat_str(pl.lit('="'), pl.col("sourcedId"), pl.lit('"'))
    plot.users.frame = plot.users.frame.with_columns(wrapped)
    return [Mark(place=Place("users", None, "file.formulas"))]


def _inner_mark(plot: Plot) -> list[Mark]:
    row = plot.class_row[plot.classroom().id]
    own = plot.classes.cell(row, "sourcedId")
    plot.classes.put(row, "sourcedId", f"\ufeff{own}")
    return [Mark(place=Place("classes", row, "file.inner_marks"))]


DAMAGED: Final = (
    Fault("row_bytes", "one row in Windows-1252 in a file in UTF-8", _row_bytes, alone=True),
    Fault(
        "header_again",
        "the header stands among the rows again",
        _inserted("users", _header_line, "header.again"),
        alone=True,
    ),
    Fault(
        "header_differs",
        "another header stands among the rows",
        _inserted("classes", lambda _: "sourcedId,grades,title,schoolSourcedId", "header.differs"),
        alone=True,
    ),
    Fault(
        "ruler", "a line of dashes below the header", _inserted("users", _ruler, "file.ruler", first=True), alone=True
    ),
    Fault(
        "query_message",
        "a database wrote a message among the rows",
        _inserted("classes", lambda _: "Msg 8152, Level 16, State 30", "file.query_failed"),
        alone=True,
    ),
    Fault(
        "footer",
        "a line below the rows counts them",
        _ended("enrollments", lambda sheet: f"Total records: {sheet.rows}", "file.footer"),
        alone=True,
    ),
    Fault(
        "footer_differs",
        "a line below the rows counts more of them",
        _ended("users", lambda sheet: f"({sheet.rows + 40} rows affected)", "file.footer", "file.rows_missing"),
        alone=True,
    ),
    Fault("padded", "cells are filled up with spaces", _padded, alone=True),
    Fault("formulas", "IDs are wrapped as formulas of a spreadsheet", _formulas, alone=True),
    Fault("inner_mark", "a byte-order mark among the rows", _inner_mark, alone=True),
)

NOTED: Final = (
    Fault("bom", "a byte-order mark before the header", _sheet("users", _set("start", _BOM), None)),
    Fault("control_z", "Ctrl-Z at the end, as DOS programs write it", _sheet("classes", _set("tail", b"\x1a"), None)),
    Fault("line_feeds", "lines end in LF", _sheet("classes", _set("newline", "\n"), None)),
    Fault("blank_lines", "blank lines among the rows", _blank_lines),
    Fault("comma_lines", "a line of commas at the end", _comma_lines),
    Fault(
        "header_alias",
        "a header spells sourceId",
        _header("classes", _named(sourcedId="sourceId"), "header.column_alias", "sourcedId"),
    ),
    Fault(
        "header_case",
        "a header is written in capitals",
        _header("users", _named(middleName="MIDDLE NAME"), "header.column_alias", "middleName"),
    ),
    Fault("header_spaces", "spaces around a header", _sheet("enrollments", _named(role=" role "), None)),
    Fault(
        "column_unknown",
        "a column that nobody knows",
        _header("users", _with("homeroom", "7"), "header.column_unknown"),
    ),
    Fault("column_missing", "an optional column is not there", _sheet("classes", _without("classCode"), None)),
    Fault(
        "column_twice",
        "a column stands twice, once of them empty",
        _sheet("enrollments", _again("dateLastModified", ""), None),
    ),
    Fault("password", "a column of passwords", _header("users", _with("password", "secret"), "file.password_dropped")),
    Fault("file_renamed", "users.csv is called user.csv", _sheet("users", _set("name", "user.csv"), "file.renamed")),
    Fault("file_capitals", "classes.csv is called CLASSES.CSV", _sheet("classes", _set("name", "CLASSES.CSV"), None)),
    Fault("file_unexpected", "a file that nothing takes", _another_file),
)

SPELT: Final = (
    Fault(
        "semicolons",
        "semicolons between cells",
        _header("users", _set("separator", ";"), "header.delimiter"),
        alone=True,
    ),
    Fault("tabs", "tabs between cells", _header("classes", _set("separator", "\t"), "header.delimiter"), alone=True),
    Fault(
        "pipes", "pipes between cells", _header("enrollments", _set("separator", "|"), "header.delimiter"), alone=True
    ),
    Fault("carriage_returns", "lines end in CR", _sheet("users", _set("newline", "\r"), "file.returns"), alone=True),
    Fault("utf16", "a file in UTF-16", _sheet("users", _set("encoding", "utf-16"), "file.decoded"), alone=True),
    Fault(
        "sep_line",
        "a first line by which Excel is told the separator",
        _header("users", _set("above", ["sep=,"]), "header.excel_hint"),
    ),
)

REFUSED: Final = (
    Fault("file_empty", "a file of no bytes", _no_table(b"", "enrollments", "file.empty"), alone=True),
    Fault("file_blank", "a file of spaces", _no_table(b" \r\n \r\n", "classes", "file.empty"), alone=True),
    Fault("file_page", "a web page instead of a file", _no_table(_PAGE), alone=True),
    Fault("file_message", "the message of a query that failed", _no_table(_MESSAGE), alone=True),
    Fault("file_workbook", "a workbook instead of a file", _no_table(_WORKBOOK, "classes"), alone=True),
    Fault("file_pdf", "a PDF instead of a file", _no_table(b"%PDF-1.7\n", "enrollments"), alone=True),
    Fault("file_gzip", "a file packed by gzip", _no_table(b"\x1f\x8b\x08\x00" + b"\x00" * 20, "classes"), alone=True),
    Fault(
        "file_json", "a JSON document instead of a file", _no_table(b'{"error": "denied"}\n', "enrollments"), alone=True
    ),
    Fault(
        "file_clever",
        "a file in the format of Clever",
        _header("users", _set("whole", _CLEVER), "header.missing"),
        alone=True,
    ),
    Fault("windows_1252", "a file in Windows-1252", _in_encoding("cp1252", "Íñigo"), alone=True),
    Fault("shift_jis", "a file in Shift_JIS", _in_encoding("cp932", "山田"), alone=True),
    Fault("nul", "a NUL inside a cell", _nul, alone=True),
    Fault("cut", "a transfer broke off inside a quoted cell", _cut, alone=True),
    Fault("header_missing", "rows without a header", _header("classes", _as_data, "header.missing"), alone=True),
    Fault(
        "column_misspelt",
        "a required column is misspelt",
        _header("classes", _named(title="titel"), "header.column_missing", "title"),
        alone=True,
    ),
    Fault(
        "column_lost",
        "a required column is not there",
        _header("users", _without("role"), "header.column_missing", "role"),
        alone=True,
    ),
    Fault(
        "column_repeated",
        "a column stands twice with different things in it",
        _header("users", _again("email", "office@example.org"), "header.column_repeated", "email"),
        alone=True,
    ),
)
