"""`person why` and `person history`: from a name, an ID or a phone to file, line, rule, decision and record."""

import json
from typing import Any

import pytest

from connect_store.history import history_of, owners_of
from connect_store.store import open_store
from processors import steering
from processors.explaining import Why, why
from tests.rosterdrop.command_line import Answer, rosterdrop
from tests.stories.springfield import ANA, BEN, EVERYBODY, GIL, MATH, MEMBERS, TOM, Springfield, person
from tests.stories.test_steering import WHO, contents


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    return springfield_at_rest


def explained(springfield: Springfield, **whom: Any) -> Why:
    return why(springfield.home, "springfield", **whom)


def test_a_rejected_student_is_found_by_name_with_line_and_rule(springfield: Springfield) -> None:
    mia = person("mia", "studnt", givenName="Mia", familyName="Ortiz")
    springfield.uploads_by_hand(users=[*EVERYBODY, mia], classes=[MATH], enrollments=MEMBERS)
    told = explained(springfield, name="mia ort")
    assert told.people == ()
    ((row,),) = [night.rows for night in told.nights]
    assert (row.file, row.line, row.key, row.fate) == ("users.csv", 6, "mia", "rejected")
    assert [code for code, _ in row.reasons] == ["user.role.unknown"]


def test_every_row_that_speaks_of_somebody_is_shown(springfield: Springfield) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    told = explained(springfield, key="ana")
    assert [(row.file, row.line) for row in told.nights[0].rows] == [("users.csv", 2), ("enrollments.csv", 2)]
    assert [one.status for one in told.people] == ["active"]


def test_a_phone_number_leads_to_a_guardian(springfield: Springfield) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    told = explained(springfield, contact="+13125550142")
    assert [one.key for one in told.people] == ["gil"]
    assert [row.key for row in told.nights[0].rows] == ["gil"]


def test_a_row_of_another_school_says_so(springfield: Springfield) -> None:
    away = {**BEN, "orgSourcedIds": "0099"}
    springfield.uploads_by_hand(users=[ANA, away, GIL, TOM], classes=[MATH], enrollments=MEMBERS[:1])
    assert explained(springfield, key="ben").nights[0].rows[0].fate == "other_school"


def test_nights_are_told_newest_first(springfield: Springfield) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    springfield.uploads_by_hand(users=[ANA, GIL, TOM], classes=[MATH], enrollments=MEMBERS[:1])
    told = explained(springfield, key="ben")
    assert [(night.batch, len(night.rows)) for night in told.nights] == [(2, 0), (1, 2)]
    assert [one.status for one in told.people] == ["archived"]


def test_the_history_tells_what_changed_by_which_batch(springfield: Springfield) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    springfield.uploads_by_hand(users=[{**ANA, "grades": "06"}, BEN, GIL, TOM], classes=[MATH], enrollments=MEMBERS)
    with open_store(springfield.home.store_db) as store:
        steps = history_of(store, "springfield", "student", "ana")
        owners = {
            owned.field: (owned.value, owned.owner, owned.batch)
            for owned in owners_of(store, "springfield", "student", "ana")
        }
    assert [(step.what, step.before, step.after) for step in steps if step.batch == 2] == [("grades", "05", "06")]
    assert ("guardian", None, "gil") in [(step.what, step.before, step.after) for step in steps]
    assert owners["grades"] == ("06", "sync", 2)
    assert owners["given_name"] == ("Ana", "sync", 1)


def command(springfield: Springfield, *words: str) -> Answer:
    return rosterdrop(*words, home=springfield.home.root)


def test_the_commands_answer_in_json_and_in_words(springfield: Springfield) -> None:
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    answer = command(springfield, "person", "why", "springfield", "--name", "ana")
    assert "Ana Gray (student ana) is active in Connect" in answer.out
    assert "users.csv, line 2: accepted" in answer.out
    told = json.loads(command(springfield, "--json", "person", "history", "springfield", "--id", "ana").out)
    first = told["people"][0]["owners"][0]
    assert {name: first[name] for name in ("field", "value", "owner", "batch")} == {
        "field": "given_name",
        "value": "Ana",
        "owner": "sync",
        "batch": 1,
    }
    assert command(springfield, "person", "why", "springfield", "--name", "zoe").code == 5


def test_a_student_is_called_by_the_number_where_the_district_says_so(springfield: Springfield) -> None:
    """What people read is the number, in a report and in answers; records keep their key.

    connect-behaviour 2.1: student ID or number.
    """
    springfield.settles(sync__student_id="student_number")
    numbered = [{**ANA, "identifier": "8001"}, {**TOM, "identifier": "77"}, BEN, {**GIL, "agentSourcedIds": "nobody"}]
    strange = {**MEMBERS[0], "classSourcedId": "nowhere"}
    report = springfield.uploads_by_hand(users=numbered, classes=[MATH], enrollments=[*MEMBERS, strange])
    latest = springfield.home.reports("springfield") / "latest.txt"
    assert "Ana Gray (8001)" in latest.read_text(encoding="utf-8")
    assert report.document["rejected"][0]["key"] == "nowhere/ana"
    for command_ in ("why", "history"):
        assert "Ana Gray (student 8001)" in command(springfield, "person", command_, "springfield", "--id", "ana").out
    assert "Ben Gray (student ben)" in command(springfield, "person", "why", "springfield", "--id", "ben").out
    assert "Tom Gray (staff tom)" in command(springfield, "person", "why", "springfield", "--id", "tom").out
    found = json.loads(command(springfield, "--json", "person", "find", "springfield", "--id", "8001").out)["people"]
    assert [one["key"] for one in found] == ["ana"]


def test_a_contact_of_somebody_else_is_explained_and_undone(springfield: Springfield) -> None:
    """The later one is stored without it, the answer says whose it is, and an undo gives everything back.

    connect-behaviour 3.7: unique contacts; 9.2: who has a shared contact.
    """
    springfield.settles(sync__contact_sharing="unique")
    springfield.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    before = contents(springfield)
    second = person("zoe", "parent", email="gil@example.org", sms="312-555-0177")
    report = springfield.uploads_by_hand(users=[second, *EVERYBODY], classes=[MATH], enrollments=MEMBERS)
    assert report.codes_at("users.csv", 2)[0] == "contact.taken"
    told = explained(springfield, key="zoe")
    assert [(one.email, one.sms) for one in told.people] == [(None, "+13125550177")]
    assert "“gil@example.org” belongs to somebody else, “gil”" in told.nights[0].rows[0].reasons[0][1]
    assert "gil@example.org" in [one.email for one in explained(springfield, key="gil").people]
    steering.undo(springfield.home, report.number, **WHO)
    assert contents(springfield) == before
