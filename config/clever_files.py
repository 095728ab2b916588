"""Clever's own CSV files: which there are, how one is known, and which tables they make together.

Source: clever-classlink A11. Districts upload these to Clever every night, and some send us the very same files.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal, get_args

from config.first_lines import header_cells
from config.tables import TableName, table_of

CleverFile = Literal["schools", "students", "teachers", "staff", "sections", "enrollments"]

CLEVER_FILES: Final[tuple[CleverFile, ...]] = get_args(CleverFile)

NEEDED: Final[frozenset[CleverFile]] = frozenset({"students", "teachers", "sections", "enrollments"})
"""What makes a set: every export writes all of them, and one that is missing would say that its people left."""

_MADE: Final[frozenset[TableName]] = frozenset({"users", "classes", "enrollments", "guardians"})

_CLEVERS_ALONE: Final[frozenset[CleverFile]] = frozenset({"students", "teachers", "sections"})
"""The ones that OneRoster does not know."""

KEPT_PREFIX: Final = "rosterdrop-clever-"
"""Before the names of Clever's files in a batch: the tables that are made of them stand beside them."""

_TELLING: Final[Mapping[CleverFile, frozenset[str]]] = {
    "schools": frozenset({"schoolid"}),
    "students": frozenset({"schoolid", "studentid"}),
    "teachers": frozenset({"schoolid", "teacherid"}),
    "staff": frozenset({"schoolid", "staffid"}),
    "sections": frozenset({"schoolid", "sectionid"}),
    "enrollments": frozenset({"sectionid", "studentid"}),
}
"""One of these is enough: a header that lacks another is told as Clever's, and not taken for something else."""


def clever_file_of(name: str) -> CleverFile | None:
    """Which of Clever's files a name stands for, without regard to case; its header tells whether it is one."""
    folded = name.casefold().removeprefix(KEPT_PREFIX)
    return next((file for file in CLEVER_FILES if folded == f"{file}.csv"), None)


def is_clever(name: str, start: bytes) -> bool:
    """Whether a file of this name that begins so is one of Clever's."""
    file = clever_file_of(name)
    cells = {re.sub("[_ ]", "", cell) for cell in header_cells(start)}
    return file is not None and not cells.isdisjoint(_TELLING[file])


def tables_named(names: Iterable[str]) -> frozenset[TableName]:
    """The tables that files bring, where nothing but their names is known, as in the directory of a ZIP."""
    names = tuple(names)
    tables = frozenset(table for name in names if (table := table_of(name)))
    files = frozenset(file for name in names if (file := clever_file_of(name)))
    is_clever_set = not files.isdisjoint(_CLEVERS_ALONE) and tables.isdisjoint({"users", "classes"})
    return (tables - {"enrollments"}) | tables_of(files) if is_clever_set else tables


def tables_of(files: Collection[CleverFile]) -> frozenset[TableName]:
    """The tables that these files make: all of them, or none."""
    return _MADE if set(files) >= NEEDED else frozenset()
