"""A roster as tables in a folder, safe to open in a spreadsheet."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from connect_store.records import EntityName
from processors.reporting.escaping import harmless
from processors.reporting.placing import place_folder
from processors.reporting.publishing import FolderInUse

NAMES: Final[Mapping[EntityName, str]] = {
    "person": "people",
    "attachment": "schools",
    "classroom": "classrooms",
    "membership": "memberships",
    "guardianship": "guardianships",
    "attribute": "attributes",
}
"""How the records are called as tables."""


def write_roster(folder: Path, roster: Mapping[EntityName, pl.DataFrame]) -> None:
    """Write each table of a roster into a new folder.

    Raises:
        FolderInUse: something is there already.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FolderInUse(f"{folder} is not an empty folder; name a new one for the roster")
    place_folder(folder, partial(_fill, roster))


def _fill(roster: Mapping[EntityName, pl.DataFrame], folder: Path) -> None:
    for name, records in roster.items():
        harmless(records).write_csv(folder / f"{NAMES[name]}.csv")
