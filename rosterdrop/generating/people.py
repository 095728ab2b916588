"""The people of a district and what ties them together, before anything is a row of a file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A student, a guardian or a staff member. Fields that a kind does not have are empty.

    `home` is the number of the family, 0 for staff; it ties siblings and their guardians and is in no file.
    `identifier` is the number that people know a student by; it differs from the sourcedId.
    """

    id: str
    role: str
    given: str
    family: str
    schools: tuple[str, ...]
    middle: str = ""
    username: str = ""
    identifier: str = ""
    email: str = ""
    sms: str = ""
    phone: str = ""
    grade: str = ""
    language: str = ""
    home: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The students of one family and all who look after them, in one household or in two; IDs of people."""

    home: int
    students: tuple[str, ...]
    guardians: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """A school, the grades that it teaches and the ID that it has in the SIS."""

    id: str
    name: str
    grades: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classroom:
    """A homeroom or a section."""

    id: str
    title: str
    grades: tuple[str, ...]
    course: str
    kind: str  # homeroom or scheduled
    location: str
    school: str
    subject: str
    subject_code: str
    periods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    """One person in one classroom. `primary` is `true` or `false` for teachers and empty for students."""

    id: str
    classroom: str
    school: str
    person: str
    role: str
    primary: str = ""
    begins: str
