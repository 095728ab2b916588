"""Whatever may go wrong with a source has a behaviour and tests (clever-classlink E), and so have our servers (G)."""

import tomllib

import pytest

from tests.promises.named_tests import require_tests
from tests.promises.pages import ROOT
from validators import catalogue

PAGE = tomllib.loads((ROOT / "tests/source_failures.toml").read_text(encoding="utf-8"))


def test_every_failure_is_there_once_and_in_order() -> None:
    assert [one["number"] for one in PAGE["failure"]] == list(range(1, 31))


@pytest.mark.parametrize("failure", PAGE["failure"], ids=lambda one: str(one["number"]))
def test_a_failure_has_a_behaviour_and_its_tests_are_there(failure: dict[str, object]) -> None:
    assert {"number", "what", "holds", "tests"} <= set(failure) <= {*_FAILURE, "not_ours"}
    assert all(str(failure[name]).endswith(".") for name in ("what", "holds"))
    codes = failure.get("codes", [])
    assert isinstance(codes, list)
    assert set(codes) <= set(catalogue.codes())
    assert failure["tests"]
    require_tests(failure["tests"])


@pytest.mark.parametrize("point", PAGE["server"], ids=lambda one: f"{one['of']}: {one['does'][:40]}")
def test_what_our_servers_must_do_has_its_tests(point: dict[str, object]) -> None:
    assert {"of", "does", "tests"} <= set(point) <= {"of", "does", "tests", "not_built"}
    assert point["of"] in {"clever", "classlink", "both"}
    require_tests(point["tests"])


def test_every_refusal_of_a_pull_is_a_failure_of_the_table_or_of_the_site() -> None:
    told = {code for one in PAGE["failure"] for code in one.get("codes", [])}
    refusals = {code for code in catalogue.rejecting("batch") if code.startswith("source.")}

    assert refusals - told == _OF_THE_SITE


_FAILURE = ("number", "what", "holds", "codes", "tests")
_OF_THE_SITE = {
    f"source.{why}" for why in ("host_key", "login", "no_files", "forbidden", "not_found", "secret", "fault")
}
"""What section E has no row for: a district's own SFTP site, an address that is none, a secret that is not there, a
fault of ours."""
