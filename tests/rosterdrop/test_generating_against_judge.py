"""The generator's promise against the judge: every planted fault is found at its place, and nothing else is wrong."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from rosterdrop.generating import GROUPS, Fault, Generated, generate, plantable, truncate
from tests.rosterdrop.recall import Audit, audited, judged
from validators import catalogue

ALONE = [fault for group in GROUPS.values() for fault in group if fault.alone]
Faulty = tuple[Generated, Audit]


@pytest.fixture(scope="module", params=[False, True], ids=["guardians in users.csv", "guardians.csv"])
def faulty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Faulty:
    faults = tuple(plantable(separate_guardians=request.param))
    folder = tmp_path_factory.mktemp("faulty") / "district"
    made = generate(folder, students=1200, faults=faults, separate_guardians=request.param)
    return made, audited(made, 1)


def keys_of_rejected(made: Generated) -> Mapping[tuple[str | None, int | None], str | None]:
    rejected = judged(made.nights[-1], made).rejected
    return {(file, line): key for file, line, key in rejected.select("file", "line", "key").rows()}


@pytest.mark.parametrize("separate", [False, True], ids=["guardians in users.csv", "guardians.csv"])
def test_a_district_without_faults_has_none(tmp_path: Path, *, separate: bool) -> None:
    made = generate(tmp_path / "district", students=1500, nights=3, separate_guardians=separate, churn=4.0)

    for night in made.nights:
        judgement = judged(night, made)
        assert [code for code in judgement.findings["code"] if catalogue.entry(code).level != "info"] == []
        assert judgement.rejected.is_empty()
        assert judgement.set_aside.is_empty()
        assert not judgement.refused


def test_every_planted_fault_is_found_at_its_line_and_column(faulty: Faulty) -> None:
    assert faulty[1].missed == set()


def test_all_that_follows_is_found_at_its_line(faulty: Faulty) -> None:
    assert faulty[1].unheard == set()


def test_no_other_error_is_found(faulty: Faulty) -> None:
    assert faulty[1].false == set()


def test_nothing_else_is_rejected(faulty: Faulty) -> None:
    made, audit = faulty
    expected = {place[:2] for place in audit.implied} | {place[:2] for place, _ in audit.planted}

    assert keys_of_rejected(made).keys() <= expected


def test_rejected_rows_carry_the_planted_keys(faulty: Faulty) -> None:
    made, _ = faulty
    keys = keys_of_rejected(made)

    assert [one for one in made.planted if keys.get((one.file, one.line), one.key) != one.key] == []


@pytest.mark.parametrize("fault", ALONE, ids=lambda fault: fault.name)
def test_a_fault_that_stands_alone_is_found_and_no_other(tmp_path: Path, fault: Fault) -> None:
    separate = fault.needs == "guardians"
    made = generate(tmp_path / "district", students=60, faults=(fault.name,), separate_guardians=separate)
    audit = audited(made, 1)

    assert made.planted
    assert not audit.missed
    assert not audit.false
    assert not audit.unheard


def test_a_cut_file_reads_well_and_lacks_people(tmp_path: Path) -> None:
    made = generate(tmp_path / "district", students=300)
    left = truncate(made.nights[0], 0.4)
    judgement = judged(made.nights[0], made)

    assert judgement.facts[0].rows == left
    assert "enrollment.user.unknown" in judgement.findings["code"]
