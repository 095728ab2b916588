"""The store and the model of Connect's rules agree, whatever nights, changes by hand, settings and undos come."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from config.profiles import Guard, Sync
from connect_store import ledger, manual
from connect_store.applying import apply
from connect_store.manual import Desk, Terms
from connect_store.records import ENTITIES
from connect_store.store import open_store
from connect_store.undo_record import undo_record
from processors.undoing import undone
from tests.conftest import Engine
from tests.processors.connect import NOW, Connect, classroom, guardian, member, student, teacher
from tests.properties.connect_model import PERSON, ROOM, TABLES, Key, Model, Settings

STEPS: Final = int(os.environ.get("ROSTERDROP_MODEL_STEPS", "5000"))
NO_GUARD: Final = Guard(limit_percent=100, at_least=1000)
STUDENTS: Final = ("s1", "s2", "s3")
GUARDIANS: Final = ("g1", "g2")
STAFF: Final = ("t1", "t2")
ROOMS: Final = ("c1", "c2")
NAMES: Final = st.sampled_from(["Ann", "Bea"])
MAIL: Final = st.sampled_from(["a@example.org", "b@example.org"])


def some(keys: Sequence[str]) -> st.SearchStrategy[set[str]]:
    return st.sets(st.sampled_from(keys)) if keys else st.just(set())


@st.composite
def rosters(draw: st.DrawFn) -> tuple[list[Any], list[Any], list[Any]]:
    adults, staff, rooms = draw(some(GUARDIANS)), draw(some(STAFF)), draw(some(ROOMS))
    pupils = [
        student(
            key,
            school=draw(st.sampled_from(["A", "B", "A B"])),
            givenName=draw(NAMES),
            email=draw(st.none() | MAIL),
            grades=draw(st.sampled_from(["05", "06"])),
            agents=sorted(draw(some(sorted(adults)))),
        )
        for key in sorted(draw(some(STUDENTS)))
    ]
    others = [guardian(key, givenName=draw(NAMES), email=draw(MAIL)) for key in sorted(adults)]
    others += [teacher(key, givenName=draw(NAMES), email=draw(MAIL)) for key in sorted(staff)]
    seated = [row["sourcedId"] for row in (*pupils, *others) if row["kind"] != "guardian"]
    seats = [(room, key) for room in sorted(rooms) for key in seated]
    taken = sorted(draw(st.sets(st.sampled_from(seats)))) if seats else []
    titles = [classroom(key, title=draw(st.sampled_from(["Art", "Math"]))) for key in sorted(rooms)]
    return [*pupils, *others], titles, [member(*seat) for seat in taken]


class ConnectAndModel(RuleBasedStateMachine):
    engine: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.engine.anew()
        self.folder = Path(tempfile.mkdtemp())
        self.connect = Connect(self.folder / "connect.db", guard_rule=NO_GUARD)
        self.model = Model()
        self.batches: list[int] = []

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(roster=rosters())
    def a_night(self, roster: tuple[list[Any], list[Any], list[Any]]) -> None:
        self.connect.night(*roster)
        self.batches.append(self.connect.number)
        self.model.night(*roster)
        self._agree()

    @rule(told=st.builds(Settings, *[st.booleans()] * len(fields(Settings))))
    def somebody_changes_settings(self, told: Settings) -> None:
        self.model.settings = told
        self.connect.sync = Sync(
            unarchive_classrooms=told.unarchive_classrooms,
            archived_students="keep_archived" if told.keep_archived else "reactivate",
            update_active_users=told.update_active_users,
            student_accounts=told.student_accounts,
            update_class_names=told.update_class_names,
            contact_sharing="unique" if told.unique_contacts else "allow",
        )

    @precondition(lambda self: self.batches)
    @rule()
    def the_newest_night_is_undone(self) -> None:
        batch = self.batches.pop()
        with open_store(self.connect.path) as store, store.writing():
            plan = undone(undo_record(store, batch))
            number = ledger.enter_done(store, district="d", origin="undo", at=NOW, changes={}, summary={}, of=batch)
            apply(store, district="d", batch=number, changes=plan.changes, at=NOW)
        self.model.undo()
        self._agree()

    @precondition(lambda self: self._active("classroom"))
    @rule(data=st.data(), title=st.sampled_from(["Art", "Sums"]))
    def a_teacher_renames_a_classroom(self, data: st.DataObject, title: str) -> None:
        key = data.draw(st.sampled_from(self._active("classroom")))
        with self._desk() as desk:
            manual.rename_classroom(desk, key[0], title)
        self.model.sets("classroom", key, title=title)
        self._agree()

    @precondition(lambda self: self._active("classroom"))
    @rule(data=st.data())
    def a_teacher_archives_a_classroom(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self._active("classroom")))
        with self._desk() as desk:
            manual.archive_classroom(desk, key[0])
        self.model.sets("classroom", key, status="archived")
        self._agree()

    @precondition(lambda self: self._invitees())
    @rule(data=st.data())
    def somebody_logs_in(self, data: st.DataObject) -> None:
        kind, key = data.draw(st.sampled_from(self._invitees()))
        with self._desk() as desk:
            manual.activate(desk, kind, key)  # type: ignore[arg-type]  # kinds of the model
        for role in ((kind, key), *self.model.other_roles((kind, key))):
            self.model.sets("person", role, account="active")
        self._agree()

    @precondition(lambda self: self._users())
    @rule(data=st.data(), email=st.sampled_from(["mine@example.org", "a@example.org"]))
    def an_active_user_changes_the_address(self, data: st.DataObject, email: str) -> None:
        kind, key = data.draw(st.sampled_from(self._users()))
        with self._desk() as desk:
            manual.edit_contact(desk, kind, key, {"email": email}, self_service=True)  # type: ignore[arg-type]  # as above
        others = self.model.other_roles((kind, key))
        same = [role for role in others if self.model.now.person[role]["account"] == "active"]
        for role in ((kind, key), *same):
            self.model.sets("person", role, email=email)
        self._agree()

    @precondition(lambda self: self._active("guardianship"))
    @rule(data=st.data())
    def a_leader_removes_a_guardian(self, data: st.DataObject) -> None:
        pair = data.draw(st.sampled_from(self._active("guardianship")))
        with self._desk() as desk:
            manual.remove_guardian(desk, pair[0], pair[1])
        self.model.sets("guardianship", pair, status="ended")
        self._agree()

    @precondition(lambda self: self._free_seats())
    @rule(data=st.data())
    def a_co_teacher_is_added(self, data: st.DataObject) -> None:
        room, kind, key = data.draw(st.sampled_from(self._free_seats()))
        with self._desk() as desk:
            manual.add_member(desk, room, "staff", key)
        self.model.sets("membership", (room, kind, key), managed_by="hand", status="active")
        self._agree()

    @contextmanager
    def _desk(self) -> Iterator[Desk]:
        terms = Terms(schools=frozenset({"A", "B"}), update_active_users=self.model.settings.update_active_users)
        with open_store(self.connect.path) as store:
            yield Desk(store=store, district="d", terms=terms, who="a model", at=NOW)

    def _active(self, table: str) -> list[Key]:
        return sorted(key for key, record in getattr(self.model.now, table).items() if record["status"] == "active")

    def _invitees(self) -> list[Key]:
        return sorted(key for key in self._active("person") if self.model.now.person[key]["account"] == "invitee")

    def _users(self) -> list[Key]:
        users = [key for key in self._active("person") if self.model.now.person[key]["account"] == "active"]
        return sorted(key for key in users if key[0] != "student" and not self.model.settings.update_active_users)

    def _free_seats(self) -> list[Key]:
        taken = frozenset(self._active("membership"))
        seats = [(*room, *person) for room in self._active("classroom") for person in self._active("person")]
        return sorted(seat for seat in seats if seat[1] == "staff" and seat not in taken)

    def _agree(self) -> None:
        stored = self.connect.contents()
        shown: Mapping[str, tuple[str, ...]] = {"person": tuple(PERSON), "classroom": tuple(ROOM)}
        for table in TABLES:
            entity = ENTITIES[table]  # type: ignore[index]  # names of entities
            fields = (*shown.get(table, ()), *entity.own, "status")
            ours = {
                tuple(row[: len(entity.key)]): {
                    name: value for name, value in zip(entity.in_force, row, strict=True) if name in fields
                }
                for row in stored[table]
            }
            model = getattr(self.model.now, table)
            differing = {
                key: (ours.get(key), model.get(key)) for key in ours | model if ours.get(key) != model.get(key)
            }
            assert not differing, f"{table}, in the store and in the model: {differing}"


def in_steps(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )


def on(engine: Engine) -> type[ConnectAndModel]:
    return type("ConnectAndModel", (ConnectAndModel,), {"engine": engine})


def test_store_and_model_agree(engine: Engine) -> None:
    run_state_machine_as_test(on(engine), settings=in_steps(6, 10))


@pytest.mark.soak
def test_store_and_model_agree_for_thousands_of_steps(engine: Engine) -> None:
    run_state_machine_as_test(on(engine), settings=in_steps(STEPS // 25, 25))
