"""A district as records, read from a generated night: the same one can then come over every way."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar

import polars as pl

from rosterdrop.generating.district import ID, NAME

V = TypeVar("V")

Family = Literal["student", "staff", "guardian"]
"""A sourcedId is one person's within such a family only."""

_FAMILIES: Final[Mapping[str, Family]] = {
    "student": "student",
    "guardian": "guardian",
    "parent": "guardian",
    "relative": "guardian",
}
_RELATIONSHIPS: Final = {"parent": "Parent", "guardian": "Guardian", "relative": "Grandparent"}
_TYPES: Final = ("Primary", "Parent/Guardian", "Secondary", "Emergency")


@dataclass(frozen=True, slots=True)
class School:
    """A school of the district."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Term:
    """An academic session of any kind."""

    id: str
    title: str
    kind: str
    begins: str
    ends: str
    year: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """What classes teach."""

    id: str
    title: str
    code: str
    grades: tuple[str, ...]
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the district; `schools` begins with the primary one."""

    id: str
    role: str
    schools: tuple[str, ...]
    given: str
    family: str
    middle: str = ""
    email: str = ""
    sms: str = ""
    phone: str = ""
    identifier: str = ""
    username: str = ""
    grades: tuple[str, ...] = ()
    language: str = ""

    @property
    def kin(self) -> Family:
        """Student, guardian, or of the staff."""
        return _FAMILIES.get(self.role, "staff")


@dataclass(frozen=True, slots=True)
class Classroom:
    """A class; it belongs to one school, its members to any."""

    id: str
    title: str
    code: str
    kind: str
    school: str
    course: str
    terms: tuple[str, ...]
    grades: tuple[str, ...]
    subjects: tuple[str, ...]
    periods: tuple[str, ...]
    location: str = ""


@dataclass(frozen=True, slots=True)
class Enrollment:
    """Somebody's place in a class."""

    id: str
    classroom: str
    school: str
    person: str
    role: str
    primary: str
    begins: str
    ends: str


@dataclass(frozen=True, slots=True)
class Guardianship:
    """Who is responsible for whom; the words are Clever's (clever-classlink A4)."""

    student: str
    guardian: str
    relationship: str
    type: str


@dataclass(frozen=True)
class SourceDistrict:
    """What a source has of a district. Records may name others that are not there: a source may hide some."""

    id: str
    name: str
    schools: tuple[School, ...]
    terms: tuple[Term, ...]
    courses: tuple[Course, ...]
    people: tuple[Person, ...]
    classrooms: tuple[Classroom, ...]
    enrollments: tuple[Enrollment, ...]
    guardianships: tuple[Guardianship, ...]

    @property
    def students(self) -> tuple[Person, ...]:
        """In the order of the files."""
        return tuple(person for person in self.people if person.kin == "student")

    @property
    def teachers(self) -> tuple[Person, ...]:
        """Those whose role says so."""
        return tuple(person for person in self.people if person.role == "teacher")

    @property
    def staff(self) -> tuple[Person, ...]:
        """Who works at schools without being a teacher."""
        return tuple(one for one in self.people if one.kin == "staff" and one.role != "teacher" and one.schools)

    @property
    def district_admins(self) -> tuple[Person, ...]:
        """Who works for the whole district."""
        return tuple(one for one in self.people if one.kin == "staff" and one.role != "teacher" and not one.schools)

    @property
    def guardians(self) -> tuple[Person, ...]:
        """Whatever they are called: guardian, parent, relative."""
        return tuple(person for person in self.people if person.kin == "guardian")

    @cached_property
    def guardians_of(self) -> Mapping[str, tuple[Guardianship, ...]]:
        """By student."""
        return _grouped((link.student, link) for link in self.guardianships)

    @cached_property
    def students_of(self) -> Mapping[str, tuple[Guardianship, ...]]:
        """By guardian."""
        return _grouped((link.guardian, link) for link in self.guardianships)

    @cached_property
    def members_of(self) -> Mapping[str, tuple[Enrollment, ...]]:
        """By class."""
        return _grouped((one.classroom, one) for one in self.enrollments)

    @cached_property
    def classes_of(self) -> Mapping[str, tuple[str, ...]]:
        """By person, whatever their role in the class."""
        return _grouped((one.person, one.classroom) for one in self.enrollments)

    def without_person(self, sourced_id: str) -> Self:
        """As if somebody had left; who names them goes on naming them."""
        return replace(self, people=tuple(person for person in self.people if person.id != sourced_id))

    def with_person(self, person: Person) -> Self:
        """One more."""
        return replace(self, people=(*self.people, person))

    def changed(self, sourced_id: str, **values: Any) -> Self:
        """Somebody with other values."""
        people = tuple(replace(one, **values) if one.id == sourced_id else one for one in self.people)
        return replace(self, people=people)

    def without_school(self, school: str) -> Self:
        """As if a school were not shared: its classes go, and everybody who is at no other (E 3)."""
        classrooms = tuple(one for one in self.classrooms if one.school != school)
        left = {one.id for one in classrooms}
        people = tuple(one for one in self.people if not one.schools or set(one.schools) != {school})
        return replace(
            self,
            schools=tuple(one for one in self.schools if one.id != school),
            classrooms=classrooms,
            enrollments=tuple(one for one in self.enrollments if one.classroom in left),
            people=people,
        )

    def without_role(self, role: str) -> Self:
        """As if nobody of a role, or of a family, were shared; who names them goes on naming them (E 4, 5)."""
        return replace(self, people=tuple(one for one in self.people if role not in {one.role, one.kin}))

    def renumbered(self, generation: str) -> Self:
        """The same district after its SIS was changed: every sourcedId of a person is another (E 11)."""
        new = {one.id: _number(one.id, generation) for one in self.people}
        return replace(
            self,
            people=tuple(replace(one, id=new[one.id]) for one in self.people),
            enrollments=tuple(replace(one, person=new.get(one.person, one.person)) for one in self.enrollments),
            guardianships=tuple(
                replace(one, student=new.get(one.student, one.student), guardian=new.get(one.guardian, one.guardian))
                for one in self.guardianships
            ),
        )


def _number(sourced_id: str, generation: str) -> str:
    return hashlib.sha256(f"{generation}:{sourced_id}".encode()).hexdigest()[:10]


def _grouped(pairs: Iterable[tuple[str, V]]) -> dict[str, tuple[V, ...]]:
    groups: dict[str, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}


def of_night(folder: Path) -> SourceDistrict:
    """The district whose files lie in a folder: those that Connect asks for, or a delivery of OneRoster 1.1 or 1.2."""
    night = _Night(folder)
    people, links = night.people()
    return SourceDistrict(
        id=ID,
        name=NAME,
        schools=night.schools(),
        terms=night.terms(),
        courses=night.courses(),
        people=people,
        classrooms=night.classrooms(),
        enrollments=night.enrollments(),
        guardianships=links,
    )


class _Night:
    """The files of a folder; where a file is missing, what the others tell of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rows(self, file: str) -> Iterator[dict[str, str]]:
        path = self._folder / f"{file}.csv"
        if not path.exists():
            return
        frame = pl.read_csv(path, infer_schema=False).fill_null("")
        yield from frame.iter_rows(named=True)

    def schools(self) -> tuple[School, ...]:
        if listed := [School(row["sourcedId"], row["name"]) for row in self.rows("orgs") if row["type"] == "school"]:
            return tuple(listed)
        papers = self._folder.parent / "district.json"  # of the generator, which names the schools
        if papers.exists():
            return tuple(School(*named) for named in json.loads(papers.read_text())["schools"].items())
        named = {school for row in self.rows("users") for school in _list(row["orgSourcedIds"])}
        return tuple(School(school, f"School {school}") for school in sorted(named - {ID}))

    def terms(self) -> tuple[Term, ...]:
        if listed := tuple(
            Term(
                row["sourcedId"],
                row["title"],
                row["type"],
                row["startDate"],
                row["endDate"],
                row["schoolYear"],
                row["parentSourcedId"],
            )
            for row in self.rows("academicSessions")
        ):
            return listed
        seat = next(self.rows("enrollments"), {})
        begins, ends = seat.get("beginDate", ""), seat.get("endDate", "")
        named = dict.fromkeys(term for row in self.rows("classes") for term in _list(row["termSourcedIds"]))
        return tuple(Term(term, term, "schoolYear", begins, ends, ends[:4]) for term in named)

    def courses(self) -> tuple[Course, ...]:
        if listed := tuple(
            Course(row["sourcedId"], row["title"], row["courseCode"], _list(row["grades"]), _list(row["subjects"]))
            for row in self.rows("courses")
        ):
            return listed
        found = {
            row["courseSourcedId"]: Course(
                row["courseSourcedId"],
                row["title"],
                row["courseSourcedId"],
                _list(row["grades"]),
                _list(row["subjects"]),
            )
            for row in self.rows("classes")
            if row["courseSourcedId"]
        }
        return tuple(found.values())

    def classrooms(self) -> tuple[Classroom, ...]:
        return tuple(
            Classroom(
                row["sourcedId"],
                row["title"],
                row["classCode"],
                row["classType"] or "scheduled",
                row["schoolSourcedId"],
                row["courseSourcedId"],
                _list(row["termSourcedIds"]),
                _list(row["grades"]),
                _list(row["subjects"]),
                _list(row["periods"]),
                row["location"],
            )
            for row in self.rows("classes")
        )

    def enrollments(self) -> tuple[Enrollment, ...]:
        return tuple(
            Enrollment(
                row["sourcedId"] or f"{row['classSourcedId']}:{row['userSourcedId']}",
                row["classSourcedId"],
                row["schoolSourcedId"],
                row["userSourcedId"],
                row["role"],
                row["primary"],
                row["beginDate"],
                row["endDate"],
            )
            for row in self.rows("enrollments")
        )

    def people(self) -> tuple[tuple[Person, ...], tuple[Guardianship, ...]]:
        roles = _grouped((row["userSourcedId"], (row["role"], row["orgSourcedId"])) for row in self.rows("roles"))
        found = {}
        agents: dict[str, list[str]] = {}
        for row in self.rows("users"):
            held = roles.get(row["sourcedId"], ())
            found[row["sourcedId"]] = person = _person(row, held)
            if person.kin == "student":
                agents[person.id] = [*_list(row["agentSourcedIds"])]
        for row in self.rows("guardians"):
            student = found.get(row["studentSourcedId"])
            guardian = _guardian(row, student.schools if student else ())
            found.setdefault(guardian.id, guardian)
            agents.setdefault(row["studentSourcedId"], []).append(guardian.id)
        return tuple(found.values()), tuple(chain.from_iterable(_links(found, *one) for one in agents.items()))


def _list(cell: str) -> tuple[str, ...]:
    return tuple(part for part in cell.split(",") if part)


def _person(row: Mapping[str, str], held: tuple[tuple[str, str], ...]) -> Person:
    """A row of users.csv; 1.2 has roles and schools in a file of their own."""
    role = held[0][0] if held else row["role"]
    orgs = tuple(org for _, org in held) if held else _list(row["orgSourcedIds"])
    return Person(
        id=row["sourcedId"],
        role="administrator" if role.endswith("Administrator") else role,
        schools=tuple(org for org in orgs if org != ID),
        given=row["givenName"],
        family=row["familyName"],
        middle=row["middleName"],
        email=row["email"],
        sms=row["sms"],
        phone=row["phone"],
        identifier=row["identifier"],
        username=row["username"],
        grades=_list(row["grades"]),
        language=row.get("language", ""),
    )


def _guardian(row: Mapping[str, str], schools: tuple[str, ...]) -> Person:
    """A row of guardians.csv."""
    return Person(
        id=row["guardianSourcedId"] or _number(f"{row['givenName']} {row['familyName']} {row['email']}", "guardian"),
        role="guardian",
        schools=schools,
        given=row["givenName"],
        family=row["familyName"],
        email=row["email"],
        sms=row["sms"],
        phone=row["phone"],
        language=row["language"],
    )


def _links(people: Mapping[str, Person], student: str, guardians: list[str]) -> Iterator[Guardianship]:
    for place, guardian in enumerate(guardians):
        role = people[guardian].role if guardian in people else "guardian"
        kind = _TYPES[min(place, len(_TYPES) - 1)]
        yield Guardianship(student, guardian, _RELATIONSHIPS.get(role, "Other"), kind)
