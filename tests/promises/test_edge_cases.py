"""Every edge case of the reference has tests that are there, or a reason why none runs (reference 7)."""

import ast
import tomllib
from functools import cache

import pytest

from tests.promises.pages import ROOT

CASES = tomllib.loads((ROOT / "tests/edge_cases.toml").read_text(encoding="utf-8"))["case"]


@cache
def _tests_in(path: str) -> frozenset[str]:
    """The tests that a file defines at its top."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_case_is_there_once_and_in_order() -> None:
    assert [case["number"] for case in CASES] == list(range(1, 49))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["number"]))
def test_a_case_has_tests_that_are_there_or_a_reason(case: dict[str, object]) -> None:
    assert set(case) <= {"number", "holds", "tests", "not_run"}
    assert str(case["holds"]).endswith(".")
    tests = case.get("tests", [])
    assert isinstance(tests, list)
    assert tests or case.get("not_run")
    assert len(set(tests)) == len(tests)
    for test in tests:
        path, name = str(test).split("::")
        assert name.startswith("test_")
        assert (ROOT / path).is_file(), f"{path} is not there"
        assert name in _tests_in(path), f"{path} has no {name}"
