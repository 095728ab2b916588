"""The guard: what would vanish is counted per school and type before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from config.profiles import Exceptional, Guard
from connect_store.applying import CHANGE
from processors.comparing import Comparison
from processors.moving import Move, Moved, too_many

LINKS_LOST: Final = "guardianships.none_left"
MOVED: Final[Mapping[Moved, str]] = {"contact": "contacts.moved", "guardianship": "guardianships.moved"}
"""The catalogue's codes for what moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many records of one type a school would lose, and how many it may (connect-behaviour 2.2, 9.2)."""

    school: str
    type: str
    managed: int
    vanishing: int
    allowed: int

    @property
    def tripped(self) -> bool:
        """Whether too many would vanish."""
        return self.vanishing > self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """How many memberships or guardianships the sync had brought, and how many would end (connect-behaviour 9.2)."""

    type: str
    managed: int
    ending: int

    @property
    def percent(self) -> float:
        """The share that ends, to one decimal."""
        return round(self.ending * 100 / self.managed, 1) if self.managed else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardOutcome:
    """Whether archiving and unlinking are withheld tonight, and why.

    Attributes:
        limits: one entry for each school and type that the sync manages.
        reasons: codes of findings that withhold whatever the counts say (`classes.none`, `enrollments.none`).
        links: memberships and guardianships: for no limit, but withheld together with the rest.
        moves: schools of which so much is other than before that the whole batch waits for a person.
        exceptional: days of the guard's calendar that hold tonight.
    """

    limits: tuple[Limit, ...] = ()
    reasons: tuple[str, ...] = ()
    links: tuple[Links, ...] = ()
    moves: tuple[Move, ...] = ()
    exceptional: Exceptional | None = None

    @property
    def tripped(self) -> bool:
        """Whether anything withholds."""
        return bool(self.reasons) or any(limit.tripped for limit in self.limits)


def guard(comparison: Comparison, usual: Guard, day: date, *, reasons: Sequence[str] = ()) -> GuardOutcome:
    """Count what would vanish, per school and type, against what the sync manages there and may vanish on this day.

    Memberships and guardianships are not counted; they are withheld together with the rest (connect-behaviour 9.2).
    A source that brings not a single link any more has lost the column, not the families.
    """
    rule = usual.on(day)
    counts = (
        _count(comparison.managed, "managed")
        .join(_count(comparison.leaving, "vanishing"), on=("school", "type"), how="left")
        .with_columns(pl.col("vanishing").fill_null(0))
        .sort("school", "type")
    )
    if comparison.links_lost > rule.at_least:
        reasons = (*reasons, LINKS_LOST)
    limits = tuple(Limit(**row, allowed=rule.allowed(row["managed"])) for row in counts.iter_rows(named=True))
    return GuardOutcome(
        limits=limits,
        reasons=tuple(reasons),
        links=tuple(
            Links(type=name, managed=managed, ending=_ending(comparison.changes[name]))
            for name, managed in comparison.links.items()
        ),
        moves=too_many(comparison.moves, rule),
        exceptional=usual.exceptional_on(day),
    )


def _ending(links: pl.DataFrame) -> int:
    return links.filter(pl.col(CHANGE) == "archived").height


def _count(records: pl.DataFrame, name: str) -> pl.DataFrame:
    return records.group_by("school", "type").agg(pl.len().alias(name))
