"""The matrix as it was really run, in Markdown for the README: `python -m tests.clients.table RESULTS.xml…`."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from tests.clients.client import PROFILES, Client
from tests.clients.matrix import CLIENTS, CONNECTING, SCENARIOS

_NOT_RUN: Final = "not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One test of the matrix: what came of it, and the version of its client where it told one."""

    outcome: str  # "yes", "FAILED" or "not run"
    reason: str = ""
    version: str = ""


Results = Mapping[str, Result]  # by the test's name with its parameters


def results_in(files: Iterable[Path]) -> Results:
    """What pytest wrote with `--junit-xml`; of tests that ran twice, the last."""
    cases = (case for file in files for case in ElementTree.parse(file).iter("testcase"))  # noqa: S314 - pytest's own
    return {case.attrib["name"]: _result(case) for case in cases}


def markdown(results: Results) -> str:
    """The table, and below it what stands behind its dashes and why something was not run."""
    heads = [*(scenario.column for scenario in SCENARIOS), *(profile.split("-")[0] for profile in PROFILES)]
    lines = [_line(["client", *heads]), _line(["---"] * (len(heads) + 1))]
    lines += [_line([_title(client, results), *_cells(client, results)]) for client in CLIENTS]
    return "\n".join([*lines, "", *_notes(), *_absences(results)])


def _result(case: ElementTree.Element) -> Result:
    version = next((one.attrib["value"] for one in case.iter("property") if one.attrib["name"] == "version"), "")
    if (skipped := case.find("skipped")) is not None:
        return Result(outcome=_NOT_RUN, reason=skipped.attrib.get("message", ""))
    failed = case.find("failure") is not None or case.find("error") is not None
    return Result(outcome="FAILED" if failed else "yes", version=version)


def _title(client: Client, results: Results) -> str:
    versions = (_of(results, f"{CONNECTING}[{client.name}-{profile}]").version for profile in PROFILES)
    return f"{client.name} {next(filter(None, versions), '')}".strip()


def _cells(client: Client, results: Results) -> Iterator[str]:
    for scenario in SCENARIOS:
        yield _of(results, f"{scenario.test}[{client.name}]").outcome if client.can(scenario.verb) else "-"
    for profile in PROFILES:
        result = _of(results, f"{CONNECTING}[{client.name}-{profile}]")
        refused = result.outcome == "yes" and profile not in client.connects
        yield "no" if refused else result.outcome


def _of(results: Results, test: str) -> Result:
    return results.get(test, Result(outcome=_NOT_RUN))


def _notes() -> Iterator[str]:
    columns = {scenario.verb: scenario.column for scenario in SCENARIOS}
    for client in CLIENTS:
        if client.notes:
            told = "; ".join(f"{columns[verb]}: {note}" for verb, note in client.notes.items())
            yield f"- {client.name}. {told}."


def _absences(results: Results) -> Iterator[str]:
    reasons = {re.sub(r"\s+", " ", result.reason) for result in results.values() if result.reason}
    for reason in sorted(reasons):
        yield f"- Not run: {reason}."


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(markdown(results_in(map(Path, sys.argv[1:]))) + "\n")
