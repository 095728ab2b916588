"""What can be wrong with an order for a district; each of them is for the person who gave it.

GeneratingError
├── FaultUnknown      no fault has this name
├── FaultImpossible   the district has nothing in which it could be planted
├── FileUnknown       a version of OneRoster has no guardians.csv
├── NightUnknown      a fault was ordered for a night that is not made
├── SizeUnusable      no district has this many students, or this many nights
├── FolderInUse       something stands already where the district would be written
└── FolderUnusable    no folder can be made there
"""

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path


class GeneratingError(Exception):
    """An order for a district that cannot be carried out."""


class FaultUnknown(GeneratingError):
    """No fault has this name."""

    def __init__(self, name: str, known: Collection[str]) -> None:
        near = get_close_matches(name, known, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        super().__init__(f"There is no fault {name}.{meant}")
        self.name = name


class FaultImpossible(GeneratingError):
    """A fault has nothing that it could be planted in."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The fault {name} cannot be planted: {reason}.")
        self.name = name


class FileUnknown(GeneratingError):
    """A version of OneRoster knows no guardians.csv, which is Connect's own (oneroster-csv 1)."""

    def __init__(self, version: str) -> None:
        super().__init__(f"OneRoster {version} has no guardians.csv; its guardians stand in users.csv.")


class NightUnknown(GeneratingError):
    """A fault was ordered for a night that is not made."""

    def __init__(self, order: str, nights: int) -> None:
        super().__init__(f"{order} names no night from 1 to {nights}.")
        self.order = order


class SizeUnusable(GeneratingError):
    """A district needs at least one student and one night."""


class FolderInUse(GeneratingError):
    """A district is written into a new or an empty folder only: nights of two districts must not mix."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not empty. Name a new folder.")
        self.folder = folder


class FolderUnusable(GeneratingError):
    """A file, or a folder that is not ours, stands in the way of the new folder."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder} cannot be written: {reason}.")
        self.folder = folder
