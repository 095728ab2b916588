"""What people do by hand beside a sync: the matrix of connect-behaviour 8.2, and what the next night leaves alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.profiles import Sync
from connect_store import manual
from connect_store.manual import Desk, NoSuchRecord, NotAllowed, Terms
from connect_store.permissions import PERMISSIONS
from connect_store.store import open_store
from tests.processors.connect import NOW, Connect, classroom, guardian, member, student, teacher

SYNCED = Terms(schools=frozenset({"A"}))
OFF = replace(SYNCED, enabled=False)
pytestmark = pytest.mark.usefixtures("engine")

ROSTER: dict[str, Any] = {
    "users": [
        student("ana", agents=["gil"]),
        guardian("gil", email="gil@example.org"),
        teacher("tom"),
        teacher("ann", role="administrator"),
    ],
    "classes": [classroom("math")],
    "enrollments": [member("math", "ana"), member("math", "tom")],
}


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    made = Connect(tmp_path / "connect.db")
    made.night(**ROSTER)
    return made


@contextmanager
def desk(connect: Connect, terms: Terms = SYNCED, staff: str | None = None) -> Iterator[Desk]:
    with open_store(connect.path) as store:
        yield Desk(store=store, district="d", terms=terms, who="a test", at=NOW, staff=staff)


def night(connect: Connect, **changed: Any) -> None:
    connect.night(**{**ROSTER, **changed})


def enrol(at: Desk) -> str:
    return manual.enrol_student(at, "A", given_name="Eve", family_name="Moss")


def test_8_2_nobody_enrols_a_student_in_a_synced_school(connect: Connect) -> None:
    with desk(connect) as at, pytest.raises(NotAllowed, match="come from the SIS"):
        enrol(at)


def test_8_2_a_synced_student_is_not_archived_by_hand(connect: Connect) -> None:
    with desk(connect) as at, pytest.raises(NotAllowed, match="in the SIS"):
        manual.archive_student(at, "ana")


def eve(connect: Connect) -> str:
    """A student of before the sync."""
    with desk(connect, OFF) as at:
        return enrol(at)


def test_8_2_a_student_of_before_the_sync_is_archived_by_hand(connect: Connect) -> None:
    key = eve(connect)
    with desk(connect) as at:
        manual.archive_student(at, key)
    assert connect.status_of(key) == "archived"


def test_8_2_an_old_student_is_merged_into_a_synced_one(connect: Connect) -> None:
    key = eve(connect)
    with desk(connect) as at:
        club = manual.create_classroom(at, "A", "Chess")
        manual.add_member(at, club, "student", key)
        manual.merge_students(at, key, "ana")
        with pytest.raises(NotAllowed, match="survives a merge"):
            manual.merge_students(at, "ana", key)
    assert connect.status_of(key) == "archived"
    assert connect.links_of("ana", "classrooms") == {"math": "active", club: "active"}


def test_8_2_students_go_only_into_classrooms_that_are_not_synced(connect: Connect) -> None:
    with desk(connect) as at:
        club = manual.create_classroom(at, "A", "Chess")
        manual.add_member(at, club, "student", "ana")
        with pytest.raises(NotAllowed, match="change the enrollment in the SIS"):
            manual.add_member(at, "math", "student", eve(connect))
    assert connect.links_of("ana", "classrooms")[club] == "active"


def test_8_2_a_student_account_is_enabled_by_hand(connect: Connect) -> None:
    with desk(connect) as at:
        manual.enable_account(at, "ana")
        assert at.person("student", "ana")["account"] == "invitee"
        with pytest.raises(NotAllowed, match="already"):
            manual.enable_account(at, "ana")


def test_8_2_a_name_by_hand_stays_until_the_source_changes_it(connect: Connect) -> None:
    with desk(connect) as at:
        manual.rename_classroom(at, "math", "Sums")
    night(connect)
    assert connect.title_of("math") == "Sums"
    night(connect, classes=[classroom("math", title="Algebra")])
    assert connect.title_of("math") == "Algebra"


def test_8_2_a_co_teacher_by_hand_stays(connect: Connect) -> None:
    with desk(connect) as at:
        manual.add_member(at, "math", "staff", "ann")
    night(connect)
    assert connect.links_of("ann", "classrooms") == {"math": "active"}


def test_8_2_a_classroom_archived_by_hand_stays_archived(connect: Connect) -> None:
    with desk(connect) as at:
        manual.archive_classroom(at, "math")
    night(connect, classes=[classroom("math", title="Algebra")])
    assert connect.classroom_status("math") == "archived"
    with desk(connect) as at:
        manual.unarchive_classroom(at, "math")
    assert connect.classroom_status("math") == "active"


def test_8_2_a_guardian_by_hand_stays_beside_those_of_the_sync(connect: Connect) -> None:
    with desk(connect) as at:
        key = manual.add_guardian(at, "ana", given_name="Uma", family_name="Gray", email="uma@example.org")
        with pytest.raises(NotAllowed, match="e-mail address or a mobile"):
            manual.add_guardian(at, "ana", given_name="No", family_name="Contact")
    night(connect)
    assert connect.links_of("ana", "guardians") == {"gil": "active", key: "active"}
    with desk(connect) as at:
        manual.remove_guardian(at, "ana", "gil")
    night(connect)
    assert connect.links_of("ana", "guardians") == {"gil": "ended", key: "active"}


def test_8_2_a_guardian_whom_the_district_has_is_not_made_twice(connect: Connect) -> None:
    key = eve(connect)
    with desk(connect) as at:
        assert manual.add_guardian(at, key, given_name="Gil", family_name="Gray", email="gil@example.org") == "gil"
    assert connect.links_of("gil", "students") == {"ana": "active", key: "active"}


@pytest.mark.parametrize(
    ("account", "update_active_users", "allowed"),
    [("invitee", False, False), ("invitee", True, False), ("active", True, False), ("active", False, True)],
)
def test_2_3_who_may_edit_contact_details(
    connect: Connect, *, account: str, update_active_users: bool, allowed: bool
) -> None:
    terms = replace(SYNCED, update_active_users=update_active_users)
    with desk(connect, terms) as at:
        if account == "active":
            manual.activate(at, "guardian", "gil")
        if allowed:
            manual.edit_contact(at, "guardian", "gil", {"email": "mine@example.org"})
        else:
            with pytest.raises(NotAllowed, match="the sync keeps these details"):
                manual.edit_contact(at, "guardian", "gil", {"email": "mine@example.org"})


def test_3_2_numbers_of_students_come_only_from_the_sis(connect: Connect) -> None:
    with desk(connect) as at, pytest.raises(NotAllowed, match="only from the SIS"):
        manual.edit_contact(at, "student", eve(connect), {"sms": "+13095550100"})


def test_8_2_staff_by_hand_is_never_touched_by_the_sync(connect: Connect) -> None:
    with desk(connect) as at:
        key = manual.add_staff(at, "A", given_name="Max", family_name="Moss", email="max@example.org")
    night(connect)
    assert connect.status_of(key) == "active"


def test_8_1_staff_needs_the_permission(connect: Connect) -> None:
    def adds(staff: str) -> str:
        with desk(connect, staff=staff) as at:
            return manual.add_staff(at, "A", given_name="Max", family_name="Moss", email="max@example.org")

    with pytest.raises(NotAllowed, match="rostering_administrator, or a leader"):
        adds("tom")
    with desk(connect) as at:
        manual.grant(at, "tom", "rostering_administrator")
    assert adds("tom")
    assert adds("ann")  # a leader


def test_8_1_comms_bring_family_access_and_six_are_the_most(connect: Connect) -> None:
    with desk(connect) as at:
        for permission in PERMISSIONS[1:6]:
            manual.grant(at, "tom", permission)
        assert "family_access" in replace(at, staff="tom").permissions()
        with pytest.raises(NotAllowed, match="6 at the most"):
            manual.grant(at, "tom", "users_manager")


def test_g15_a_district_may_keep_guardians_from_all_staff(connect: Connect) -> None:
    nobody = replace(SYNCED, staff_manage_guardians=False)
    with desk(connect, nobody, staff="ann") as at, pytest.raises(NotAllowed, match="no staff"):
        manual.add_guardian(at, "ana", given_name="Uma", family_name="Gray", email="uma@example.org")


def test_4_2_an_adopted_classroom_is_taken_over_by_the_sync(connect: Connect) -> None:
    with desk(connect) as at:
        club = manual.create_classroom(at, "A", "Chess")
        manual.add_member(at, club, "student", "ana")
        manual.adopt_classroom(at, club, "chess-101")
    night(connect, classes=[classroom("math"), classroom("chess-101", title="Chess Club")])
    assert (connect.title_of("chess-101"), connect.classroom_status(club)) == ("Chess Club", "archived")
    assert connect.links_of("ana", "classrooms")["chess-101"] == "active"


@pytest.mark.parametrize(
    "asks",
    [
        lambda at: manual.archive_student(at, "nobody"),
        lambda at: manual.rename_classroom(at, "nowhere", "x"),
        lambda at: manual.remove_guardian(at, "ana", "nobody"),
    ],
)
def test_what_is_not_there_is_named(connect: Connect, asks: Callable[[Desk], object]) -> None:
    with desk(connect) as at, pytest.raises(NoSuchRecord):
        asks(at)


def gils_email(connect: Connect) -> str | None:
    found = connect.find("gil")
    assert found
    return found.email


def of_gil(email: str) -> list[Any]:
    return [row if row["sourcedId"] != "gil" else guardian("gil", email=email) for row in ROSTER["users"]]


def test_2_3_an_invitee_is_always_the_syncs(connect: Connect) -> None:
    night(connect, users=of_gil("new@example.org"))
    assert gils_email(connect) == "new@example.org"


def test_2_3_without_the_setting_details_of_active_users_are_theirs(connect: Connect) -> None:
    with desk(connect) as at:
        manual.activate(at, "guardian", "gil")
        manual.edit_contact(at, "guardian", "gil", {"email": "mine@example.org"}, self_service=True)
    night(connect, users=of_gil("new@example.org"))
    assert gils_email(connect) == "mine@example.org"


def test_2_3_with_the_setting_what_people_changed_does_not_persist(connect: Connect) -> None:
    with desk(connect) as at:
        manual.activate(at, "guardian", "gil")
        manual.edit_contact(at, "guardian", "gil", {"email": "mine@example.org"}, self_service=True)
    connect.sync = Sync(update_active_users=True)
    night(connect)
    assert gils_email(connect) == "gil@example.org"


def test_2_1_accounts_of_students_are_enabled_by_the_setting_and_never_taken_away(connect: Connect) -> None:
    def account(key: str) -> str:
        with desk(connect) as at:
            return str(at.person("student", key)["account"])

    assert account("ana") == "none"
    connect.sync = Sync(student_accounts=True)
    night(connect, users=[*ROSTER["users"], student("ben")])
    assert (account("ana"), account("ben")) == ("invitee", "invitee")
    connect.sync = Sync()
    night(connect, users=[*ROSTER["users"], student("ben", grades="06")])
    assert account("ben") == "invitee"


def test_2_1_unarchiving_brings_back_what_was_archived_by_hand(connect: Connect) -> None:
    with desk(connect) as at:
        manual.archive_classroom(at, "math")
    connect.sync = Sync(unarchive_classrooms=True)
    night(connect)
    assert connect.classroom_status("math") == "active"
