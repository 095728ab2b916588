"""Every rule of Connect's that is ours has a test that names it in its docstring."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Final

import pytest

from tests.promises.pages import ROOT

RULES: Final = tomllib.loads((ROOT / "tests/promises/connect_rules.toml").read_text(encoding="utf-8"))
OURS: Final[list[str]] = RULES["ours"]
OTHERS: Final[dict[str, str]] = RULES["not_yet"] | RULES["not_ours"]
NAMED: Final = re.compile(r"connect-behaviour (.+?)\.(?=\s|$)")


@cache
def named() -> dict[str, set[str]]:
    """The rules that docstrings of tests name, each with those tests."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for test in _tests_in(ast.parse(path.read_text(encoding="utf-8"))):
            docstring = " ".join((ast.get_docstring(test) or "").split())
            for rules in NAMED.findall(docstring):
                for rule in rules.split("; "):
                    found.setdefault(rule, set()).add(f"{path.relative_to(ROOT)}::{test.name}")
    return found


def _tests_in(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def test_every_rule_stands_once() -> None:
    assert len({*OURS, *OTHERS}) == len(OURS) + len(RULES["not_yet"]) + len(RULES["not_ours"])
    assert all(reason.endswith(".") for reason in OTHERS.values())


@pytest.mark.parametrize("rule", OURS)
def test_a_rule_of_ours_is_named_by_a_test(rule: str) -> None:
    assert named().get(rule), f"no docstring of a test says “connect-behaviour {rule}.”"


def test_no_test_names_a_rule_that_is_not_ours() -> None:
    assert {rule: tests for rule, tests in named().items() if rule not in OURS} == {}
