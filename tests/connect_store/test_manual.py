"""What people do by hand beside a sync: the matrix of connect-behaviour 8.2, and what the next night leaves alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from config.profiles import Guard, Sync
from connect_store import manual
from connect_store.manual import Desk, NoSuchRecord, NotAllowed, Terms
from connect_store.merging import PAIRS, merge_people, merge_students
from connect_store.permissions import PERMISSIONS
from connect_store.records import Kind
from connect_store.store import open_store
from tests.processors.connect import NOW, Connect, classroom, guardian, member, student, teacher

SYNCED = Terms(schools=frozenset({"A"}))
OFF = replace(SYNCED, enabled=False)
pytestmark = pytest.mark.usefixtures("engine")

ROSTER: dict[str, Any] = {
    "users": [
        student("ana", agents=["gil"]),
        student("ben"),
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


EVE = {"given_name": "Eve", "family_name": "Moss"}
UMA = {"given_name": "Uma", "family_name": "Gray", "email": "uma@example.org"}
MAX = {"given_name": "Max", "family_name": "Moss", "email": "max@example.org"}


def enrol(at: Desk) -> str:
    return manual.enrol_student(at, "A", **EVE)


Keys = dict[str, str]
SYNCED_ONES: Keys = {"student": "ana", "guardian": "gil", "staff": "tom", "room": "math"}
OF_THE_SIS, KEPT = "come from the SIS", "the sync keeps these details"
# What is asked, and the words of the refusal for a record of the sync and for one that people made.
MATRIX: dict[str, tuple[Callable[[Desk, Keys], object], str | None, str | None]] = {
    "enrol a student": (lambda at, _: enrol(at), OF_THE_SIS, OF_THE_SIS),
    "archive a student": (lambda at, of: manual.archive_student(at, of["student"]), "out in the SIS", None),
    "merge students": (lambda at, of: merge_students(at, of["student"], "ben"), "survives a merge", None),
    "merge accounts": (
        lambda at, of: merge_people(at, pl.DataFrame([("staff", of["staff"], "ann")], PAIRS, orient="row")),
        "survives a merge",
        None,
    ),
    "put a student into a classroom": (
        lambda at, of: manual.add_member(at, of["room"], "student", "ben"),
        "change the enrollment in the SIS",
        None,
    ),
    "enable a student account": (lambda at, of: manual.enable_account(at, of["student"]), None, None),
    "rename a classroom": (lambda at, of: manual.rename_classroom(at, of["room"], "Sums"), None, None),
    "add a co-teacher": (lambda at, of: manual.add_member(at, of["room"], "staff", "ann"), None, None),
    "archive a classroom": (lambda at, of: manual.archive_classroom(at, of["room"]), None, None),
    "unarchive a classroom": (lambda at, of: manual.unarchive_classroom(at, of["room"]), None, None),
    "create a classroom": (lambda at, _: manual.create_classroom(at, "A", "Art"), None, None),
    "add a guardian": (lambda at, of: manual.add_guardian(at, of["student"], **MAX), None, None),
    "edit contact details": (
        lambda at, of: manual.edit_contact(at, "staff", of["staff"], {"email": "new@example.org"}),
        KEPT,
        None,
    ),
    "add staff": (lambda at, _: manual.add_staff(at, "A", **MAX), None, None),
    "change a role": (lambda at, of: manual.change_role(at, of["staff"], "admin"), None, None),
    "change permissions": (lambda at, of: manual.grant(at, of["staff"], "comms"), None, None),
    "remove a guardian": (lambda at, of: manual.remove_guardian(at, of["student"], of["guardian"]), None, None),
}


def of_before(connect: Connect) -> Keys:
    """Records that people made before the sync was on."""
    with desk(connect, OFF) as at:
        child = enrol(at)
        return {
            "student": child,
            "guardian": manual.add_guardian(at, child, **UMA),
            "staff": manual.add_staff(at, "A", **MAX),
            "room": manual.create_classroom(at, "A", "Chess"),
        }


@pytest.mark.parametrize("operation", MATRIX)
def test_8_2_what_is_allowed_while_a_sync_is_on(connect: Connect, operation: str) -> None:
    """connect-behaviour 8.2: enrol a student; 8.2: archive a student; 8.2: merge students;
    8.2: put a student into a classroom; 8.2: enable a student account; 8.2: rename a classroom;
    8.2: add a co-teacher; 8.2: archive or unarchive a classroom; 8.2: create a classroom; 8.2: add a guardian;
    8.2: edit contact details; 8.2: add staff; 8.2: change role or permissions; 8.2: remove guardians.
    """
    asks, *refusals = MATRIX[operation]
    for of, refusal in zip((SYNCED_ONES, of_before(connect)), refusals, strict=True):
        with desk(connect) as at:
            if refusal is None:
                asks(at, of)
                continue
            before = connect.contents()
            with pytest.raises(NotAllowed, match=refusal):
                asks(at, of)
        assert connect.contents() == before


@pytest.mark.parametrize("operation", [name for name, (_, refusal, _) in MATRIX.items() if refusal])
def test_8_2_all_is_by_hand_where_the_sync_is_off(connect: Connect, operation: str) -> None:
    """connect-behaviour 8.2: disable the sync."""
    with desk(connect, OFF) as at:
        MATRIX[operation][0](at, SYNCED_ONES)


def test_8_2_all_guardians_of_a_school_are_removed_at_once(connect: Connect) -> None:
    """connect-behaviour 8.2: remove guardians."""
    of = of_before(connect)
    with desk(connect) as at:
        manual.remove_guardians(at, "A")
        with pytest.raises(NoSuchRecord, match="no student of school A"):
            manual.remove_guardians(at, "A")
    for child, adult in (("ana", "gil"), (of["student"], of["guardian"])):
        assert connect.links_of(child, "guardians") == {adult: "ended"}
        assert connect.status_of(adult) == "active"


def test_8_2_a_role_by_hand_stays(connect: Connect) -> None:
    """connect-behaviour 3.4: role; 8.2: change role or permissions; 9.2: role changed in Connect."""
    with desk(connect) as at:
        manual.change_role(at, "tom", "admin")
    changed = [{**row, "email": "tom@example.org"} if row["sourcedId"] == "tom" else row for row in ROSTER["users"]]
    night(connect, users=changed)
    assert (found := connect.find("tom")) and (found.role, found.email) == ("admin", "tom@example.org")


def test_8_2_nobody_enrols_a_student_in_a_synced_school(connect: Connect) -> None:
    """connect-behaviour 3.2: no enrolling by hand; 8.2: enrol a student."""
    with desk(connect) as at, pytest.raises(NotAllowed, match="come from the SIS"):
        enrol(at)


def test_8_2_a_synced_student_is_not_archived_by_hand(connect: Connect) -> None:
    """connect-behaviour 3.2: no archiving by hand; 8.2: archive a student."""
    with desk(connect) as at, pytest.raises(NotAllowed, match="in the SIS"):
        manual.archive_student(at, "ana")


def eve(connect: Connect) -> str:
    """A student of before the sync."""
    with desk(connect, OFF) as at:
        return enrol(at)


def test_8_2_a_student_of_before_the_sync_is_archived_by_hand(connect: Connect) -> None:
    """connect-behaviour 3.2: no archiving by hand; 8.2: archive a student."""
    key = eve(connect)
    with desk(connect) as at:
        manual.archive_student(at, key)
    assert connect.status_of(key) == "archived"


def test_3_2_a_first_night_makes_new_students_beside_those_of_before(tmp_path: Path) -> None:
    """connect-behaviour 3.2: first sync makes new students."""
    connect = Connect(tmp_path / "connect.db")
    key = eve(connect)
    night(connect, users=[*ROSTER["users"], student("eva", givenName="Eve", familyName="Moss")])
    with desk(connect) as at:
        told = {one: at.person("student", one)["managed_by"] for one in (key, "eva")}
    assert told == {key: "hand", "eva": "sync"}
    assert connect.status_of(key) == "active"


def test_2_2_what_people_made_counts_for_no_limit(connect: Connect) -> None:
    """connect-behaviour 2.2, T1; 3.5: class gone."""
    with desk(connect, OFF) as at:
        club = manual.create_classroom(at, "A", "Chess")
        for _ in range(3):
            enrol(at)
    connect.guard_rule = Guard(limit_percent=50, at_least=0)
    gone = connect.night(**{**ROSTER, "users": [row for row in ROSTER["users"] if row["sourcedId"] != "ben"]})
    assert gone.verdict == "accepted"
    assert [(one.managed, one.vanishing) for one in gone.guard.limits if one.type == "student"] == [(2, 1)]
    assert connect.classroom_status(club) == "active"


def test_8_2_an_old_student_is_merged_into_a_synced_one(connect: Connect) -> None:
    """connect-behaviour 3.2: merging; 8.2: merge students."""
    key = eve(connect)
    with desk(connect) as at:
        club = manual.create_classroom(at, "A", "Chess")
        manual.add_member(at, club, "student", key)
        merge_students(at, key, "ana")
        with pytest.raises(NotAllowed, match="survives a merge"):
            merge_students(at, "ana", key)
    assert connect.status_of(key) == "archived"
    assert connect.links_of("ana", "classrooms") == {"math": "active", club: "active"}


def test_8_2_students_go_only_into_classrooms_that_are_not_synced(connect: Connect) -> None:
    """connect-behaviour 3.2: classrooms by hand; 3.5: classrooms by hand; 8.2: put a student into a classroom;
    8.2: create a classroom.
    """
    with desk(connect) as at:
        club = manual.create_classroom(at, "A", "Chess")
        manual.add_member(at, club, "student", "ana")
        with pytest.raises(NotAllowed, match="change the enrollment in the SIS"):
            manual.add_member(at, "math", "student", eve(connect))
    assert connect.links_of("ana", "classrooms")[club] == "active"


def test_8_2_a_student_account_is_enabled_by_hand(connect: Connect) -> None:
    """connect-behaviour 3.2: student accounts; 8.2: enable a student account."""
    with desk(connect) as at:
        manual.enable_account(at, "ana")
        assert at.person("student", "ana")["account"] == "invitee"
        with pytest.raises(NotAllowed, match="already"):
            manual.enable_account(at, "ana")


def test_8_2_a_name_by_hand_stays_until_the_source_changes_it(connect: Connect) -> None:
    """connect-behaviour 3.5: name; 8.2: rename a classroom; 9.2: class name."""
    with desk(connect) as at:
        manual.rename_classroom(at, "math", "Sums")
    night(connect)
    assert connect.title_of("math") == "Sums"
    night(connect, classes=[classroom("math", title="Algebra")])
    assert connect.title_of("math") == "Algebra"


def test_8_2_a_co_teacher_by_hand_stays(connect: Connect) -> None:
    """connect-behaviour 3.5: co-teachers; 8.2: add a co-teacher."""
    with desk(connect) as at:
        manual.add_member(at, "math", "staff", "ann")
    night(connect)
    assert connect.links_of("ann", "classrooms") == {"math": "active"}


def test_8_2_a_classroom_archived_by_hand_stays_archived(connect: Connect) -> None:
    """connect-behaviour 3.5: archived by hand; 3.5: archiving loses nothing; 8.2: archive or unarchive a classroom."""
    with desk(connect) as at:
        manual.archive_classroom(at, "math")
    night(connect, classes=[classroom("math", title="Algebra")])
    assert connect.classroom_status("math") == "archived"
    with desk(connect) as at:
        manual.unarchive_classroom(at, "math")
    assert connect.classroom_status("math") == "active"


def test_8_2_a_guardian_by_hand_stays_beside_those_of_the_sync(connect: Connect) -> None:
    """connect-behaviour 6, G1; 6, G11; 8.2: add a guardian."""
    with desk(connect) as at:
        key = manual.add_guardian(at, "ana", **UMA)
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


@pytest.mark.parametrize(("kind", "key"), [("guardian", "gil"), ("staff", "tom")])
@pytest.mark.parametrize(
    ("account", "update_active_users", "allowed"),
    [("invitee", False, False), ("invitee", True, False), ("active", True, False), ("active", False, True)],
)
def test_2_3_who_may_edit_contact_details(
    connect: Connect, kind: Kind, key: str, *, account: str, update_active_users: bool, allowed: bool
) -> None:
    """connect-behaviour 2.3: active, setting on; 2.3: active, setting off; 3.4: edits of synced staff; 6, G9;
    8.2: edit contact details.
    """
    terms = replace(SYNCED, update_active_users=update_active_users)
    with desk(connect, terms) as at:
        if account == "active":
            manual.activate(at, kind, key)
        if allowed:
            manual.edit_contact(at, kind, key, {"email": "mine@example.org"})
        else:
            with pytest.raises(NotAllowed, match="the sync keeps these details"):
                manual.edit_contact(at, kind, key, {"email": "mine@example.org"})


def test_3_2_numbers_of_students_come_only_from_the_sis(connect: Connect) -> None:
    """connect-behaviour 3.2: student phones."""
    with desk(connect) as at, pytest.raises(NotAllowed, match="only from the SIS"):
        manual.edit_contact(at, "student", eve(connect), {"sms": "+13095550100"})


def test_8_2_staff_by_hand_is_never_touched_by_the_sync(connect: Connect) -> None:
    """connect-behaviour 3.4: extra staff; 8.2: add staff."""
    with desk(connect) as at:
        key = manual.add_staff(at, "A", **MAX)
    night(connect)
    assert connect.status_of(key) == "active"


def test_8_1_staff_needs_the_permission(connect: Connect) -> None:
    def adds(staff: str) -> str:
        with desk(connect, staff=staff) as at:
            return manual.add_staff(at, "A", **MAX)

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
    """connect-behaviour 6, G15."""
    nobody = replace(SYNCED, staff_manage_guardians=False)
    with desk(connect, nobody, staff="ann") as at, pytest.raises(NotAllowed, match="no staff"):
        manual.add_guardian(at, "ana", **UMA)


def test_4_2_an_adopted_classroom_is_taken_over_by_the_sync(connect: Connect) -> None:
    """connect-behaviour 3.5: adopted by its SIS ID."""
    with desk(connect) as at:
        club = manual.create_classroom(at, "A", "Chess")
        manual.add_member(at, club, "student", "ana")
        manual.add_member(at, club, "student", "ben")
        manual.add_member(at, club, "staff", "ann")
        manual.adopt_classroom(at, club, "chess-101")
    enrolled = [*ROSTER["enrollments"], member("chess-101", "ben")]
    night(connect, classes=[classroom("math"), classroom("chess-101", title="Chess Club")], enrollments=enrolled)
    assert (connect.title_of("chess-101"), connect.classroom_status(club)) == ("Chess Club", "archived")
    seats = {key: connect.links_of(key, "classrooms")["chess-101"] for key in ("ana", "ben", "ann")}
    assert seats == {"ana": "ended", "ben": "active", "ann": "active"}


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
    """connect-behaviour 2.3: invitee."""
    night(connect, users=of_gil("new@example.org"))
    assert gils_email(connect) == "new@example.org"


def test_2_3_without_the_setting_details_of_active_users_are_theirs(connect: Connect) -> None:
    """connect-behaviour 2.1: update active users; 2.3: active, setting off; 6, G9."""
    with desk(connect) as at:
        manual.activate(at, "guardian", "gil")
        manual.edit_contact(at, "guardian", "gil", {"email": "mine@example.org"}, self_service=True)
    night(connect, users=of_gil("new@example.org"))
    assert gils_email(connect) == "mine@example.org"


def test_2_3_with_the_setting_what_people_changed_does_not_persist(connect: Connect) -> None:
    """connect-behaviour 2.1: update active users; 2.3: active, setting on; 6, G9."""
    with desk(connect) as at:
        manual.activate(at, "guardian", "gil")
        manual.edit_contact(at, "guardian", "gil", {"email": "mine@example.org"}, self_service=True)
    connect.sync = Sync(update_active_users=True)
    night(connect)
    assert gils_email(connect) == "gil@example.org"


def test_2_1_accounts_of_students_are_enabled_by_the_setting_and_never_taken_away(connect: Connect) -> None:
    """connect-behaviour 2.1: student accounts; 3.2: student accounts."""

    def account(key: str) -> str:
        with desk(connect) as at:
            return str(at.person("student", key)["account"])

    assert account("ana") == "none"
    connect.sync = Sync(student_accounts=True)
    night(connect, users=[*ROSTER["users"], student("eva")])
    assert (account("ana"), account("eva")) == ("invitee", "invitee")
    connect.sync = Sync()
    night(connect, users=[*ROSTER["users"], student("eva", grades="06")])
    assert account("eva") == "invitee"


def test_2_1_unarchiving_brings_back_what_was_archived_by_hand(connect: Connect) -> None:
    """connect-behaviour 2.1: unarchive classrooms; 3.5: archived by hand."""
    with desk(connect) as at:
        manual.archive_classroom(at, "math")
    connect.sync = Sync(unarchive_classrooms=True)
    night(connect)
    assert connect.classroom_status("math") == "active"
