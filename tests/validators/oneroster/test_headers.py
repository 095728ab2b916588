"""Headers are exact: what is missing, doubled, unknown, out of place, and what was probably meant."""

import pytest

from validators.oneroster.columns import Columns, cells_of_header, findings, places

COLUMNS = Columns(
    names=("sourcedId", "status", "title", "grades", "termSourcedIds", "password"),
    required=frozenset({"sourcedId", "title"}),
    secret=frozenset({"password"}),
)
WHOLE = "sourcedId,status,title,grades,termSourcedIds,password"


def said(header: str) -> list[tuple[str, str | None, str | None]]:
    found = findings(header.split(","), COLUMNS, 1)
    return [(finding.code.removeprefix("oneroster.header."), finding.column, finding.detail) for finding in found]


@pytest.mark.parametrize("header", [WHOLE, f"{WHOLE},metadata.room", f"{WHOLE},metadata.jp.room,metadata.x"])
def test_a_header_as_it_should_be_is_told_nothing(header: str) -> None:
    assert said(header) == []


@pytest.mark.parametrize(
    ("written", "column", "meant"),
    [
        ("title=Title", "title", "Title"),
        ("title= title", "title", " title"),
        ("title=titel", "title", "titel"),
        ("sourcedId=sourceId", "sourcedId", "sourceId"),
        ("termSourcedIds=termSourcedId", "termSourcedIds", "termSourcedId"),
        ("grades=grade", "grades", "grade"),
        ("grades=GRADES", "grades", "GRADES"),
    ],
)
def test_a_near_miss_names_the_column_that_is_missing(written: str, column: str, meant: str) -> None:
    name, other = written.split("=")
    which = "required_missing" if column in COLUMNS.required else "optional_missing"
    assert said(WHOLE.replace(f"{name},", f"{other},", 1)) == [(which, column, meant)]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (WHOLE.replace(",title", ""), [("required_missing", "title", None)]),
        (WHOLE.replace(",status", ""), [("optional_missing", "status", None)]),
        (f"{WHOLE},title", [("required_repeated", "title", None)]),
        (f"{WHOLE},grades", [("optional_repeated", "grades", None)]),
        (f"{WHOLE},,", [("name_empty", None, None)]),
        (f"{WHOLE},ext_room", [("column_unknown", None, "ext_room")]),
        (f"metadata.room,{WHOLE}", [("metadata_position", None, "metadata.room")]),
        (f"{WHOLE},metadata.", [("metadata_name", None, None)]),
        ("sourcedId,title,status,grades,termSourcedIds,password", [("order", "status", None)]),
    ],
)
def test_what_is_wrong_with_a_header_is_told(header: str, expected: list[tuple[str, str | None, str | None]]) -> None:
    assert said(header) == expected


def test_the_first_of_doubled_columns_is_read_and_no_password() -> None:
    assert places(f"{WHOLE},title".split(","), COLUMNS) == {
        "sourcedId": 0,
        "status": 1,
        "title": 2,
        "grades": 3,
        "termSourcedIds": 4,
    }
    assert COLUMNS.secrets([*WHOLE.split(","), "metadata.passwort", "passwd"]) == {5, 6, 7}


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_the_cells_of_a_header_keep_their_blanks(end: bytes) -> None:
    text = b"\n" + b' sourcedId,"a ""b""",' + end
    assert cells_of_header(text + b"x", len(text)) == (" sourcedId", 'a "b"', "")
