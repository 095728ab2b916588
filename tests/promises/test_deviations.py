"""Every deviation of the bytes, syntax and header layers is decided and shown (sis-deviations 2.1 to 2.3)."""

import ast
import tomllib
from functools import cache

import pytest

from tests.promises.pages import ROOT
from tests.validators.reading_cases import cases_in
from validators import catalogue

ROWS = tomllib.loads((ROOT / "tests/deviations.toml").read_text(encoding="utf-8"))["row"]
OUTCOMES = {"taken", "noted", "profile", "value", "row", "file", "held", "waits", "elsewhere"}


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests that a file defines at its top, or the names of its cases."""
    assert (ROOT / path).is_file(), f"{path} is not there"
    if path.endswith(".toml"):
        return frozenset(case.name for case in cases_in(ROOT / path))
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_deviation_is_there_once_and_in_order() -> None:
    assert [row["number"] for row in ROWS] == [*range(1, 47), 160, *range(47, 65)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["number"]))
def test_a_deviation_is_decided_and_its_tests_are_there(row: dict[str, object]) -> None:
    assert set(row) <= {"number", "what", "outcome", "decided", "codes", "tests"}
    assert row["outcome"] in OUTCOMES
    assert str(row["decided"]).endswith(".")
    tests, codes = row["tests"], row.get("codes", [])
    assert isinstance(tests, list)
    assert isinstance(codes, list)
    assert tests
    assert len(set(tests)) == len(tests)
    assert set(codes) <= set(catalogue.codes())
    assert codes or row["outcome"] not in {"value", "row", "file", "held"}
    for test in tests:
        path, name = str(test).split("::")
        assert name in names_in(path), f"{path} has no {name}"
