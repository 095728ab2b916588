"""One night of a generated district as rows, from which each server tells it in its own way."""

import csv
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Night:
    """The rows of OneRoster files; guardians stand among the users."""

    users: list[Row]
    classes: list[Row]
    enrollments: list[Row]
    schools: dict[str, str]

    def of_role(self, *roles: str) -> list[Row]:
        return [row for row in self.users if row["role"] in roles]


STUDENT = ("student",)
TEACHING = ("teacher", "aide", "proctor")
LEADING = ("administrator",)
FAMILY = ("parent", "guardian", "relative")


def night_in(folder: Path, schools: dict[str, str]) -> Night:
    """The night whose files lie in a folder."""
    tables = {name: _rows(folder / f"{name}.csv") for name in ("users", "classes", "enrollments")}
    return Night(schools=schools, **tables)


def ids_in(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(",") if part.strip()]


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
