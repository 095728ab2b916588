"""Every edge case of the reference has tests that are there, or a reason why none runs (reference 7)."""

import tomllib

import pytest

from tests.promises.named_tests import require_tests
from tests.promises.pages import ROOT

CASES = tomllib.loads((ROOT / "tests/edge_cases.toml").read_text(encoding="utf-8"))["case"]


def test_every_case_is_there_once_and_in_order() -> None:
    assert [case["number"] for case in CASES] == list(range(1, 49))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["number"]))
def test_a_case_has_tests_that_are_there_or_a_reason(case: dict[str, object]) -> None:
    assert set(case) <= {"number", "holds", "tests", "not_run"}
    assert str(case["holds"]).endswith(".")
    tests = case.get("tests", [])
    assert tests or case.get("not_run")
    require_tests(tests)
