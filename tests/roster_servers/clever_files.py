"""A district as the CSV files that Clever asks districts for (clever-classlink A11)."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Final

from tests.roster_servers.district import Person, SourceDistrict

_GRADES: Final = {
    "KG": "Kindergarten",
    "PK": "PreKindergarten",
    **{f"{grade:02}": str(grade) for grade in range(1, 13)},
}

Row = Mapping[str, str]


def clever_files(district: SourceDistrict) -> dict[str, bytes]:
    """Name to content: a row for each contact of a student, and one for each further school."""
    contacts = {person.id: person for person in district.guardians}
    return {
        "schools.csv": _as_csv({"School_id": one.id, "School_name": one.name} for one in district.schools),
        "students.csv": _as_csv(row for one in district.students for row in _student(district, one, contacts)),
        "teachers.csv": _as_csv(row for one in district.teachers for row in _adult(one, "Teacher")),
        "staff.csv": _as_csv(row for one in district.staff for row in _adult(one, "Staff")),
        "sections.csv": _as_csv(_sections(district)),
        "enrollments.csv": _as_csv(_enrollments(district)),
    }


def _student(district: SourceDistrict, student: Person, people: Mapping[str, Person]) -> Iterator[Row]:
    contacts = list(_contacts(district, student, people))
    first = student.schools[0]
    for school, contact in [
        *((first, contact) for contact in contacts or [{}]),
        *((s, {}) for s in student.schools[1:]),
    ]:
        yield {
            "School_id": school,
            "Student_id": student.id,
            "Student_number": student.identifier,
            "Last_name": student.family,
            "Middle_name": student.middle,
            "First_name": student.given,
            "Grade": _GRADES.get(student.grades[0], student.grades[0]) if student.grades else "",
            "DOB": "02/11/2015",
            "Student_email": student.email,
            "Password": "hunter2",
            **dict.fromkeys(_CONTACT, ""),
            **contact,
        }


_CONTACT: Final = (
    "Contact_relationship", "Contact_type", "Contact_name", "Contact_phone", "Contact_phone_type", "Contact_email",
    "Contact_sis_id",
)  # fmt: skip


def _contacts(district: SourceDistrict, student: Person, people: Mapping[str, Person]) -> Iterator[Row]:
    for link in district.guardians_of.get(student.id, ()):
        contact = people[link.guardian]
        yield {
            "Contact_relationship": link.relationship,
            "Contact_type": link.type,
            "Contact_name": f"{contact.family}, {contact.given}",
            "Contact_phone": contact.sms or contact.phone,
            "Contact_phone_type": "Cell" if contact.sms else "Home",
            "Contact_email": contact.email,
            "Contact_sis_id": contact.id,
        }


def _adult(person: Person, kind: str) -> Iterator[Row]:
    for school in person.schools:
        yield {
            "School_id": school,
            f"{kind}_id": person.id,
            "Last_name": person.family,
            "First_name": person.given,
            f"{kind}_email": person.email,
        }


def _sections(district: SourceDistrict) -> Iterator[Row]:
    for section in district.classrooms:
        teachers = [one.person for one in district.members_of.get(section.id, ()) if one.role != "student"]
        places = ("Teacher_id", *(f"Teacher_{number}_id" for number in range(2, 11)))
        yield {
            "School_id": section.school,
            "Section_id": section.id,
            **dict(zip_longest(places, teachers[: len(places)], fillvalue="")),
            "Name": section.title,
            "Section_number": section.code,
            "Grade": _GRADES.get(section.grades[0], section.grades[0]) if len(section.grades) == 1 else "",
            "Period": ",".join(section.periods),
        }


def _enrollments(district: SourceDistrict) -> Iterator[Row]:
    for one in district.enrollments:
        if one.role == "student":
            yield {"School_id": one.school, "Section_id": one.classroom, "Student_id": one.person}


def _as_csv(rows: Iterable[Row]) -> bytes:
    listed = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(listed[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue().encode()
