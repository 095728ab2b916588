"""A district as Clever's records, 3.0 and 3.1 (clever-classlink A4): each value that may be missing sometimes is."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from tests.roster_servers.district import Classroom, Guardianship, Person, SourceDistrict

Record = dict[str, Any]

_CREATED: Final = "2026-08-17T07:00:01.101Z"
_GRADES: Final = {
    "IT": "InfantToddler",
    "PR": "Preschool",
    "PK": "PreKindergarten",
    "TK": "TransitionalKindergarten",
    "KG": "Kindergarten",
    "PS": "PostGraduate",
    "UG": "Ungraded",
    **{f"{grade:02}": str(grade) for grade in range(1, 14)},
}
_SUBJECTS: Final = {
    "English Language Arts": "english/language arts",
    "Mathematics": "math",
    "Physical Science": "science",
}
_LANGUAGES: Final = {"en": ("English", "eng"), "es": ("Spanish", "spa")}
_TEACHING: Final = frozenset({"teacher", "aide", "proctor"})
_ALSO_STAFF: Final = 10  # every tenth teacher
_SEEN_TWICE: Final = 50  # every fiftieth contact appears twice in the SIS for one student
_ABSENT: Final = object()


def clever_id(kind: str, sourced_id: str) -> str:
    """24 hexadecimal digits, the same on every run."""
    return hashlib.sha256(f"{kind}:{sourced_id}".encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What districts and apps do differently.

    Attributes:
        version: of the API.
        modified: when every record changed last.
        issue: any text gives all records other IDs (E 11).
        contact_name: how the SIS writes it (A8).
        contact_ids: whether the SIS has IDs of contacts; without, an ID of Clever follows from what a contact is (A8).
    """

    version: str = "v3.1"
    modified: str = "2026-11-20T07:00:09.480Z"
    issue: str = ""
    contact_name: str = "{given} {family}"
    contact_ids: bool = True


@dataclass(frozen=True)
class Collections:
    """The lists of a district, each in the order of its IDs.

    `district` is what is shown, `whole` what there is: a section goes on naming whom it has (A6).
    """

    district: SourceDistrict
    shape: Shape
    _parsed: dict[str, Record] = field(default_factory=dict)

    @cached_property
    def district_id(self) -> str:
        """Of the one district."""
        return clever_id("district", self.district.id)

    @cached_property
    def rows(self) -> Mapping[str, bytes]:
        """Every record by its ID, as JSON."""
        return {id_: row for rows in self._by_kind.values() for id_, row in rows.items()}

    def ids(self, collection: str) -> Sequence[str]:
        """The IDs of a list: `schools`, `terms`, `courses`, `sections`, `users`, or one of the roles of users."""
        return self._ids[collection]

    def record(self, id_: str) -> Record:
        """One record."""
        if id_ not in self._parsed:
            self._parsed[id_] = json.loads(self.rows[id_])["data"]
        return self._parsed[id_]

    @cached_property
    def person_ids(self) -> Mapping[str, str]:
        """The user of each person."""
        return {person.id: self._user_id(person) for person in self.district.people}

    def _id(self, kind: str, sourced_id: str) -> str:
        return clever_id(f"{self.shape.issue}{kind}", sourced_id)

    def _user_id(self, person: Person) -> str:
        if person.kin == "guardian" and not self.shape.contact_ids:
            return self._id("contact", repr((person.given, person.family, person.email, person.sms, person.phone)))
        return self._id(person.kin, person.id)

    @cached_property
    def _by_kind(self) -> Mapping[str, Mapping[str, bytes]]:
        kinds: dict[str, Iterator[tuple[str, Record]]] = {
            "schools": self._schools(),
            "terms": self._terms(),
            "courses": self._courses(),
            "sections": self._sections(),
            "users": self._users(),
        }
        return {kind: {record["id"]: self._row(kind, record) for _, record in found} for kind, found in kinds.items()}

    def _row(self, kind: str, record: Record) -> bytes:
        uri = f"/{self.shape.version}/{kind}/{record['id']}"
        return json.dumps({"data": record, "uri": uri}, ensure_ascii=False, separators=(",", ":")).encode()

    @cached_property
    def _ids(self) -> Mapping[str, Sequence[str]]:
        ids = {kind: sorted(rows) for kind, rows in self._by_kind.items()}
        for role in ("student", "teacher", "staff", "district_admin", "contact"):
            ids[role] = sorted(id_ for id_, roles in self._roles.items() if role in roles)
        return ids

    @cached_property
    def _roles(self) -> Mapping[str, tuple[str, ...]]:
        return {self.person_ids[person.id]: roles for person in self._shown if (roles := self._roles_of(person))}

    @cached_property
    def _shown(self) -> Sequence[Person]:
        """A contact is there only with a student who is (A6)."""
        students = {person.id for person in self.district.students}
        links = self.district.students_of
        return [
            person
            for person in self.district.people
            if person.kin != "guardian" or any(link.student in students for link in links.get(person.id, ()))
        ]

    def _roles_of(self, person: Person) -> tuple[str, ...]:
        if person.kin != "staff":
            return ("student",) if person.kin == "student" else ("contact",)
        if person.role not in _TEACHING:
            return ("staff",) if person.schools else ("district_admin",)
        is_both = int(self.person_ids[person.id][-4:], 16) % _ALSO_STAFF == 0 and person.id in self.district.classes_of
        return ("teacher", "staff") if is_both else ("teacher",)

    def _school_id(self, school: str) -> str:
        return self._id("school", school)

    def _schools(self) -> Iterator[tuple[str, Record]]:
        for school in self.district.schools:
            id_ = self._school_id(school.id)
            record = {
                "id": id_,
                "district": self.district_id,
                "name": school.name,
                "sis_id": school.id,
                "school_number": school.id,
                **self._dates,
            }
            _add(record, id_, state_id="", nces_id="", low_grade="", high_grade="", phone="", location={}, ext={})
            yield id_, record

    @property
    def _dates(self) -> Record:
        return {"created": _CREATED, "last_modified": self.shape.modified}

    def _terms(self) -> Iterator[tuple[str, Record]]:
        for term in self.district.terms:
            id_ = self._id("term", term.id)
            record = {"id": id_, "district": self.district_id, "name": term.title}
            _add(record, id_, start_date=_day(term.begins), end_date=_day(term.ends))
            yield id_, record

    def _courses(self) -> Iterator[tuple[str, Record]]:
        for course in self.district.courses:
            id_ = self._id("course", course.id)
            yield id_, {"id": id_, "district": self.district_id, "name": course.title, "number": course.code}

    def _sections(self) -> Iterator[tuple[str, Record]]:
        for classroom in self.district.classrooms:
            id_ = self._id("section", classroom.id)
            yield id_, self._section(id_, classroom)

    def _section(self, id_: str, classroom: Classroom) -> Record:
        members = self.district.members_of.get(classroom.id, ())
        teaching = sorted((one for one in members if one.role != "student"), key=lambda one: one.primary != "true")
        teachers = [self._id("staff", one.person) for one in teaching]
        record = {
            "id": id_,
            "district": self.district_id,
            "school": self._school_id(classroom.school),
            "name": classroom.title,
            "sis_id": classroom.id,
            "subject": _subject(classroom),
            "students": [self._id("student", one.person) for one in members if one.role == "student"],
            "teachers": teachers,
            **self._dates,
        }
        if teachers:
            record["teacher"] = teachers[0]
        _add(
            record,
            id_,
            section_number=classroom.code,
            period=",".join(classroom.periods),
            grade=_grade(classroom.grades),
            course=self._id("course", classroom.course) if classroom.course else "",
            term_id=self._id("term", classroom.terms[0]) if classroom.terms else "",
            ext={},
        )
        return record

    def _users(self) -> Iterator[tuple[str, Record]]:
        for person in self._shown:
            id_ = self.person_ids[person.id]
            roles = {role: self._role(id_, role, person) for role in self._roles[id_]}
            yield id_, self._user(id_, person, roles)

    def _user(self, id_: str, person: Person, roles: Record) -> Record:
        name = {"first": person.given, "last": person.family}
        if person.kin == "guardian":  # the whole name of a contact stands in `last` (A4)
            name = {"last": self.shape.contact_name.format(given=person.given, family=person.family).strip(" ,")}
            _add(name, id_, first="")
        _add(name, id_, middle=person.middle)
        record = {"id": id_, "district": self.district_id, "name": name, "roles": roles, **self._dates}
        _add(record, id_, email=person.email)
        if _turn(id_, "roles"):
            roles.update({role: None for role in ("district_admin",) if role not in roles})
        return record

    def _role(self, id_: str, role: str, person: Person) -> Record:
        match role:
            case "student":
                return self._student(id_, person)
            case "contact":
                return self._contact(id_, person)
            case "teacher":
                return self._teacher(id_, person)
            case "staff":
                return self._staff(id_, person)
            case _:
                return {"title": "", "legacy_id": clever_id("legacy", id_)}

    def _student(self, id_: str, person: Person) -> Record:
        schools = [self._school_id(school) for school in person.schools]
        role = {
            "school": schools[0] if schools else "",
            "schools": schools,
            "enrollments": [{"school": school, "start_date": "2026-08-17", "end_date": None} for school in schools],
            "sis_id": person.id,
            "legacy_id": clever_id("legacy", id_),
            **self._dates,
        }
        language, code = _LANGUAGES.get(person.language, (person.language, "other"))
        _add(
            role,
            id_,
            student_number=person.identifier,
            state_id="",
            grade=_grade(person.grades),
            graduation_year="",
            dob="2/11/2012",
            gender="",
            race="",
            hispanic_ethnicity="",
            location={},
            home_language=language if person.language else "",
            credentials={"district_username": person.username} if person.username else {},
            ext={},
        )
        if self.shape.version == "v3.1":
            _add(role, id_, home_language_code=code if person.language else "", preferred_name=None, frl_status="")
        return role

    def _teacher(self, id_: str, person: Person) -> Record:
        schools = [self._school_id(school) for school in person.schools]
        role = {"school": schools[0] if schools else "", "schools": schools, "sis_id": person.id}
        _add(
            role,
            id_,
            teacher_number=person.identifier,
            state_id="",
            title="",
            credentials={"district_username": person.username} if person.username else {},
            legacy_id=clever_id("legacy", id_),
        )
        return role

    def _staff(self, id_: str, person: Person) -> Record:
        role = {"schools": [self._school_id(school) for school in person.schools], "staff_id": person.id, "roles": []}
        _add(role, id_, title="Office", department="", credentials={}, legacy_id=clever_id("legacy", id_))
        return role

    def _contact(self, id_: str, person: Person) -> Record:
        links = self.district.students_of.get(person.id, ())
        if int(id_[-4:], 16) % _SEEN_TWICE == 0:
            links = (*links, *links[:1])
        phone, kind = (person.sms, "Cell") if person.sms else (person.phone, "Home")
        role: Record = {"student_relationships": [self._relationship(id_, link) for link in links]}
        _add(
            role,
            id_,
            sis_id=person.id if self.shape.contact_ids else "",
            phone=phone,
            phone_type=kind if phone else "",
            legacy_id=clever_id("legacy", id_),
        )
        return role

    def _relationship(self, id_: str, link: Guardianship) -> Record:
        record: Record = {"student": self._id("student", link.student)}
        _add(record, id_, relationship=link.relationship, type=link.type)
        return record


def _add(record: Record, id_: str, **values: Any) -> None:
    """Values that are known, and of those that are not some absent, some null, some empty (A3)."""
    for key, value in values.items():
        if value or value == 0:
            record[key] = value
            continue
        unknown = (_ABSENT, None, value if value is not None else {})[_turn(id_, key)]
        if unknown is not _ABSENT:
            record[key] = unknown


def _turn(id_: str, key: str) -> int:
    return (int(id_[:4], 16) + len(key)) % 3


def _day(day: str) -> str:
    return f"{day}T00:00:00.000Z" if day else ""


def _grade(grades: tuple[str, ...]) -> str:
    """Clever has one grade, and none where the SIS has several."""
    return _GRADES.get(grades[0], "Other") if len(grades) == 1 else ""


def _subject(classroom: Classroom) -> str:
    if classroom.kind == "homeroom":
        return "homeroom/advisory"
    return _SUBJECTS.get(classroom.subjects[0], "other") if classroom.subjects else ""
