"""The cases of the rule set `oneroster` are whole: every clause has one, every code is shown, every file is used."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import pytest

from config.oneroster import FILES, VERSIONS, Version, header_of
from tests.cases.columns import tables
from tests.cases.deliveries import BASES, Delivery
from tests.cases.oneroster_cases import FOLDER, Case, cases, named
from tests.cases.shared import shared
from validators import catalogue

CLAUSES: Final[dict[str, Any]] = tomllib.loads((FOLDER / "clauses.toml").read_text(encoding="utf-8"))
OURS: Final = frozenset(code for code in catalogue.codes() if code.startswith("oneroster."))
PAGE: Final = shared("reference") / "oneroster-csv.md"
RULER: Final = re.compile(r"\|[-|]+$")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_valid_delivery_of_a_version_has_every_file_of_it(version: Version) -> None:
    manifest = [] if version == "1.0" else ["manifest.csv"]

    assert {file.name for file in (BASES / version).iterdir()} == {
        *(f"{name}.csv" for name in FILES[version]),
        *manifest,
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tables_of_columns_are_all_of_them_in_their_order(version: Version) -> None:
    headers = {table.file: (*table.columns,) for table in tables() if version in table.versions}

    assert headers == {file: header_of(version, file) for file in FILES[version]}
    for file, header in headers.items():
        assert tuple(Delivery(version).sheets[f"{file}.csv"][0]) == header


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_case_keeps_its_clause_and_breaks_it(case: Case) -> None:
    assert case.keeps
    for played in case.played:
        assert played.delivery().sheets, played
    assert [str(played) for played in case.breaks if not played.findings] == []


def test_every_code_of_the_rule_set_is_shown_by_a_case() -> None:
    shown = {code for case in cases() for played in case.played for code in _codes(played)}

    assert shown - set(catalogue.codes()) == set(), "no such codes"
    assert OURS - shown == set(CLAUSES["codes_not_shown"]), "shown by no case"


def test_every_case_stands_in_the_index_of_clauses() -> None:
    indexed = {name for clause in _clauses() for name in clause["cases"]}

    assert indexed == named().keys()


def test_a_clause_without_a_case_says_why() -> None:
    assert [clause["about"] for clause in _clauses() if not clause["cases"] and not clause.get("why")] == []


@pytest.mark.skipif(not PAGE.exists(), reason="the page of the format is not there")
def test_every_row_of_the_reference_stands_in_the_index() -> None:
    rows = Counter(_rows_of(PAGE.read_text(encoding="utf-8")))

    assert rows == Counter({section: len(said["rows"]) for section, said in CLAUSES["clauses"].items() if said["rows"]})


def _clauses() -> Iterator[dict[str, Any]]:
    for said in CLAUSES["clauses"].values():
        yield from said["rows"]
        yield from said["beside"]


def _codes(played: Any) -> Iterator[str]:
    yield from (finding[0] for finding in played.findings)
    yield from played.notes


def _rows_of(page: str) -> Iterator[str]:
    """The section of every row of a table in sections 3 to 9."""
    section = ""
    for line, after in pairwise([*page.splitlines(), ""]):
        if heading := re.match(r"#{2,3} ([0-9.]+[0-9]|[0-9])[. ]", line):
            section = heading[1]
        in_table = line.startswith("|") and not RULER.match(line) and not RULER.match(after)
        if in_table and re.match(r"[3-9](\.|$)", section):
            yield section
