"""The roster as of any night is the one that was exported then."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connect_store.retention import purge
from connect_store.store import open_store
from processors import steering
from tests.rosterdrop.command_line import rosterdrop
from tests.stories.springfield import ANA, BEN, MATH, MEMBERS, NIGHT, TOM, Springfield


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    springfield_at_rest.settles(guard__limit_percent="100")
    return springfield_at_rest


def roster(springfield: Springfield, *words: str) -> dict[str, Any]:
    told = rosterdrop("--json", "roster", "springfield", *words, home=springfield.home.root)
    return dict(json.loads(told.out))


@pytest.mark.usefixtures("engine")
def test_every_night_is_told_as_it_was(springfield: Springfield) -> None:
    then = []
    springfield.uploads_by_hand(**NIGHT)
    then.append(roster(springfield))
    second = springfield.uploads_by_hand(
        users=({**ANA, "grades": "06", "agentSourcedIds": ""}, TOM), classes=(MATH,), enrollments=MEMBERS[:1]
    ).number
    then.append(roster(springfield))
    adds = (
        "connect",
        "add-guardian",
        "springfield",
        "ana",
        "--given",
        "Uma",
        "--family",
        "Ruiz",
        "--email",
        "u@uma.org",
    )
    assert rosterdrop(*adds, home=springfield.home.root).code == 0
    then.append(roster(springfield))
    steering.undo(springfield.home, second, who="a story", why="a test")
    then.append(roster(springfield))
    assert len({json.dumps(one["people"]) for one in then}) == len(then)

    for one in then:
        assert roster(springfield, "--as-of", str(one["as_of"])) == one


def test_what_is_no_longer_kept_is_said(springfield: Springfield) -> None:
    first = springfield.uploads_by_hand(**NIGHT).number
    second = springfield.uploads_by_hand(users=(ANA, BEN, TOM), classes=(MATH,), enrollments=MEMBERS).number
    with open_store(springfield.home.store_db) as store, store.writing():
        purge(store, second, "undo", at=datetime.now(UTC), days=400)
    told = rosterdrop("roster", "springfield", "--as-of", str(first), home=springfield.home.root)
    assert told.code == 2
    assert "retention.undo_days" in told.err
