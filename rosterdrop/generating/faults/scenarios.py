"""Nights that went wrong in one go, as they happen (sis-deviations 2.8)."""

from collections.abc import Collection
from typing import Final

import polars as pl

from rosterdrop.generating.connect_files import user_row
from rosterdrop.generating.faults.fault import Fault
from rosterdrop.generating.people import Person
from rosterdrop.generating.plotting import Mark, Place, Plot

_CROWD: Final = 30  # students of the placeholder; 25 are implausible
_ARRIVED: Final = 0.4


def _excel_rescue(plot: Plot) -> list[Mark]:
    """Somebody opened users.csv in a spreadsheet, mended a name and saved it: every ID lost its zeros.

    The columns of schools were kept as text, or nobody would be of this district any more.
    """
    numbers = pl.col("sourcedId", "identifier")
    plot.users.frame = plot.users.frame.with_columns(numbers.str.strip_chars_start("0"))
    plot.users.start = b"\xef\xbb\xbf"
    seats = [row for student in plot.district.students for row in plot.seats_of.get(student, ())]
    marks = [_zeros_lost("enrollments", "userSourcedId", "enrollment.user.unknown", seats)]
    if plot.links:
        rows = range(plot.links.height)
        marks.append(_zeros_lost("guardians", "studentSourcedId", "guardian.student.unknown", rows))
    return marks


def _zeros_lost(file: str, column: str, code: str, rows: Collection[int]) -> Mark:
    falls = tuple(Place(file, row, code) for row in rows)
    return Mark(place=Place(file, min(rows), "ids.zeros_lost"), column=column, implied=falls)


def _half_upload(plot: Plot) -> list[Mark]:
    """A transfer broke off between two lines: nothing but the number of rows gives it away."""
    ids = plot.users.frame["sourcedId"].to_list()
    first_lost = int(len(ids) * _ARRIVED)
    lost = set(ids[first_lost:])
    plot.users.gone.update(range(first_lost, len(ids)))
    seats = [row for person, rows in plot.seats_of.items() if person in lost for row in rows]
    links = [row for person, rows in plot.links_of_student.items() if person in lost for row in rows]
    agents = plot.users.frame["agentSourcedIds"].head(first_lost).str.split(",").to_list()
    naming = [row for row, named in enumerate(agents) if not lost.isdisjoint(named)]
    falls = (
        *(Place("enrollments", row, "enrollment.user.unknown") for row in seats),
        *(Place("guardians", row, "guardian.student.unknown") for row in links),
        *(Place("users", row, "user.agent.unknown") for row in naming),
    )
    return [Mark(place=Place("users", None, None), implied=falls)]


def _placeholder_parent(plot: Plot) -> list[Mark]:
    """One row stands for everybody who has no guardian."""
    nobody = Person(
        id=plot.district.numbers.guardian_id(),
        role="guardian",
        given="Unknown",
        family="Parent",
        schools=tuple(school.id for school in plot.district.schools),
        email="office.parents@example.org",
    )
    for row in range(min(_CROWD, len(plot.district.students))):
        plot.users.put(row, "agentSourcedIds", nobody.id)
    row = plot.users.append(user_row(nobody))
    return [
        Mark(place=Place("users", row, "guardian.children.implausible"), column="sourcedId", key=nobody.id),
        Mark(place=Place("users", row, "guardian.name.placeholder"), column="familyName", key=nobody.id),
    ]


def _titles_lost(plot: Plot) -> list[Mark]:
    """The query forgot a join: every class is without its title."""
    plot.classes.frame = plot.classes.frame.with_columns(title=pl.lit(""))
    keys = plot.classes.frame["sourcedId"]
    code = "class.title.missing"
    rows = [Mark(place=Place("classes", row, code), column="title", key=key) for row, key in enumerate(keys)]
    falls = tuple(Place("enrollments", row, "enrollment.class.rejected") for row in range(plot.enrollments.height))
    return [
        *rows,
        Mark(place=Place("classes", None, "classes.nothing_stands"), implied=falls),
        Mark(place=Place("enrollments", None, "enrollments.nothing_stands")),
        Mark(place=Place("classes", None, "rows.rejected_share")),
    ]


SCENARIOS: Final = (
    Fault("excel_rescue", "users.csv was opened and saved in a spreadsheet", _excel_rescue, alone=True),
    Fault("half_upload", "the transfer of users.csv broke off between two lines", _half_upload, alone=True),
    Fault("placeholder_parent", "one guardian stands for 30 students", _placeholder_parent, "users", alone=True),
    Fault("titles_lost", "every class is without its title", _titles_lost, alone=True),
)
