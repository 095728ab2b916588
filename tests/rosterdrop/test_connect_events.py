"""Programs read what changed for whom, by the command itself."""

import json
from pathlib import Path

from connect_store.manual import Desk, Terms, add_staff
from connect_store.store import open_store
from tests.connect_store.test_store import NOW
from tests.rosterdrop.command_line import rosterdrop


def test_events_come_as_lines_and_as_one_document(springfield: Path) -> None:
    with open_store(springfield / "store" / "connect.db") as store:
        desk = Desk(store=store, district="springfield", terms=Terms(), who="a test", at=NOW)
        keys = [add_staff(desk, "0042", given_name="Max", email="max@example.org") for _ in range(2)]
    lines = [
        json.loads(line) for line in rosterdrop("connect", "events", "springfield", home=springfield).out.splitlines()
    ]
    assert [(line["event"], line["key"]) for line in lines] == [("person_created", key) for key in keys]
    first = rosterdrop("--json", "connect", "events", "springfield", "--most", "1", home=springfield).document
    assert first == {"events": lines[:1], "next": lines[0]["id"], "missed_up_to": None}
    after = ("--json", "connect", "events", "springfield", "--after", str(first["next"]))
    assert rosterdrop(*after, home=springfield).document["events"] == lines[1:]
    assert rosterdrop("connect", "events", "nowhere", home=springfield).code == 5
