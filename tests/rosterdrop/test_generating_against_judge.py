"""The generator's promise against the judge: every planted fault is found at its line, and nothing else is wrong."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from config.profiles import Profile
from config.tables import TABLES, TableName, file_of
from rosterdrop.generating import Generated, generate, plantable, truncate
from validators import catalogue
from validators.judging import Judgement, judge
from validators.reading import Reading, read
from validators.tables import Table

Place = tuple[str, int, str]


def readings(night: Path) -> Iterator[tuple[TableName, Reading]]:
    for table in TABLES:
        if (night / file_of(table)).exists():
            yield table, read(night / file_of(table), table)


def judged(made: Generated, night: int = -1) -> Judgement:
    profile = Profile(id="springfield", name=made.name, time_zone=ZoneInfo(made.time_zone), schools=made.schools)
    read_files = dict(readings(made.nights[night]))
    tables: dict[TableName, Table] = {name: one.table for name, one in read_files.items() if one.table}
    return judge(tables, profile, read_findings=pl.concat([one.findings for one in read_files.values()]))


def found(judgement: Judgement) -> set[Place]:
    return set(judgement.findings.select("file", "line", "code").rows())


def faults_found(judgement: Judgement) -> set[Place]:
    """Errors and warnings; notes are no faults."""
    return {place for place in found(judgement) if catalogue.entry(place[2]).level != "info"}


def planted(made: Generated) -> set[Place]:
    return {(one.file, one.line, one.code) for one in made.planted}


def implied(made: Generated) -> set[Place]:
    return {(one.file, one.line, one.code) for fault in made.planted for one in fault.implied}


def rejected_lines(judgement: Judgement) -> dict[tuple[str, int], str]:
    rows: Sequence[tuple[str, int, str]] = judgement.rejected.select("file", "line", "key").rows()
    return {(file, line): key for file, line, key in rows}


@pytest.fixture(scope="module", params=[False, True], ids=["guardians in users.csv", "guardians.csv"])
def faulty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Generated, Judgement]:
    faults = tuple(plantable(separate_guardians=request.param))
    folder = tmp_path_factory.mktemp("faulty") / "district"
    made = generate(folder, students=5000, faults=faults, separate_guardians=request.param)
    return made, judged(made)


@pytest.mark.parametrize("separate", [False, True], ids=["guardians in users.csv", "guardians.csv"])
def test_a_district_without_faults_has_none(tmp_path: Path, *, separate: bool) -> None:
    made = generate(tmp_path / "district", students=1500, nights=3, separate_guardians=separate, churn=4.0)

    for night in range(len(made.nights)):
        judgement = judged(made, night)
        assert not faults_found(judgement)
        assert judgement.rejected.is_empty()
        assert judgement.set_aside.is_empty()
        assert not judgement.refused


def test_every_planted_fault_is_found_at_its_line(faulty: tuple[Generated, Judgement]) -> None:
    made, judgement = faulty

    assert planted(made) - found(judgement) == set()


def test_all_that_follows_is_found_at_its_line(faulty: tuple[Generated, Judgement]) -> None:
    made, judgement = faulty

    assert implied(made) - found(judgement) == set()


def test_no_other_fault_is_found(faulty: tuple[Generated, Judgement]) -> None:
    made, judgement = faulty

    assert faults_found(judgement) - planted(made) - implied(made) == set()


def test_nothing_else_is_rejected(faulty: tuple[Generated, Judgement]) -> None:
    made, judgement = faulty
    expected = {place[:2] for place in planted(made) | implied(made)}

    assert rejected_lines(judgement).keys() <= expected


def test_rejected_rows_carry_the_planted_keys(faulty: tuple[Generated, Judgement]) -> None:
    made, judgement = faulty
    keys = rejected_lines(judgement)

    assert [one for one in made.planted if keys.get((one.file, one.line), one.key) != one.key] == []


def test_a_cut_file_reads_well_and_lacks_people(tmp_path: Path) -> None:
    made = generate(tmp_path / "district", students=300)
    left = truncate(made.nights[0], 0.4)
    judgement = judged(made)

    assert judgement.facts[0].rows == left
    assert "enrollment.user.unknown" in judgement.findings["code"]
