"""student_attributes.csv: what else a district tells of its students, where it wants it taken."""

from typing import Any

import pytest

from connect_store.store import open_store
from tests.asking import ask
from tests.stories.springfield import ANA, BEN, GIL, NIGHT, TOM, Report, Row, Springfield, as_csv


def told(key: str, house: str = "", bus: str = "") -> Row:
    return {"studentSourcedId": key, "house": house, "bus": bus}


ANAS, BENS = told("ana", "Blue", "7"), told("ben", "Green", "9")


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    springfield_at_rest.settles(attributes__take="true")
    return springfield_at_rest


def night(springfield: Springfield, *rows: Row) -> Report:
    return springfield.uploads_by_hand(**NIGHT, student_attributes=rows)


def attributes_of(springfield: Springfield, key: str) -> dict[str, str]:
    found = springfield.find(key)
    assert found
    return dict(found.attributes)


def undo_record(springfield: Springfield, batch: int) -> list[tuple[Any, ...]]:
    with open_store(springfield.home.store_db) as store:
        columns = "action, student, name, value, status"
        sql = f"select {columns} from undo_attribute where batch = :batch order by student, name"
        return ask(store, sql, batch=batch)


def test_attributes_are_brought_with_their_students(springfield: Springfield) -> None:
    """connect-behaviour 9.3: student attributes."""
    report = night(springfield, ANAS, BENS)
    assert report.verdict == "accepted"
    assert report.file("student_attributes.csv")["accepted"] == 2
    assert attributes_of(springfield, "ana") == {"house": "Blue", "bus": "7"}
    assert "header.column_unknown" not in report.codes


def test_without_the_setting_the_file_is_named_and_nothing_of_it_is_taken(springfield: Springfield) -> None:
    """connect-behaviour 9.3: student attributes."""
    springfield.settles(attributes__take="false")
    report = night(springfield, ANAS, told("nobody", "Secret house"))
    assert report.verdict == "accepted"
    assert "attribute.off" in report.codes
    assert [file["file"] for file in report.document["files"]] == ["users.csv", "classes.csv", "enrollments.csv"]
    assert attributes_of(springfield, "ana") == {}
    assert b"Secret house" not in springfield.bytes_outside(springfield.home.batches)


def test_switched_off_later_what_is_stored_stays(springfield: Springfield) -> None:
    night(springfield, ANAS)
    springfield.settles(attributes__take="false")
    night(springfield, told("ana", "Red"))
    assert attributes_of(springfield, "ana") == {"house": "Blue", "bus": "7"}


def test_a_batch_is_run_again_with_the_setting_switched_on(springfield: Springfield) -> None:
    springfield.settles(attributes__take="false")
    report = night(springfield, ANAS)
    springfield.settles(attributes__take="true")
    springfield.runs_again(report.number)
    assert attributes_of(springfield, "ana") == {"house": "Blue", "bus": "7"}


def test_a_changed_value_counts_as_an_update_of_its_student(springfield: Springfield) -> None:
    first = night(springfield, ANAS, BENS)
    assert first.document["changes"]["student"]["created"] == 2
    second = night(springfield, told("ana", "Red", "7"), BENS)
    assert attributes_of(springfield, "ana")["house"] == "Red"
    assert set(second.document["changes"]) == {
        "student",
        "guardian",
        "staff",
        "classroom",
        "membership",
        "guardianship",
    }
    assert second.document["changes"]["student"] == {
        **dict.fromkeys(("created", "archived", "restored", "withheld"), 0), "updated": 1, "unchanged": 1,
    }  # fmt: skip


def test_an_empty_cell_clears_and_says_nothing_the_next_night(springfield: Springfield) -> None:
    night(springfield, ANAS, BENS)
    cleared = night(springfield, told("ana", house="Blue"), BENS)
    assert attributes_of(springfield, "ana") == {"house": "Blue"}
    assert cleared.document["changes"]["student"]["updated"] == 1
    assert night(springfield, told("ana", house="Blue"), BENS).document["changes"]["student"]["updated"] == 0


def test_an_empty_cell_of_what_was_never_there_is_no_record(springfield: Springfield) -> None:
    night(springfield, told("ana", house="Blue"))
    assert [row[2] for row in springfield.connect_rows()["attribute"]] == ["house"]


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param(as_csv("student_attributes", [BENS]), id="a row"),
        pytest.param(b"studentSourcedId,bus\nana,7\n", id="a column"),
        pytest.param(b"studentSourcedId,house,bus\n", id="all rows"),
        pytest.param(b"studentSourcedId\nana\n", id="all columns"),
        pytest.param(b"house,bus\nRed,3\n", id="the ID"),
        pytest.param(as_csv("student_attributes", [told("ana", "R" * 256, "7")]), id="a value that can be used"),
        pytest.param(as_csv("student_attributes", [ANAS, told("ana", "Red", "7")]), id="one meaning"),
    ],
)
def test_what_is_missing_keeps_what_is_stored(springfield: Springfield, attributes: bytes) -> None:
    night(springfield, ANAS)
    springfield.uploads_by_hand(**NIGHT, student_attributes=attributes)
    assert attributes_of(springfield, "ana") == {"house": "Blue", "bus": "7"}


def test_a_night_without_the_file_keeps_what_is_stored_and_carries_nothing(springfield: Springfield) -> None:
    night(springfield, ANAS)
    report = springfield.uploads_by_hand(**NIGHT)
    assert len(report.document["files"]) == 3
    assert "file.missing" not in report.codes
    assert attributes_of(springfield, "ana") == {"house": "Blue", "bus": "7"}


def test_a_student_who_left_and_came_back_has_them_still(springfield: Springfield) -> None:
    night(springfield, ANAS, BENS)
    rest = {"classes": NIGHT["classes"], "enrollments": NIGHT["enrollments"]}
    springfield.uploads_by_hand(users=(ANA, GIL, TOM), **rest)
    assert springfield.status_of("ben") == "archived"
    springfield.uploads_by_hand(users=(ANA, BEN, GIL, TOM), **rest)
    assert attributes_of(springfield, "ben") == {"house": "Green", "bus": "9"}


def test_a_row_of_nobody_is_rejected_and_the_others_are_taken(springfield: Springfield) -> None:
    report = night(springfield, ANAS, told("nobody", "Red"), told("tom", "Red"))
    assert report.verdict == "accepted_with_rejections"
    assert report.codes_at("student_attributes.csv", 3) == ["attribute.student.unknown"]
    assert report.codes_at("student_attributes.csv", 4) == ["attribute.student.not_student"]
    assert attributes_of(springfield, "ana") == {"house": "Blue", "bus": "7"}


def test_rows_of_a_graduated_class_do_not_hold_the_night(springfield: Springfield) -> None:
    report = night(springfield, ANAS, *(told(f"gone{number}", "Red") for number in range(20)))
    assert report.verdict == "accepted_with_rejections"


def test_attributes_may_be_called_like_columns_of_ours(springfield: Springfield) -> None:
    columns = ("kept", "line", "fate", "key", "name", "value", "attributes", "kind", "rosterdrop_note", "status")
    header, cells = ",".join(columns), ",".join(f"of {name}" for name in columns)
    springfield.uploads_by_hand(**NIGHT, student_attributes=f"studentSourcedId,{header}\nana,{cells}\n".encode())
    found = attributes_of(springfield, "ana")
    assert sorted(found.values()) == sorted(f"of {name}" for name in columns)
    assert found["kept"] == "of kept"


def test_the_undo_record_holds_what_was_there_before(springfield: Springfield) -> None:
    first = night(springfield, ANAS)
    second = night(springfield, told("ana", "Red"), told("ben", bus="9"))
    assert undo_record(springfield, first.number) == [
        ("created", "ana", "bus", None, None),
        ("created", "ana", "house", None, None),
    ]
    assert undo_record(springfield, second.number) == [
        ("updated", "ana", "bus", "7", "active"),
        ("updated", "ana", "house", "Blue", "active"),
        ("created", "ben", "bus", None, None),
    ]


def test_rejected_rows_come_back_and_may_be_repaired(springfield: Springfield) -> None:
    report = night(springfield, ANAS, told("bne", "Green", "9"))
    (folder,) = springfield.home.reports("springfield").glob(f"*-batch-{report.number}")
    rejected = (folder / "rejected" / "student_attributes.csv").read_bytes()
    springfield.uploads_by_hand(student_attributes=rejected.replace(b"bne", b"ben"))
    assert attributes_of(springfield, "ben") == {"house": "Green", "bus": "9"}
