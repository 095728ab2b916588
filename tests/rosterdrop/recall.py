"""What a judge finds of generated nights, held against what was planted in them.

Run: python -m tests.rosterdrop.recall 200
"""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

from config.profiles import Profile
from config.tables import TableName
from processors.checking import check
from processors.deliveries import files_at
from rosterdrop.generating import GROUPS, Generated, generate, plantable
from validators import Judgement, catalogue

Place: TypeAlias = tuple[str | None, int | None, str]
"""File, line and code."""

_TOGETHER: Final = 20
_MADE: Final = frozenset(catalogue.groups()["causes"])


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
    findings = judgement.findings.with_row_index("index")
    tonight = [one for one in made.planted if one.night == number]
    planted = {((one.file, one.line, one.code), one.column) for one in tonight if one.code}
    implied = {(other.file, other.line, other.code) for one in tonight for other in one.implied if other.code}
    expected = {place for place, _ in planted} | implied
    found = set(findings.select("file", "line", "code", "column").rows())
    places = {place[:3] for place in found}
    # What is made to stand for many findings is as right as these are.
    errors = {place for place in places if catalogue.entry(place[2]).level == "error" and place[2] not in _MADE}
    caused = places_of(findings.filter(pl.col("cause").is_not_null()))
    return Audit(
        planted=frozenset(planted),
        missed=frozenset(one for one in planted if (*one[0], one[1]) not in found),
        false=frozenset(errors - expected - made_for_others(findings, expected)),
        implied=frozenset(implied),
        unheard=frozenset(implied - places),
        folded=len(implied & caused),
        refused=judgement.refused,
    )


def places_of(findings: pl.DataFrame) -> set[Place]:
    return set(findings.select("file", "line", "code").rows())


def made_for_others(findings: pl.DataFrame, expected: set[Place]) -> set[Place]:
    """Findings that stand for what is expected and for nothing else: somebody whom several rows name is missing."""
    followers = findings.filter(pl.col("cause").is_not_null()).partition_by("cause", as_dict=True)
    roots = [cause for (cause,), rows in followers.items() if places_of(rows) <= expected]
    return places_of(findings.filter(pl.col("index").is_in(roots), pl.col("line").is_null()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Many districts: how many there were, the kinds of fault, and the sums of their audits."""

    districts: int
    kinds: int
    planted: int
    found: int
    false: int
    implied: int
    heard: int
    folded: int


def surveyed(folder: Path, districts: int) -> Survey:
    """Generate and judge many districts: every second has one fault that stands alone, the others have twenty each.

    Each is thrown away when it has been judged.
    """
    audits, kinds = [], set()
    for number in range(districts):
        separate = number % 4 >= 2
        faults = _faults_of(number, separate=separate)
        kinds.update(faults)
        place = folder / str(number)
        made = generate(place, students=150, seed=number, faults=faults, separate_guardians=separate)
        audits.append(audited(made, 1))
        shutil.rmtree(place)
    return Survey(
        districts=districts,
        kinds=len(kinds),
        planted=sum(len(one.planted) for one in audits),
        found=sum(len(one.planted) - len(one.missed) for one in audits),
        false=sum(len(one.false) for one in audits),
        implied=sum(len(one.implied) for one in audits),
        heard=sum(len(one.implied) - len(one.unheard) for one in audits),
        folded=sum(one.folded for one in audits),
    )


def _faults_of(number: int, *, separate: bool) -> list[str]:
    together = list(plantable(separate_guardians=separate))
    if number % 2:
        start = number // 2 * _TOGETHER
        return [together[(start + step) % len(together)] for step in range(_TOGETHER)]
    needs: TableName = "guardians" if separate else "users"
    alone = [fault.name for group in GROUPS.values() for fault in group if fault.alone and fault.needs in (None, needs)]
    return [alone[number // 4 % len(alone)]]


if __name__ == "__main__":
    with TemporaryDirectory() as where:
        print(surveyed(Path(where), int(sys.argv[1])))  # noqa: T201 - the figures of the README
