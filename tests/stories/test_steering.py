"""What a support engineer does when a night was wrong: approve, discard, undo, pause, resume. INTERFACES, commands."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from connect_store import ledger, people
from connect_store.applying import BROUGHT, CHANGE, apply, brought
from connect_store.records import ENTITIES, PERSON
from connect_store.store import open_store
from processors import pipeline, steering
from tests.asking import ask
from tests.rosterdrop.command_line import rosterdrop
from tests.stories.springfield import ANA, BEN, EVERYBODY, GIL, MATH, MEMBERS, NIGHT, TOM, Row, Springfield, person

MANY = [person(f"s{number:02}", "student") for number in range(30)]
WHO = {"who": "sue", "why": "a story"}


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    return springfield_at_rest


def contents(springfield: Springfield) -> dict[str, list[Any]]:
    """Every row of Connect and of the baseline, without the number of the batch that wrote it."""
    with open_store(springfield.home.store_db) as store:
        tables = {name: entity.in_force for name, entity in ENTITIES.items()}
        baselines = {f"baseline_{name}": entity.columns for name, entity in ENTITIES.items()}
        return {
            table: sorted(ask(store, f"select district, {', '.join(columns)} from {table}"), key=repr)
            for table, columns in (tables | baselines).items()
        }


def edits(springfield: Springfield, key: str, **fields: str) -> None:
    """What somebody changes in Connect about a student by hand."""
    with open_store(springfield.home.store_db) as store, store.writing():
        found = people.standing(store, "springfield", PERSON, pl.DataFrame({"kind": ["student"], "key": [key]}))
        changed = found.with_columns(
            *(pl.lit(value).alias(field) for field, value in fields.items()),
            *(pl.lit(None, pl.String).alias(brought(field)) for field in PERSON.values),
            pl.lit(None, pl.Int64).alias(BROUGHT),
            pl.lit("updated").alias(CHANGE),
        )
        number = ledger.enter_done(
            store, district="springfield", origin="hand", at=datetime.now(UTC), changes={}, summary={}
        )
        apply(store, district="springfield", batch=number, changes={"person": changed}, at=datetime.now(UTC))


def night(springfield: Springfield, users: Sequence[Row] = EVERYBODY, classes: Sequence[Row] = (MATH,)) -> int:
    return springfield.uploads_by_hand(users=users, classes=classes, enrollments=MEMBERS).number


def finished(springfield: Springfield, number: int) -> pipeline.Outcome:
    return pipeline.finish(springfield.home, "springfield", number, who="a story")


def withheld(springfield: Springfield) -> int:
    springfield.settles(guard__limit_percent="10")
    night(springfield, [*EVERYBODY, *MANY])
    report = springfield.uploads_by_hand(**NIGHT)
    assert report.verdict == "withheld"
    return report.number


def test_an_approved_night_archives_what_was_withheld(springfield: Springfield) -> None:
    number = withheld(springfield)
    outcome = finished(springfield, steering.approve(springfield.home, number, **WHO))
    assert outcome.verdict == "accepted"
    assert springfield.status_of("s07") == "archived"
    with open_store(springfield.home.store_db) as store:
        events = ledger.events(store, number)
    assert [(event.event, event.who) for event in events][-1] == ("approve", "sue")
    assert events[-1].detail == f"as batch {outcome.number}: a story"


def test_a_held_night_is_applied_when_somebody_approves_it(springfield: Springfield) -> None:
    """connect-behaviour 9.5: statuses."""
    night(springfield, [*EVERYBODY, *MANY])
    number = night(springfield, [*EVERYBODY, *({**row, "role": "Lincoln High"} for row in MANY[:20]), *MANY[20:]])
    finished(springfield, steering.approve(springfield.home, number, **WHO))
    assert springfield.ledger() == [
        (1, "reported", "accepted"),
        (2, "superseded", "held"),
        (3, "reported", "accepted_with_rejections"),
    ]


def test_only_the_newest_can_be_approved_and_only_what_waits(springfield: Springfield) -> None:
    number = withheld(springfield)
    newer = night(springfield, [*EVERYBODY, *MANY])
    with pytest.raises(steering.NotToBeDone, match="not the newest"):
        steering.approve(springfield.home, number, **WHO)
    with pytest.raises(steering.NotToBeDone, match="neither held nor withheld"):
        steering.approve(springfield.home, newer, **WHO)


def test_what_was_discarded_is_never_applied(springfield: Springfield) -> None:
    night(springfield, [*EVERYBODY, *MANY])
    number = night(springfield, [*EVERYBODY, *({**row, "role": "Lincoln High"} for row in MANY)])
    steering.discard(springfield.home, number, **WHO)
    assert springfield.ledger()[-1] == (2, "discarded", "held")
    with pytest.raises(steering.NotToBeDone, match="neither held nor withheld"):
        steering.approve(springfield.home, number, **WHO)
    with pytest.raises(steering.NotToBeDone, match="batch 2 is discarded: it is neither held nor waits"):
        steering.discard(springfield.home, number, **WHO)


CHANGED = [{**ANA, "grades": "06", "email": "ana@example.org"}, GIL, TOM, *MANY[:3]]


def test_undoing_a_night_gives_back_what_was_there(springfield: Springfield) -> None:
    night(springfield)
    before = contents(springfield)
    number = night(springfield, CHANGED, [{**MATH, "title": "Math 6"}])
    assert contents(springfield) != before

    done = steering.undo(springfield.home, number, **WHO)
    assert contents(springfield) == before
    assert done.changes["student"] == {"removed": 3, "updated": 2}
    assert not any(done.kept.values())


def test_undoing_the_first_night_leaves_nothing(springfield: Springfield) -> None:
    number = night(springfield)
    steering.undo(springfield.home, number, **WHO)
    assert not any(contents(springfield).values())


def test_an_undo_can_be_undone(springfield: Springfield) -> None:
    night(springfield)
    number = night(springfield, CHANGED)
    after = contents(springfield)
    undoing = steering.undo(springfield.home, number, **WHO).number
    steering.undo(springfield.home, undoing, **WHO)
    assert contents(springfield) == after
    assert springfield.ledger()[1:] == [
        (2, "reported", "accepted_with_rejections"),
        (3, "undone", "accepted"),
        (4, "reported", "accepted"),
    ]


def test_an_undo_may_be_undone_and_made_again(springfield: Springfield) -> None:
    night(springfield)
    before = contents(springfield)
    number = night(springfield, CHANGED)
    undoing = number
    for _ in range(3):
        undoing = steering.undo(springfield.home, undoing, **WHO).number
    assert contents(springfield) == before
    assert [state for _, state, _ in springfield.ledger()] == ["reported", "undone", "reported", "undone", "reported"]
    steering.undo(springfield.home, number - 1, **WHO)
    assert springfield.find("ana") is None


def test_what_people_changed_since_stays(springfield: Springfield) -> None:
    night(springfield)
    number = night(springfield, CHANGED)
    edits(springfield, "ana", email="mine@example.org")
    edits(springfield, "s01", given_name="Sam")
    done = steering.undo(springfield.home, number, **WHO)

    ana, sam = springfield.find("ana"), springfield.find("s01")
    assert ana
    assert sam
    assert (ana.email, ana.grades) == ("mine@example.org", "05")
    assert (sam.given_name, sam.status, springfield.find("s00")) == ("Sam", "active", None)
    assert done.kept["person"] == 2


def test_nights_are_undone_from_the_newest_back(springfield: Springfield) -> None:
    nights = [night(springfield, users) for users in (EVERYBODY, CHANGED, EVERYBODY, CHANGED)]
    with pytest.raises(steering.NotToBeDone) as refused:
        steering.undo(springfield.home, nights[0], **WHO)
    assert 'First: rosterdrop batch undo 4 --why "…" (then 3, 2)' in str(refused.value)
    assert str(refused.value).endswith('then: rosterdrop batch undo 1 --why "…"')


def test_several_nights_are_undone_one_after_the_other_and_given_back(springfield: Springfield) -> None:
    states = []
    for users in (EVERYBODY, CHANGED, [ANA, GIL, TOM]):
        number = night(springfield, users)
        states.append(contents(springfield))

    last = steering.undo(springfield.home, number, **WHO).number
    assert contents(springfield) == states[1]
    first = steering.undo(springfield.home, number - 1, **WHO).number
    assert contents(springfield) == states[0]

    steering.undo(springfield.home, first, **WHO)
    assert contents(springfield) == states[1]
    with pytest.raises(steering.NotToBeDone, match="batch requeue 3"):
        steering.undo(springfield.home, last, **WHO)


def test_after_an_undo_nothing_is_applied_until_somebody_resumes(springfield: Springfield) -> None:
    night(springfield)
    steering.undo(springfield.home, night(springfield, CHANGED), **WHO)
    report = springfield.uploads_by_hand(users=CHANGED, classes=[MATH], enrollments=MEMBERS)
    assert (report.verdict, "district.paused" in report.codes) == ("held", True)
    assert springfield.find("s01") is None

    applying = steering.resume(springfield.home, "springfield", who="sue")
    assert applying
    assert finished(springfield, applying).verdict == "accepted_with_rejections"
    assert springfield.status_of("s01") == "active"
    with pytest.raises(steering.NotToBeDone, match="not paused"):
        steering.resume(springfield.home, "springfield", who="sue")


def test_status_tells_who_is_paused(springfield: Springfield) -> None:
    home = springfield.home.root
    assert rosterdrop("--json", "status", home=home).document["districts"][0]["paused"] is None
    steering.pause(springfield.home, "springfield", who="sue", why="rollover")

    paused = rosterdrop("--json", "status", home=home).document["districts"][0]["paused"]
    assert (paused["who"], paused["why"]) == ("sue", "rollover")
    told = rosterdrop("status", home=home).out
    assert "by sue (rollover); nothing is applied until: rosterdrop district resume springfield" in told


def test_a_paused_district_is_judged_and_reported(springfield: Springfield) -> None:
    steering.pause(springfield.home, "springfield", who="sue", why="rollover")
    report = springfield.uploads_by_hand(users=[*EVERYBODY, {**BEN, "role": "?"}], classes=[MATH], enrollments=MEMBERS)
    assert report.verdict == "held"
    assert not any(contents(springfield).values())
    with pytest.raises(steering.NotToBeDone, match="first: rosterdrop district resume"):
        steering.approve(springfield.home, report.number, **WHO)


def test_without_the_daily_sync_nights_are_held_and_everything_is_by_hand(springfield: Springfield) -> None:
    """connect-behaviour 2.1: daily sync on or off; 8.2: disable the sync."""
    enrols = ("connect", "enrol-student", "springfield", "--school", "0042", "--given", "Eve")
    night(springfield)
    assert rosterdrop(*enrols, home=springfield.home.root).code == 2

    springfield.settles(sync__daily="false")
    report = springfield.uploads_by_hand(users=CHANGED, classes=[MATH], enrollments=MEMBERS)
    assert (report.verdict, springfield.find("s01")) == ("held", None)
    assert rosterdrop(*enrols, home=springfield.home.root).code == 0

    springfield.settles(sync__daily="true")
    night(springfield, CHANGED)
    assert springfield.status_of("s01") == "active"


def differences(springfield: Springfield, before: int, after: int, *words: str) -> list[dict[str, Any]]:
    answer = rosterdrop("--json", "batch", "diff", str(before), str(after), *words, home=springfield.home.root)
    return list(json.loads(answer.out)["differences"])


def test_what_differs_between_two_nights_is_shown_field_by_field(springfield: Springfield) -> None:
    first, second = night(springfield), night(springfield, CHANGED)
    told = {tuple(one.values()) for one in differences(springfield, first, second, "--show-values")}
    assert ("student", "ana", "updated", "grades", "05", "06") in told
    assert ("student", "s01", "created", None, None, None) in told
    assert ("student", "ana", "updated", "grades", "2 digits", "2 digits") in {
        tuple(one.values()) for one in differences(springfield, first, second)
    }
    undoing = steering.undo(springfield.home, second, **WHO).number
    assert differences(springfield, first, undoing) == []
