"""What a fault is, and the small pieces that most faults are put together from.

The codes are those of the rule set `connect`; sis-deviations 2 tells which systems export such files.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from config.tables import TableName
from rosterdrop.generating.people import Person
from rosterdrop.generating.plotting import Mark, Place, Plot

Plant = Callable[[Plot], list[Mark]]
Why = Literal["rejected", "unknown"]

FOREIGN_SCHOOL: Final = "9901"
NOBODY: Final = "000000"  # the first student is 000101
NO_GUARDIAN: Final = "g-none"
NO_CLASS: Final = "0042-NONE-00000"
LONG: Final = "y" * 300


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: by which it is ordered.
        description: what it is, in a line.
        plant: what it does to the files of a night.
        needs: the table in which guardians must come for it; None where both will do.
        alone: whether nothing can be told of other faults beside it, because a whole file or set falls.
    """

    name: str
    description: str
    plant: Plant
    needs: TableName | None = None
    alone: bool = False


def student(column: str, value: str, code: str | None, falls: Why | None = None) -> Plant:
    """Write into a cell of a student's row. `falls`: what becomes of the rows that point at the student."""

    def plant(plot: Plot) -> list[Mark]:
        person = plot.named_student() if falls == "unknown" else plot.student()
        return [spoilt_user(plot, person, column, value, code, falls)]

    return plant


def teacher(column: str, value: str, code: str, falls: Why | None = None) -> Plant:
    """Write into a cell of a teacher's row."""
    return lambda plot: [spoilt_user(plot, plot.teacher(), column, value, code, falls)]


def office_worker(column: str, value: str, code: str) -> Plant:
    """Write into a cell of the row of somebody at whom nothing points."""
    return lambda plot: [spoilt_user(plot, plot.office_worker(), column, value, code, None)]


def spoilt_user(plot: Plot, person: Person, column: str, value: str, code: str | None, falls: Why | None) -> Mark:
    """A row of users.csv with another value in a cell."""
    row = plot.user_row[person.id]
    plot.users.put(row, column, value)
    return Mark(
        place=Place("users", row, code),
        column=column,
        key=plot.users.cell(row, "sourcedId") or None,
        implied=plot.fallen_with_student(person, falls) if falls else (),
    )


def guardian(column: str, value: str, fault: str, *, has: tuple[str, ...] = (), falls: Why | None = None) -> Plant:
    """Write into a cell of a guardian's row, whichever file guardians come in.

    `fault`: the code without what it begins with where it differs by file; `has`: contacts that the person gave;
    `falls`: what the links of users.csv to the guardian become.
    """
    of_link = fault if fault.startswith("guardian.") else f"guardian.{fault}"
    of_user = fault if fault.startswith("guardian.") else f"user.{fault}"

    def plant(plot: Plot) -> list[Mark]:
        person = plot.parent() if falls == "unknown" else plot.guardian(*has)
        if plot.links is not None:
            return [spoilt_link(plot, person, column, value, of_link)]
        mark = spoilt_user(plot, person, column, value, of_user, None)
        return [replace(mark, implied=plot.fallen_with_guardian(person, falls) if falls else ())]

    return plant


def spoilt_link(plot: Plot, person: Person, column: str | None, value: str, code: str) -> Mark:
    """A row of guardians.csv with another value in a cell."""
    links, (row,) = plot.sheets["guardians"], plot.links_of_guardian[person.id]
    key = f"{links.cell(row, 'studentSourcedId')}/{person.id}"
    if column:
        links.put(row, column, value)
    return Mark(place=Place("guardians", row, code), column=column, key=key)


def classroom(column: str, value: str, code: str, falls: Why | None = None) -> Plant:
    """Write into a cell of a class. `falls`: what becomes of its enrollments."""

    def plant(plot: Plot) -> list[Mark]:
        room = plot.classroom()
        row = plot.class_row[room.id]
        plot.classes.put(row, column, value)
        implied = plot.fallen_with_class(room, falls) if falls else ()
        key = plot.classes.cell(row, "sourcedId") or None
        return [Mark(place=Place("classes", row, code), column=column, key=key, implied=implied)]

    return plant


def enrollment(column: str, value: str, code: str | None) -> Plant:
    """Write into a cell of a student's enrollment."""

    def plant(plot: Plot) -> list[Mark]:
        _, row = plot.seat()
        plot.enrollments.put(row, column, value)
        return [at_seat(plot, row, code, column)]

    return plant


def at_seat(plot: Plot, row: int, code: str | None, column: str | None = None) -> Mark:
    """An enrollment."""
    key = f"{plot.enrollments.cell(row, 'classSourcedId')}/{plot.enrollments.cell(row, 'userSourcedId')}"
    return Mark(place=Place("enrollments", row, code), column=column, key=key)
