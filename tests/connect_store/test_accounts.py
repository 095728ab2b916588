"""One account for somebody who has several roles: staff who are guardians, a guardian under several IDs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from config.profiles import Sync
from connect_store import manual
from connect_store.applying import apply
from connect_store.directory import find_people
from connect_store.ledger import enter_done
from connect_store.manual import Desk, NotAllowed, Terms
from connect_store.records import Kind
from connect_store.store import open_store
from connect_store.undo_record import undo_record
from processors.undoing import undone
from tests.processors.connect import NOW, Connect, Row, guardian, student, teacher

pytestmark = pytest.mark.usefixtures("engine")

SAME: Final[Mapping[str, Any]] = {"givenName": "Kim", "email": "kim@example.org", "sms": "+12125550143"}
TEACHER: Final = teacher("k-staff", **SAME)
MOTHER: Final = guardian("k-home", **SAME)
CHILD: Final = student("eva", agents=["k-home"])


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    return Connect(tmp_path / "connect.db")


@contextmanager
def desk(connect: Connect) -> Iterator[Desk]:
    with open_store(connect.path) as store:
        terms = Terms(schools=frozenset({"A"}), update_active_users=connect.sync.update_active_users)
        yield Desk(store=store, district="d", terms=terms, who="a test", at=NOW)


def logs_in(connect: Connect, kind: Kind, key: str) -> None:
    with desk(connect) as at:
        manual.activate(at, kind, key)


def account(connect: Connect, kind: Kind, key: str) -> str:
    with desk(connect) as at:
        return str(at.person(kind, key)["account"])


def roles_with(connect: Connect, key: str) -> list[tuple[str, str, str]]:
    with open_store(connect.path) as store:
        (found,) = find_people(store, "d", key=key)
    return [(role.name, role.key, role.status) for role in found.same_account]


def test_staff_who_are_guardians_have_one_account(connect: Connect) -> None:
    """connect-behaviour 3.4: one account for several roles; 6, G14; 9.2: same person."""
    connect.night([CHILD, MOTHER, TEACHER])
    assert roles_with(connect, "k-home") == [("staff", "k-staff", "active")]
    assert roles_with(connect, "k-staff") == [("guardian", "k-home", "active")]


def test_a_guardian_under_several_ids_has_one_account(connect: Connect) -> None:
    """connect-behaviour 6, G14."""
    again = guardian("k-again", **{**SAME, "email": "Kim@example.org"})
    connect.night([CHILD, MOTHER, again, student("ian", agents=["k-again"])])
    assert roles_with(connect, "k-again") == [("guardian", "k-home", "active")]


@pytest.mark.parametrize(
    "other", [{"givenName": "Kimberly"}, {"email": "k@example.org"}, {"sms": None}, {"email": None, "sms": None}]
)
def test_what_differs_in_name_address_or_number_are_several_accounts(connect: Connect, other: Row) -> None:
    """connect-behaviour 3.4: one account for several roles."""
    connect.night([CHILD, MOTHER, teacher("k-staff", **{**SAME, **other})])
    assert roles_with(connect, "k-home") == []
    logs_in(connect, "staff", "k-staff")
    assert account(connect, "guardian", "k-home") == "invitee"


def test_a_student_is_never_one_account_with_an_adult(connect: Connect) -> None:
    connect.night([student("kim", **SAME), TEACHER])
    assert (roles_with(connect, "kim"), roles_with(connect, "k-staff")) == ([], [])


def test_who_logs_in_does_so_in_every_role(connect: Connect) -> None:
    """connect-behaviour 3.4: one account for several roles."""
    connect.night([CHILD, MOTHER, TEACHER])
    logs_in(connect, "staff", "k-staff")
    assert account(connect, "guardian", "k-home") == "active"


def test_a_role_that_comes_later_is_that_of_the_user(connect: Connect) -> None:
    """connect-behaviour 3.4: one account for several roles; 6, G14."""
    connect.night([TEACHER])
    logs_in(connect, "staff", "k-staff")
    connect.night([CHILD, MOTHER, TEACHER])
    assert account(connect, "guardian", "k-home") == "active"
    connect.night([CHILD, guardian("k-home", **{**SAME, "email": "new@example.org"}), TEACHER])
    assert roles_with(connect, "k-staff") == [("guardian", "k-home", "active")], "details of a user are the user's"


def test_what_a_user_changes_is_changed_in_every_role(connect: Connect) -> None:
    connect.night([CHILD, MOTHER, TEACHER])
    logs_in(connect, "guardian", "k-home")
    with desk(connect) as at:
        manual.edit_contact(at, "staff", "k-staff", {"email": "mine@example.org"}, self_service=True)
    assert roles_with(connect, "k-home") == [("staff", "k-staff", "active")]
    connect.night([CHILD, MOTHER, TEACHER])
    assert [found.email for found in map(connect.find, ("k-home", "k-staff")) if found] == ["mine@example.org"] * 2


def test_a_user_who_leaves_the_staff_stays_a_user_as_a_guardian(connect: Connect) -> None:
    connect.night([TEACHER])
    logs_in(connect, "staff", "k-staff")
    connect.night([CHILD, MOTHER])
    assert account(connect, "guardian", "k-home") == "active"


def test_details_that_become_the_same_tonight_join_the_account(connect: Connect) -> None:
    connect.sync = Sync(update_active_users=True)
    connect.night([TEACHER])
    logs_in(connect, "staff", "k-staff")
    new = {**SAME, "email": "new@example.org"}
    connect.night([CHILD, guardian("k-home", **new), teacher("k-staff", **new)])
    assert account(connect, "guardian", "k-home") == "active"


def test_an_undo_takes_the_role_back_and_leaves_the_account(connect: Connect) -> None:
    connect.night([CHILD, guardian("k-home", **{**SAME, "sms": None}), TEACHER])
    logs_in(connect, "staff", "k-staff")
    before = connect.contents()
    connect.night([CHILD, MOTHER, TEACHER])
    assert account(connect, "guardian", "k-home") == "active"
    with open_store(connect.path) as store, store.writing():
        plan = undone(undo_record(store, connect.number))
        number = enter_done(store, district="d", origin="undo", at=NOW, changes={}, summary={}, of=connect.number)
        apply(store, district="d", batch=number, changes=plan.changes, at=NOW)
    assert connect.contents() == before


def test_who_is_added_by_hand_in_another_role_is_a_user_already(connect: Connect) -> None:
    connect.night([TEACHER, student("ian")])
    logs_in(connect, "staff", "k-staff")
    with desk(connect) as at:
        key = manual.add_guardian(at, "ian", given_name="Kim", family_name="Gray", email=SAME["email"], sms=SAME["sms"])
    assert account(connect, "guardian", key) == "active"


def test_by_hand_nobody_takes_a_contact_where_each_belongs_to_one_person(connect: Connect) -> None:
    """connect-behaviour 3.7: unique contacts; 9.2: who has a shared contact."""
    connect.night([CHILD, MOTHER, guardian("gil", email="gil@example.org"), student("ian")])
    with desk(connect) as at:
        unique = replace(at, terms=replace(at.terms, unique_contacts=True))
        manual.activate(unique, "guardian", "gil")
        with pytest.raises(NotAllowed, match=r"KIM@example\.org belongs to guardian k-home"):
            manual.edit_contact(unique, "guardian", "gil", {"email": "KIM@example.org"}, self_service=True)
        with pytest.raises(NotAllowed, match="belongs to guardian k-home"):
            manual.add_guardian(unique, "ian", given_name="Lee", family_name="Gray", sms=SAME["sms"])
        manual.edit_contact(unique, "guardian", "gil", {"given_name": "Gilbert"}, self_service=True)
        manual.add_staff(unique, "A", given_name="Kim", family_name="Gray", email=SAME["email"], sms=SAME["sms"])
        manual.edit_contact(at, "guardian", "gil", {"email": SAME["email"]}, self_service=True)
