"""From a delivered file to a table."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from config.profiles import Encoding
from config.tables import TableName
from validators.findings import FINDINGS
from validators.reading import Reading, peek, read

HEADER = "sourcedId,orgSourcedIds,role,givenName,familyName"
ANA = "u-1,0042,student,Ana,Diaz"
BEN = "u-2,0042,student,Ben,Ng"

Deliver = Callable[..., Reading]


@pytest.fixture
def deliver(tmp_path: Path) -> Deliver:
    """Write a file and read it."""

    def delivered(content: str | bytes, name: TableName = "users", encoding: Encoding = "utf-8") -> Reading:
        path = tmp_path / f"{name}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, name, encoding=encoding)

    return delivered


def lines(*rows: str, end: str = "\n") -> str:
    return "".join(row + end for row in rows)


def codes(reading: Reading) -> list[str]:
    return reading.findings.get_column("code").to_list()


def rows(reading: Reading) -> list[tuple[object, ...]]:
    assert reading.table is not None
    return reading.table.rows.rows()


def broken(reading: Reading) -> list[tuple[object, ...]]:
    assert reading.table is not None
    return reading.table.broken.rows()


def test_a_plain_file_is_a_table_of_text_with_line_numbers(deliver: Deliver) -> None:
    content = lines(HEADER, ANA, BEN)
    reading = deliver(content)

    assert reading.table is not None
    assert reading.table.rows.columns == ["line", *HEADER.split(",")]
    assert rows(reading) == [(2, "u-1", "0042", "student", "Ana", "Diaz"), (3, "u-2", "0042", "student", "Ben", "Ng")]
    assert codes(reading) == []
    assert reading.findings.schema == FINDINGS
    assert reading.facts.rows == 2
    assert reading.facts.bytes == len(content)
    assert reading.facts.sha256 == hashlib.sha256(content.encode()).hexdigest()
    assert reading.table.facts == reading.facts


def test_cells_keep_zeros_and_lose_edges_and_emptiness(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, '\u00a0u-1 ,0042,"student ",\u200b,""'))

    assert rows(reading) == [(2, "u-1", "0042", "student", None, None)]


def test_lines_are_counted_as_an_editor_counts(deliver: Deliver) -> None:
    reading = deliver(
        lines(HEADER, 'u-1,0042,student,"Ana\nMaria",Diaz', BEN, "", ",,,,", 'u-3,"1,2",teacher,"C ""D""",E')
    )

    assert [row[0] for row in rows(reading)] == [2, 4, 7]
    assert rows(reading)[0][4] == "Ana\nMaria"
    assert rows(reading)[2][2:5] == ("1,2", "teacher", 'C "D"')
    assert codes(reading) == ["file.blank_lines"]
    assert reading.findings.item(0, "count") == 2


@pytest.mark.parametrize(("end", "newline"), [("\n", "LF"), ("\r\n", "CRLF"), ("\r", "CR")])
def test_every_line_end_is_read(deliver: Deliver, end: str, newline: str) -> None:
    reading = deliver(lines(HEADER, ANA, BEN, end=end))

    assert [row[0] for row in rows(reading)] == [2, 3]
    assert reading.facts.newline == newline
    assert codes(reading) == (["file.returns"] if newline == "CR" else [])


def test_mixed_line_ends_are_read(deliver: Deliver) -> None:
    reading = deliver(HEADER + "\r\n" + ANA + "\n" + BEN)

    assert len(rows(reading)) == 2
    assert reading.facts.newline == "mixed"


def test_a_footer_may_end_its_lines_otherwise(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, ANA, "", end="\r\n") + "(1 rows affected)\n")
    assert reading.facts.newline == "mixed"


def test_a_header_alone_is_a_table_without_rows(deliver: Deliver) -> None:
    for content in (HEADER, HEADER + "\n", HEADER + "\r\n\r\n"):
        assert rows(deliver(content)) == []
        assert deliver(content).facts.rows == 0


def test_separators_after_every_row_are_no_cells(deliver: Deliver) -> None:
    assert rows(deliver(lines(HEADER, ANA + ",,"))) == rows(deliver(lines(HEADER + ",,", ANA + ",,")))
    assert codes(deliver(lines(HEADER, ANA + ",,"))) == codes(deliver(lines(HEADER + ",,", ANA + ",,"))) == []


def test_separators_after_some_rows_may_have_shifted_their_cells(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, ANA, "u-2,42,student,Ben,Ng, Jr,"))
    assert broken(reading) == [(3, "u-2,42,student,Ben,Ng, Jr,", "row.cells")]
    assert len(rows(reading)) == 1


def test_passwords_reach_nothing(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER + ",User_Password", ANA + ",hunter2", "u-2,hunter3", BEN + ',"hunter4'))

    assert reading.table is not None
    assert reading.table.rows.columns == ["line", *HEADER.split(",")]
    assert broken(reading) == [(3, "u-2", "row.cells"), (4, "u-2", "row.quote")]
    assert "file.password_dropped" in codes(reading)
    assert "hunter" not in repr(reading.findings.rows()) + repr(rows(reading)) + repr(broken(reading))


def test_an_unreadable_row_keeps_its_id_and_not_its_password(deliver: Deliver) -> None:
    kept_of = {
        "u-1,42,student,Ana,Diaz,hunter,x,y,z": "u-1,42,student,Ana,Diaz",
        "u-2,student,Ben,Ng,hunter,x,y": "u-2,student,Ben,Ng",
        'u-3,42,student,"C,Im,hunter,x,y': "u-3",
        "hunter,x,y": "",
        'u-4,student,D,E,hunter,"x,y,z",': "u-4,student,D,E",
    }
    reading = deliver(lines(HEADER + ",password,a,b", *kept_of))

    assert [row[1] for row in broken(reading)] == list(kept_of.values())


def test_a_file_under_another_name_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "user.csv").write_text(lines(HEADER, ANA))
    reading = read(tmp_path / "user.csv", "users", sha256="known", carried_from=7)

    assert reading.facts.file == "users.csv"
    assert reading.facts.sha256 == "known"
    assert reading.facts.carried_from == 7
    assert reading.findings.select("code", "file", "detail").row(0) == ("file.renamed", "users.csv", "user.csv")
    assert codes(read(tmp_path / "user.csv", "users", file="Users.CSV")) == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [BEN, BEN + "\n"])
def test_a_receipt_counts_lines_and_judges_the_header(tmp_path: Path, end: str, last: str) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes((lines(HEADER, ANA) + last).replace("\n", end).encode())

    assert (peek(path, "users").rows, peek(path, "users").refused, peek(path, "users").missing) == (2, None, ())


def test_a_receipt_names_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(lines("sourcedId,givenName,familyName,orgSourcedIds", "1,2,3,4"))
    assert peek(path, "users").missing == ("role",)
    assert peek(path, "users").refused == "header.column_missing"

    path.write_bytes(b"PK\x03\x04")
    assert peek(path, "users").refused == "file.not_csv"


def test_a_receipt_of_a_large_file_looks_at_its_first_block_only(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes(lines(HEADER, *[ANA + "é"] * 40_000).encode() + b"\xff")

    assert peek(path, "users").rows == 40_001
    assert peek(path, "users").refused is None


# Bytes (sis-deviations 2.1)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_and_a_control_z_are_no_text(deliver: Deliver, mark: bytes) -> None:
    reading = deliver(mark + lines(HEADER, ANA).encode() + b"\x1a")

    assert len(rows(reading)) == 1
    assert codes(reading) == []


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be"])
def test_utf_16_with_its_mark_is_read_with_a_note(deliver: Deliver, codec: str) -> None:
    text = lines(HEADER, "u-1,0042,student,Zoë,Núñez")
    reading = deliver(("\ufeff" + text if codec == "utf-16-be" else text).encode(codec))

    assert rows(reading) == [(2, "u-1", "0042", "student", "Zoë", "Núñez")]
    assert codes(reading) == ["file.decoded"]
    assert reading.facts.encoding == "utf-16"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04....[Content_Types].xml", "Excel workbook"),
        (b"PK\x03\x04....users.csv", "ZIP archive"),
        (b"\x1f\x8b\x08\x00", "gzip archive"),
        (b"%PDF-1.7", "PDF"),
        (b"\n<!DOCTYPE html><html>", "HTML page"),
        (b"<?xml version='1.0'?>", "XML"),
        (b'[{"sourcedId": 1}]', "JSON"),
        (b"ORA-00942: table or view does not exist\n", "message of a failed query"),
        (b"Msg 208, Level 16, State 1\n", "message of a failed query"),
        (lines(HEADER, ANA).encode("utf-16-le"), "UTF-16 without byte-order mark"),
    ],
)
def test_what_is_no_csv_is_named(deliver: Deliver, content: bytes, kind: str) -> None:
    reading = deliver(content)

    assert reading.table is None
    assert reading.findings.select("code", "file", "detail").rows() == [("file.not_csv", "users.csv", kind)]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\n", b" " * 5000, b"sep=;\n", "\u00a0\n".encode()])
def test_an_empty_file_is_unusable(deliver: Deliver, content: bytes) -> None:
    assert codes(deliver(content)) == ["file.empty"]


def test_a_hole_of_zero_bytes_is_unusable(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, ANA, "u-2," + "\0" * 16 + ",student,Ben,Ng"))

    assert reading.table is None
    assert reading.findings.select("code", "line").rows() == [("file.nul", 3)]


@pytest.mark.parametrize(
    ("name", "codec", "likely"),
    [
        ("Núñez", "cp1252", "windows-1252"),
        ("O\u2019Neil", "cp1252", "windows-1252"),
        ("山田", "cp932", "shift_jis"),
        ("Núñez", "cp850", "cp850"),
    ],
)
def test_other_encodings_are_named_and_refused(deliver: Deliver, name: str, codec: str, likely: str) -> None:
    reading = deliver(lines(HEADER, ANA, f"u-2,0042,student,{name},{name}").encode(codec))

    assert reading.table is None
    assert reading.findings.select("code", "line", "detail").rows() == [("file.not_utf8", 3, likely)]


def test_the_profiles_encoding_is_taken_where_the_file_is_not_utf_8(deliver: Deliver) -> None:
    """connect-behaviour 2.1: encoding."""
    reading = deliver(lines(HEADER, "u-1,0042,student,Zoë,Núñez").encode("cp1252"), encoding="windows-1252")

    assert rows(reading)[0][4:] == ("Zoë", "Núñez")
    assert reading.facts.encoding == "windows-1252"
    assert reading.findings.select("code", "detail").rows() == [("file.decoded", "windows-1252")]


def test_lines_that_are_utf_8_stay_so_in_a_file_of_two_encodings(deliver: Deliver) -> None:
    content = lines(HEADER, "1,2,student,Zoë,A").encode() + "2,2,student,Núñez,B\n".encode("cp1252")

    assert [row[4] for row in rows(deliver(content, encoding="windows-1252"))] == ["Zoë", "Núñez"]


def test_few_rows_that_are_not_utf_8_are_left_out_and_the_rest_stands(deliver: Deliver) -> None:
    others = [f"v-{number},0042,student,Zoë,Ng" for number in range(200)]
    content = lines(HEADER + ",password", *(row + ",secret" for row in others)).encode()
    reading = deliver(
        content + "u-1,0042,student,Núñez,Diaz,secrét\nu-2,0042,student,Ana,Diaz,secrét\n".encode("cp1252")
    )

    assert broken(reading) == [(202, "u-1,0042,student,N\ufffd\ufffdez,Diaz", "row.not_utf8")]
    assert reading.findings.filter(code="row.not_utf8").select("line", "detail").rows() == [(202, "windows-1252")]
    assert [row[0] for row in rows(reading)] == [*range(2, 202), 203]
    assert reading.facts.rows == 202


@pytest.mark.parametrize("bad", ["ñ-1,0042,student,Ana,Diaz", "u-1,0042,student,Ñ,Smith, Jr"])
def test_an_id_that_is_not_utf_8_refuses_the_file(deliver: Deliver, bad: str) -> None:
    others = [f"v-{number},0042,student,Ben,Ng" for number in range(200)]
    reading = deliver(lines(HEADER, *others).encode() + f"{bad}\n".encode("cp1252"))

    assert reading.table is None
    assert reading.findings.select("code", "line").rows() == [("file.not_utf8", 202)]


def test_bytes_that_the_profiles_encoding_does_not_know_are_refused(deliver: Deliver) -> None:
    assert codes(deliver(HEADER.encode() + b"\n\x81\n", encoding="windows-1252")) == ["file.not_utf8"]


def test_utf_8_is_utf_8_whatever_the_profile_names(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, "u-1,0042,student,Zoë,Núñez"), encoding="windows-1252")

    assert rows(reading)[0][4] == "Zoë"
    assert codes(reading) == []


# Rows that cannot be read (sis-deviations 2.2)


def test_rows_of_another_width_are_broken_and_the_rest_stands(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, ANA, "u-7,0042,student,Smith, Jr,Ann", "u-8,0042", BEN))

    assert [row[0] for row in rows(reading)] == [2, 5]
    assert broken(reading) == [(3, "u-7,0042,student,Smith, Jr,Ann", "row.cells"), (4, "u-8,0042", "row.cells")]
    assert reading.findings.select("code", "line", "detail").rows() == [
        ("row.cells", 3, "6/5"),
        ("row.cells", 4, "2/5"),
    ]
    assert reading.facts.rows == 4


def test_a_quote_that_nothing_closes_costs_one_row(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, 'u-1,0042,student,"Ana,Diaz', BEN, 'u-3,0042,student,"Cy",Im'))

    assert broken(reading) == [(2, 'u-1,0042,student,"Ana,Diaz', "row.quote")]
    assert [row[0] for row in rows(reading)] == [3, 4]


def test_a_quote_that_closes_rows_later_swallows_none(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, 'u-1,0042,student,Ana,"Diaz', BEN, BEN, 'u-3,0042,student,Cy,Im"'))

    assert broken(reading) == [(2, 'u-1,0042,student,Ana,"Diaz', "row.quote")]
    assert [row[0] for row in rows(reading)] == [3, 4, 5]


def test_text_after_a_closing_quote_is_not_guessed(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, 'u-1,0042,student,"Ana"x"y",Diaz', BEN))

    assert broken(reading) == [(2, 'u-1,0042,student,"Ana"x"y",Diaz', "row.quote")]
    assert [row[0] for row in rows(reading)] == [3]


def test_quotes_within_a_plain_cell_are_taken_as_they_stand(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, 'u-1,0042,student,Robert "Bob" Lee,Diaz', 'u-2,0042,student,"B ""C""",D'))

    assert [row[4] for row in rows(reading)] == ['Robert "Bob" Lee', 'B "C"']
    assert reading.findings.select("code", "line").rows() == [("row.stray_quote", 2)]


def test_a_line_break_without_quotes_breaks_both_parts(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, "u-1,0042,student", "Ana,Diaz", BEN))

    assert [row[0] for row in broken(reading)] == [2, 3]
    assert [row[0] for row in rows(reading)] == [4]


@pytest.mark.parametrize("tail", ["u-3,0042,stu", 'u-3,0042,student,"Cy', 'u-3,0042,student,Cy,"two\nlines'])
def test_a_file_that_ends_within_a_row_is_truncated(deliver: Deliver, tail: str) -> None:
    reading = deliver(lines(HEADER, ANA, BEN) + tail)

    assert reading.table is None
    assert codes(reading) == ["file.truncated"]
    assert reading.facts.rows > 2


def test_a_last_line_end_tells_a_broken_row_from_a_truncated_file(deliver: Deliver) -> None:
    assert codes(deliver(lines(HEADER, ANA, "u-3,0042"))) == ["row.cells"]
    assert codes(deliver(lines(HEADER, ANA, 'u-3,0042,student,Cy,"I'))) == ["row.quote"]
    assert codes(deliver(lines(HEADER, ANA) + "u-3,0042,student,Cy,Im,x")) == ["row.cells"]
    assert codes(deliver(lines(HEADER, ANA) + BEN)) == []


def test_a_quote_that_stays_open_far_above_the_end_is_one_broken_row(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, 'u-1,0042,student,Ana,"Diaz', BEN) + BEN)

    assert broken(reading) == [(2, 'u-1,0042,student,Ana,"Diaz', "row.quote")]
    assert [row[0] for row in rows(reading)] == [3, 4]


def test_many_open_quotes_take_no_time_that_grows_with_the_file(deliver: Deliver) -> None:
    reading = deliver(lines(HEADER, *['u-1,0042,student,"Ana,""'] * 3000))

    assert reading.facts.rows == 3000


@pytest.mark.parametrize("given", ["Be\rn", "Be\rn\ri"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_lone_return_within_a_quoted_cell_makes_no_row_of_its_own(deliver: Deliver, given: str, end: str) -> None:
    reading = deliver(lines(HEADER, f'u-2,0042,student,"{given}",Ng', ANA, end=end))

    assert [row[1:] for row in rows(reading)] == [
        ("u-2", "0042", "student", given, "Ng"),
        ("u-1", "0042", "student", "Ana", "Diaz"),
    ]
    assert broken(reading) == []
