"""When a set is complete, case by case (INTERFACES, "What a batch is made of")."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.contents import Content
from config.profiles import Arrival as ArrivalRule
from config.tables import TableName, file_of, table_of
from sftp_gateway.names import OUR_MANIFEST, blocked_by, is_manifest, makes_good, tells_by_header
from sftp_gateway.receiving import ArrivedFile
from sftp_gateway.sets.completeness import DropState, Inside, Take, Wait, gathered, next_step
from sftp_gateway.sets.manifests import Manifest, Promise

RULE = ArrivalRule()
NONE: frozenset[TableName] = frozenset()
NOW_S = 10_000.0


def file(name: str, generation: int = 1, *, by_gateway: bool = True) -> ArrivedFile:
    return ArrivedFile(
        name=name,
        table=table_of(name),
        path=Path(name),
        size=1,
        inode=generation,
        mtime_ns=generation,
        generation=generation,
        by_gateway=by_gateway,
        arrived_at=datetime(2026, 11, 24, tzinfo=UTC),
    )


def files(*names: str) -> tuple[ArrivedFile, ...]:
    return tuple(file(name, generation) for generation, name in enumerate(names, 1))


WHOLE = files("users.csv", "classes.csv", "enrollments.csv")
PART = files("users.csv", "classes.csv")


def drop(new: tuple[ArrivedFile, ...] = WHOLE, quiet_s: float = 1000.0, **facts: Any) -> DropState:
    """A drop whose CSV files were looked into: they are tables unless `inside` says that they are repairs."""
    state = replace(DropState(new=new, last_event_s=NOW_S - quiet_s), **facts)
    tables: dict[int, Content | None] = {one.generation: None for one in new if tells_by_header(one.name)}
    return replace(state, inside=replace(state.inside, contents=tables | dict(state.inside.contents)))


def step(state: DropState, rule: ArrivalRule = RULE, carriable: frozenset[TableName] = NONE) -> Take | Wait:
    return next_step(state, rule, carriable, NOW_S)


def taken_by(state: DropState, rule: ArrivalRule = RULE, carriable: frozenset[TableName] = NONE) -> list[str]:
    """The files that are taken and not unexpected; of a set that waits none."""
    found = step(state, rule, carriable)
    return [one.name for one in found.files if not one.unexpected] if isinstance(found, Take) else []


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        (drop(()), None),
        (drop(WHOLE, quiet_s=0.5), 1.5),
        (drop(WHOLE, quiet_s=5, session_ended=False), 55.0),
        (drop(WHOLE, open_handles=1), None),
        (drop(WHOLE, interrupted=frozenset({"users.csv"})), None),
        (drop(WHOLE, interrupted=frozenset({"enrollments.csv.0a1b2c3d.partial"})), None),
        (drop(WHOLE, interrupted=frozenset({"guardians.csv"})), None),
        (drop(files("student_attributes.csv")), None),
        (drop(PART, quiet_s=100), 200.0),
        (drop(PART), None),
        (drop(files("notes.csv")), None),
        (drop(files("users.csv.filepart", "classes.csv", "enrollments.csv"), quiet_s=299), 1.0),
        (drop((*PART, file("enrollments.csv", 3, by_gateway=False)), quiet_s=20), 40.0),
    ],
)
def test_what_a_set_waits_for(state: DropState, waits: float | None) -> None:
    assert step(state) == Wait(waits)


@pytest.mark.parametrize(
    "state",
    [
        drop(WHOLE, quiet_s=2),
        drop(WHOLE, quiet_s=60, session_ended=False),
        drop(WHOLE, quiet_s=2, interrupted=frozenset({"notes.csv"})),
        drop(WHOLE, quiet_s=2, interrupted=frozenset({"student_attributes.csv"})),
        drop((*WHOLE, file("student_attributes.csv", 4)), quiet_s=2),
        drop(files("Users.CSV", "CLASSES.csv", "enrollments.csv"), quiet_s=2),
        drop(files("user.csv", "classes.csv", "enrollments.csv"), quiet_s=2),
    ],
)
def test_a_whole_set_is_taken(state: DropState) -> None:
    assert taken_by(state) == [file.name for file in state.new]


def test_files_that_are_not_expected_travel_along() -> None:
    new = (*WHOLE, file("guardians.csv", 4), file("notes.csv", 5), file("users.csv.part", 6))
    taken = step(drop(new))
    assert isinstance(taken, Take)
    assert [(one.name, one.unexpected) for one in taken.files[3:]] == [("guardians.csv", False), ("notes.csv", True)]


def test_missing_tables_are_carried_when_all_of_them_can_be() -> None:
    taken = step(drop(PART), carriable=frozenset({"enrollments"}))
    assert isinstance(taken, Take)
    assert taken.carried == {"enrollments"}


def test_a_set_waits_when_one_missing_table_cannot_be_carried() -> None:
    assert step(drop(files("users.csv")), carriable=frozenset({"classes"})) == Wait(None)


def test_what_is_expected_is_the_profiles_choice() -> None:
    rule = ArrivalRule(expected=("users", "guardians"))
    new = files("users.csv", "guardians.csv")
    assert taken_by(drop(new, quiet_s=2), rule) == ["users.csv", "guardians.csv"]


def test_two_names_for_one_table_go_together_so_that_the_batch_names_both() -> None:
    new = (*WHOLE, file("USERS.csv", 9), file("user.csv", 10))
    taken = step(drop(new, quiet_s=2))
    assert isinstance(taken, Take)
    assert [one.name for one in taken.files if one.table == "users" and not one.unexpected] == [
        "users.csv",
        "USERS.csv",
        "user.csv",
    ]


def test_names_that_block() -> None:
    assert blocked_by({"users.csv.filepart", "old/users.csv", "notes.csv"}) == {"users"}


@pytest.mark.parametrize(
    ("arrived", "interrupted", "is_retry"),
    [
        ("users.csv", "users.csv", True),
        ("users.csv", "users.csv.0a1b2c3d.partial", True),
        ("users.csv", "USERS.CSV", True),
        ("users.csv", "user.csv.filepart", True),
        ("notes.txt", "notes.txt.part", True),
        ("users.csv", "classes.csv", False),
        ("notes.txt", "Notes.txt", False),
        ("users.csv.part", "users.csv", False),
    ],
)
def test_what_makes_an_interrupted_upload_good(arrived: str, interrupted: str, *, is_retry: bool) -> None:
    assert makes_good(arrived, interrupted) is is_retry


# What says that a set is whole.


def ours(generation: int, **sizes: int) -> tuple[ArrivedFile, Manifest]:
    promises = tuple(Promise(name=f"{table}.csv", size=size) for table, size in sizes.items())
    return file("rosterdrop-manifest.json", generation), Manifest(name="rosterdrop-manifest.json", promises=promises)


def oneroster(
    generation: int, *delivered: TableName, absent: frozenset[TableName] = NONE
) -> tuple[ArrivedFile, Manifest]:
    promises = tuple(Promise(name=file_of(table)) for table in delivered)
    known = Manifest(name="manifest.csv", promises=promises, speaks_of=frozenset(delivered) | absent)
    return file("manifest.csv", generation), known


def with_manifest(new: tuple[ArrivedFile, ...], read: tuple[ArrivedFile, Manifest], **facts: Any) -> DropState:
    arrived, manifest = read
    return drop((*new, arrived), inside=Inside(manifests={arrived.generation: manifest}), **facts)


def with_zip(new: tuple[ArrivedFile, ...], brings: frozenset[TableName] | None, **facts: Any) -> DropState:
    return drop(
        new, inside=Inside(archives={one.generation: brings for one in new if one.name.endswith(".zip")}), **facts
    )


ALL: frozenset[TableName] = frozenset({"users", "classes", "enrollments"})
BUSY = {"quiet_s": 2.0, "session_ended": False}


@pytest.mark.parametrize(
    "state",
    [
        with_manifest(WHOLE, ours(4, users=1, classes=1, enrollments=1), **BUSY),
        with_manifest(WHOLE, oneroster(4, "users", "classes", "enrollments"), **BUSY),
        drop((*WHOLE, file("night.done", 4)), **BUSY),
        drop((*WHOLE, file("NIGHT.DONE", 4)), **BUSY),
        with_zip((file("roster.zip"),), ALL, **BUSY),
        with_zip((file("roster.zip"),), None, **BUSY),
    ],
)
def test_a_signal_is_not_kept_waiting_by_a_session(state: DropState) -> None:
    assert taken_by(state) == [one.name for one in state.new]
    assert isinstance(step(replace(state, last_event_s=NOW_S - 1.9)), Wait)
    assert step(replace(state, open_handles=1)) == Wait()
    assert step(replace(state, interrupted=frozenset({"guardians.csv"}))) == Wait()


def test_a_manifest_that_is_kept_decides_what_the_set_is() -> None:
    taken = step(with_manifest(PART, ours(4, users=1, classes=1), **BUSY))
    assert isinstance(taken, Take)
    assert not taken.carried


@pytest.mark.parametrize(
    ("state", "mismatch"),
    [
        (with_manifest(PART, ours(4, users=1, classes=1, enrollments=1)), ("enrollments.csv", "missing", 1, None)),
        (with_manifest(WHOLE, ours(4, users=2)), ("users.csv", "size", 2, 1)),
        (with_manifest(PART, oneroster(4, "users", "enrollments")), ("enrollments.csv", "missing", None, None)),
    ],
)
def test_a_manifest_that_is_contradicted_is_told_after_a_while_and_never_taken(
    state: DropState, mismatch: tuple[str, str, int | None, int | None]
) -> None:
    (found,) = gathered(state, RULE).mismatches
    assert (found.file, found.fault, found.promised, found.found) == mismatch
    assert step(replace(state, last_event_s=NOW_S - 299), carriable=ALL) == Wait(1.0)
    assert step(replace(state, last_event_s=NOW_S - 300), carriable=ALL) == Wait(broken="manifest")


def test_files_that_connect_does_not_take_may_stay_at_home() -> None:
    arrived, manifest = oneroster(4, "users", "classes", "enrollments")
    more = replace(manifest, promises=(*manifest.promises, Promise(name="orgs.csv")))
    state = with_manifest(WHOLE, (arrived, more), quiet_s=5.0, session_ended=False)
    assert step(state) == Wait(55.0)
    assert isinstance(step(replace(state, session_ended=True)), Take)


def test_a_manifest_that_speaks_of_no_guardians_does_not_end_the_wait_for_them() -> None:
    rule = ArrivalRule(expected=("users", "guardians"))
    state = with_manifest(files("users.csv"), oneroster(4, "users"))
    assert step(replace(state, last_event_s=NOW_S - 200), rule, frozenset({"guardians"})) == Wait(100.0)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["users.csv", "classes.csv", "night.done"], True),
        (["night.done", "users.csv", "classes.csv"], False),  # it came first, as parallel clients send it
        (["users.csv", "night.done", "classes.csv"], False),
        (["users.csv", "classes.csv", "classes.csv.done"], False),  # it speaks for this file alone
        (["users.csv", "classes.csv", "classes.done"], False),
        (["users.csv", "classes.csv", "night.done.filepart"], False),
    ],
)
def test_a_trigger_speaks_for_what_came_before_it(names: list[str], *, says: bool) -> None:
    found = step(drop(files(*names), quiet_s=2), carriable=frozenset({"enrollments"}))
    assert isinstance(found, Take) is says


def test_the_profile_may_name_the_trigger_after_a_table() -> None:
    new = files("users.csv", "classes.csv", "enrollments.csv", "enrollments.done")
    assert taken_by(drop(new, **BUSY), ArrivalRule(trigger="enrollments.done"))


def test_a_trigger_for_a_set_that_cannot_be_made_whole_is_told() -> None:
    state = drop(files("users.csv", "night.done"))
    assert step(state) == Wait(broken="trigger")


@pytest.mark.parametrize(
    ("new", "brings", "taken"),
    [
        ((*WHOLE, file("roster.zip", 4)), ALL, ["roster.zip"]),
        ((file("roster.zip", 0), *WHOLE), ALL, ["users.csv", "classes.csv", "enrollments.csv"]),
        ((file("roster.zip", 0), *PART), ALL, ["roster.zip"]),
        ((*WHOLE, file("part.zip", 4)), frozenset({"users"}), ["users.csv", "classes.csv", "enrollments.csv"]),
        ((*WHOLE, file("photos.zip", 4)), NONE, ["users.csv", "classes.csv", "enrollments.csv"]),
        ((*PART, file("photos.zip", 4)), NONE, []),
        ((file("photos.zip"),), NONE, ["photos.zip"]),
        ((file("part.zip"),), frozenset({"users"}), []),
    ],
)
def test_of_a_zip_and_loose_files_the_newest_complete_one_wins(
    new: tuple[ArrivedFile, ...], brings: frozenset[TableName], taken: list[str]
) -> None:
    """connect-behaviour 9.5: loose files and a ZIP."""
    assert taken_by(with_zip(new, brings)) == taken


def test_nothing_is_decided_before_a_new_manifest_or_zip_was_looked_into() -> None:
    assert step(drop((*WHOLE, file("rosterdrop-manifest.json", 4)))) == Wait()
    assert step(drop((*WHOLE, file("roster.zip", 4)))) == Wait()


def test_a_manifest_tells_which_of_two_names_is_meant() -> None:
    new = (file("USERS.csv", 5), file("users.csv", 6))
    manifest = Manifest(name="rosterdrop-manifest.json", promises=(Promise(name="USERS.csv", size=1),))
    state = with_manifest(new, (file("rosterdrop-manifest.json", 7), manifest))
    assert taken_by(state) == ["USERS.csv", "rosterdrop-manifest.json"]


# Whatever happens, in whatever order.

NAMES = (
    "users.csv",
    "USERS.csv",
    "classes.csv",
    "enrollments.csv",
    "night.done",
    "roster.zip",
    "manifest.csv",
    OUR_MANIFEST,
)
happenings = st.lists(
    st.tuples(st.sampled_from(["arrives", "opens", "closes", "is cut off", "goes", "tick"]), st.sampled_from(NAMES)),
    max_size=25,
)


@dataclass
class Night:
    """A drop to which things happen, and what was taken from it."""

    now_s: float = 0.0
    generation: int = 0
    state: DropState = field(default_factory=DropState)
    taken: list[int] = field(default_factory=list)

    def happens(self, what: str, name: str) -> None:
        self.now_s += 400.0 if what == "tick" else 1.0
        state = self.state
        if what == "opens":
            state = replace(state, open_handles=state.open_handles + 1)
        elif what == "closes":
            state = replace(state, open_handles=max(0, state.open_handles - 1))
        elif what == "is cut off":
            state = replace(state, interrupted=state.interrupted | {name})
        elif what in {"arrives", "goes"}:
            self.generation += 1
            others = tuple(one for one in state.new if one.name != name)
            new = (*others, file(name, self.generation)) if what == "arrives" else others
            state = replace(state, new=new, interrupted=state.interrupted - {name}, inside=self.inside(new))
        self.state = state if what == "tick" else replace(state, last_event_s=self.now_s)

    def inside(self, new: tuple[ArrivedFile, ...]) -> Inside:
        """Manifests promise users and classes; the ZIP brings all."""
        promises = (Promise(name="users.csv", size=1), Promise(name="classes.csv", size=1))
        return Inside(
            manifests={
                one.generation: Manifest(name=one.name, promises=promises) for one in new if is_manifest(one.name)
            },
            archives={one.generation: ALL for one in new if one.name == "roster.zip"},
            contents={one.generation: None for one in new if tells_by_header(one.name)},
        )

    def is_promised(self) -> bool:
        names = {one.name for one in self.state.new}
        return bool(names & {"manifest.csv", OUR_MANIFEST}) and {"users.csv", "classes.csv"} <= names


@given(happenings)
@settings(max_examples=100, deadline=None)
def test_whatever_happens_what_is_taken_is_whole_and_taken_once(events: list[tuple[str, str]]) -> None:
    """Reference 3.2, rule 3; 7, 13 to 20."""
    night = Night()
    for what, name in events:
        night.happens(what, name)
        state = night.state
        stopped = state.open_handles or blocked_by(state.interrupted)
        found = next_step(state, RULE, NONE, night.now_s)
        later = next_step(state, RULE, NONE, night.now_s + 1000.0)
        assert not (stopped and isinstance(found, Take))
        assert later == found or isinstance(found, Wait)
        assert later.seconds is None if isinstance(later, Wait) else True
        if night.is_promised() and not stopped:
            assert isinstance(later, Take)
        if isinstance(found, Take):
            generations = [one.generation for one in found.files]
            assert not set(generations) & set(night.taken)
            assert {one.generation for one in state.new} == set(generations)
            night.taken += generations
            night.state = replace(state, new=(), inside=Inside())


def test_a_trigger_without_any_table_is_told_unless_a_batch_has_just_taken_what_it_speaks_for() -> None:
    state = drop(files("night.done"))
    came = state.new[0].arrived_at
    assert step(state) == Wait(broken="trigger")
    assert step(drop(files("night.done"), quiet_s=100)) == Wait(200.0)
    assert step(replace(state, last_taken_at=came - timedelta(hours=23))) == Wait(broken="trigger")
    assert step(replace(state, last_taken_at=came - timedelta(minutes=5))) == Wait()
    assert step(replace(state, last_taken_at=came + timedelta(seconds=5))) == Wait()
    assert step(drop(files("users.csv.done"))) == Wait()


REPAIRS = Inside(contents={1: "repair"})


@pytest.mark.parametrize("name", ["users.csv", "rejected users (fixed).csv"])
def test_repaired_rows_are_a_whole_set_whatever_their_name(name: str) -> None:
    found = step(drop(files(name), inside=REPAIRS))
    assert isinstance(found, Take)
    assert [(one.kind, one.table, one.unexpected) for one in found.files] == [("repair", None, False)]
    assert found.carried == NONE


def test_repaired_rows_beside_new_tables_do_not_count() -> None:
    found = step(drop(files("fixed.csv", "users.csv", "classes.csv", "enrollments.csv"), inside=REPAIRS))
    assert isinstance(found, Take)
    assert [one.name for one in found.files if one.unexpected] == ["fixed.csv"]


def test_repaired_rows_do_not_make_a_part_of_a_set_whole() -> None:
    assert isinstance(step(drop(files("fixed.csv", "classes.csv"), inside=REPAIRS)), Wait)


def test_nothing_is_decided_before_a_csv_file_was_looked_into() -> None:
    assert next_step(DropState(new=files("users.csv"), last_event_s=0.0), RULE, NONE, NOW_S) == Wait()
