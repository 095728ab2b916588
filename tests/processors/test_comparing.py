"""What a night does to Connect, rule by rule (connect-behaviour 3 and 9.1); the store is a real one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from config.profiles import Exceptional, Guard, Sync
from processors.moving import Move
from tests.processors.connect import Connect, Row, classroom, contact, guardian, member, student, teacher

ANA = student("ana", agents=["gil"])
BEN = student("ben")
GIL = guardian("gil")
TOM = teacher("tom")
MATH = classroom("math")
EVERYBODY = [ANA, BEN, GIL, TOM]
MEMBERS = [member("math", "ana"), member("math", "ben"), member("math", "tom")]


def test_a_first_night_creates_everything(connect: Connect) -> None:
    """connect-behaviour 3.5: a class is a classroom; 3.6: enrolments of students and teachers."""
    night = connect.night(EVERYBODY, [MATH], MEMBERS)

    assert night.changes["student"]["created"] == 2
    assert night.changes["guardian"]["created"] == 1
    assert night.changes["staff"]["created"] == 1
    assert night.changes["classroom"]["created"] == 1
    assert night.changes["membership"]["created"] == 3
    assert night.changes["guardianship"]["created"] == 1
    assert connect.links_of("ana", "guardians") == {"gil": "active"}
    assert connect.links_of("ana", "classrooms") == {"math": "active"}


def test_the_same_night_again_writes_nothing(connect: Connect) -> None:
    connect.night(EVERYBODY, [MATH], MEMBERS)
    before = connect.contents()
    night = connect.night(EVERYBODY, [MATH], MEMBERS)

    assert connect.contents() == before
    assert all(
        counts[action] == 0 for counts in night.changes.values() for action in ("created", "updated", "archived")
    )
    assert night.changes["student"]["unchanged"] == 2


def test_a_changed_name_updates_the_person(connect: Connect) -> None:
    connect.night(EVERYBODY, [MATH], MEMBERS)
    night = connect.night([{**ANA, "familyName": "Núñez"}, BEN, GIL, TOM], [MATH], MEMBERS)

    assert night.changes["student"]["updated"] == 1
    assert (found := connect.find("ana")) and found.family_name == "Núñez"


def test_a_student_who_left_is_archived_and_keeps_school_classes_and_guardians(connect: Connect) -> None:
    """connect-behaviour 3.2: archiving keeps links; 6, G12; 9.1: student gone."""
    connect.night(EVERYBODY, [MATH], MEMBERS)
    connect.night([BEN, GIL, TOM], [MATH], MEMBERS[1:])

    assert connect.status_of("ana") == "archived"
    assert connect.links_of("ana", "schools") == {"A": "active"}
    assert connect.links_of("ana", "classrooms") == {"math": "active"}
    assert connect.links_of("ana", "guardians") == {"gil": "active"}


def test_a_guardian_who_leaves_with_the_student_is_not_disconnected(connect: Connect) -> None:
    """connect-behaviour 6, G12; 9.1: student and guardian gone."""
    connect.night(EVERYBODY, [MATH], MEMBERS)
    connect.night([BEN, TOM], [MATH], MEMBERS[1:])

    assert connect.status_of("gil") == "active"


def test_an_archived_student_who_returns_is_restored_with_tonights_classes_only(connect: Connect) -> None:
    """connect-behaviour 2.1: archived students; 9.1: student back."""
    connect.night(EVERYBODY, [MATH, classroom("art")], [*MEMBERS, member("art", "ana")])
    connect.night([BEN, GIL, TOM], [MATH, classroom("art")], MEMBERS[1:])
    night = connect.night(EVERYBODY, [MATH, classroom("art")], MEMBERS)

    assert night.changes["student"]["restored"] == 1
    assert connect.status_of("ana") == "active"
    assert connect.links_of("ana", "classrooms") == {"art": "ended", "math": "active"}


def test_a_profile_may_keep_returning_students_archived(connect: Connect) -> None:
    """connect-behaviour 2.1: archived students; 9.1: student back."""
    connect.sync = Sync(archived_students="keep_archived")
    connect.night(EVERYBODY, [MATH], MEMBERS)
    connect.night([BEN, GIL, TOM], [MATH], MEMBERS[1:])
    before = connect.contents()
    connect.night(EVERYBODY, [MATH], MEMBERS)

    assert connect.contents() == before


def test_a_guardian_who_left_is_unlinked_and_disconnected(connect: Connect) -> None:
    """connect-behaviour 9.1: guardian gone."""
    connect.night(EVERYBODY, [MATH], MEMBERS)
    connect.night([student("ana"), BEN, TOM], [MATH], MEMBERS)

    assert connect.status_of("gil") == "disconnected"
    assert connect.links_of("ana", "guardians") == {"gil": "ended"}
    assert connect.links_of("gil", "schools") == {"A": "ended"}


def test_staff_who_left_lose_school_and_classes_and_keep_the_account(connect: Connect) -> None:
    """connect-behaviour 9.1: staff gone."""
    connect.night(EVERYBODY, [MATH], MEMBERS)
    connect.night([ANA, BEN, GIL], [MATH], MEMBERS[:2])

    assert connect.status_of("tom") == "disconnected"
    assert connect.links_of("tom", "schools") == {"A": "ended"}
    assert connect.links_of("tom", "classrooms") == {"math": "ended"}


def test_a_class_that_vanished_is_archived_with_its_members_as_history(connect: Connect) -> None:
    """connect-behaviour 3.5: class gone; 3.5: archiving loses nothing; 9.1: class gone."""
    connect.night(EVERYBODY, [MATH], MEMBERS)
    connect.night(EVERYBODY, [], [])

    assert connect.classroom_status("math") == "archived"
    assert connect.links_of("ana", "classrooms") == {"math": "active"}


def test_a_class_that_reappears_stays_archived_unless_the_profile_says_otherwise(connect: Connect) -> None:
    """connect-behaviour 2.1: unarchive classrooms; 9.1: class gone; 9.1: class back."""
    connect.night(EVERYBODY, [MATH], MEMBERS)
    connect.night(EVERYBODY, [], [])
    connect.night(EVERYBODY, [MATH], MEMBERS)
    assert connect.classroom_status("math") == "archived"

    connect.sync = Sync(unarchive_classrooms=True)
    connect.night(EVERYBODY, [MATH], MEMBERS[1:])
    assert connect.classroom_status("math") == "active"
    assert connect.links_of("ana", "classrooms") == {"math": "ended"}


def test_an_enrollment_that_vanished_ends_the_membership(connect: Connect) -> None:
    """connect-behaviour 3.0: enrollment; 9.1: enrollment gone."""
    connect.night(EVERYBODY, [MATH], MEMBERS)
    night = connect.night(EVERYBODY, [MATH], MEMBERS[1:])

    assert night.changes["membership"]["archived"] == 1
    assert connect.links_of("ana", "classrooms") == {"math": "ended"}


def test_a_student_who_drops_one_of_two_schools_keeps_the_other(connect: Connect) -> None:
    """connect-behaviour 3.2: several schools; 9.1: school dropped; 9.4: person in several schools."""
    connect.night([student("ana", school="A B")])
    night = connect.night([student("ana", school="B")])

    assert night.changes["student"] == {
        "created": 0, "updated": 1, "archived": 0, "restored": 0, "unchanged": 0, "withheld": 0
    }  # fmt: skip
    assert connect.links_of("ana", "schools") == {"A": "ended", "B": "active"}


def test_a_rejected_row_is_not_a_missing_row(connect: Connect) -> None:
    connect.night(EVERYBODY, [MATH], MEMBERS)
    before = connect.contents()
    connect.night(
        [BEN, GIL, TOM],
        [],
        MEMBERS[1:],
        protected={"users": ["ana"], "classes": ["math"], "enrollments": [("math", "ana")]},
    )

    assert connect.contents() == before


def test_a_rejected_enrollment_that_names_no_class_keeps_all_of_the_persons_classes(connect: Connect) -> None:
    connect.night(EVERYBODY, [MATH], MEMBERS)
    connect.night(EVERYBODY, [MATH], [], protected={"enrollments": [(None, "ana")]})

    assert connect.links_of("ana", "classrooms") == {"math": "active"}
    assert connect.links_of("ben", "classrooms") == {"math": "ended"}


def test_a_rejected_guardian_keeps_links_and_schools(connect: Connect) -> None:
    connect.night(EVERYBODY, [MATH], MEMBERS)
    before = connect.contents()
    connect.night([student("ana"), BEN, TOM], [MATH], MEMBERS, protected={"users": ["gil"]})

    assert connect.contents() == before


def test_a_rejected_value_keeps_what_is_stored_and_an_empty_cell_clears_it(connect: Connect) -> None:
    connect.night([student("ana", email="ana@example.org", sms="+13125550100")])
    connect.night([student("ana", kept=["email"])])

    found = connect.find("ana")
    assert found
    assert (found.email, found.sms) == ("ana@example.org", None)


def test_a_column_that_vanished_keeps_what_is_stored(connect: Connect) -> None:
    connect.night([student("ana", email="ana@example.org", agents=["gil"]), GIL])
    before = connect.contents()
    connect.night([student("ana"), GIL], drop_columns=["email", "agentSourcedIds"])

    assert connect.contents() == before


def test_the_sync_writes_a_role_only_once(connect: Connect) -> None:
    """connect-behaviour 3.4: role."""
    connect.night([teacher("tom", role="administrator")])
    connect.night([teacher("tom", role="teacher")])

    assert (found := connect.find("tom")) and found.role == "admin"


_DETAILS: Mapping[str, tuple[str, str]] = {
    "givenName": ("Kim", "Kit"),
    "familyName": ("Lee", "Low"),
    "email": ("kim@example.org", "kit@example.org"),
}
_NUMBERS: Mapping[str, tuple[str, str]] = {
    "sms": ("+13125550142", "+13125550143"),
    "phone": ("+13125550144", "+13125550145"),
}


@pytest.mark.parametrize(
    ("make", "fields"),
    [
        (student, {**_DETAILS, "grades": ("05", "06")}),
        (guardian, {**_DETAILS, **_NUMBERS}),
        (teacher, {**_DETAILS, **_NUMBERS}),
    ],
)
def test_fields_of_people_are_created_and_follow_the_files(
    connect: Connect, make: Callable[..., Row], fields: Mapping[str, tuple[str, str]]
) -> None:
    """connect-behaviour 3.0: student; 3.0: guardian; 3.0: staff."""
    for night in (0, 1):
        connect.night([make("kim", **{column: cells[night] for column, cells in fields.items()})])
        found = connect.find("kim")
        told = {column: getattr(found, column.replace("N", "_n")) for column in fields}
        assert told == {column: cells[night] for column, cells in fields.items()}


def test_name_and_grade_of_a_class_follow_the_files(connect: Connect) -> None:
    """connect-behaviour 3.0: classroom."""
    for title, grades in (("Math", "05"), ("Algebra", "06")):
        connect.night([], [classroom("math", title=title, grades=grades)])
        assert ("math", "A", title, grades) in [row[:4] for row in connect.contents()["classroom"]]


def test_the_language_is_written_once_unless_the_profile_lets_the_sync_update_it(connect: Connect) -> None:
    """connect-behaviour 2.1: update language; 9.2: language."""
    connect.night([guardian("gil", language="es")])
    connect.night([guardian("gil", language="vi")])
    assert (found := connect.find("gil")) and found.language == "es"

    connect.sync = Sync(update_language=True)
    connect.night([guardian("gil", language="vi")])
    assert (found := connect.find("gil")) and found.language == "vi"


def test_the_guardian_file_attaches_guardians_through_their_students(connect: Connect) -> None:
    """connect-behaviour 6, G1; 6, G13."""
    connect.night(
        [student("ana", school="A"), student("ben", school="B")],
        guardians=[contact("ana", "gil"), contact("ben", "gil")],
        guardians_from="guardians",
    )

    assert connect.links_of("gil", "schools") == {"A": "active", "B": "active"}
    assert connect.links_of("gil", "students") == {"ana": "active", "ben": "active"}


def test_the_guardian_file_updates_whom_connect_has_and_creates_the_others(connect: Connect) -> None:
    """connect-behaviour 6, G7."""
    children = [BEN, student("ana")]
    connect.night(children, guardians=[contact("ben", "gil")], guardians_from="guardians")
    known = contact("ana", None, email="gil@example.org", phone="+13125550142")
    rows = [contact("ben", "gil"), known, contact("ben", "ida")]
    night = connect.night(children, guardians=rows, guardians_from="guardians")

    assert (night.changes["guardian"]["updated"], night.changes["guardian"]["created"]) == (1, 1)
    assert connect.links_of("gil", "students") == {"ana": "active", "ben": "active"}


def test_people_may_share_an_address_and_a_number(connect: Connect) -> None:
    """connect-behaviour 2.1: shared contacts; 3.7: shared contacts; 6, G4; 9.2: contact sharing."""
    same = {"email": "home@example.org", "sms": "+13125550142"}
    night = connect.night([ANA, guardian("gil", **same), guardian("ida", **same), teacher("tom", **same)])

    assert (night.changes["guardian"]["created"], night.changes["staff"]["created"]) == (2, 1)
    assert {found.email for key in ("gil", "ida", "tom") if (found := connect.find(key))} == {"home@example.org"}


def test_a_guardian_without_id_is_one_person_for_two_children(connect: Connect) -> None:
    """connect-behaviour 6, G5; 9.2: same person."""
    night = connect.night(
        [{**ANA, "agents": []}, BEN],
        guardians=[contact("ana", None, email="gil@example.org"), contact("ben", None, email="gil@example.org")],
        guardians_from="guardians",
    )

    assert night.changes["guardian"]["created"] == 1
    assert night.changes["guardianship"]["created"] == 2


def test_a_guardian_without_id_stays_the_same_person_when_a_contact_changes(connect: Connect) -> None:
    """connect-behaviour 6, G5; 9.2: same person."""
    connect.night(
        [BEN], guardians=[contact("ben", None, email="old@example.org", sms="+13125550142")], guardians_from="guardians"
    )
    for fields in ({"email": "new@example.org", "sms": "+13125550142"}, {"email": None, "sms": None, "kept": ["sms"]}):
        night = connect.night([BEN], guardians=[contact("ben", None, **fields)], guardians_from="guardians")
        assert night.changes["guardian"]["created"] == 0
        assert night.changes["guardian"]["archived"] == 0


def test_a_night_without_the_guardian_file_keeps_all_guardians(connect: Connect) -> None:
    """connect-behaviour 9.1: guardian file missing."""
    connect.night([BEN], guardians=[contact("ben", "gil")], guardians_from="guardians")
    before = connect.contents()
    connect.night([BEN], guardians=None, guardians_from="guardians")

    assert connect.contents() == before


def test_neither_source_of_guardians_unlinks_what_the_other_brought(connect: Connect) -> None:
    """connect-behaviour 6, G2; 9.3: source of guardians."""
    connect.night([ANA, GIL, BEN])
    connect.night([ANA, BEN], guardians=[contact("ben", "ida")], guardians_from="guardians")

    assert connect.links_of("ana", "guardians") == {"gil": "active"}
    assert connect.links_of("ben", "guardians") == {"ida": "active"}


def test_a_table_that_did_not_come_is_not_missing(connect: Connect) -> None:
    connect.night(EVERYBODY, [MATH], MEMBERS)
    before = connect.contents()
    connect.night(EVERYBODY, None, None)

    assert connect.contents() == before


def test_one_guard_withholds_all_archiving_and_lets_creates_and_updates_through(connect: Connect) -> None:
    """connect-behaviour 2.2, T3; 2.2, T4; 9.2: scope."""
    connect.guard_rule = Guard(limit_percent=10)
    school = [student(f"s{number:02}") for number in range(30)]
    connect.night([*school, TOM], [MATH], [member("math", "tom")])
    night = connect.night([student("s00", givenName="New"), *school[20:], student("zoe")], [MATH], [])

    assert night.guard.tripped
    assert night.changes["student"] == {
        "created": 1, "updated": 1, "archived": 0, "restored": 0, "unchanged": 10, "withheld": 19
    }  # fmt: skip
    assert night.changes["staff"]["withheld"] == 1
    assert connect.links_of("tom", "classrooms") == {"math": "active"}


def test_what_was_withheld_is_counted_anew_the_next_night(connect: Connect) -> None:
    """connect-behaviour 9.2: deferred archives."""
    connect.guard_rule = Guard(limit_percent=10)
    school = [student(f"s{number:02}") for number in range(30)]
    connect.night(school)
    connect.night(school[10:])
    night = connect.night(school)

    assert not night.guard.tripped
    assert night.changes["student"]["unchanged"] == 30


def test_every_school_and_every_type_has_its_own_limit(connect: Connect) -> None:
    """connect-behaviour 2.2, T5; 9.2: scope."""
    connect.guard_rule = Guard()
    small = [student(f"a{number:02}") for number in range(20)]
    large = [student(f"b{number:03}", school="B") for number in range(200)]
    staff = [teacher(f"t{number:02}", school="B") for number in range(20)]
    connect.night([*small, *large, *staff])

    assert not connect.night([*small, *large[3:], *staff]).guard.tripped
    for night in ([*small[3:], *large[3:], *staff], [*small, *large[3:], *staff[3:]]):
        assert connect.night(night).guard.tripped


def test_a_first_night_cannot_trip(connect: Connect) -> None:
    """connect-behaviour 9.2: first sync."""
    connect.guard_rule = Guard(limit_percent=0, at_least=0)

    assert connect.night(EVERYBODY, [MATH], MEMBERS).verdict == "accepted"


def test_enrollments_and_links_that_end_are_not_counted(connect: Connect) -> None:
    """connect-behaviour 9.2: enrolments and links; 9.2: percentages of enrolments and links."""
    connect.guard_rule = Guard()
    family = [student(f"s{number:02}", agents=["gil"]) for number in range(30)]
    seats = [member("math", row["sourcedId"]) for row in family]
    connect.night([*family, GIL], [MATH], seats)
    night = connect.night([*({**row, "agents": []} for row in family[1:]), family[0], GIL], [MATH], seats[:1])

    assert night.verdict == "accepted"
    assert (night.changes["membership"]["archived"], night.changes["guardianship"]["archived"]) == (29, 29)
    told = {one.type: (one.managed, one.ending, one.percent) for one in night.guard.links}
    assert told == {"membership": (30, 29, 96.7), "guardianship": (30, 29, 96.7)}


def test_two_leavers_of_a_small_school_pass(connect: Connect) -> None:
    """connect-behaviour 9.2: small schools."""
    connect.guard_rule = Guard()
    staff = [teacher(f"t{number}") for number in range(8)]
    connect.night(staff)

    assert not connect.night(staff[2:]).guard.tripped
    assert connect.night(staff[5:]).guard.tripped


def test_archived_students_do_not_count_as_managed(connect: Connect) -> None:
    connect.guard_rule = replace(connect.guard_rule, limit_percent=100)
    connect.night([student(f"s{number}") for number in range(10)])
    connect.night([student(f"s{number}") for number in range(5)])
    night = connect.night([student(f"s{number}") for number in range(5)])

    assert [(limit.managed, limit.vanishing) for limit in night.guard.limits] == [(5, 0)]


def test_what_a_person_changed_stays_until_the_source_says_something_new(connect: Connect) -> None:
    """connect-behaviour 3.5: name; 9.2: class name."""
    connect.night([teacher("tom", email="tom@example.org")], [MATH])
    connect.edits("update classroom set title = 'Ms Tom room'", "update person set family_name = 'Tom-Gray'")
    connect.night([teacher("tom", email="t.tom@example.org")], [{**MATH, "grades": "06"}])

    assert (tom := connect.find("tom")) and (tom.family_name, tom.email) == ("Tom-Gray", "t.tom@example.org")
    assert connect.title_of("math") == "Ms Tom room"

    connect.night([teacher("tom", email="t.tom@example.org")], [{**MATH, "grades": "06", "title": "Algebra"}])
    assert connect.title_of("math") == "Algebra"


def test_a_set_of_guardians_alone_says_nothing_about_students_and_staff(connect: Connect) -> None:
    connect.night(EVERYBODY, [MATH], MEMBERS)
    before = connect.contents()
    connect.night(None, None, None, guardians=[contact("ben", "ida")], guardians_from="guardians")

    after = connect.contents()
    assert [row for row in after["person"] if row[1] != "ida"] == before["person"]
    assert after["membership"] == before["membership"]
    assert connect.links_of("ben", "guardians") == {"ida": "active"}


def test_classes_and_enrollments_alone_end_nobodys_membership(connect: Connect) -> None:
    connect.night(EVERYBODY, [MATH], MEMBERS)
    before = connect.contents()
    connect.night(None, [MATH], MEMBERS)

    assert connect.contents() == before


def test_users_and_enrollments_alone_name_no_unknown_class(connect: Connect) -> None:
    connect.night(EVERYBODY, None, MEMBERS)

    assert connect.links_of("ana", "classrooms") == {}


def test_links_that_all_vanish_at_once_are_withheld(connect: Connect) -> None:
    family = [student(f"s{number}", agents=["gil"]) for number in range(5)]
    connect.night([*family, GIL])
    night = connect.night([{**one, "agents": []} for one in family] + [GIL])

    assert night.guard.reasons == ("guardianships.none_left",)
    assert connect.links_of("gil", "students") == dict.fromkeys(("s0", "s1", "s2", "s3", "s4"), "active")


def test_archived_students_who_return_elsewhere_do_not_trip_their_old_school(connect: Connect) -> None:
    connect.guard_rule = Guard(limit_percent=100)
    school = [student(f"s{number:02}") for number in range(40)]
    connect.night(school)
    connect.night(school[20:])
    connect.guard_rule = Guard(limit_percent=10)
    night = connect.night([*school[20:], *(student(f"s{number:02}", school="B") for number in range(20))])

    assert not night.guard.tripped


def _families(size: int, *, moved: int = 0, **changed: Any) -> list[Row]:
    """Students with a guardian each; the first `moved` guardians have other values, or by `of` are other people."""
    other = changed.pop("of", "")
    ids = [f"{other if each < moved else ''}g{each:02}" for each in range(size)]
    own = [{"email": f"{of}@example.org"} for of in ids]
    return [
        *(student(f"s{each:02}", agents=[of]) for each, of in enumerate(ids)),
        *(guardian(of, **(own[each] | changed if each < moved else own[each])) for each, of in enumerate(ids)),
    ]


def test_9_2_contacts_of_more_than_a_quarter_of_a_school_that_change_are_held(connect: Connect) -> None:
    """connect-behaviour 9.2: too much moves."""
    connect.night(_families(40))

    at_limit = connect.night(_families(40, moved=10, email="other@example.org"))
    assert (at_limit.verdict, at_limit.guard.moves) == ("accepted", ())

    over = connect.night(_families(40, moved=21, email="third@example.org"))
    assert over.verdict == "held"
    assert over.guard.moves == (Move(school="A", type="contact", managed=40, moved=21),)
    assert (found := connect.find("g00")) and found.email == "other@example.org"


def test_9_2_contacts_that_are_gone_count_as_changed_and_first_ones_do_not(connect: Connect) -> None:
    connect.night(_families(40))

    assert connect.night(_families(40, moved=40, sms="+15125550143")).verdict == "accepted"
    gone = connect.night(_families(40, moved=40, email=None, sms="+15125550143"))
    assert gone.guard.moves == (Move(school="A", type="contact", managed=80, moved=40),)


def test_9_2_guardianships_that_move_to_another_person_are_held(connect: Connect) -> None:
    """connect-behaviour 9.2: too much moves."""
    connect.night(_families(40))
    night = connect.night([*_families(40, moved=11, of="x"), *_families(11)[11:]])

    assert night.verdict == "held"
    assert night.guard.moves == (Move(school="A", type="guardianship", managed=40, moved=11),)
    assert connect.links_of("s00", "guardians") == {"g00": "active"}


def test_9_2_a_new_id_of_the_same_guardian_moves_nothing(connect: Connect) -> None:
    connect.night(_families(40, moved=40, givenName="Ida"))
    night = connect.night(_families(40, moved=40, of="x", givenName="Ida"))

    assert night.guard.moves == ()


def test_9_2_a_small_school_may_change_and_the_profile_says_how_small(connect: Connect) -> None:
    connect.night(_families(9))
    assert connect.night(_families(9, moved=9, email="a@example.org")).verdict == "accepted"

    connect.guard_rule = Guard(limit_percent=100, moved_at_least=3)
    assert connect.night(_families(9, moved=9, email="b@example.org")).verdict == "held"
    connect.guard_rule = Guard(limit_percent=100, moved_at_least=3, moved_percent=100)
    assert connect.night(_families(9, moved=9, email="b@example.org")).verdict == "accepted"


def test_9_2_a_held_night_names_school_and_counts(connect: Connect) -> None:
    connect.night(_families(40))
    night = connect.night(_families(40, moved=40, email="other@example.org"))

    assert [(one.code, one.detail, one.hint, one.count) for one in night.findings] == [
        ("contacts.moved", "A", "40", 40)
    ]


def test_9_2_what_a_person_approved_moves(connect: Connect) -> None:
    connect.night(_families(40))

    assert connect.night(_families(40, moved=40, email="other@example.org"), approved=True).verdict == "accepted"
    assert (found := connect.find("g00")) and found.email == "other@example.org"


def test_of_501_students_fifty_may_leave_and_fifty_one_may_not(connect: Connect) -> None:
    """connect-behaviour 2.2, T2; 2.1: deletion threshold; 9.2: percent."""
    connect.guard_rule = Guard()
    everybody = [student(f"s{number}") for number in range(501)]
    connect.night(everybody)

    assert connect.night(everybody[51:]).verdict == "withheld"
    assert connect.status_of("s0") == "active"
    assert connect.night(everybody[50:]).verdict == "accepted"
    assert connect.status_of("s0") == "archived"


def test_more_may_leave_on_days_of_the_calendar(connect: Connect) -> None:
    """The nights of these tests come on 24 November.

    connect-behaviour 2.2, T6.
    """
    connect.guard_rule = Guard(
        calendar=(
            Exceptional.of("2026-11-01/2026-11-30=20"),
            Exceptional.of("2026-11-24/2026-11-24=60"),
            Exceptional.of("2026-11-25/2026-12-31=0"),
        )
    )
    everybody = [student(f"s{number}") for number in range(20)]
    connect.night(everybody)

    night = connect.night(everybody[12:])

    assert night.verdict == "accepted"
    assert [(one.code, one.detail, one.hint) for one in night.findings] == [("guard.exceptional", "60", "2026-11-24")]


def test_a_setting_makes_the_names_of_classrooms_those_of_the_files(connect: Connect) -> None:
    """connect-behaviour 9.2: class name."""
    connect.night([], [MATH])
    connect.edits("update classroom set title = 'Ms Tom room'")
    connect.night([], [MATH])
    assert connect.title_of("math") == "Ms Tom room"

    connect.sync = Sync(update_class_names=True)
    connect.night([], [MATH])
    assert connect.title_of("math") == "Class math"


def test_it_is_told_once_that_active_users_keep_their_own_details(connect: Connect) -> None:
    """connect-behaviour 2.3: guardians and staff alike; 9.2: active user."""
    connect.night([TOM, GIL, ANA])
    connect.edits("update person set account = 'active' where kind <> 'student'")
    changed = [{**TOM, "email": "new@example.org"}, {**GIL, "grades": "09"}, {**ANA, "email": "ana@example.org"}]
    night = connect.night(changed)

    assert [(one.code, one.count) for one in night.findings] == [("contact.kept_by_policy", 1)]
    assert connect.night(changed).findings == []
