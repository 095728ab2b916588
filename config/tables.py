"""The tables that rosterdrop knows, their files, and how a delivered file name is matched to one."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

TableName = Literal["users", "classes", "enrollments", "guardians", "student_attributes"]

TABLES: Final[tuple[TableName, ...]] = get_args(TableName)

REQUIRED_BY_DEFAULT: Final[tuple[TableName, ...]] = ("users", "classes", "enrollments")

MOST_GUARDIANS: Final = 6
"""How many guardians a student is linked to at the most, by files and by hand (connect-behaviour 6, G6)."""

ALONGSIDE: Final[frozenset[TableName]] = frozenset({"student_attributes"})
"""Tables that are taken along with a set: none of them makes a set, completes it or holds it up."""

SCHOOL_COLUMNS: Final[Mapping[TableName, str]] = {"users": "orgSourcedIds", "classes": "schoolSourcedId"}
"""Where a row names the schools by which it counts."""

# The main article of Connect once writes the singular for the first file (connect-behaviour 1.0).
_ALSO_TAKEN_AS: Final[dict[str, TableName]] = {"user.csv": "users"}


def file_of(table: TableName) -> str:
    """The file name of a table: `users.csv` for `users`."""
    return f"{table}.csv"


def roster_table_of(file_name: str) -> TableName | None:
    """The table that a delivered file is taken as, where it counts for a set being whole."""
    table = table_of(file_name)
    return None if table in ALONGSIDE else table


def table_of(file_name: str) -> TableName | None:
    """The table that a delivered file is taken as, without regard to case; None where nothing takes it."""
    folded = file_name.casefold()
    for table in TABLES:
        if folded == file_of(table):
            return table
    return _ALSO_TAKEN_AS.get(folded)
