"""The sample `insights-k12`, with the teachers of `oea-base-tables`, as a OneRoster 1.1 delivery.

The tables have no header; what their columns are stands in `metadata.csv` of the sample, and here by name.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from config.oneroster import FILES, header_of
from tests.cases.shared import shared

SAMPLES: Final = shared("samples")
INSIGHTS: Final = SAMPLES / "insights-k12"
BASE_TABLES: Final = SAMPLES / "oea-base-tables"

_SESSION_TYPES: Final = {"SchoolYear": "schoolYear", "Semester": "semester"}
_SCHOOL_YEAR: Final = "2022"  # RefAcademicYearId of both sessions
Row = Mapping[str, str]


def delivery() -> dict[str, bytes]:
    """Every file of the delivery by name, with its manifest."""
    tables = {
        "orgs": list(_orgs()),
        "academicSessions": list(_sessions()),
        "courses": list(_courses()),
        "classes": list(_classes()),
        "users": [*_students(), *_teachers()],
        "enrollments": [*_of_students(), *_of_teachers()],
    }
    files = {f"{name}.csv": _as_csv(header_of("1.1", name), rows) for name, rows in tables.items()}
    modes = {f"file.{name}": "bulk" if name in tables else "absent" for name in FILES["1.1"]}
    said = {"manifest.version": "1.0", "oneroster.version": "1.1", **modes, "source.systemName": "insights-k12"}
    properties = [{"propertyName": name, "value": value} for name, value in said.items()]
    return {"manifest.csv": _as_csv(("propertyName", "value"), properties)} | files


def _orgs() -> Iterator[Row]:
    for row in _insights("Organization"):
        yield {
            "sourcedId": row["Id"],
            "name": row["Name"],
            "type": "school" if row["ParentOrganizationId"] else "district",
            "identifier": row["Identifier"],
            "parentSourcedId": row["ParentOrganizationId"],
        }


def _sessions() -> Iterator[Row]:
    for row in _insights("Session"):
        yield {
            "sourcedId": row["Id"],
            "title": row["Name"],
            "type": _SESSION_TYPES[_codes()[row["RefSessionTypeId"]]],
            "startDate": row["StartDate"],
            "endDate": row["EndDate"],
            "parentSourcedId": row["ParentSessionId"],
            "schoolYear": _SCHOOL_YEAR,
        }


def _courses() -> Iterator[Row]:
    for row in _insights("Course"):
        yield {"sourcedId": row["Id"], "title": row["Name"], "orgSourcedId": row["OrganizationId"]}


def _classes() -> Iterator[Row]:
    grades = {row["SectionId"]: _grade(row["RefGradeLevelId"]) for row in _insights("SectionGradeLevel")}
    terms = {row["SectionId"]: row["SessionId"] for row in _insights("SectionSession")}
    for row in _insights("Section"):
        yield {
            "sourcedId": row["Id"],
            "title": row["Name"],
            "grades": grades[row["Id"]],
            "courseSourcedId": row["CourseId"],
            "classCode": row["ExternalId"],
            "classType": "scheduled",
            "schoolSourcedId": row["OrganizationId"],
            "termSourcedIds": terms[row["Id"]],
        }


def _students() -> Iterator[Row]:
    places = {row["PersonId"]: row for row in _insights("PersonOrganizationRole")}
    mails = {row["PersonId"]: row["EmailAddress"] for row in _insights("PersonEmailAddress")}
    for row in _insights("Person"):
        place, mail = places[row["Id"]], mails[row["Id"]]
        yield {
            "sourcedId": row["Id"],
            "enabledUser": "true",
            "orgSourcedIds": place["OrganizationId"],
            "role": "student",
            "username": mail,
            "givenName": row["GivenName"],
            "familyName": row["Surname"],
            "middleName": row["MiddleName"],
            "email": mail,
            "grades": _grade(place["RefGradeLevelId"]),
        }


def _teachers() -> Iterator[Row]:
    schools = defaultdict(set)
    for row in _base_table("instructors_enroll"):
        schools[row["InstructorId"]].add(row["SchoolId"])
    for row in _base_table("instructors"):
        yield {
            "sourcedId": row["InstructorID"],
            "enabledUser": "true",
            "orgSourcedIds": ",".join(sorted(schools[row["InstructorID"]])),
            "role": "teacher",
            "username": row["Email"],
            "givenName": row["FirstName"],
            "familyName": row["LastName"],
            "middleName": row["MiddleName"],
            "email": row["Email"],
            "phone": row["Phone"],
        }


def _of_students() -> Iterator[Row]:
    schools = {row["Id"]: row["OrganizationId"] for row in _insights("Section")}
    for row in _insights("Enrollment"):
        yield {
            "sourcedId": row["Id"],
            "classSourcedId": row["SectionId"],
            "schoolSourcedId": schools[row["SectionId"]],
            "userSourcedId": row["PersonId"],
            "role": "student",
            "beginDate": row["EntryDate"],
            "endDate": row["ExitDate"],
        }


def _of_teachers() -> Iterator[Row]:
    for row in _base_table("instructors_enroll"):
        yield {
            "sourcedId": f"t-{row['InstructsClass_SectionId']}",
            "classSourcedId": row["InstructsClass_SectionId"],
            "schoolSourcedId": row["SchoolId"],
            "userSourcedId": row["InstructorId"],
            "role": "teacher",
            "primary": "true",
        }


def _grade(reference: str) -> str:
    """The code of CEDS: two digits where the sample has one."""
    code = _codes()[reference]
    return code.zfill(2) if code.isdigit() else code


@cache
def _codes() -> Mapping[str, str]:
    return {row["Id"]: row["Code"] for row in _insights("RefDefinition")}


def _insights(table: str) -> list[dict[str, str]]:
    """The rows of a table; metadata.csv names a last column more than some tables have."""
    columns = _columns()[table]
    with (INSIGHTS / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return [dict(zip(columns, row, strict=False)) for row in csv.reader(lines)]


@cache
def _columns() -> Mapping[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    table = ""
    with (INSIGHTS / "metadata.csv").open(encoding="utf-8", newline="") as lines:
        for entity, attribute, *_ in list(csv.reader(lines))[1:]:
            table = entity or table
            if attribute:
                found[table].append(attribute)
    return found


def _base_table(name: str) -> list[dict[str, str]]:
    with (BASE_TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _as_csv(header: Sequence[str], rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
