"""A district as OneRoster's records over REST, 1.1 and 1.2 (clever-classlink B5, C3)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal
from urllib.parse import quote

from tests.roster_servers.district import Classroom, Enrollment, Guardianship, Person, SourceDistrict

Record = dict[str, Any]
Version = Literal["1.1", "1.2"]
Side = Literal["students", "guardians", "both", "neither"]

LISTS: Final[Mapping[str, str]] = {
    "orgs": "orgs",
    "schools": "orgs",
    "academicSessions": "academicSessions",
    "terms": "academicSessions",
    "gradingPeriods": "academicSessions",
    "courses": "courses",
    "classes": "classes",
    "users": "users",
    "students": "users",
    "teachers": "users",
    "enrollments": "enrollments",
    "demographics": "demographics",
}
"""Each list, and the name of its records in an answer: that of their type, not of the address."""

SINGLES: Final[Mapping[str, str]] = {
    "orgs": "org",
    "academicSessions": "academicSession",
    "courses": "course",
    "classes": "class",
    "users": "user",
    "enrollments": "enrollment",
    "demographics": "demographics",
}
_ROLES_OF_1_2: Final = {"administrator": "siteAdministrator"}
_NARROWER: Final[Mapping[str, Callable[[Record], bool]]] = {
    "schools": lambda record: bool(record["type"] == "school"),
    "terms": lambda record: bool(record["type"] != "gradingPeriod"),
    "gradingPeriods": lambda record: bool(record["type"] == "gradingPeriod"),
    "students": lambda record: is_of_role(record, "student"),
    "teachers": lambda record: is_of_role(record, "teacher"),
}


def is_of_role(user: Record, role: str) -> bool:
    """In either version."""
    return user.get("role") == role or any(one["role"] == role for one in user.get("roles", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What servers do differently.

    Attributes:
        version: of OneRoster.
        modified: when every record changed last.
        href: where references lead.
        text_flags: `"true"` instead of true; 1.2 always (A 6).
        linked: the side whose `agents` name the other (B6).
        guardians_at_district: guardians belong to the district's organisation, not to schools (B6).
        guardians_in_demographics: no guardian is a user; their names stand beside the student's demographics (B6).
        roles_beside_role: `roles` on 1.1 too (B5).
        passwords: filled, with invented ones (B5).
        languages: told in the metadata of users.
        leaving: the IDs of records whose status is `tobedeleted` (C3).
        flat_references: `classSourcedId` instead of `class` (B5).
    """

    version: Version = "1.1"
    modified: str = "2026-11-20T19:35:01.000Z"
    href: str = ""
    text_flags: bool = False
    linked: Side = "both"
    guardians_at_district: bool = False
    guardians_in_demographics: bool = False
    roles_beside_role: bool = False
    passwords: bool = False
    languages: bool = True
    flat_references: bool = False
    leaving: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Collections:
    """The lists of a district in the order of the files."""

    district: SourceDistrict
    shape: Shape
    _lists: dict[str, tuple[Sequence[str], Sequence[bytes]]] = field(default_factory=dict)

    def listed(self, collection: str) -> tuple[Sequence[str], Sequence[bytes]]:
        """The IDs of a list and its records as JSON, by their IDs."""
        if collection not in self._lists:
            narrower = _NARROWER.get(collection)
            records = (one for one in self._made(LISTS[collection]) if narrower is None or narrower(one))
            pairs = sorted((one["sourcedId"], _json(one)) for one in records)
            self._lists[collection] = [id_ for id_, _ in pairs], [row for _, row in pairs]
        return self._lists[collection]

    def records(self, collection: str) -> list[Record]:
        """The same, read."""
        return [json.loads(row) for row in self.listed(collection)[1]]

    def record(self, collection: str, id_: str) -> Record | None:
        """One record of a list."""
        row = self._rows(collection).get(id_)
        return json.loads(row) if row else None

    def _rows(self, collection: str) -> Mapping[str, bytes]:
        return dict(zip(*self.listed(collection), strict=True))

    def _made(self, collection: str) -> Iterator[Record]:
        made: Mapping[str, Callable[[], Iterator[Record]]] = {
            "orgs": self._orgs,
            "academicSessions": self._sessions,
            "courses": self._courses,
            "classes": lambda: map(self._class, self.district.classrooms),
            "users": self._users,
            "enrollments": lambda: map(self._enrollment, self.district.enrollments),
            "demographics": self._demographics,
        }
        return made[collection]()

    def _ref(self, kind: str, id_: str, of: str | None = None) -> Record:
        plural = {"class": "classes", "academicSession": "academicSessions"}.get(kind, f"{kind}s")
        return {"href": f"{self.shape.href}/{plural}/{quote(id_, safe='')}", "sourcedId": id_, "type": of or kind}

    def _flag(self, *, value: bool) -> object:
        is_text = self.shape.text_flags or self.shape.version == "1.2"
        return str(value).lower() if is_text else value

    def _base(self, id_: str) -> Record:
        status = "tobedeleted" if id_ in self.shape.leaving else "active"
        return {"sourcedId": id_, "status": status, "dateLastModified": self.shape.modified}

    def _references(self, **ids: tuple[str, str]) -> Record:
        """References as objects, or flat as some servers write them."""
        if self.shape.flat_references:
            return {f"{name}SourcedId": id_ for name, (_, id_) in ids.items()}
        return {name: self._ref(kind, id_) for name, (kind, id_) in ids.items()}

    def _orgs(self) -> Iterator[Record]:
        schools = [self._ref("org", school.id) for school in self.district.schools]
        whole = {"name": self.district.name, "type": "district", "identifier": "1728", "children": schools}
        yield {**self._base(self.district.id), **whole}
        for school in self.district.schools:
            parent = self._ref("org", self.district.id)
            plain = {"name": school.name, "type": "school", "identifier": school.id, "parent": parent, "children": []}
            yield {**self._base(school.id), **plain}

    def _sessions(self) -> Iterator[Record]:
        for term in self.district.terms:
            record = {
                **self._base(term.id),
                "title": term.title,
                "startDate": term.begins,
                "endDate": term.ends,
                "type": term.kind,
                "schoolYear": term.year,
                "children": [],
            }
            yield record | ({"parent": self._ref("academicSession", term.parent)} if term.parent else {})

    def _courses(self) -> Iterator[Record]:
        for course in self.district.courses:
            yield {
                **self._base(course.id),
                "title": course.title,
                "courseCode": course.code,
                "grades": [*course.grades],
                "subjects": [*course.subjects],
                "subjectCodes": [],
                "org": self._ref("org", self.district.id),
            }

    def _class(self, classroom: Classroom) -> Record:
        course = {"course": self._ref("course", classroom.course)} if classroom.course else {}
        return {
            **self._base(classroom.id),
            "title": classroom.title,
            "classCode": classroom.code,
            "classType": classroom.kind,
            "location": classroom.location,
            "grades": [*classroom.grades],
            "subjects": [*classroom.subjects],
            "subjectCodes": [],
            "periods": [*classroom.periods],
            "terms": [self._ref("academicSession", term) for term in classroom.terms],
            **course,
            **self._references(school=("org", classroom.school)),
        }

    def _enrollment(self, enrollment: Enrollment) -> Record:
        dates = {"beginDate": enrollment.begins, "endDate": enrollment.ends}
        return {
            **self._base(enrollment.id),
            "role": enrollment.role,
            "primary": self._flag(value=enrollment.primary == "true"),
            **{name: day for name, day in dates.items() if day},
            **self._references(
                **{"class": ("class", enrollment.classroom)},
                school=("org", enrollment.school),
                user=("user", enrollment.person),
            ),
        }

    def _users(self) -> Iterator[Record]:
        for person in self.district.people:
            if person.kin == "guardian" and self.shape.guardians_in_demographics:
                continue
            yield self._user(person)

    def _user(self, person: Person) -> Record:
        record = {
            **self._base(person.id),
            "username": person.username or person.id,
            "userIds": [{"type": "Fed", "identifier": person.id}],
            "enabledUser": self._flag(value=True),
            "givenName": person.given,
            "familyName": person.family,
            "middleName": person.middle,
            "identifier": person.identifier,
            "email": person.email,
            "sms": person.sms,
            "phone": person.phone,
            "grades": [*person.grades],
            "password": f"invented-{person.id}" if self.shape.passwords else "",
            "agents": [self._ref("user", id_) for id_ in self._agents(person)],
            **self._roles(person),
        }
        return record | ({"metadata": {"language": person.language}} if self._tells_language(person) else {})

    def _tells_language(self, person: Person) -> bool:
        return bool(self.shape.languages and person.language)

    def _agents(self, person: Person) -> list[str]:
        linked = self.shape.linked
        if person.kin == "student" and linked in {"students", "both"} and not self.shape.guardians_in_demographics:
            return [link.guardian for link in self.district.guardians_of.get(person.id, ())]
        if person.kin == "guardian" and linked in {"guardians", "both"}:
            return [link.student for link in self.district.students_of.get(person.id, ())]
        return []

    def _roles(self, person: Person) -> Record:
        is_of_district = not person.schools or (person.kin == "guardian" and self.shape.guardians_at_district)
        orgs = [self._ref("org", org) for org in ([self.district.id] if is_of_district else person.schools)]
        if self.shape.version == "1.2":
            return {"roles": _held(_ROLES_OF_1_2.get(person.role, person.role), orgs)}
        beside = {"roles": _held(person.role, orgs)} if self.shape.roles_beside_role else {}
        return {"role": person.role, "orgs": orgs, **beside}

    def _demographics(self) -> Iterator[Record]:
        for person in self.district.students:
            record = {**self._base(person.id), "birthDate": "2012-02-11", "sex": "female"}
            if self.shape.guardians_in_demographics:
                record["metadata"] = self._told_beside(self.district.guardians_of.get(person.id, ()))
            yield record

    def _told_beside(self, links: Sequence[Guardianship]) -> Record:
        told = {}
        for number, link in enumerate(links, start=1):
            if guardian := self._people.get(link.guardian):
                told[f"Guardian{number}FullName"] = f"{guardian.given} {guardian.family}".strip()
                told[f"Guardian{number}Email"] = guardian.email
                told[f"Guardian{number}Phone"] = guardian.sms or guardian.phone
        return told

    @cached_property
    def _people(self) -> Mapping[str, Person]:
        return {person.id: person for person in self.district.people}


def _held(role: str, orgs: Sequence[Record]) -> list[Record]:
    kinds = ("primary", *("secondary" for _ in orgs[1:]))
    return [{"roleType": kind, "role": role, "org": org} for kind, org in zip(kinds, orgs, strict=True)]


def _json(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
