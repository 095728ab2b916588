"""A whole district on one day: everybody in it, every classroom, and the schools."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from rosterdrop.generating.chance import Dice
from rosterdrop.generating.families import Household, households
from rosterdrop.generating.numbers import Numbers
from rosterdrop.generating.people import Classroom, Enrollment, Family, Person, School
from rosterdrop.generating.schooling import SchoolYear, neighbourhoods_of, schools_for, timetable

NAME: Final = "Springfield Unified"
ID: Final = "springfield"
TIME_ZONE: Final = "America/Chicago"

_STAFF_WITH_CHILDREN_HERE: Final = 0.03


@dataclass(slots=True, kw_only=True)
class District:
    """What the SIS holds on one day. Dictionaries keep the order in which people came."""

    schools: tuple[School, ...]
    students: dict[str, Person]
    guardians: dict[str, Person]
    staff: dict[str, Person]
    families: dict[int, Family]
    classrooms: dict[str, Classroom]
    enrollments: dict[tuple[str, str], Enrollment]
    numbers: Numbers
    year: SchoolYear = field(default_factory=SchoolYear)

    def copied(self) -> "District":
        """The same district, which can change without changing this one."""
        return District(
            schools=self.schools,
            students=dict(self.students),
            guardians=dict(self.guardians),
            staff=dict(self.staff),
            families=dict(self.families),
            classrooms=dict(self.classrooms),
            enrollments=dict(self.enrollments),
            numbers=replace(self.numbers),
            year=self.year,
        )

    def move_in(self, household: Household) -> None:
        """Take up a family."""
        self.families[household.family.home] = household.family
        self.students.update((student.id, student) for student in household.students)
        self.guardians.update((guardian.id, guardian) for guardian in household.guardians)

    def settle(self, home: int) -> None:
        """Give the guardians of a family the schools of its students; a family without students is gone."""
        family = self.families[home]
        schools = tuple(dict.fromkeys(school for child in family.students for school in self.students[child].schools))
        for guardian in family.guardians:
            if schools:
                self.guardians[guardian] = replace(self.guardians[guardian], schools=schools)
            else:
                del self.guardians[guardian]
        if not schools:
            del self.families[home]


def new_district(seed: int, students: int, say: Callable[[str], None]) -> District:
    """A district on its first day."""
    numbers = Numbers()
    schools = schools_for(students)
    moving_in = tuple(households(Dice(seed, "families"), numbers, neighbourhoods_of(schools), students))
    say(f"{students:,} students in {len(moving_in):,} families")
    pupils = [student for household in moving_in for student in household.students]
    table = timetable(Dice(seed, "timetable"), numbers, schools, pupils, year=SchoolYear())
    say(f"{len(table.staff):,} staff, {len(table.classrooms):,} classes, {len(table.enrollments):,} enrollments")
    district = District(
        schools=schools,
        students={},
        guardians={},
        staff=table.staff,
        families={},
        classrooms=table.classrooms,
        enrollments=table.enrollments,
        numbers=numbers,
    )
    for household in moving_in:
        district.move_in(household)
    _send_staff_home(Dice(seed, "staff who are guardians"), district)
    return district


def _send_staff_home(dice: Dice, district: District) -> None:
    """Some guardians work for the district: another ID, the same person and address (sis-deviations 135)."""
    colleagues: Iterable[Person] = district.staff.values()
    parents = list(district.guardians.values())
    working_here = [person for person in colleagues if dice.chance(_STAFF_WITH_CHILDREN_HERE)] or [*colleagues][:1]
    for parent, person in zip(dice.sample(parents, len(working_here)), working_here, strict=False):
        district.guardians[parent.id] = replace(
            parent, given=person.given, family=person.family, email=person.email, sms=person.sms or parent.sms
        )
