"""Faults in the text of single rows: cells too few or too many, quotes where none belong."""

from typing import Final

from rosterdrop.generating.faults.fault import Fault, Plant
from rosterdrop.generating.plotting import Mark, Place, Plot
from rosterdrop.generating.sheets import as_text


def _office_worker(column: str, value: str, code: str, *, readable: bool = False) -> Plant:
    """Replace a cell by text as it stands in the file, which csv would have written otherwise."""

    def plant(plot: Plot) -> list[Mark]:
        person = plot.office_worker()
        row = plot.user_row[person.id]
        cells = {name: as_text([cell]) for name, cell in plot.users.row(row).items()}
        plot.users.torn[row] = ",".join({**cells, column: value}.values())
        return [Mark(place=Place("users", row, code), key=person.id if readable else None)]

    return plant


def _row_short(plot: Plot) -> list[Mark]:
    _, row = plot.seat()
    plot.enrollments.torn[row] = as_text(list(plot.enrollments.row(row).values())[:-2])
    return [Mark(place=Place("enrollments", row, "row.cells"))]


def _row_apart(plot: Plot) -> list[Mark]:
    """A line break that is not quoted makes two short rows of one."""
    _, row = plot.seat()
    cells = list(plot.enrollments.row(row).values())
    before, after = cells[6][:3], cells[6][3:]
    plot.enrollments.between[row] = [as_text([*cells[:6], before])]
    plot.enrollments.torn[row] = as_text([after, *cells[7:]])
    place = Place("enrollments", row, "row.line_break")
    return [Mark(place=place, lines_above=1), Mark(place=place)]


ROWS: Final = (
    Fault("row_short", "an enrollment lacks its last two cells", _row_short),
    Fault("row_apart", "a line break without quotes makes two rows of one", _row_apart),
    Fault(
        "row_long", "commas in a name are not quoted", _office_worker("familyName", "Abernathy, Jr., MD", "row.cells")
    ),
    Fault("row_quote", "text follows a closing quote", _office_worker("givenName", '"Jo" Ann', "row.quote")),
    Fault("row_open_quote", "a quote is never closed", _office_worker("givenName", '"Jo Ann', "row.quote")),
    Fault(
        "stray_quote",
        "a quote stands in a cell that is not quoted",
        _office_worker("givenName", 'Jo "J" Ann', "row.stray_quote", readable=True),
    ),
)
