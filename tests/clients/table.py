"""The matrix as it was really run, in Markdown for the README: `python -m tests.clients.table RESULTS.xml…`."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from config.settings import Algorithms
from tests.clients.client import PROFILES, Client
from tests.clients.matrix import CLIENTS, CONNECTING, SCENARIOS

_NOT_RUN: Final = "not run"
_NOTHING: Final = "-"
_FIRST: Final = SCENARIOS[0].test  # tells the version of its client


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
    return "\n".join([*lines, "", *_notes(), _silent(), *_absences(results)])


def _result(case: ElementTree.Element) -> Result:
    version = next((one.attrib["value"] for one in case.iter("property") if one.attrib["name"] == "version"), "")
    if (skipped := case.find("skipped")) is not None:
        return Result(outcome=_NOT_RUN, reason=skipped.attrib.get("message", ""))
    failed = case.find("failure") is not None or case.find("error") is not None
    return Result(outcome="FAILED" if failed else "yes", version=version)


def _title(client: Client, results: Results) -> str:
    return f"{client.name} {_of(results, f'{_FIRST}[{client.name}]').version}".strip()


def _cells(client: Client, results: Results) -> Iterator[str]:
    for scenario in SCENARIOS:
        yield _of(results, f"{scenario.test}[{client.name}]").outcome if client.can(scenario.verb) else _NOTHING
    for profile in PROFILES:
        yield _comes_in(client, profile, results) if client.has_own_connection else _NOTHING


def _comes_in(client: Client, profile: Algorithms, results: Results) -> str:
    """The test passes where a client is refused as its table says."""
    result = _of(results, f"{CONNECTING}[{client.name}-{profile}]")
    return "no" if result.outcome == "yes" and profile not in client.connects else result.outcome


def _of(results: Results, test: str) -> Result:
    return results.get(test, Result(outcome=_NOT_RUN))


def _notes() -> Iterator[str]:
    """What each column means for a client that does it in its own way or not at all; the same note is told once."""
    for verb, column in {scenario.verb: scenario.column for scenario in reversed(SCENARIOS)}.items():
        clients_by_note: dict[str, list[str]] = {}
        for client in CLIENTS:
            if note := client.notes.get(verb):
                clients_by_note.setdefault(note, []).append(client.name)
        if clients_by_note:
            yield f"- {column}: {'; '.join(f'{note} ({_listed(names)})' for note, names in clients_by_note.items())}."


def _silent() -> str:
    silent = _listed(client.name for client in CLIENTS if not client.repeats)
    return f"- Where something is refused, these show their own word and not the server's sentence: {silent}."


def _absences(results: Results) -> Iterator[str]:
    reasons = {re.sub(r"\s+", " ", result.reason) for result in results.values() if result.reason}
    for reason in sorted(reasons):
        yield f"- Not run: {reason}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(markdown(results_in(map(Path, sys.argv[1:]))) + "\n")
