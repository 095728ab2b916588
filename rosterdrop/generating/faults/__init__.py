"""The faults that can be planted, each a value: its name, what it is, and how it makes a night's files wrong."""

from collections.abc import Iterator, Mapping
from typing import Final

from config.tables import TableName
from rosterdrop.generating.faults import classes, enrollments, families, files, guardians, people, rows, scenarios, sets
from rosterdrop.generating.faults.fault import Fault

__all__ = ["FAULTS", "GROUPS", "Fault", "plantable"]

# In the order of planting: the columns of a file first, for the text of a torn row has them all; then classes, which
# are free only while nobody in them has a fault; what changes a whole file comes when its rows stand.
GROUPS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "files and headers": files.NOTED,
    "families, near misses": families.FAMILIES,
    "classes": classes.CLASSES,
    "roles, status and schools": people.ROLES,
    "IDs": people.IDS,
    "names": people.NAMES,
    "contacts, languages and grades": people.CONTACTS,
    "guardians in users.csv": people.LINKS,
    "guardians": guardians.GUARDIANS,
    "enrollments": enrollments.ENROLLMENTS,
    "the text of a row": rows.ROWS,
    "how a file is spelt": files.SPELT,
    "damage among the rows": files.DAMAGED,
    "files that cannot be used": files.REFUSED,
    "the set of files": sets.SETS,
    "whole nights": scenarios.SCENARIOS,
}
"""Every fault, by what it is about."""

FAULTS: Final = tuple(fault for group in GROUPS.values() for fault in group)


def plantable(*, separate_guardians: bool) -> Iterator[str]:
    """The names of the faults that fit where guardians come from and can stand beside each other."""
    return (fault.name for fault in FAULTS if fits(fault, separate_guardians=separate_guardians) and not fault.alone)


def fits(fault: Fault, *, separate_guardians: bool) -> bool:
    """Whether a fault can be planted where guardians come from."""
    guardians_in: TableName = "guardians" if separate_guardians else "users"
    return fault.needs in (None, guardians_in)
