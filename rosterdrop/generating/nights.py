"""What happens in a district between one night and the next: people come, leave, move, marry and change numbers."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from rosterdrop.generating.chance import Dice
from rosterdrop.generating.district import District
from rosterdrop.generating.families import Neighbourhood, household, private_email, student
from rosterdrop.generating.names import a_culture, family_name
from rosterdrop.generating.people import Classroom, Enrollment, Person
from rosterdrop.generating.schooling import staff_member

FIRST_NIGHT: Final = date(2026, 11, 24)

_Alike = tuple[str, str, tuple[str, ...]]  # school, course, grades: classrooms that one can move between


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change: how many of whom it meets in an ordinary night, and what it does to one of them.

    Shares: sis-deviations 3.3, a quiet night. `at_least` keeps a small district from standing still.
    """

    share: float
    at_least: int
    among: Callable[[District], Collection[str]]
    happens: Callable[["Evening", str], None]


@dataclass(slots=True, kw_only=True)
class Evening:
    """A district in the middle of its changes."""

    district: District
    dice: Dice
    day: str
    rooms_of: dict[str, list[str]]  # classrooms of everybody, by person

    def leave(self, classroom: str, person: str) -> Enrollment:
        """Take somebody out of a classroom."""
        self.rooms_of[person].remove(classroom)
        return self.district.enrollments.pop((classroom, person))

    def enroll(self, classroom: Classroom, person: str, role: str, primary: str = "") -> None:
        """Put somebody into a classroom from today on."""
        self.district.enrollments[classroom.id, person] = Enrollment(
            id=self.district.numbers.enrollment_id(),
            classroom=classroom.id,
            school=classroom.school,
            person=person,
            role=role,
            primary=primary,
            begins=self.day,
        )
        self.rooms_of.setdefault(person, []).append(classroom.id)


def next_night(before: District, seed: int, night: int, churn: float) -> District:
    """The district one night later. `churn` multiplies what an ordinary night brings; 0 changes nothing."""
    dice = Dice(seed, f"night {night}")
    day = (FIRST_NIGHT + timedelta(days=night - 1)).isoformat()
    rooms_of: dict[str, list[str]] = defaultdict(list)
    for classroom, person in before.enrollments:
        rooms_of[person].append(classroom)
    evening = Evening(district=before.copied(), dice=dice, day=day, rooms_of=rooms_of)
    if churn > 0:
        for change in CHANGES:
            _let_happen(evening, change, churn)
        _change_classes(evening, churn)
    return evening.district


def _let_happen(evening: Evening, change: Change, churn: float) -> None:
    everybody = list(change.among(evening.district))
    count = max(evening.dice.whole(len(everybody) * change.share * churn), change.at_least)
    for one in evening.dice.sample(everybody, count):
        change.happens(evening, one)


def _student_leaves(evening: Evening, leaver: str) -> None:
    district = evening.district
    if len(district.students) == 1:
        return
    for room in list(evening.rooms_of[leaver]):
        evening.leave(room, leaver)
    home = district.students.pop(leaver).home
    family = district.families[home]
    district.families[home] = replace(family, students=tuple(one for one in family.students if one != leaver))
    district.settle(home)


def _student_comes(evening: Evening, neighbour: str) -> None:
    """Somebody new gets the classes of a neighbour of the same age: a sibling, or the child of a new family."""
    model = evening.district.students[neighbour]
    newcomer = _sibling(evening, model) if evening.dice.chance(0.3) else _child_of_a_new_family(evening, model)
    for room in evening.rooms_of[neighbour]:
        evening.enroll(evening.district.classrooms[room], newcomer, "student")


def _sibling(evening: Evening, model: Person) -> str:
    district = evening.district
    (school,) = model.schools
    numbers, culture = district.numbers, a_culture(evening.dice)
    child = student(evening.dice, numbers, culture, model.family, model.grade, school, model.home, model.phone)
    district.students[child.id] = replace(child, language=model.language)
    family = district.families[model.home]
    district.families[model.home] = replace(family, students=(*family.students, child.id))
    district.settle(model.home)
    return child.id


def _child_of_a_new_family(evening: Evening, model: Person) -> str:
    school = next(school for school in evening.district.schools if school.id in model.schools)
    around = Neighbourhood(school_of={model.grade: school})
    arriving = household(evening.dice, evening.district.numbers, around, (model.grade,))
    evening.district.move_in(arriving)
    return arriving.students[0].id


def _student_is_renamed(evening: Evening, one: str) -> None:
    person = evening.district.students[one]
    married = family_name(evening.dice, a_culture(evening.dice))
    evening.district.students[one] = replace(person, family=f"{person.family}-{married}")


def _guardian_changes_mobile(evening: Evening, one: str) -> None:
    person = evening.district.guardians[one]
    evening.district.guardians[one] = replace(person, sms=evening.district.numbers.phone_number())


def _guardian_changes_email(evening: Evening, one: str) -> None:
    person = evening.district.guardians[one]
    email = private_email(evening.dice, person.given, person.family, f"{person.id}-{evening.day[5:]}")
    evening.district.guardians[one] = replace(person, email=email)


def _teacher_leaves(evening: Evening, one: str) -> None:
    """A successor takes over the classes the same day."""
    district = evening.district
    leaver = district.staff[one]
    successor = staff_member(evening.dice, district.numbers, leaver.role, leaver.schools)
    district.staff[successor.id] = successor
    for room in list(evening.rooms_of[one]):
        seat = evening.leave(room, one)
        evening.enroll(district.classrooms[room], successor.id, seat.role, seat.primary)
    del district.staff[one]


def _class_is_renamed(evening: Evening, one: str) -> None:
    room = evening.district.classrooms[one]
    evening.district.classrooms[one] = replace(room, title=f"{room.title} ({evening.day})")


def _students(district: District) -> Collection[str]:
    return district.students


def _guardians(district: District) -> Collection[str]:
    return district.guardians


def _teachers(district: District) -> Collection[str]:
    return [person.id for person in district.staff.values() if person.role == "teacher"]


def _classrooms(district: District) -> Collection[str]:
    return district.classrooms


CHANGES: Final[tuple[Change, ...]] = (
    Change(0.0006, 1, _students, _student_leaves),
    Change(0.0006, 1, _students, _student_comes),
    Change(0.0002, 1, _students, _student_is_renamed),
    Change(0.0010, 1, _guardians, _guardian_changes_mobile),
    Change(0.0005, 1, _guardians, _guardian_changes_email),
    Change(0.0005, 1, _teachers, _teacher_leaves),
    Change(0.0005, 1, _classrooms, _class_is_renamed),
)

_MOVING: Final = 0.005


def _change_classes(evening: Evening, churn: float) -> None:
    """Students who change to another class of the same course; most enrollments that move in a night are such."""
    district = evening.district
    alike = _rooms_alike(district.classrooms.values())
    movable = [
        pair
        for pair, seat in district.enrollments.items()
        if seat.role == "student" and len(alike[_kind_of(district.classrooms[pair[0]])]) > 1
    ]
    for pair in evening.dice.sample(movable, max(1, evening.dice.whole(len(district.enrollments) * _MOVING * churn))):
        here = district.classrooms[pair[0]]
        there = evening.dice.pick([room for room in alike[_kind_of(here)] if room.id != here.id])
        if (there.id, pair[1]) not in district.enrollments:
            evening.leave(*pair)
            evening.enroll(there, pair[1], "student")


def _rooms_alike(classrooms: Collection[Classroom]) -> dict[_Alike, Sequence[Classroom]]:
    rooms: dict[_Alike, list[Classroom]] = defaultdict(list)
    for room in classrooms:
        rooms[_kind_of(room)].append(room)
    return dict(rooms)


def _kind_of(room: Classroom) -> _Alike:
    return room.school, room.course, room.grades
