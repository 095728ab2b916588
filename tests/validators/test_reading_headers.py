"""From a header line to canonical columns (sis-deviations 2.3)."""

from pathlib import Path

import polars as pl
import pytest

from config.tables import TABLES, TableName
from validators.headers import folded
from validators.reading import Reading, layout_of, read
from validators.schemas import columns_of

USERS = "sourcedId,orgSourcedIds,role,givenName,familyName"
ROW = "u-1,0042,student,Ana,Diaz"


def delivered(folder: Path, content: str, name: TableName = "users") -> Reading:
    path = folder / f"{name}.csv"
    path.write_bytes(content.encode())
    return read(path, name)


def columns(reading: Reading) -> list[str]:
    assert reading.table is not None
    return reading.table.rows.columns[1:]


def found(reading: Reading, *what: str) -> list[tuple[object, ...]]:
    return reading.findings.select("code", *what).rows()


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_layout(name: TableName) -> None:
    layout = layout_of(name)

    assert set(layout.required) <= set(layout.names.values())
    assert set(layout.names) == {folded(column) for column in columns_of(name)}


@pytest.mark.parametrize(
    "header",
    [
        "SourcedId",
        "sourceID",
        "sourceId",
        "Sourced Id",
        "SOURCED_ID",
        "sourced\u200bId",
        '"sourced Id"',
        "\u00a0sourcedid",
    ],
)
def test_spelling_does_not_matter(tmp_path: Path, header: str) -> None:
    """connect-behaviour 9.3: headers; 9.3: sourceId."""
    reading = delivered(tmp_path, f"{header},orgSourcedIds,role,givenName,familyName\n{ROW}\n")

    assert columns(reading) == USERS.split(",")
    assert found(reading, "column") == [("header.column_alias", "sourcedId")]


@pytest.mark.parametrize("header", ["email ", '"email"', "\ufeffemail"])
def test_edges_of_a_header_are_no_spelling(tmp_path: Path, header: str) -> None:
    """connect-behaviour 9.3: headers."""
    reading = delivered(tmp_path, f"{header},{USERS}\na@b.org,{ROW}\n")

    assert found(reading) == []
    assert columns(reading)[0] == "email"


@pytest.mark.parametrize(
    ("alias", "column"),
    [
        ("agents", "agentSourcedIds"),
        ("agentSourceIds", "agentSourcedIds"),
        ("preferredLanguage", "language"),
        ("metadata.language", "language"),
    ],
)
def test_aliases_are_taken_with_a_note(tmp_path: Path, alias: str, column: str) -> None:
    """connect-behaviour 9.3: language column."""
    reading = delivered(tmp_path, f"{USERS},{alias}\n{ROW},x\n")

    assert columns(reading)[-1] == column
    assert found(reading, "column", "value") == [("header.column_alias", column, alias)]


def test_an_alias_beside_its_column_is_a_column_of_its_own(tmp_path: Path) -> None:
    reading = delivered(tmp_path, f"{USERS},preferredLanguage,language\n{ROW},es,en\n")

    assert columns(reading)[-2:] == ["preferredLanguage", "language"]
    assert found(reading, "detail") == [("header.column_unknown", "preferredLanguage")]


def test_unknown_columns_are_kept_and_listed_once(tmp_path: Path) -> None:
    """connect-behaviour 9.3: headers."""
    reading = delivered(tmp_path, f"{USERS},metadata.x,line,Room,Room\n{ROW},a,b,c,d\n")

    assert columns(reading)[-4:] == ["metadata.x", "line (2)", "Room", "Room (2)"]
    assert found(reading, "detail") == [("header.column_unknown", "metadata.x, line (2), Room, Room (2)")]


def test_a_column_without_header_is_kept_where_it_holds_something(tmp_path: Path) -> None:
    assert columns(delivered(tmp_path, f"{USERS},\n{ROW},x\n"))[-1] == "column 6"
    assert columns(delivered(tmp_path, f"{USERS},\n{ROW},\n")) == USERS.split(",")


@pytest.mark.parametrize(("separator", "spoken"), [(";", "semicolon"), ("\t", "tab"), ("|", "pipe")])
def test_other_separators_are_taken_where_the_header_proves_them(tmp_path: Path, separator: str, spoken: str) -> None:
    content = f'{USERS}\n"Smith,{separator}A",0042,student,Ana,Diaz\n'
    content = content.replace(",", separator).replace(separator * 2, "," + separator)
    reading = delivered(tmp_path, content)

    assert found(reading, "detail") == [("header.delimiter", spoken)]
    assert reading.table is not None
    assert reading.table.rows.item(0, "sourcedId") == f"Smith,{separator}A"


def test_excels_hint_and_blank_lines_above_the_header_count_as_lines(tmp_path: Path) -> None:
    reading = delivered(tmp_path, f"sep=;\n\n{USERS}\n{ROW}\n".replace(",", ";"))

    assert reading.table is not None
    assert reading.table.rows.get_column("line").to_list() == [4]
    assert found(reading, "line", "count") == [
        ("header.delimiter", 3, 1),
        ("header.excel_hint", 3, 1),
        ("file.blank_lines", None, 1),
    ]


@pytest.mark.parametrize(
    ("twice", "outcome"),
    [(("a@b.c", "a@b.c"), "a@b.c"), (("", "a@b.c"), "a@b.c"), (("a@b.c", ""), "a@b.c"), (("", ""), None)],
)
def test_a_column_that_stands_twice_is_one_where_it_says_one_thing(
    tmp_path: Path, twice: tuple[str, str], outcome: str | None
) -> None:
    reading = delivered(tmp_path, f"{USERS},email,Email\n{ROW},{','.join(twice)}\n")

    assert reading.table is not None
    assert columns(reading).count("email") == 1
    assert reading.table.rows.item(0, "email") == outcome


def test_a_column_that_says_two_things_makes_the_file_unusable(tmp_path: Path) -> None:
    reading = delivered(tmp_path, f"{USERS},email,email\n{ROW},a@b.c,d@e.f\n")

    assert reading.table is None
    assert found(reading, "column") == [("header.column_repeated", "email")]


def test_a_missing_column_is_named_with_what_comes_near(tmp_path: Path) -> None:
    """connect-behaviour 9.3: headers."""
    reading = delivered(tmp_path, "sourcedId,orgSourcedIds,rolle,givenName,lastName\n1,2,3,4,5\n")

    assert reading.table is None
    assert found(reading, "column", "hint") == [
        ("header.column_missing", "role", "rolle"),
        ("header.column_missing", "familyName", None),
    ]


def test_guardians_need_one_way_to_be_reached(tmp_path: Path) -> None:
    """connect-behaviour 9.3: headers of guardians.csv."""
    reading = delivered(tmp_path, "studentSourcedId,givenName,familyName,phone\n1,2,3,4\n", "guardians")

    assert found(reading, "column") == [("header.column_missing", "email or sms")]
    assert delivered(tmp_path, "studentSourcedId,givenName,familyName,sms\n1,2,3,4\n", "guardians").table is not None


@pytest.mark.parametrize(
    ("content", "detail"),
    [("1,2,3\n4,5,6\n", None), ("Roster Export 3/1\n", None), ("School_id,Student_id,First_name\n", "Clever")],
)
def test_a_file_without_header_is_unusable(tmp_path: Path, content: str, detail: str | None) -> None:
    reading = delivered(tmp_path, content)

    assert reading.table is None
    assert found(reading, "line", "detail") == [("header.missing", 1, detail)]


@pytest.mark.parametrize("header", ["password", "Pass Word", "USER_PASSWORD", "pwd", "passwd"])
def test_passwords_are_known_under_any_spelling(tmp_path: Path, header: str) -> None:
    reading = delivered(tmp_path, f"{header},{USERS}\nhunter2,{ROW}\n")

    assert columns(reading) == USERS.split(",")
    assert found(reading) == [("file.password_dropped",)]


def test_columns_are_text_in_the_order_of_the_file(tmp_path: Path) -> None:
    """connect-behaviour 9.3: headers."""
    reading = delivered(tmp_path, "familyName,x,role,givenName,orgSourcedIds,sourcedId\nDiaz,1,student,Ana,0042,7\n")

    assert reading.table is not None
    assert columns(reading) == ["familyName", "x", "role", "givenName", "orgSourcedIds", "sourcedId"]
    assert set(reading.table.rows.drop("line").dtypes) == {pl.String()}


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_header_of_very_many_columns_is_read(tmp_path: Path, quote: str) -> None:
    more = ",".join(f"x{number}" for number in range(3000))
    cells = ",".join([f"{quote}1{quote}"] * 3000)

    assert len(columns(delivered(tmp_path, f"{USERS},{more}\n{ROW},{cells}\n"))) == 3005


@pytest.mark.parametrize(
    "more",
    [",x" * 200_000, "," * 200_000, "x" * 2_000_000],
    ids=["columns", "separators", "text"],
)
def test_a_header_without_measure_refuses_its_file_at_once(tmp_path: Path, more: str) -> None:
    reading = delivered(tmp_path, f"{USERS},email{more}\n{ROW},\n")

    assert reading.table is None
    assert found(reading, "line", "detail") == [("header.too_wide", 1, "4,000")]
