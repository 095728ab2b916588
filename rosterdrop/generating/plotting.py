"""The files of one night while faults are being planted in them.

Faults keep out of each other's way: a fault takes a record that no other fault has touched, neither it nor what it
would pull down with it, so that what a judge must find can be told exactly.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from rosterdrop.generating.chance import Dice
from rosterdrop.generating.connect_files import Sheets
from rosterdrop.generating.district import District
from rosterdrop.generating.errors import FaultImpossible
from rosterdrop.generating.people import Classroom, Person
from rosterdrop.generating.sheets import Sheet

_ROOMS_LOOKED_AT = 40  # among so many the smallest class is taken: what it pulls down stays few


HEADER: Final = -1
"""Stands for the header where a row is asked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a sheet, by its position, and the code that a judge gives it.

    `file`: None where the set is meant; `row`: None where the whole file is; `code`: None where a judge says nothing.
    """

    file: str | None
    row: int | None
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One place that a fault made wrong, and the rows that fall with it.

    `key`: as in a report's rejected rows; None where the row has lost its ID or cannot be read. `lines_above`: how far
    above the row's own line the fault stands.
    """

    place: Place
    column: str | None = None
    key: str | None = None
    implied: tuple[Place, ...] = ()
    lines_above: int = 0


@dataclass(kw_only=True)
class Plot:
    """One night's files and whom faults have touched already.

    Attributes:
        fault: name of the one at work.
        at_fault: IDs of people and classrooms that have a fault; the enrollments of both may fall.
        touched: those and their families: a sibling shares guardians, whose links may fall.
    """

    district: District
    sheets: Sheets
    dice: Dice
    fault: str = ""
    at_fault: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)

    @property
    def users(self) -> Sheet:
        """The sheet of users.csv."""
        return self.sheets["users"]

    @property
    def classes(self) -> Sheet:
        """The sheet of classes.csv."""
        return self.sheets["classes"]

    @property
    def enrollments(self) -> Sheet:
        """The sheet of enrollments.csv."""
        return self.sheets["enrollments"]

    @property
    def links(self) -> Sheet | None:
        """The sheet of guardians.csv, where guardians are sent apart."""
        return self.sheets.get("guardians")

    # Where something stands, by ID, as the files were before the first fault.

    @cached_property
    def user_row(self) -> dict[str, int]:
        """Rows of users.csv, by sourcedId."""
        return _row_of(self.users)

    @cached_property
    def class_row(self) -> dict[str, int]:
        """Rows of classes.csv, by sourcedId."""
        return _row_of(self.classes)

    @cached_property
    def seats_of(self) -> dict[str, list[int]]:
        """Rows of enrollments.csv, by person."""
        return _rows_by(self.enrollments, "userSourcedId")

    @cached_property
    def seats_in(self) -> dict[str, list[int]]:
        """Rows of enrollments.csv, by classroom."""
        return _rows_by(self.enrollments, "classSourcedId")

    @cached_property
    def _seated(self) -> list[str]:
        """Who sits, by row of enrollments.csv."""
        return self.enrollments.frame["userSourcedId"].to_list()

    @cached_property
    def _rooms(self) -> list[str]:
        """Where, by row of enrollments.csv."""
        return self.enrollments.frame["classSourcedId"].to_list()

    @cached_property
    def links_of_student(self) -> dict[str, list[int]]:
        """Rows of guardians.csv, by student."""
        return _rows_by(self.links, "studentSourcedId") if self.links else {}

    @cached_property
    def links_of_guardian(self) -> dict[str, list[int]]:
        """Rows of guardians.csv, by guardian."""
        return _rows_by(self.links, "guardianSourcedId") if self.links else {}

    # Whom a fault takes: the first that it fits, from a point in the list that chance decides.

    def student(self) -> Person:
        """A student with a sibling: should the student be rejected, the guardians are still somebody's."""
        return self._take(self.district.students.values(), lambda one: len(self._siblings(one)) > 1)

    def named_student(self) -> Person:
        """A student whom two rows name, or more: should the ID be lost, they say the same thing."""
        return self._take(
            self.district.students.values(),
            lambda one: len(self._siblings(one)) > 1 and len(self.seats_of[one.id]) > 1,
        )

    def parent(self) -> Person:
        """A guardian of several students."""
        return self._take(self.district.guardians.values(), lambda one: len(self._siblings(one)) > 1)

    def guardian_of_one_with_email(self) -> tuple[Person, Person]:
        """A guardian of one student who has an e-mail address, and that student."""

        def child(guardian: Person) -> Person:
            return self.district.students[self._siblings(guardian)[0]]

        person = self._take(
            self.district.guardians.values(),
            lambda one: len(self._siblings(one)) == 1 and bool(child(one).email),
        )
        return person, child(person)

    def guardian(self, *contacts: str) -> Person:
        """A guardian of one student who gave all of these contacts."""
        return self._take(
            self.district.guardians.values(),
            lambda one: len(self._siblings(one)) == 1 and all(getattr(one, contact) for contact in contacts),
        )

    def teacher(self) -> Person:
        """A teacher who has a class."""
        return self._take(self.district.staff.values(), lambda one: one.role == "teacher" and one.id in self.seats_of)

    def office_worker(self) -> Person:
        """One of the staff who is in no classroom, so that nothing points at the row."""
        return self._take(self.district.staff.values(), lambda one: one.id not in self.seats_of)

    def classroom(self) -> Classroom:
        """A small class."""
        rooms = [room for room in self.district.classrooms.values() if self._is_free(room)]
        if not rooms:
            raise FaultImpossible(
                self.fault, "no class is left that other faults do not touch; more students would help"
            )
        room = min(self.dice.sample(rooms, _ROOMS_LOOKED_AT), key=lambda one: len(self.seats_in[one.id]))
        self.at_fault.add(room.id)
        return room

    def seat(self) -> tuple[Person, int]:
        """A student, and the row of one of the student's enrollments."""
        person = self.student()
        return person, self.dice.pick(self.seats_of[person.id])

    def other_school(self, school: str) -> str:
        """A school of the district that is not this one."""
        others = [one.id for one in self.district.schools if one.id != school]
        if not others:
            raise FaultImpossible(self.fault, "the district has one school")
        return self.dice.pick(others)

    def _take(self, people: Collection[Person], fits: Callable[[Person], bool]) -> Person:
        everybody = list(people)
        start = self.dice.below(len(everybody))
        for one in (*everybody[start:], *everybody[:start]):
            if one.id not in self.touched and fits(one) and self.at_fault.isdisjoint(self.rooms_of(one)):
                self.at_fault.add(one.id)
                self.touched.update(self._household(one))
                return one
        raise FaultImpossible(
            self.fault, "nobody is left whom it fits and other faults do not touch; more students would help"
        )

    def _is_free(self, room: Classroom) -> bool:
        """Whether a class has people, and neither it nor one of them has a fault."""
        people = [self._seated[row] for row in self.seats_in.get(room.id, ())]
        return bool(people) and room.id not in self.at_fault and self.at_fault.isdisjoint(people)

    def rooms_of(self, person: Person) -> set[str]:
        """The classrooms of somebody."""
        return {self._rooms[row] for row in self.seats_of.get(person.id, ())}

    def _household(self, person: Person) -> tuple[str, ...]:
        family = self.district.families.get(person.home)
        return family.students + family.guardians if family else (person.id,)

    def _siblings(self, person: Person) -> tuple[str, ...]:
        return self.district.families[person.home].students

    # What falls with a record.

    def fallen_with_student(self, person: Person, why: str) -> tuple[Place, ...]:
        """The enrollments and guardians.csv rows of a student or staff member who is `rejected` or `unknown`."""
        seats = [Place("enrollments", row, f"enrollment.user.{why}") for row in self.seats_of.get(person.id, ())]
        links = [Place("guardians", row, f"guardian.student.{why}") for row in self.links_of_student.get(person.id, ())]
        return (*seats, *links)

    def fallen_with_guardian(self, person: Person, why: str) -> tuple[Place, ...]:
        """The links of the students to a guardian of users.csv who is `rejected` or `unknown`; the students stand."""
        return tuple(Place("users", self.user_row[child], f"user.agent.{why}") for child in self._siblings(person))

    def fallen_with_class(self, room: Classroom, why: str) -> tuple[Place, ...]:
        """The enrollments of a class that is `rejected` or `unknown`."""
        return tuple(Place("enrollments", row, f"enrollment.class.{why}") for row in self.seats_in[room.id])


def _row_of(sheet: Sheet) -> dict[str, int]:
    return {key: row for row, key in enumerate(sheet.frame["sourcedId"])}


def _rows_by(sheet: Sheet, column: str) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, key in enumerate(sheet.frame[column]):
        rows[key].append(row)
    return dict(rows)
