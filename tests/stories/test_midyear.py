"""A school that was run by hand comes under the sync in the middle of a year: the whole sequence, by its commands."""

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.rosterdrop.command_line import Answer, rosterdrop
from tests.stories.springfield import NIGHT, Springfield

pytestmark = pytest.mark.usefixtures("engine")


class Support:
    """A support engineer at the command line, with Springfield run by hand until now."""

    def __init__(self, springfield: Springfield, folder: Path) -> None:
        self.springfield = springfield
        self.pairs = folder / "pairs.csv"
        springfield.settles(sync__daily="false")
        school = ("--school", "0042")
        self.ana = self.makes("enrol-student", "student", *school, "--given", "ANA", "--family", "Gráy")
        self.zoe = self.makes("enrol-student", "student", *school, "--given", "Zoe", "--family", "Moss")
        self.gil = self.makes(
            *("add-guardian", "guardian", self.ana, "--given", "Gil", "--family", "Gray"), "--email", "GIL@example.org"
        )
        self.math = self.makes("create-classroom", "classroom", *school, "--title", "Math 5")
        self.does("add-member", self.math, "--kind", "student", "--id", self.ana)

    def does(self, command: str, *words: str) -> Answer:
        return rosterdrop("connect", command, "springfield", *words, home=self.springfield.home.root)

    def told(self, command: str, *words: str) -> dict[str, Any]:
        asked = ("--json", "connect", command, "springfield", *words)
        return dict(rosterdrop(*asked, home=self.springfield.home.root).document)

    def makes(self, command: str, what: str, *words: str) -> str:
        return str(self.told(command, *words)[what])

    def states(self) -> dict[str, str]:
        return {step["step"]: step["state"] for step in self.told("midyear")["steps"]}

    def next_commands(self) -> list[str]:
        return next(step["commands"] for step in self.told("midyear")["steps"] if step["state"] == "next")

    def proposes(self) -> list[dict[str, str]]:
        assert self.does("propose", "--out", str(self.pairs)).code == 0
        with self.pairs.open(newline="") as file:
            return list(csv.DictReader(file))

    def confirms(self, *kinds: str) -> None:
        """Write yes beside the pairs of these kinds."""
        rows = [{**row, "confirm": "Yes" if row["kind"] in kinds else ""} for row in self.proposes()]
        with self.pairs.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


@pytest.fixture
def support(springfield_at_rest: Springfield, tmp_path: Path) -> Support:
    return Support(springfield_at_rest, tmp_path)


def test_the_sequence_leads_from_run_by_hand_to_the_daily_sync(support: Support) -> None:
    """connect-behaviour 3.2: merging; 3.2: first sync makes new students; 3.5: adopted by its SIS ID."""
    assert support.states()["files"] == "next"
    assert support.next_commands() == ["rosterdrop batch upload springfield FILES --wait"]
    assert support.springfield.uploads_by_hand(**NIGHT).verdict == "held"
    assert support.told("midyear")["coming"]["student"]["created"] == 2
    assert support.states()["students"] == "next"
    assert support.does("sync-once", "--why", "x").code == 2
    assert support.does("archive-students", "--school", "0042").code == 0

    assert support.states()["classrooms"] == "next"
    assert support.does("start-sync").code == 2
    support.confirms("classroom")
    assert support.told("confirm", str(support.pairs), "--dry-run")["adopted"] == 1
    assert support.states()["classrooms"] == "next"
    assert support.told("confirm", str(support.pairs))["adopted"] == 1

    assert support.states()["first night"] == "next"
    assert support.does("sync-once", "--why", "first night").code == 0
    assert support.states()["on"] == "next"
    assert support.does("start-sync").code == 0
    assert support.springfield.uploads_by_hand(**NIGHT).verdict == "accepted"
    assert support.states()["on"] == "done"


def test_pairs_are_proposed_before_the_first_night_and_merged_after_it(support: Support) -> None:
    support.springfield.uploads_by_hand(**NIGHT)
    found = {(row["kind"], row["old"], row["into"]) for row in support.proposes()}
    assert found == {
        ("student", support.ana, "ana"),
        ("guardian", support.gil, "gil"),
        ("classroom", support.math, "math"),
    }
    support.confirms("guardian", "student")
    assert support.told("confirm", str(support.pairs))["waiting"] == 2
    skip = ("--skip", "students", "--skip", "classrooms")
    assert support.does("sync-once", "--why", "first night", *skip).code == 0
    assert support.told("confirm", str(support.pairs))["merged"] == {"guardian": 1, "student": 1}
    assert support.springfield.status_of(support.gil) == "disconnected"
    assert support.told("confirm", str(support.pairs))["before"] == 2


def test_a_first_night_that_is_undone_after_merges_loses_nothing_of_before(support: Support) -> None:
    springfield = support.springfield
    springfield.uploads_by_hand(**NIGHT)
    support.confirms("guardian", "student")
    support.does("sync-once", "--why", "first night", "--skip", "students", "--skip", "classrooms")
    first = str(springfield.ledger()[-1][0])
    support.does("confirm", str(support.pairs))
    assert rosterdrop("batch", "undo", first, "--why", "wrong year", home=springfield.home.root).code == 0
    assert (springfield.find("ben"), springfield.status_of("ana")) == (None, "active")
    found = springfield.find("ana")
    assert found
    assert {link.key: link.status for link in found.classrooms} == {support.math: "active"}


def test_a_file_that_nobody_confirmed_or_that_is_none_is_refused(support: Support) -> None:
    support.springfield.uploads_by_hand(**NIGHT)
    support.proposes()
    answer = support.does("confirm", str(support.pairs))
    assert (answer.code, "no row" in answer.err) == (2, True)
    support.pairs.write_text("a,b\n1,2\n")
    assert "lacks the columns" in support.does("confirm", str(support.pairs)).err


def test_the_sequence_reads_well_in_a_terminal(support: Support) -> None:
    support.springfield.uploads_by_hand(**NIGHT)
    lines = support.does("midyear").out.splitlines()
    assert "3. students: next" in lines
    assert "   rosterdrop connect archive-students springfield --school 0042" in lines
