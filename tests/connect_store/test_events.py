"""What changed for whom stands in the outbox with the change: by nights and by hand, and by an undo."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.profiles import Sync
from connect_store import ledger, manual
from connect_store.applying import apply
from connect_store.events import Event, events_after
from connect_store.manual import Desk, Terms
from connect_store.store import open_store
from connect_store.undo_record import undo_record
from processors.undoing import undone
from tests.processors.connect import NOW, Connect, Row, guardian, student, teacher

GIL = guardian("gil", email="gil@example.org", sms="+13095550141")
pytestmark = pytest.mark.usefixtures("engine")

EVERYBODY = (student("ana", agents=["gil"]), GIL, teacher("tom"))


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    made = Connect(tmp_path / "connect.db", sync=replace(Sync(), update_active_users=True))
    made.night(users=EVERYBODY)
    return made


def told(connect: Connect, after: int = 0, most: int = 99) -> list[Event]:
    with open_store(connect.path) as store:
        return events_after(store, "d", after, most)


def words(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.event, event.key) for event in events]


def by_hand(connect: Connect, operation: Any, *arguments: Any) -> None:
    with open_store(connect.path) as store:
        operation(Desk(store=store, district="d", terms=Terms(enabled=False), who="a test", at=NOW), *arguments)


def undo(connect: Connect) -> None:
    with open_store(connect.path) as store, store.writing():
        plan = undone(undo_record(store, connect.number))
        number = ledger.enter_done(store, district="d", origin="undo", at=NOW, changes={}, summary={})
        apply(store, district="d", batch=number, changes=plan.changes, at=NOW)


def night(connect: Connect, *users: Row) -> list[tuple[str, str]]:
    before = told(connect)
    connect.night(users=users)
    return words(told(connect, before[-1].id if before else 0))


def test_9_5_nobody_is_told_of_the_first_sync(connect: Connect) -> None:
    """connect-behaviour 9.5: notify active users."""
    assert told(connect) == []


def test_a_night_that_changes_nothing_tells_nothing(connect: Connect) -> None:
    assert night(connect, *EVERYBODY) == []


def test_who_comes_leaves_and_returns_is_told(connect: Connect) -> None:
    bo = student("bo", agents=["gil"])
    assert night(connect, *EVERYBODY, bo) == [("person_created", "bo"), ("guardian_linked", "gil")]
    assert told(connect)[-1].student == "bo"
    alone = {**bo, "agents": []}
    assert night(connect, *EVERYBODY, alone) == [("guardian_disconnected", "gil")]
    assert night(connect, *EVERYBODY) == [("student_archived", "bo")]
    assert night(connect, *EVERYBODY, bo) == [("student_restored", "bo"), ("guardian_linked", "gil")]
    assert ("person_disconnected", "tom") in night(connect, *EVERYBODY[:2], bo)
    assert ("person_restored", "tom") in night(connect, *EVERYBODY, bo)


def test_changed_credentials_are_told_of_active_users_by_field_and_never_by_value(connect: Connect) -> None:
    """connect-behaviour 2.3: active, setting on; 6, G8; 9.5: notify active users."""
    moved = {**GIL, "email": "new@example.org", "phone": "+13095550199", "familyName": "Moss"}
    assert night(connect, EVERYBODY[0], moved, EVERYBODY[2]) == [], "an invitee has no login yet"
    by_hand(connect, manual.activate, "guardian", "gil")
    assert told(connect) == []
    again = {**moved, "sms": "+13095550142", "email": "newer@example.org"}
    assert night(connect, EVERYBODY[0], again, EVERYBODY[2]) == [("credential_changed", "gil")]
    (event,) = told(connect)
    assert (event.detail, event.kind, event.batch) == ("email,sms", "guardian", connect.number)
    night(connect, EVERYBODY[0], {**again, "sms": "+13095550143"}, EVERYBODY[2])
    assert told(connect)[-1].detail == "sms"


def test_nobody_is_invited_by_a_night(connect: Connect) -> None:
    """connect-behaviour 6, G10."""
    told_of = night(connect, student("ana", agents=["gil", "ida"]), GIL, guardian("ida"), teacher("tom"))
    with open_store(connect.path) as store:
        desk = Desk(store=store, district="d", terms=Terms(), who="a test", at=NOW)
        assert desk.person("guardian", "ida")["account"] == "invitee"
    assert told_of == [("person_created", "ida"), ("guardian_linked", "ida")]


def test_changed_credentials_are_not_told_where_the_profile_says_so(connect: Connect) -> None:
    """connect-behaviour 9.5: notify active users."""
    by_hand(connect, manual.activate, "guardian", "gil")
    connect.sync = replace(connect.sync, tell_changed_logins=False)
    changed = {**GIL, "email": "new@example.org"}
    assert night(connect, EVERYBODY[0], changed, student("bo")) == [
        ("person_disconnected", "tom"),
        ("person_created", "bo"),
    ]


def test_changes_by_hand_are_told(connect: Connect) -> None:
    by_hand(connect, manual.remove_guardian, "ana", "gil")
    assert words(told(connect)) == [("guardian_disconnected", "gil")]


def test_an_undo_tells_what_it_gives_back_and_takes_back(connect: Connect) -> None:
    night(connect, EVERYBODY[0], GIL, student("bo"))
    before = told(connect)[-1].id
    undo(connect)
    assert words(told(connect, before)) == [("person_restored", "tom"), ("person_removed", "bo")]


def test_a_reader_goes_on_from_its_cursor_and_misses_nothing(connect: Connect) -> None:
    for number in range(5):
        night(connect, *EVERYBODY, *(student(f"s-{one}") for one in range(number + 1)))
    read: list[Event] = []
    while page := told(connect, read[-1].id if read else 0, most=2):
        read += page
    assert read == told(connect)
    assert [event.key for event in read] == [f"s-{one}" for one in range(5)]


def test_a_night_that_fails_tells_nothing(connect: Connect) -> None:
    with pytest.raises(RuntimeError), open_store(connect.path) as store, store.writing():
        store.run("tell_people", district="d", batch=connect.number, at="")
        raise RuntimeError
    assert told(connect) == []
