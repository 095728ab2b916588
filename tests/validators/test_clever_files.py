"""What Clever's CSV files mean: each person once, and contacts as guardians (clever-classlink A11)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from config.clever_files import CLEVER_FILES, CleverFile, clever_file_of, is_clever, tables_named
from config.profiles import Clever
from validators.clever.converting import Converted, converted
from validators.clever.reading import read_files

STUDENTS: Final = (
    "School_id,Student_id,First_name,Last_name,Grade,Contact_name,Contact_type,Contact_phone,Contact_phone_type\n"
)
TEACHERS: Final = "School_id,Teacher_id,First_name,Last_name,Teacher_email\n"
STAFF: Final = "School_id,Staff_id,First_name,Last_name\n"
SECTIONS: Final = "School_id,Section_id,Teacher_id,Teacher_2_id,Name,Course_name,Period,Subject\n"
ENROLLMENTS: Final = "School_id,Section_id,Student_id\n"
NIGHT: Final[dict[CleverFile, str]] = {
    "students": STUDENTS + "1,100,Ana,Ruiz,Kindergarten,,,,\n",
    "teachers": TEACHERS + "1,7,Tom,Gray,tom@example.org\n",
    "sections": SECTIONS + "1,math,7,,Math 5,,,\n",
    "enrollments": ENROLLMENTS + "1,math,100\n",
}


TAKES_ALL: Final = Clever()


def made(folder: Path, settings: Clever = TAKES_ALL, **files: str) -> Converted:
    return made_of({name: files.get(name, NIGHT.get(name, "")) for name in CLEVER_FILES}, folder, settings)


def made_of(night: Mapping[CleverFile, str], folder: Path, settings: Clever = TAKES_ALL) -> Converted:
    paths: dict[CleverFile, Path] = {}
    for name in CLEVER_FILES:
        if text := night.get(name):
            paths[name] = folder / f"{name}.csv"
            paths[name].write_text(text, encoding="utf-8")
    return converted(read_files(paths, "utf-8").sheets, settings, guardians=True)


def codes(found: Converted) -> set[str]:
    return {finding.code for finding in found.findings}


def column(found: Converted, table: str, name: str) -> list[str | None]:
    return found.tables[table][name].to_list()  # type: ignore[index]


def test_a_person_of_many_rows_is_one_with_all_schools(tmp_path: Path) -> None:
    rows = "1,100,Ana,Ruiz,K,Rosa Ruiz,Primary,5035550142,Cell\n2,100,Ana,Ruiz,K,Paco Ruiz,Emergency,5035550143,Home\n"

    found = made(tmp_path, students=STUDENTS + rows)

    students = found.tables["users"].filter(role="student")
    assert students.select("sourcedId", "orgSourcedIds").rows() == [("100", "1,2")]
    assert column(found, "guardians", "givenName") == ["Rosa", "Paco"]
    assert "clever.rows_differ" not in codes(found)


def test_rows_of_a_person_that_differ_are_told_and_the_first_counts(tmp_path: Path) -> None:
    rows = "1,100,Ana,Ruiz,5,Rosa Ruiz,Primary,5035550142,Cell\n1,100,Ana,Ruiz,6,Paco Ruiz,Emergency,5035550143,Home\n"

    found = made(tmp_path, students=STUDENTS + rows)

    told = next(finding for finding in found.findings if finding.code == "clever.rows_differ")
    assert (told.file, told.line, told.detail, told.count) == ("students.csv", 2, "Grade", 1)
    assert found.tables["users"].filter(role="student")["grades"].to_list() == ["05"]


def test_rows_without_an_id_stay_apart(tmp_path: Path) -> None:
    found = made(tmp_path, students=STUDENTS + "1,,Ana,Ruiz,5,,,,\n1,,Ben,Lee,5,,,,\n")

    assert found.tables["users"].filter(role="student").height == 2


@pytest.mark.parametrize(
    ("staff", "ids"),
    [
        ("1,7,Tom,Gray\n2,8,Al,Chief\n", ["7", "8"]),
        ("1,7,Vera,Stone\n", ["7", "staff-7"]),
        ("1,100,Al,Chief\n", ["7", "staff-100"]),
    ],
    ids=["one person is both", "another teacher has the ID", "a student has the ID"],
)
def test_one_number_may_stand_for_several_people(staff: str, ids: list[str], tmp_path: Path) -> None:
    found = made(tmp_path, staff=STAFF + staff)

    assert found.tables["users"].filter(pl.col("role") != "student")["sourcedId"].to_list() == ids
    assert ("clever.ids_shared" in codes(found)) == ids[1].startswith("staff-")


def test_whoever_teaches_is_named_as_users_csv_names_them(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        teachers=TEACHERS + "1,100,Uche,Okafor,\n1,7,Tom,Gray,\n",
        sections=SECTIONS + "1,math,100,7,,Math,3,homeroom/advisory\n",
    )

    members = found.tables["enrollments"].filter(role="teacher").select("userSourcedId", "primary").rows()
    assert set(members) == {("staff-100", "true"), ("7", "false")}
    assert found.tables["classes"].select("title", "classType").rows() == [("Math 3", "homeroom")]


def test_contacts_are_taken_by_the_settings_of_clever(tmp_path: Path) -> None:
    rows = "1,100,A,B,5,Rosa Ruiz,Primary,5035550142,Cell\n1,100,A,B,5,Paco Ruiz,Emergency,5035550143,Home\n"

    found = made(tmp_path, Clever(contact_types=("Primary",), phone_types=("Home",)), students=STUDENTS + rows)

    assert found.tables["guardians"].select("givenName", "sms", "phone").rows() == [("Rosa", None, None)]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("School_id,Student_id,First_name,Last_name\n", "clever.no_contact_columns"),
        ("School_id,Student_id,First_name,Last_name,Contact_phone\n", "clever.contacts_unusable"),
        ("School_id,Student_id,First_name,Last_name,Contact_name\n", "clever.contacts_unusable"),
        (STUDENTS, "clever.no_contacts"),
    ],
)
def test_what_lacks_to_contacts_is_said_and_no_guardian_is_told_of(header: str, code: str, tmp_path: Path) -> None:
    found = made(tmp_path, students=header + "1,100,Ana,Ruiz" + "," * (header.count(",") - 3) + "\n")

    assert code in codes(found)
    assert "guardians" not in found.tables


@pytest.mark.parametrize("file", ["students", "teachers", "sections", "enrollments"])
def test_without_a_file_or_its_rows_nothing_is_made(file: CleverFile, tmp_path: Path) -> None:
    header = NIGHT[file].splitlines(keepends=True)[0]

    missing, empty = made_of({**NIGHT, file: ""}, tmp_path), made_of({**NIGHT, file: header}, tmp_path)

    assert (missing.tables, empty.tables) == ({}, {})
    assert [(one.code, one.file) for one in missing.findings] == [("clever.missing", f"{file}.csv")]
    assert [(one.code, one.file) for one in empty.findings] == [("clever.no_rows", f"{file}.csv")]


def test_classes_of_which_none_has_a_teacher_are_not_taken(tmp_path: Path) -> None:
    found = made(tmp_path, sections=SECTIONS + "1,math,,,Math 5,,,\n")

    assert (found.tables, [one.column for one in found.findings]) == ({}, ["Teacher_id"])


def test_two_children_under_one_id_stay_two(tmp_path: Path) -> None:
    found = made(tmp_path, students=STUDENTS + "1,100,Ana,Ruiz,5,,,,\n1,100,Bo,Lee,5,,,,\n")

    assert found.tables["users"].filter(role="student")["sourcedId"].to_list() == ["100", "100"]


def test_a_contact_without_a_name_is_no_contact_that_left(tmp_path: Path) -> None:
    found = made(tmp_path, students=STUDENTS + "1,100,Ana,Ruiz,5,,Primary,5035550142,Cell\n")

    assert found.tables["guardians"].select("givenName", "sms").rows() == [(None, "5035550142")]


def test_a_header_tells_clevers_files_from_others() -> None:
    assert is_clever("Enrollments.csv", b"School_id,Section_id,Student_id\n")
    assert is_clever("students.csv", '\ufeff"Student ID";"School ID"\n'.encode())
    assert not is_clever("enrollments.csv", b"sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\n")
    assert not is_clever("members.csv", b"School_id,Section_id,Student_id\n")
    assert clever_file_of("rosterdrop-clever-staff.csv") == "staff"


def test_names_alone_tell_what_a_zip_brings() -> None:
    clever = ("students.csv", "teachers.csv", "sections.csv", "enrollments.csv")
    assert tables_named(clever) == {"users", "classes", "enrollments", "guardians"}
    assert tables_named(clever[:-1]) == frozenset()
    assert tables_named(("users.csv", "students.csv", "enrollments.csv")) == {"users", "enrollments"}
