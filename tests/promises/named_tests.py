"""Tests that the tables of this folder name."""

import ast
from functools import cache

from tests.promises.pages import ROOT


@cache
def _tests_in(path: str) -> frozenset[str]:
    """The tests that a file defines at its top."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def require_tests(tests: object) -> None:
    """Each stands there once, and is a test of the file that it names."""
    assert isinstance(tests, list)
    assert len(set(tests)) == len(tests)
    for test in tests:
        path, name = str(test).split("::")
        assert name.startswith("test_")
        assert (ROOT / path).is_file(), f"{path} is not there"
        assert name in _tests_in(path), f"{path} has no {name}"
