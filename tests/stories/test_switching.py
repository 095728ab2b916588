"""A district goes from one source to another, where everybody and everything has another ID: by its commands."""

import csv
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from config.loading import load_profile
from connect_store.records import ENTITIES
from connect_store.store import open_store
from tests.asking import ask, change
from tests.roster_servers.clever_records import clever_id
from tests.roster_servers.oneroster import OneRosterServer
from tests.roster_sources.fetched import Fetched, district_of_night, from_clever, from_oneroster, generated
from tests.rosterdrop.command_line import Answer, rosterdrop
from tests.stories.springfield import ANA, BEN, NIGHT, Report, Running, Springfield

WHY = ("--why", "a story")


@dataclass
class Support:
    """A support engineer at the command line of a district."""

    district: Fetched
    pairs: Path
    seen: dict[str, Any] = field(default_factory=dict)

    def does(self, *words: str | Path) -> Answer:
        return rosterdrop(*words, home=self.district.home.root)

    def told(self, *words: str | Path) -> dict[str, Any]:
        return dict(rosterdrop("--json", *words, home=self.district.home.root).document)

    def looks(self) -> dict[str, dict[str, int]]:
        """The dry run: what becomes of each kind."""
        self.pairs.unlink(missing_ok=True)
        self.seen = self.told("source", "switch", "springfield", "--out", self.pairs)
        return {one.pop("kind"): one for one in self.seen["kinds"]}

    def confirms(self) -> Answer:
        return self.does("source", "switch", "springfield", "--confirm", self.pairs, *WHY)

    def rows(self) -> list[dict[str, str]]:
        with self.pairs.open(newline="") as file:
            return list(csv.DictReader(file))

    def writes(self, rows: list[dict[str, str]]) -> None:
        with self.pairs.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    def resumes(self) -> Report:
        """Resume, and wait for what is applied."""
        answer = self.does("district", "resume", "springfield")
        assert answer.code == 0, answer.err
        return self.district.finish(self.newest())

    def newest(self) -> int:
        with open_store(self.district.home.store_db) as store:
            return int(ask(store, "select max(id) from batch")[0][0])

    def contents(self) -> dict[str, list[Any]]:
        """All of Connect and of what the sync brought, without the batch that wrote it."""
        with open_store(self.district.home.store_db) as store:
            told = {
                name: ask(store, f"select {', '.join(entity.in_force)} from {name} order by {', '.join(entity.key)}")
                for name, entity in ENTITIES.items()
            }
            return told | {
                f"baseline_{name}": ask(
                    store, f"select {', '.join(entity.columns)} from baseline_{name} order by {', '.join(entity.key)}"
                )
                for name, entity in ENTITIES.items()
            }


@pytest.fixture
def moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Support]:
    """A district that came by files, and is paused with a pull from Clever, which has other IDs, held."""
    with from_clever(tmp_path / "home", monkeypatch) as (district, _):
        district.set(clever__people_ids="clever_id", clever__class_ids="clever_id")
        assert district.upload(generated()[0]).verdict == "accepted"
        support = Support(district, tmp_path / "ids.csv")
        assert support.does("district", "pause", "springfield", "--why", "moving to Clever").code == 0
        assert district.night().verdict == "held"
        yield support


def came_and_left(report: Report) -> Mapping[str, set[str]]:
    """What was made anew or taken out, by kind: what a switch must not do."""
    changes = report.document["changes"]
    return {
        action: {kind for kind, counts in changes.items() if counts[action]}
        for action in ("created", "archived", "restored", "withheld")
    }


NOBODY: Mapping[str, set[str]] = {"created": set(), "archived": set(), "restored": set(), "withheld": set()}


def test_a_district_moves_from_sftp_to_clever_and_nobody_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The night over a real SFTP client, the pull from a real HTTP server; then the whole sequence, and back."""
    folder, _ = generated()
    with from_clever(tmp_path / "home", monkeypatch) as (district, _):
        district.set(clever__people_ids="clever_id", clever__class_ids="clever_id")
        support = Support(district, tmp_path / "ids.csv")
        with Running(district.home) as running:
            springfield = Springfield(district.home, running)
            springfield.uploads({file.name: file.read_bytes() for file in folder.glob("*.csv")})
            assert springfield.next_report().verdict == "accepted"
            springfield.settled_ledger()
        teacher = next(one for one in district_of_night().people if one.role == "teacher")
        room = district_of_night().classes_of[teacher.id][0]
        with open_store(district.home.store_db) as store, store.writing():
            change(store, "update person set account = 'active' where kind = 'staff' and key = :key", key=teacher.id)
        assert support.does("connect", "rename-classroom", "springfield", room, "--title", "Room of ours").code == 0
        before = support.contents()

        held = district.night()
        assert (held.verdict, "ids.renumbered" in held.codes) == ("held", True)
        assert support.contents() == before

        assert support.does("district", "pause", "springfield", "--why", "moving to Clever").code == 0
        kinds = support.looks()
        assert support.contents() == before
        assert {kind: counts["gone"] + counts["fresh"] + counts["doubtful"] for kind, counts in kinds.items()} == (
            dict.fromkeys(kinds, 0)
        )
        assert {row["why"] for row in support.rows() if row["kind"] == "staff"} == {"student or staff number"}
        assert support.confirms().code == 0
        switch = support.newest()

        new_id, new_room = clever_id("staff", teacher.id), clever_id("section", room)
        found = support.told("person", "find", "springfield", "--id", teacher.id)["people"]
        assert [(one["key"], one["status"]) for one in found] == [(new_id, "active")]
        with open_store(district.home.store_db) as store:
            assert ask(store, "select account from person where key = :key", key=new_id) == [("active",)]
            assert ask(store, "select title from classroom where key = :key", key=new_room) == [("Room of ours",)]
        steps = support.told("person", "history", "springfield", "--id", teacher.id)["people"][0]["steps"]
        assert [(step["batch"], step["before"], step["after"]) for step in steps if step["what"] == "id"] == [
            (switch, teacher.id, new_id)
        ]
        why = support.told("person", "why", "springfield", "--id", new_id)
        assert {night["batch"] for night in why["nights"] if night["rows"]} >= {1, held.number}

        assert support.seen["next"][1:] == [
            "rosterdrop district resume springfield",
            f"rosterdrop batch requeue {held.number} --wait",
        ]
        assert support.does("district", "resume", "springfield").code == 0
        night = Report(support.told("batch", "requeue", str(held.number), "--wait"))
        assert (night.verdict, came_and_left(night)) == ("accepted", NOBODY)

        for number in (night.number, switch):
            assert support.does("batch", "undo", str(number), *WHY).code == 0
        assert support.contents() == before
        district.set(source__kind="none")
        assert support.does("district", "resume", "springfield").code == 0
        again = district.upload(folder)
        assert (again.verdict, came_and_left(again)) == ("accepted", NOBODY)


def test_the_held_batch_itself_is_applied_after_the_switch(moving: Support) -> None:
    """Where nobody paused the district: its batch is run again, guarded as any night."""
    moving.does("district", "resume", "springfield")
    moving.district.finish(moving.newest())
    moving.looks()
    assert moving.confirms().code == 0
    (command,) = moving.seen["next"][1:]
    assert command == f"rosterdrop batch requeue {moving.seen['batch']} --wait"
    answer = moving.told(*command.split()[1:])
    assert (answer["verdict"], came_and_left(Report(answer))) == ("accepted", NOBODY)


def test_a_switch_is_undone_before_older_nights_and_made_again_by_undoing_that(moving: Support) -> None:
    moving.looks()
    moving.confirms()
    switched, number = moving.contents(), moving.newest()
    assert "student            60" in moving.does("batch", "show", str(number)).out
    answer = moving.does("batch", "undo", "1", *WHY)
    assert (answer.code, f"batch undo {number}" in answer.err) == (2, True)
    assert moving.told("batch", "undo", str(number), *WHY)["changes"]["student"] == {"renumbered": 60}
    assert moving.does("batch", "undo", str(moving.newest()), *WHY).code == 0
    assert moving.contents() == switched


def test_a_school_of_another_id_is_found_by_its_people_and_the_profile_follows(
    springfield_at_rest: Springfield, tmp_path: Path
) -> None:
    springfield_at_rest.uploads_by_hand(**NIGHT)
    support = Support(Fetched(springfield_at_rest.home), tmp_path / "ids.csv")
    support.does("district", "pause", "springfield", *WHY)
    school = {"0042": "LHS"}
    moved = {
        table: [{column: school.get(cell, cell) for column, cell in row.items()} for row in rows]
        for table, rows in NIGHT.items()
    }
    assert springfield_at_rest.uploads_by_hand(**moved).verdict == "refused"
    before = support.contents()
    kinds = support.looks()
    assert (kinds["school"]["mapped"], kinds["classroom"]["kept"], kinds["student"]["gone"]) == (1, 1, 0)
    assert support.confirms().code == 0
    switch = support.newest()
    assert load_profile(springfield_at_rest.home, "springfield").schools == {"LHS": "Lincoln High"}
    assert support.does("district", "resume", "springfield").code == 0
    night = Report(support.told("batch", "requeue", str(support.seen["batch"]), "--wait"))
    assert (night.verdict, came_and_left(night)) == ("accepted", NOBODY)
    for number in (night.number, switch):
        support.does("batch", "undo", str(number), *WHY)
    assert support.contents() == before
    assert load_profile(springfield_at_rest.home, "springfield").schools == {"0042": "Lincoln High"}


def test_a_new_sis_gives_everybody_another_id_over_oneroster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without numbers, too: addresses, names, families and classes must do."""
    everybody = district_of_night().renumbered("new SIS")
    unnumbered = replace(everybody, people=tuple(replace(one, identifier="") for one in everybody.people))
    with from_oneroster(tmp_path / "home", monkeypatch) as (district, server):
        assert district.upload(generated()[0]).verdict == "accepted"
        support = Support(district, tmp_path / "ids.csv")
        support.does("district", "pause", "springfield", *WHY)
        server.district = unnumbered
        district.night()
        kinds = support.looks()
        assert {kind: counts["gone"] for kind, counts in kinds.items()} == dict.fromkeys(kinds, 0)
        assert (kinds["student"]["mapped"], kinds["guardian"]["kept"]) == (60, 0)
        support.confirms()
        night = support.resumes()
        assert (night.verdict, came_and_left(night)) == ("accepted", NOBODY)


def test_from_clever_to_a_oneroster_server_guardians_come_in_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with from_clever(tmp_path / "home", monkeypatch) as (district, _):
        district.set(clever__people_ids="clever_id", clever__class_ids="clever_id")
        assert district.night().verdict == "accepted"
    support = Support(district, tmp_path / "ids.csv")
    support.does("district", "pause", "springfield", *WHY)
    with OneRosterServer(district_of_night()) as server:
        monkeypatch.setenv("TOKEN", server.token)
        address = {"oneroster__url": server.api_url, "oneroster__auth": "bearer", "oneroster__secret": "env:TOKEN"}
        district.set(source__kind="oneroster", **address)
        district.night()
    support.looks()
    assert support.seen["left_out"] == 66
    assert support.does("district", "set", "springfield", "guardians.source=users").code == 0
    kinds = support.looks()
    assert support.seen["left_out"] == sum(one["gone"] for one in kinds.values()) == 0
    assert support.confirms().code == 0
    night = support.resumes()
    assert (night.verdict, came_and_left(night)) == ("accepted", NOBODY)


def test_two_students_who_swap_ids_keep_families_and_classes(springfield_at_rest: Springfield, tmp_path: Path) -> None:
    numbered = [{**ANA, "identifier": "71"}, {**BEN, "identifier": "72"}, *NIGHT["users"][2:]]
    springfield_at_rest.uploads_by_hand(**{**NIGHT, "users": numbered})
    other = {"ana": "ben", "ben": "ana"}
    swapped = {
        "users": [{**row, "sourcedId": other.get(row["sourcedId"], row["sourcedId"])} for row in numbered],
        "enrollments": NIGHT["enrollments"],
        "classes": NIGHT["classes"],
    }
    support = Support(Fetched(springfield_at_rest.home), tmp_path / "ids.csv")
    support.does("district", "pause", "springfield", *WHY)
    springfield_at_rest.uploads_by_hand(**swapped)
    assert support.looks()["student"]["mapped"] == 2
    assert support.confirms().code == 0
    night = support.resumes()
    assert (night.verdict, came_and_left(night)) == ("accepted", NOBODY)
    assert "user.sourcedId.reused" not in night.codes
    found = springfield_at_rest.find("ben")
    assert found
    assert (found.given_name, [link.key for link in found.guardians]) == ("Ana", ["gil"])


def test_the_id_of_somebody_who_leaves_may_be_anothers(springfield_at_rest: Springfield, tmp_path: Path) -> None:
    numbered = [{**ANA, "identifier": "71"}, {**BEN, "identifier": "72"}, *NIGHT["users"][2:]]
    springfield_at_rest.uploads_by_hand(**{**NIGHT, "users": numbered})
    support = Support(Fetched(springfield_at_rest.home), tmp_path / "ids.csv")
    support.does("district", "pause", "springfield", *WHY)
    users = [{**numbered[0], "sourcedId": "ben"}, *numbered[2:]]
    members = [row for row in NIGHT["enrollments"] if row["userSourcedId"] != "ana"]
    springfield_at_rest.uploads_by_hand(**{**NIGHT, "users": users, "enrollments": members})
    support.looks()
    assert support.seen["parked"] == 1
    # As Excel saves it where commas stand in numbers.
    support.pairs.write_text(support.pairs.read_text().replace(",", ";"))
    assert support.confirms().code == 0
    assert support.resumes().verdict == "accepted"
    kept = springfield_at_rest.find(f"ben~{support.seen['batch']}")
    assert kept
    assert (kept.given_name, kept.status) == ("Ben", "archived")
    assert springfield_at_rest.status_of("ben") == "active"


def test_an_id_that_a_newcomer_has_now_is_offered_to_the_newcomer(
    springfield_at_rest: Springfield, tmp_path: Path
) -> None:
    springfield_at_rest.uploads_by_hand(**NIGHT)
    support = Support(Fetched(springfield_at_rest.home), tmp_path / "ids.csv")
    support.does("district", "pause", "springfield", *WHY)
    newcomer = {**BEN, "givenName": "Eve", "familyName": "Moss", "grades": "03"}
    users = [newcomer if row is BEN else row for row in NIGHT["users"]]
    users.append({**BEN, "sourcedId": "new-ben", "role": "studnt"})
    springfield_at_rest.uploads_by_hand(**{**NIGHT, "users": users})
    kinds = support.looks()
    assert (kinds["student"]["doubtful"], kinds["student"]["gone"], kinds["student"]["fresh"]) == (1, 0, 0)
    assert support.seen["rejected"] == 1
    (row,) = support.rows()
    assert (row["old_id"], row["new_id"], row["why"]) == ("ben", "ben~2", "same ID, but another name")
    support.writes([{**row, "take": "yes"}])
    assert support.confirms().code == 0
    assert support.resumes().verdict == "accepted_with_rejections"
    assert springfield_at_rest.status_of("ben~2") == "archived"
    assert springfield_at_rest.status_of("ben") == "active"


def test_what_cannot_be_confirmed_is_refused_and_changes_nothing(moving: Support) -> None:
    moving.looks()
    rows, before = moving.rows(), moving.contents()
    second = rows[1]
    for says, wrong in (
        ("stand twice", [{**rows[0], "new_id": second["new_id"]}, *rows[1:]]),
        ("the sync has not brought", [{**rows[0], "old_id": "nobody"}, *rows[1:]]),
        ("lacks", [{**rows[0], "new_id": "nobody"}, *rows[1:]]),
        ("took zeros away", [{**rows[0], "old_id": f"0{rows[0]['old_id']}"}, *rows[1:]]),
        ("says yes to another", [{**row, "take": "no"} for row in rows]),
        ("lack a kind or an ID", [{**rows[0], "new_id": ""}, *rows[1:]]),
        ("does not say for which batch", [{**rows[0], "made_for": "springfield"}, *rows[1:]]),
        ("lacks the columns", [{"a": "b"}]),
    ):
        moving.writes(wrong)
        answer = moving.confirms()
        assert (answer.code, says in answer.err) == (2, True), (says, answer.err)
    assert moving.contents() == before
    moving.writes(rows)
    assert moving.does("source", "switch", "springfield", "--out", moving.pairs).code == 2
    moving.does("batch", "undo", "1", *WHY)
    moving.district.set(source__kind="none")
    assert "IDs to switch from" in moving.confirms().err


def test_a_file_for_connect_as_it_was_is_refused(moving: Support, tmp_path: Path) -> None:
    moving.looks()
    shutil.copy(moving.pairs, tmp_path / "earlier.csv")
    moving.confirms()
    moving.does("batch", "undo", str(moving.newest()), *WHY)
    rows = moving.rows()
    moving.writes([row for row in rows if row["kind"] != "classroom"])
    assert moving.confirms().code == 0
    shutil.copy(tmp_path / "earlier.csv", moving.pairs)
    answer = moving.confirms()
    assert (answer.code, "as it was before" in answer.err) == (2, True)


def test_the_dry_run_reads_well_and_looks_only_at_what_is_not_in_connect(moving: Support) -> None:
    lines = moving.does("source", "switch", "springfield", "--out", moving.pairs).out.splitlines()
    assert f"  rosterdrop source switch springfield --confirm {moving.pairs}" in lines
    assert "  rosterdrop district resume springfield" in lines
    answer = moving.does("source", "switch", "springfield", "--batch", "1", "--out", moving.pairs)
    assert (answer.code, "rosterdrop batch undo 1" in answer.err) == (2, True)
