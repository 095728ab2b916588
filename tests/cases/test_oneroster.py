"""Every case of the rule set `oneroster`: the verdict, and the findings with their lines."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from processors.conformance import check_conformance
from tests.cases.oneroster_cases import Played, cases
from tests.rosterdrop.command_line import rosterdrop
from validators import catalogue

PLAYED: Final = {repr(replace(played, name="")): played for case in cases() for played in case.played}
EXIT_CODES: Final = {"accepted": 0, "accepted_with_rejections": 3, "refused": 4}
THROUGH_THE_COMMAND: Final = 40
"""Every how many deliveries one is also given to the command."""


@pytest.mark.parametrize("played", tuple(PLAYED.values()), ids=str)
def test_a_delivery_is_told_what_it_breaks(played: Played, tmp_path: Path) -> None:
    delivered = played.delivery().write(tmp_path / "delivery")

    report = check_conformance([delivered], played.asked, lambda _: None).report

    findings = report.judgement.findings.select("code", "file", "line", "column").rows()
    told = [finding for finding in findings if catalogue.entry(finding[0]).level != "info"]
    assert sorted(told, key=str) == sorted(played.findings, key=str)
    assert report.verdict == played.verdict
    assert set(played.notes) <= {code for code, *_ in findings}


@pytest.mark.parametrize("played", tuple(PLAYED.values())[::THROUGH_THE_COMMAND], ids=str)
def test_the_command_tells_the_same(played: Played, tmp_path: Path) -> None:
    delivered = played.delivery().write(tmp_path / "delivery")

    answer = rosterdrop("--json", "check", "--rules", "oneroster", "--version", played.asked or "auto", delivered)

    told = [
        tuple(finding[key] for key in ("code", "file", "line", "column"))
        for finding in answer.document["findings"]
        if finding["level"] != "info"
    ]
    assert sorted(told, key=str) == sorted(played.findings, key=str)
    assert (answer.document["verdict"], answer.code) == (played.verdict, EXIT_CODES[played.verdict])
    assert answer.document["rules"] == "oneroster"
