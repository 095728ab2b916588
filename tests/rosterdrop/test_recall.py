"""Recall and precision over many districts: everything planted is found, nothing else is called an error."""

from pathlib import Path

import pytest

from tests.rosterdrop.recall import surveyed


@pytest.mark.soak
def test_all_that_was_planted_is_found_and_nothing_else(tmp_path: Path) -> None:
    survey = surveyed(tmp_path, 200)

    assert survey.districts == 200
    assert survey.kinds >= 80
    assert survey.found == survey.planted
    assert survey.heard == survey.implied
    assert survey.false == 0
    assert survey.folded >= survey.implied * 0.99
