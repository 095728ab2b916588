"""The OneRoster files that a pull ends as, whatever it came from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import polars as pl

from config.tables import file_of
from roster_sources.failures import PullFailed
from validators.findings import Finding

_TOO_MANY_HIDDEN: Final = 0.2
_NEVER_TOO_MANY: Final = 10
_COLUMNS: Final = {
    "subject": ("subjects",),
    "term": ("term_name", "termSourcedIds"),
    "type": ("classType",),
    "title": ("title",),
    "id": ("sourcedId",),
}
_LISTED: Final = frozenset({"subject", "term"})  # a class has one or several, with commas between them


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFiles:
    """The tables of a pull, each with the columns of its file; `guardians` is None where the source brings none.

    Attributes:
        users: users.csv.
        classes: classes.csv.
        enrollments: enrollments.csv.
        guardians: guardians.csv.
        memberships: how many the source told, wanted or not.
        links: how many memberships and family relations the source told.
        hidden: how many of them name somebody who is not shared.
        findings: what there is to say about the records.
    """

    users: pl.DataFrame
    classes: pl.DataFrame
    enrollments: pl.DataFrame
    guardians: pl.DataFrame | None
    memberships: int
    links: int
    hidden: int
    findings: tuple[Finding, ...] = ()

    def require_shared(self) -> None:
        """Stop a pull of which only a part was shared.

        Raises:
            PullFailed: so many links lead to nobody (clever-classlink E 22).
        """
        if self.hidden > max(_NEVER_TOO_MANY, self.links * _TOO_MANY_HIDDEN):
            raise PullFailed("source.half_shared", f"{self.hidden} of {self.links}")

    def found(self) -> tuple[Finding, ...]:
        """All there is to say."""
        hidden = (Finding(code="source.hidden", count=self.hidden),) if self.hidden else ()
        return (*self.findings, *hidden)

    def without_guardians(self) -> Self:
        """The same without guardians.csv: those of Connect stay as they are."""
        return replace(self, guardians=None)

    def write(self, folder: Path) -> list[Path]:
        """Write each table as a CSV file; the paths."""
        tables = {
            "users": self.users,
            "classes": self.classes,
            "enrollments": self.enrollments,
            "guardians": self.guardians,
        }
        written = []
        for name, table in tables.items():
            if table is not None:
                path = folder / file_of(name)  # type: ignore[arg-type]  # the keys above are tables
                table.write_csv(path)
                written.append(path)
        return written


def repeated(*counts: int) -> tuple[Finding, ...]:
    """That records came again in one pull, of each collection so many (clever-classlink E 14)."""
    return (Finding(code="source.repeated", count=sum(counts)),) if sum(counts) else ()


def without_classes(classes: pl.DataFrame, rules: Sequence[str]) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Classes without those that a profile leaves out, and how many these were.

    Args:
        classes: columns of classes.csv, and `term_name` str.
        rules: each as `subject=…`, with * for any characters; capitals do not count.
    """
    rule = [_matches(what, pattern) for what, _, pattern in (text.partition("=") for text in rules)]
    kept = classes.filter(~pl.any_horizontal(rule)) if rule else classes
    gone = classes.height - kept.height
    return kept, (Finding(code="source.class.left", file=file_of("classes"), count=gone),) if gone else ()


def _matches(what: str, pattern: str) -> pl.Expr:
    parts = "(?i)^" + ".*".join(re.escape(part) for part in pattern.split("*")) + "$"
    columns = [pl.col(column) for column in _COLUMNS[what]]
    listed = columns if what in _LISTED else []
    whole = [column.str.contains(parts) for column in columns]
    one = [column.str.split(",").list.eval(pl.element().str.contains(parts)).list.any() for column in listed]
    return pl.any_horizontal(match.fill_null(value=False) for match in (*whole, *one))
