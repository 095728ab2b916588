"""Files that other people published, judged: verdict, rows, and every error with its line, checked by hand.

They are read where they lie, beside the project; README.md has the form of an expectation.
"""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from processors.checking import check
from processors.conformance import check_conformance
from processors.deliveries import NothingToTake, files_at
from processors.reporting.contents import Report
from tests.cases.deliveries import Delivery
from tests.cases.shared import shared
from validators import catalogue

SAMPLES: Final = shared("samples")
EXPECTED: Final = Path(__file__).with_name("samples")


def _expectations() -> Iterator[Any]:
    for file in sorted(EXPECTED.glob("*.toml")):
        for place, said in enumerate(tomllib.loads(file.read_text(encoding="utf-8"))["judged"], 1):
            yield pytest.param(said, id=f"{file.stem}-{place}")


@pytest.mark.parametrize("said", tuple(_expectations()))
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside the project")
def test_a_sample_is_judged_as_it_was_by_hand(said: Mapping[str, Any], tmp_path: Path) -> None:
    delivered = _delivered(said, tmp_path)
    if said["verdict"] == "nothing to take":
        with pytest.raises(NothingToTake):
            _judged(said, delivered)
        return

    report = _judged(said, delivered)

    findings = report.judgement.findings.select("code", "file", "line", "column").rows()
    by_level = {level: [row for row in findings if catalogue.entry(row[0]).level == level] for level in _LEVELS}
    errors = [(e["code"], e.get("file"), e.get("line"), e.get("column")) for e in said.get("errors", ())]
    assert sorted(by_level["error"], key=str) == sorted(errors, key=str)
    assert Counter(code for code, *_ in by_level["warning"]) == said.get("warnings", {})
    assert report.verdict == said["verdict"]
    if "rows" in said:
        assert {facts.file: facts.rows for facts in report.judgement.facts} == said["rows"]
    if "rejected" in said:
        assert Counter(report.judgement.rejected["file"].to_list()) == said["rejected"]


_LEVELS: Final = ("error", "warning", "info")


def _judged(said: Mapping[str, Any], delivered: Path) -> Report:
    if said["rules"] == "connect":
        return check(files_at([delivered])).report
    return check_conformance([delivered], said.get("asked"), lambda _: None).report


def _delivered(said: Mapping[str, Any], folder: Path) -> Path:
    """The sample itself, or the valid delivery of a version with the sample as one of its files."""
    sample = SAMPLES / str(said["sample"])
    if "as" not in said:
        return sample
    content = sample.read_bytes() if sample.is_file() else b""
    for old, new in said.get("header", {}).items():
        content = content.replace(old.encode(), new.encode(), 1)
    delivery = Delivery(said["asked"]).edited(said.get("edits", ()))
    del delivery.sheets[said["as"]]
    delivery.bytes[said["as"]] = content
    return delivery.write(folder / "delivery")
