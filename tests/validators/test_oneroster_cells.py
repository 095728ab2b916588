"""What the schemas of OneRoster's files take for a cell, and what they say of what they do not take."""

import polars as pl
import pytest

from config.oneroster import FILES, Version, header_of, schema_of
from validators.compiling import compiled
from validators.rules import violations

GUID, LIST, USER_IDS, DATE, DATETIME, YEAR, BOOLEAN, INTEGER, FLOAT, ENUM, GRADE, SCORE_SCALE, MISSING = (
    f"oneroster.{code}"
    for code in (
        *("guid.invalid", "list.invalid", "user_ids.invalid", "date.invalid", "datetime.invalid", "year.invalid"),
        *("boolean.invalid", "integer.invalid", "float.invalid", "enum.unknown", "grade.unknown"),
        *("score_scale.value", "value.missing"),
    )
)


def said_of(version: Version, file: str, column: str, cell: str) -> list[str]:
    row = dict.fromkeys(header_of(version, file)) | {column: cell}
    frame = pl.DataFrame([row], schema=dict.fromkeys(row, pl.String)).with_row_index("line")
    found = violations(frame, compiled(schema_of(version, file)))
    return found.filter(column=column)["code"].to_list()


@pytest.mark.parametrize(
    ("version", "file", "column", "cell"),
    [
        ("1.1", "users", "sourcedId", "a.B-9_/@"),
        ("1.1", "users", "sourcedId", "x" * 255),
        ("1.0", "users", "sourcedId", "no rule is known: é"),
        ("1.1", "users", "orgSourcedIds", "s1,s2"),
        ("1.1", "users", "userIds", "{LDAP:jo1},{LTI:77}"),
        ("1.0", "users", "userId", "jo1"),
        ("1.1", "users", "grades", "KG,09,13,Other"),
        ("1.2", "users", "grades", "P1,J3"),
        ("1.0", "classes", "grade", "9-12"),
        ("1.0", "classes", "termSourcedId", "t1,t2"),
        ("1.1", "users", "enabledUser", "true"),
        ("1.1", "users", "enabledUser", "FALSE"),
        ("1.1", "users", "dateLastModified", "2012-04-23T18:25:43.511Z"),
        ("1.1", "users", "dateLastModified", "2012-04-23T18:25:43+00:00"),
        ("1.0", "users", "dateLastModified", "2012-04-23"),
        ("1.1", "academicSessions", "startDate", "2024-02-29"),
        ("1.1", "academicSessions", "schoolYear", "2027"),
        ("1.2", "categories", "weight", "40"),
        ("1.1", "results", "score", "-7.25"),
        ("1.1", "results", "scoreStatus", "fully graded"),
        ("1.2", "results", "scoreStatus", "ext:waived"),
        ("1.2", "resources", "roles", "student,ext:coach"),
        ("1.2", "roles", "role", "districtAdministrator"),
        ("1.2", "demographics", "sex", "unspecified"),
        ("1.0", "users", "status", "inactive"),
        ("1.0", "orgs", "metadata.gender", "mixed"),
        ("1.0", "enrollments", "role", "parent"),
        ("1.2", "scoreScales", "scoreScaleValue", "{A+:100},{A:94}"),
    ],
)
def test_taken(version: Version, file: str, column: str, cell: str) -> None:
    assert said_of(version, file, column, cell) == []


@pytest.mark.parametrize(
    ("version", "file", "column", "cell", "code"),
    [
        ("1.1", "users", "sourcedId", "academy:org:1", GUID),
        ("1.1", "users", "sourcedId", "x" * 256, GUID),
        ("1.1", "users", "sourcedId", "s1\n", GUID),
        ("1.1", "users", "orgSourcedIds", "s1, s2", GUID),
        ("1.1", "users", "orgSourcedIds", "s1," + "x" * 256, GUID),
        ("1.1", "users", "orgSourcedIds", "s1,,s2", LIST),
        ("1.0", "users", "agents", "u1,", LIST),
        ("1.1", "classes", "periods", ",1", LIST),
        ("1.1", "users", "userIds", "local:12345", USER_IDS),
        ("1.1", "users", "userIds", "{a:b:c}", USER_IDS),
        ("1.1", "users", "userIds", "{LDAP:jo1},", USER_IDS),
        ("1.1", "users", "grades", "K", GRADE),
        ("1.1", "classes", "grades", "09,9", GRADE),
        ("1.1", "classes", "grades", "09,", LIST),
        ("1.1", "users", "enabledUser", "Yes", BOOLEAN),
        ("1.1", "users", "enabledUser", "1", BOOLEAN),
        ("1.1", "users", "dateLastModified", "2012-02-30T18:25:43.511Z", DATETIME),
        ("1.1", "users", "dateLastModified", "2012-04-23T18:25:43+02:00", DATETIME),
        ("1.1", "users", "dateLastModified", "2012-04-23", DATETIME),
        ("1.0", "users", "dateLastModified", "2012-04-23T18:25:43Z", DATE),
        ("1.1", "academicSessions", "startDate", "2026-02-29", DATE),
        ("1.1", "academicSessions", "startDate", "8/27/2018", DATE),
        ("1.1", "academicSessions", "startDate", "2026-2-1", DATE),
        ("1.1", "academicSessions", "schoolYear", "27", YEAR),
        ("1.2", "categories", "weight", "40%", INTEGER),
        ("1.2", "categories", "weight", "40.5", INTEGER),
        ("1.1", "results", "score", "1,5", FLOAT),
        ("1.1", "results", "score", "NaN", FLOAT),
        ("1.1", "results", "scoreStatus", "ext:waived", ENUM),
        ("1.2", "results", "scoreStatus", "ext:", ENUM),
        ("1.2", "resources", "roles", "student,coach", ENUM),
        ("1.1", "resources", "roles", "student,ext:coach", ENUM),
        ("1.2", "resources", "importance", "ext:third", ENUM),
        ("1.2", "roles", "role", "administrator", ENUM),
        ("1.1", "enrollments", "role", "parent", ENUM),
        ("1.1", "demographics", "sex", "other", ENUM),
        ("1.1", "users", "status", "inactive", ENUM),
        ("1.2", "users", "status", "Active", ENUM),
        ("1.0", "users", "role", "proctor", ENUM),
        ("1.0", "orgs", "type", "district", ENUM),
    ],
)
def test_not_taken(version: Version, file: str, column: str, cell: str, code: str) -> None:
    assert said_of(version, file, column, cell) == [code]


@pytest.mark.parametrize(
    ("version", "file", "optional"),
    [
        ("1.1", "users", "userIds middleName identifier email sms phone agentSourcedIds grades password"),
        ("1.1", "courses", "schoolYearSourcedId courseCode grades subjects subjectCodes"),
        ("1.1", "enrollments", "primary beginDate endDate"),
        ("1.0", "classes", "grade courseSourcedId classCode location subjects"),
        ("1.0", "demographics", "stateOfBirthAbbreviation"),
        ("1.2", "lineItems", "description resultValueMin resultValueMax"),
        ("1.2", "roles", "beginDate endDate userProfileSourcedId"),
    ],
)
def test_an_empty_row_misses_what_is_required(version: Version, file: str, optional: str) -> None:
    header = header_of(version, file)
    frame = pl.DataFrame([dict.fromkeys(header)], schema=dict.fromkeys(header, pl.String)).with_row_index("line")
    found = violations(frame, compiled(schema_of(version, file)))

    assert set(found["code"]) == {MISSING}
    assert set(header) - set(found["column"]) == {"status", "dateLastModified", *optional.split()}


def test_every_code_rejects_the_row_but_an_unknown_grade() -> None:
    rules = [rule for version, names in FILES.items() for file in names for rule in compiled(schema_of(version, file))]
    every = {GUID, LIST, USER_IDS, SCORE_SCALE, DATE, DATETIME, YEAR, BOOLEAN, INTEGER, FLOAT, ENUM, GRADE, MISSING}

    assert {rule.code: rule.rejects for rule in rules} == dict.fromkeys(every, "row") | {GRADE: None}
