"""Whatever came before, what is active after a night is what the night's files say (connect-behaviour 0, 9.1)."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from config.profiles import Guard, Sync
from tests.processors.connect import Connect, Row, classroom, guardian, member, student, teacher

NO_GUARD = Guard(limit_percent=100, at_least=1000)
STUDENTS = ("s1", "s2", "s3")
GUARDIANS = ("g1", "g2")
STAFF = ("t1", "t2")
ROOMS = ("c1", "c2")


@st.composite
def nights(draw: st.DrawFn) -> tuple[list[Row], list[Row], list[Row]]:
    present = draw(st.sets(st.sampled_from(STUDENTS)))
    adults = draw(st.sets(st.sampled_from(GUARDIANS)))
    staff = draw(st.sets(st.sampled_from(STAFF)))
    rooms = draw(st.sets(st.sampled_from(ROOMS)))
    users = [
        *(
            student(
                key,
                school=draw(st.sampled_from(["A", "B", "A B"])),
                agents=sorted(draw(st.sets(st.sampled_from(sorted(adults))) if adults else st.just(set()))),
            )
            for key in sorted(present)
        ),
        *(guardian(key, familyName=draw(st.sampled_from(["Gray", "Núñez"]))) for key in sorted(adults)),
        *(teacher(key) for key in sorted(staff)),
    ]
    pairs = [(room, key) for room in sorted(rooms) for key in (*sorted(present), *sorted(staff))]
    members = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    return users, [classroom(key) for key in sorted(rooms)], [member(*pair) for pair in sorted(members)]


@settings(max_examples=12, deadline=None)
@given(st.lists(nights(), min_size=1, max_size=4))
def test_what_is_active_is_what_the_last_night_says(history: Sequence[tuple[list[Row], list[Row], list[Row]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        connect = Connect(Path(folder) / "connect.db", sync=Sync(unarchive_classrooms=True), guard_rule=NO_GUARD)
        for night in history:
            connect.night(*night)
        users, rooms, members = history[-1]
        contents = connect.contents()

        students = {row["sourcedId"] for row in users if row["kind"] == "student"}
        here = {row["sourcedId"] for row in rooms}
        assert {
            key for kind, key, *_, status in contents["person"] if status == "active" and kind == "student"
        } == students
        assert {key for key, *_, status in contents["classroom"] if status == "active"} == here
        assert {
            (room, key)
            for room, kind, key, *_, status in contents["membership"]
            if status == "active" and room in here and (kind == "staff" or key in students)
        } == {(row["classSourcedId"], row["userSourcedId"]) for row in members}
        assert {
            (child, adult)
            for child, adult, *_, status in contents["guardianship"]
            if status == "active" and child in students
        } == {(row["sourcedId"], agent) for row in users for agent in row["agents"]}

        connect.night(*history[-1])
        assert connect.contents() == contents


@settings(max_examples=12, deadline=None)
@given(st.lists(nights(), min_size=1, max_size=4))
def test_what_a_night_foresees_is_what_it_does(history: Sequence[tuple[list[Row], list[Row], list[Row]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        connect = Connect(Path(folder) / "connect.db", sync=Sync(unarchive_classrooms=True), guard_rule=NO_GUARD)
        for night in history:
            assert connect.night(*night).foreseen.equals(connect.differences())
