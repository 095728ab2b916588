"""What can happen to a whole district between two nights: a new year, new IDs, or nothing where something should.

An event is ordered like a fault and takes the place of an ordinary night. Files alone do not show it; a judge who knows
the night before must tell it (sis-deviations 2.6).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rosterdrop.generating.chance import Dice
from rosterdrop.generating.district import District
from rosterdrop.generating.families import GRADES, household
from rosterdrop.generating.schooling import SchoolYear, neighbourhoods_of, timetable

NewIds = Mapping[str, Mapping[str, str]]
"""Old ID to new one, by what has it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of night.

    Attributes:
        name: by which it is ordered.
        description: what it is, in a line.
        happens: the district of this night, out of those before, with the dice of the night.
    """

    name: str
    description: str
    happens: Callable[[list[District], Dice], District]


def _rollover(before: list[District], dice: Dice) -> District:
    """Everybody a grade up, graduates gone, new children, new classes; the staff stays (sis-deviations 3.3)."""
    district = before[-1].copied()
    graduates = [student for student in district.students.values() if student.grade == GRADES[-1]]
    for student in graduates:
        family = district.families[student.home]
        left = tuple(one for one in family.students if one != student.id)
        district.families[student.home] = replace(family, students=left)
        del district.students[student.id]
    _move_up(district, dice)
    around = neighbourhoods_of(district.schools)
    for _ in graduates:
        district.move_in(household(dice, district.numbers, dice.pick(around), GRADES[:1]))
    year = SchoolYear(district.year.first + 1)
    table = timetable(
        dice,
        district.numbers,
        district.schools,
        district.students.values(),
        year=year,
        staff=before[-1].staff.values(),
    )
    return replace(district, staff=table.staff, classrooms=table.classrooms, enrollments=table.enrollments, year=year)


def _move_up(district: District, dice: Dice) -> None:
    """A grade up; whose school does not teach it goes to one that does, siblings together."""
    for home in list(district.families):
        around = dice.pick(neighbourhoods_of(district.schools)).school_of
        for one in district.families[home].students:
            student = district.students[one]
            grade = GRADES[GRADES.index(student.grade) + 1]
            (own,) = (school for school in district.schools if school.id in student.schools)
            school = own if grade in own.grades else around[grade]
            district.students[one] = replace(student, grade=grade, schools=(school.id,))
        district.settle(home)


def new_ids(district: District) -> NewIds:
    """What everybody and every class is called after a change of system: a letter for the role, then a number."""
    people = {"student": district.students, "guardian": district.guardians, "staff": district.staff}
    letters = {"student": "S", "guardian": "G", "staff": "T"}
    ids = {
        kind: {old: f"{letters[kind]}{40000 + place}" for place, old in enumerate(group)}
        for kind, group in people.items()
    }
    return {**ids, "classroom": {old: f"{70000 + place}" for place, old in enumerate(district.classrooms)}}


def _renumbering(before: list[District], _: Dice) -> District:
    """The same people in the same classes, with other IDs (sis-deviations 113)."""
    district = before[-1].copied()
    ids = new_ids(district)
    people = {**ids["student"], **ids["guardian"], **ids["staff"]}
    seats = [
        replace(seat, id=f"E{place}", classroom=ids["classroom"][seat.classroom], person=people[seat.person])
        for place, seat in enumerate(district.enrollments.values(), start=1)
    ]
    return replace(
        district,
        students={people[old]: replace(one, id=people[old]) for old, one in district.students.items()},
        guardians={people[old]: replace(one, id=people[old]) for old, one in district.guardians.items()},
        staff={people[old]: replace(one, id=people[old]) for old, one in district.staff.items()},
        families={
            home: replace(
                family,
                students=tuple(people[one] for one in family.students),
                guardians=tuple(people[one] for one in family.guardians),
            )
            for home, family in district.families.items()
        },
        classrooms={
            ids["classroom"][old]: replace(room, id=ids["classroom"][old]) for old, room in district.classrooms.items()
        },
        enrollments={(seat.classroom, seat.person): seat for seat in seats},
    )


def _same_files(before: list[District], _: Dice) -> District:
    return before[-1]


def _wrong_database(before: list[District], _: Dice) -> District:
    """The files are those of the first night again (sis-deviations 146)."""
    return before[0]


def _other_names(before: list[District], dice: Dice) -> District:
    """Training data: the same IDs with names shuffled (sis-deviations 148)."""
    district = before[-1].copied()
    students = list(district.students.values())
    names = dice.sample([(one.given, one.family) for one in students], len(students))
    pairs = zip(students, names, strict=True)
    return replace(
        district, students={one.id: replace(one, given=given, family=family) for one, (given, family) in pairs}
    )


EVENTS: Final = (
    Event("rollover", "a new school year: grades up, graduates gone, every class new", _rollover),
    Event("renumbering", "a new system: everybody and every class has another ID", _renumbering),
    Event("same_files", "the same files as the night before", _same_files),
    Event("wrong_database", "the files of the first night again", _wrong_database),
    Event("other_names", "training data: the same IDs, the names shuffled", _other_names),
)
