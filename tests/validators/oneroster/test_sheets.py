"""Bytes to rows exactly as they are."""

import ast
from inspect import getsource

import pytest

from validators import careful_reading, decoding
from validators.oneroster.sheets import CODES, read


def orgs(body: str, header: str = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n") -> bytes:
    return (header + body).encode()


def codes(data: bytes) -> list[str]:
    found = read(data, "1.1", "orgs", sha256="0").findings
    return [finding.code.removeprefix("oneroster.") for finding in found]


def test_every_word_of_the_readers_has_one_of_ours() -> None:
    said = {
        node.value
        for module in (decoding, careful_reading)
        for node in ast.walk(ast.parse(getsource(module)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(("file.", "row."))
    }
    assert said <= CODES.keys()


def test_cells_keep_their_blanks_and_rows_without_content_are_rows() -> None:
    sheet = read(orgs("d-1,,, District ,district,,\n,,,,,,\n"), "1.1", "orgs", sha256="0").sheet

    assert sheet is not None
    assert sheet.rows["name"].to_list() == [" District ", None]
    assert sheet.rows["line"].to_list() == [2, 3]


def test_a_column_that_nobody_knows_keeps_its_name_and_a_known_one_its_own() -> None:
    header = "sourcedId,name,type,line,name,status,\n"
    sheet = read(orgs("d-1,District,district,x,y,,z\n", header), "1.1", "orgs", sha256="0").sheet
    assert sheet is None  # a column that must be filled stands twice

    header = "sourcedId,name,type,line,identifier,identifier,\n"
    sheet = read(orgs("d-1,District,district,x,1,2,z\n", header), "1.1", "orgs", sha256="0").sheet
    assert sheet is not None
    assert sheet.rows.columns[1:] == [
        "sourcedId",
        "name",
        "type",
        "line (2)",
        "identifier",
        "identifier (2)",
        "column 7",
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ["file.empty"]),
        (b"\n\n", ["file.empty"]),
        (orgs(""), ["file.no_rows"]),
        (orgs("d-1,,,D\xe9,district,,\n").decode().encode("latin-1"), ["file.not_utf8"]),
        (orgs("d-1,,,D,district,,\n").decode().encode("utf-16"), ["file.not_utf8"]),
        (orgs("d-1,,,D\0,district,,\n"), ["file.not_csv"]),
        (b"\xef\xbb\xbf" + orgs("d-1,,,D,district,,\n"), ["file.byte_order_mark"]),
        (orgs("d-1,,,D,district,,\n").replace(b"\n", b"\r"), ["file.carriage_returns"]),
        (orgs("d-1,,,D,district,,\n").replace(b"\n", b"\r\n"), []),
        (orgs("d-1,,,D,district,,\n").replace(b",", b";"), ["header.delimiter"]),
        (orgs("d-1,,,D,district,,\n", ""), ["header.missing"]),
        (orgs("").removesuffix(b"\n") + b"," * 200_000 + b"\n", ["header.too_wide"]),
        (orgs("\nd-1,,,D,district,,\n"), ["file.blank_lines"]),
        (orgs("d-1,,,D,district,,,\n"), ["row.cells"]),
        (orgs('d-1,,,D,district,,\nd-2,,,"D'), ["file.truncated"]),
        (b"<html></html>", ["file.not_csv"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told(data: bytes, expected: list[str]) -> None:
    assert [code for code in codes(data) if code != "row.quote"] == expected
