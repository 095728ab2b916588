"""Schools, classrooms, who teaches in them and who sits in them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from rosterdrop.generating.chance import Dice
from rosterdrop.generating.families import ELEMENTARY, GRADES, HIGH, MIDDLE, Neighbourhood
from rosterdrop.generating.names import a_culture, family_name, given_name, plain
from rosterdrop.generating.numbers import Numbers
from rosterdrop.generating.people import Classroom, Enrollment, Person, School

STAFF_MAIL_HOST: Final = "schools.example.org"
FIRST_SCHOOL_ID: Final = 42  # written 0042
FIRST_YEAR: Final = 2026

_ONE_SCHOOL_BELOW: Final = 60  # students; a rural district teaches all grades in one building
_SCHOOL_NAMES: Final = (
    *("Lincoln", "Roosevelt", "Cedar Grove", "Riverside", "Maple Hill", "Harriet Tubman", "Prairie View"),
    *("César Chávez", "Oak Ridge", "Sunnyside", "Lakeview", "Sacagawea", "North Star", "Pine Meadow"),
    *("Rosa Parks", "Willow Creek", "St. Croix", "Bluestem", "Fox Hollow", "Amelia Earhart"),
)
_HOMEROOM_SEATS: Final = 22
_SECTION_SEATS: Final = 26
_SECTIONS_A_TEACHER: Final = 5
_PERIODS: Final = 7
_HAS_A_CO_TEACHER: Final = 0.12
_HAS_AN_AIDE: Final = 0.08
_SEVEN_CLASSES: Final = 0.6  # share of the secondary students; the others have six


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """A year by the one in which it begins; OneRoster calls it by the one in which it ends (oneroster-csv 3.6)."""

    first: int = FIRST_YEAR

    @property
    def term(self) -> str:
        """The ID of the whole year."""
        return f"{self.first}-{(self.first + 1) % 100:02}-year"

    @property
    def begins(self) -> str:
        """The first day."""
        return f"{self.first}-08-17"

    @property
    def ends(self) -> str:
        """The day after the last."""
        return f"{self.first + 1}-06-05"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A course: its code, its title by grade, and where it stands in the SCED catalogue."""

    code: str
    title: str
    name: str
    sced: str
    lab: bool = False


_CORE: Final = (
    Subject(code="ENG", title="English {grade}", name="English Language Arts", sced="01001"),
    Subject(code="MAT", title="Mathematics {grade}", name="Mathematics", sced="02002"),
    Subject(code="SCI", title="Science {grade} with Lab", name="Physical Science", sced="03159", lab=True),
    Subject(code="HIS", title='U.S. History: "Then, Now & Next"', name="U.S. History", sced="04101"),
    Subject(code="PED", title="Physical Education", name="Physical Education", sced="08001"),
)
_ELECTIVE: Final = (
    Subject(code="SPA", title="Español I", name="Spanish I", sced="24052"),
    Subject(code="ART", title="Drawing, Painting, Printmaking", name="Visual Arts", sced="05154"),
    Subject(code="BND", title="Band", name="Concert Band", sced="05101"),
    Subject(code="CSC", title='Coding "from Zero"', name="Computer Science", sced="10011"),
    Subject(code="FCS", title="Foods & Nutrition", name="Food Science", sced="19253"),
    Subject(code="DRM", title="Theater", name="Drama", sced="05052"),
)
_HOMEROOM: Final = Subject(code="HR", title="{grade} {letter}, {teacher}", name="Homeroom", sced="22106")
_SPOKEN: Final = dict(
    zip(ELEMENTARY, ("Kindergarten", "1st Grade", "2nd Grade", "3rd Grade", "4th Grade", "5th Grade"), strict=True)
)


@dataclass(slots=True)
class Timetable:
    """What grows while a district is put into classrooms: staff by ID, classrooms by ID, enrollments by pair.

    `colleagues`: who worked here last year, by role and schools; they are asked first.
    """

    dice: Dice
    numbers: Numbers
    year: SchoolYear
    colleagues: dict[tuple[str, tuple[str, ...]], list[Person]]
    staff: dict[str, Person] = field(default_factory=dict)
    classrooms: dict[str, Classroom] = field(default_factory=dict)
    enrollments: dict[tuple[str, str], Enrollment] = field(default_factory=dict)

    def hire(self, role: str, *schools: School) -> Person:
        """Somebody of last year, or a new member of the staff."""
        here = tuple(school.id for school in schools)
        known = self.colleagues.get((role, here))
        person = known.pop(0) if known else staff_member(self.dice, self.numbers, role, here)
        self.staff[person.id] = person
        return person

    def seat(self, classroom: Classroom, person: str, role: str, primary: str = "") -> None:
        """Put somebody into a classroom."""
        self.enrollments[classroom.id, person] = Enrollment(
            id=self.numbers.enrollment_id(),
            classroom=classroom.id,
            school=classroom.school,
            person=person,
            role=role,
            primary=primary,
            begins=self.year.begins,
        )


Faculty: TypeAlias = dict[str, list[tuple[Person, set[int]]]]
"""The teachers of a school by subject, each with the periods in which they teach."""


def staff_member(dice: Dice, numbers: Numbers, role: str, schools: tuple[str, ...]) -> Person:
    """Somebody who works for the district, with an address of the district."""
    culture = a_culture(dice)
    given, family, number = given_name(dice, culture), family_name(dice, culture), numbers.staff_id()
    account = f"{plain(given)[:1] or 'x'}.{plain(family) or 'x'}{int(number[2:])}"
    return Person(
        id=number,
        role=role,
        given=given,
        family=family,
        schools=schools,
        username=account,
        email=f"{account}@{STAFF_MAIL_HOST}",
        sms=numbers.phone_number() if dice.chance(0.5) else "",
        language="en",
    )


def schools_for(students: int) -> tuple[School, ...]:
    """As many schools as a district of this size has, the high schools first."""
    if students < _ONE_SCHOOL_BELOW:
        return (_school(0, "School", GRADES),)
    levels = (("High", HIGH, 1300), ("Middle", MIDDLE, 700), ("Elementary", ELEMENTARY, 480))
    kinds = [
        (level, grades)
        for level, grades, size in levels
        for _ in range(max(1, round(students * len(grades) / len(GRADES) / size)))
    ]
    return tuple(_school(position, level, grades) for position, (level, grades) in enumerate(kinds))


def _school(position: int, level: str, grades: tuple[str, ...]) -> School:
    lap, name = divmod(position, len(_SCHOOL_NAMES))
    number = f" {lap + 1}" if lap else ""
    return School(id=f"{FIRST_SCHOOL_ID + position:04}", name=f"{_SCHOOL_NAMES[name]}{number} {level}", grades=grades)


def neighbourhoods_of(schools: Sequence[School]) -> tuple[Neighbourhood, ...]:
    """One for each school that takes the smallest; their older children share middle and high schools."""
    smallest = [school for school in schools if ELEMENTARY[0] in school.grades]
    return tuple(
        Neighbourhood(school_of={grade: _nearest(schools, grade, position / len(smallest)) for grade in GRADES})
        for position in range(len(smallest))
    )


def _nearest(schools: Sequence[School], grade: str, place: float) -> School:
    teaching = [school for school in schools if grade in school.grades]
    return teaching[int(place * len(teaching))]


def timetable(
    dice: Dice,
    numbers: Numbers,
    schools: Sequence[School],
    students: Iterable[Person],
    *,
    year: SchoolYear,
    staff: Iterable[Person] = (),
) -> Timetable:
    """Every student in classrooms, every classroom with teachers, and the staff that has none."""
    by_school_and_grade: dict[tuple[str, str], list[Person]] = defaultdict(list)
    for student in students:
        by_school_and_grade[student.schools[0], student.grade].append(student)
    colleagues: dict[tuple[str, tuple[str, ...]], list[Person]] = defaultdict(list)
    for person in staff:
        colleagues[person.role, person.schools].append(person)
    table = Timetable(dice=dice, numbers=numbers, year=year, colleagues=dict(colleagues))
    for school in schools:
        _hire_office(table, school)
        by_grade = {grade: by_school_and_grade[school.id, grade] for grade in school.grades}
        _fill_homerooms(table, school, by_grade)
        _fill_sections(table, school, {grade: by_grade.get(grade, []) for grade in (*MIDDLE, *HIGH)})
    _share_specialists(table, schools)
    return table


def _hire_office(table: Timetable, school: School) -> None:
    """People who run a school and stand in no classroom."""
    for role in ("administrator", "administrator", "aide", "aide", "proctor"):
        table.hire(role, school)


def _fill_homerooms(table: Timetable, school: School, by_grade: Mapping[str, list[Person]]) -> None:
    """Younger children sit in one room all day; rooms of a grade differ by one child at most."""
    for grade in ELEMENTARY:
        for position, group in enumerate(_groups(by_grade.get(grade, []), _HOMEROOM_SEATS)):
            _open_homeroom(table, school, grade, chr(ord("A") + position % 26), group)


def _open_homeroom(table: Timetable, school: School, grade: str, letter: str, group: Sequence[Person]) -> None:
    teacher = table.hire("teacher", school)
    room = _classroom(
        table,
        school,
        _HOMEROOM,
        title=_HOMEROOM.title.format(grade=_SPOKEN[grade], letter=letter, teacher=teacher.family),
        grades=(grade,),
        periods=tuple(str(period) for period in range(1, _PERIODS)),
    )
    _occupy(table, school, room, teacher, group)


def _fill_sections(table: Timetable, school: School, by_grade: Mapping[str, list[Person]]) -> None:
    """Older students move in teams through the core subjects, and choose among the electives of a period."""
    faculty: Faculty = defaultdict(list)
    choices: dict[tuple[str, int], list[Person]] = defaultdict(list)
    for grade in (*MIDDLE, *HIGH):
        for position, team in enumerate(_groups(by_grade.get(grade, []), _SECTION_SEATS)):
            for place, subject in enumerate(_CORE):
                _open_section(table, school, faculty, subject, (position + place) % _PERIODS + 1, team)
            for student in team:
                for place in range(len(_CORE), _PERIODS if table.dice.chance(_SEVEN_CLASSES) else _PERIODS - 1):
                    elective = table.dice.pick(_ELECTIVE)
                    choices[elective.code, (position + place) % _PERIODS + 1].append(student)
    for elective in _ELECTIVE:
        for period in range(1, _PERIODS + 1):
            for group in _groups(choices[elective.code, period], _SECTION_SEATS):
                _open_section(table, school, faculty, elective, period, group)


def _open_section(
    table: Timetable, school: School, faculty: Faculty, subject: Subject, period: int, group: Sequence[Person]
) -> None:
    grades = tuple(sorted({student.grade for student in group}))
    section = _classroom(
        table,
        school,
        subject,
        title=subject.title.format(grade=int(grades[0])),
        grades=grades,
        periods=(str(period), str(_PERIODS + 1)) if subject.lab else (str(period),),
    )
    _occupy(table, school, section, _free_teacher(table, school, faculty[subject.code], period), group)


def _free_teacher(table: Timetable, school: School, colleagues: list[tuple[Person, set[int]]], period: int) -> Person:
    """The first of a subject's teachers who has this period and a section left; else a new one."""
    for teacher, periods in colleagues:
        if period not in periods and len(periods) < _SECTIONS_A_TEACHER:
            periods.add(period)
            return teacher
    teacher = table.hire("teacher", school)
    colleagues.append((teacher, {period}))
    return teacher


def _classroom(
    table: Timetable, school: School, subject: Subject, *, title: str, grades: tuple[str, ...], periods: tuple[str, ...]
) -> Classroom:
    number = len(table.classrooms) + 1
    course = f"{subject.code}{grades[0]}"
    # The first year's are the plainest; later ones begin with the year, for no class is ever the same in two.
    prefix = "" if table.year.first == FIRST_YEAR else f"{table.year.first % 100}"
    classroom = Classroom(
        id=f"{school.id}-{course}-{prefix}{number:05}",
        title=title,
        grades=grades,
        course=course,
        kind="homeroom" if subject is _HOMEROOM else "scheduled",
        location=f"Room {100 + number % 80}",
        school=school.id,
        subject=subject.name,
        subject_code=subject.sced,
        periods=periods,
    )
    table.classrooms[classroom.id] = classroom
    return classroom


def _occupy(table: Timetable, school: School, room: Classroom, teacher: Person, group: Sequence[Person]) -> None:
    """Seat the teacher in charge, who stands in with them, and the students."""
    table.seat(room, teacher.id, "teacher", "true")
    if table.dice.chance(_HAS_A_CO_TEACHER):
        table.seat(room, table.hire("teacher", school).id, "teacher", "false")
    if table.dice.chance(_HAS_AN_AIDE):
        # OneRoster 1.1 knows no aide in enrollments.role (oneroster-csv 6.2); Connect counts one as a teacher.
        table.seat(room, table.hire("aide", school).id, "teacher", "false")
    for student in group:
        table.seat(room, student.id, "student")


def _share_specialists(table: Timetable, schools: Sequence[School]) -> None:
    """Teachers who travel between two schools and help in a room of each."""
    rooms: dict[str, list[Classroom]] = defaultdict(list)
    for room in table.classrooms.values():
        rooms[room.school].append(room)
    for here, there in zip(schools[::2], schools[1::2], strict=False):
        specialist = table.hire("teacher", here, there)
        for school in (here, there):
            if rooms[school.id]:
                table.seat(table.dice.pick(rooms[school.id]), specialist.id, "teacher", "false")


def _groups(students: Sequence[Person], seats: int) -> list[Sequence[Person]]:
    """Students in as few groups as there are seats for, of nearly equal size."""
    count = -(-len(students) // seats)
    return [students[len(students) * part // count : len(students) * (part + 1) // count] for part in range(count)]
