"""What a judge finds of a generated night, held against what was planted in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

from config.profiles import Profile
from processors.checking import check
from processors.deliveries import files_at
from rosterdrop.generating import Generated
from validators import Judgement, catalogue

Place: TypeAlias = tuple[str | None, int | None, str]
"""File, line and code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One night.

    Attributes:
        planted: what was planted and is to be found, with its column.
        missed: what of it was not found at its place.
        false: findings of level error that were neither planted nor implied.
        implied: findings that had to follow from what was planted.
        unheard: what of these was not found.
        folded: how many of them stand under a cause.
        refused: whether the set was refused.
    """

    planted: frozenset[tuple[Place, str | None]]
    missed: frozenset[tuple[Place, str | None]]
    false: frozenset[Place]
    implied: frozenset[Place]
    unheard: frozenset[Place]
    folded: int
    refused: bool


def profile_of(made: Generated) -> Profile:
    return Profile(id="springfield", name=made.name, time_zone=ZoneInfo(made.time_zone), schools=made.schools)


def judged(night: Path, made: Generated) -> Judgement:
    """A night as `check` judges it by the district's profile."""
    return check(files_at([night]), profile_of(made)).report.judgement


def audited(made: Generated, number: int) -> Audit:
    """What became of the faults of a night."""
    judgement = judged(made.nights[number - 1], made)
    findings = judgement.findings
    tonight = [one for one in made.planted if one.night == number]
    planted = {((one.file, one.line, one.code), one.column) for one in tonight if one.code}
    implied = {(other.file, other.line, other.code) for one in tonight for other in one.implied if other.code}
    found = set(findings.select("file", "line", "code", "column").rows())
    places = {place[:3] for place in found}
    errors = {place for place in places if catalogue.entry(place[2]).level == "error"}
    caused = set(findings.filter(pl.col("cause").is_not_null()).select("file", "line", "code").rows())
    return Audit(
        planted=frozenset(planted),
        missed=frozenset(one for one in planted if (*one[0], one[1]) not in found),
        false=frozenset(errors - {place for place, _ in planted} - implied),
        implied=frozenset(implied),
        unheard=frozenset(implied - places),
        folded=len(implied & caused),
        refused=judgement.refused,
    )
