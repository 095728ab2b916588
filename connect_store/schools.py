"""What people do with a whole school at once, before a sync begins and where one ends."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from connect_store import people
from connect_store.applying import CHANGE, as_changes
from connect_store.manual import Desk, NoSuchRecord, NotAllowed
from connect_store.records import (
    ATTACHMENT,
    ATTRIBUTE,
    CLASSROOM,
    ENTITIES,
    GUARDIANSHIP,
    MEMBERSHIP,
    PERSON,
    Entity,
    EntityName,
    Frames,
)
from connect_store.store import Store

Managed = Literal["sync", "hand"]

IN_SCHOOLS: Final = dict.fromkeys(
    (*PERSON.key, "given_name", "family_name", "email", "sms", "grades", "account", "status", "school"), pl.String()
)
"""The schema of people in their schools, one row for each school of somebody."""

_LINKS: Final[tuple[Entity, ...]] = (ATTACHMENT, MEMBERSHIP, GUARDIANSHIP, ATTRIBUTE)
_ROOMS: Final = dict.fromkeys(("key", "title", "school"), pl.String())


def people_in_schools(store: Store, district: str, managed_by: Managed) -> pl.DataFrame:
    """Everybody whom the sync brought, or whom people made, with their schools: `IN_SCHOOLS`."""
    return store.frame("people_in_schools", IN_SCHOOLS, district=district, managed_by=managed_by)


def classrooms_in_schools(store: Store, district: str, managed_by: Managed) -> pl.DataFrame:
    """Active classrooms that the sync brought, or that people made: `key`, `title`, `school`."""
    return store.frame("classrooms_in_schools", _ROOMS, district=district, managed_by=managed_by)


def archive_students(desk: Desk, school: str) -> int:
    """Archive all students of a school whom people made; those of the sync stay (connect-behaviour 3.2, 4.3)."""
    desk.allow("archive a student", synced=False)
    asked = {"district": desk.district, "school": school}
    keys = desk.store.frame("students_by_hand", dict.fromkeys(PERSON.key, pl.String()), **asked)
    if keys.is_empty():
        raise NoSuchRecord(f"school {school} has no active student whom people added")
    with desk.store.reading():
        students = people.standing(desk.store, desk.district, PERSON, keys)
    archived = students.with_columns(pl.lit("archived").alias(CHANGE))
    return desk.applies(f"archive the students of school {school}", {"person": as_changes(PERSON, archived)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What went to the other school.

    Attributes:
        number: of the change.
        students: how many moved.
        classrooms: how many moved with their students.
        adults: guardians and staff who are at the other school now, alone or beside the first one.
        mixed: IDs of classrooms that stay although some of their students moved.
    """

    number: int
    students: int
    classrooms: int
    adults: int
    mixed: tuple[str, ...]


def release_school(desk: Desk, school: str) -> int:
    """Let people manage all that the sync brought to a school; the sync forgets it and never touches it again.

    People who are active in another school too stay the sync's; their place at this school is manual. The school must
    leave the profile as well, or the next night takes all of it up again (connect-behaviour 3.1, 4.7).

    Returns: the number of the change.

    Raises:
        NoSuchRecord: the sync brought nothing to this school.
    """
    _only_the_operator(desk)
    asked = {"district": desk.district, "school": school}
    keys = desk.store.frame("people_of_school_alone", dict.fromkeys(PERSON.key, pl.String()), **asked)
    with desk.store.reading():
        persons = people.standing(desk.store, desk.district, PERSON, keys)
        desk.store.stage(PERSON.name, keys)
        of_people = {entity.name: _frame(desk, entity, "staged") for entity in _LINKS}
    of_school = {entity.name: _frame(desk, entity, "school", school=school) for entity in (ATTACHMENT, MEMBERSHIP)}
    released: Frames = {
        "person": persons,
        "classroom": _frame(desk, CLASSROOM, "school", school=school),
        **of_people,
        **{name: pl.concat([of_people[name], more]).unique() for name, more in of_school.items()},
    }
    by_sync = {name: records.filter(pl.col("managed_by") == "sync") for name, records in released.items()}
    if all(records.is_empty() for records in by_sync.values()):
        raise NoSuchRecord(f"the sync brought nothing to school {school}")
    return desk.applies(f"release school {school}", {name: _released(name, one) for name, one in by_sync.items()})


def split_school(desk: Desk, school: str, into: str, grades: Collection[str]) -> Split:
    """Move the students of some grades to another school, with their classrooms, families and teachers.

    A classroom goes where all of its students go; one whose students part stays and is named. Guardians and staff are
    at each school where they have a child or a classroom.

    Raises:
        NotAllowed: the sync brings one of the schools: the next night would undo it (connect-behaviour 3.1).
        NoSuchRecord: nobody of these grades is there.
    """
    _only_the_operator(desk)
    if desk.terms.enabled and (synced := desk.terms.schools & {school, into}):
        raise NotAllowed(
            f"the daily sync brings school {', '.join(sorted(synced))} and would undo this; release it first"
        )
    schema = {"key": pl.String(), "grades": pl.String()}
    students = desk.store.frame("student_grades_of_school", schema, district=desk.district, school=school)
    moving = students.filter(pl.col("grades").is_in(list(grades))).select("key")
    if moving.is_empty():
        raise NoSuchRecord(f"no student of school {school} is in grade {', '.join(sorted(grades))}")
    here = {
        entity.name: _frame(desk, entity, "school", school=school).filter(pl.col("status") == "active")
        for entity in (ATTACHMENT, CLASSROOM, MEMBERSHIP, GUARDIANSHIP)
    }
    rooms = _rooms_that_move(here["membership"], moving)
    at_both = _adults(here, moving, rooms)
    arriving = pl.concat([moving.select(kind=pl.lit("student"), key="key"), at_both.select("kind", "key")])
    leaving = pl.concat(
        [moving.select(kind=pl.lit("student"), key="key"), at_both.filter(~pl.col("stays")).select("kind", "key")]
    )
    classrooms = here["classroom"].join(rooms.filter("moves"), left_on="key", right_on="classroom", how="semi")
    number = desk.applies(
        f"split school {school}: grades {', '.join(sorted(grades))} into {into}",
        {
            "attachment": _moved(desk, here["attachment"], arriving, leaving, into),
            "classroom": as_changes(
                CLASSROOM, classrooms.with_columns(pl.lit(into).alias("school"), pl.lit("updated").alias(CHANGE))
            ),
        },
    )
    return Split(
        number=number,
        students=moving.height,
        classrooms=classrooms.height,
        adults=at_both.height,
        mixed=tuple(rooms.filter("parts")["classroom"].sort()),
    )


def _rooms_that_move(memberships: pl.DataFrame, moving: pl.DataFrame) -> pl.DataFrame:
    """Classrooms with students: `classroom`, whether it `moves`, whether its students part (`parts`)."""
    goes = pl.col("key").is_in(moving["key"].implode())
    of_students = memberships.filter(pl.col("kind") == "student")
    counted = of_students.group_by("classroom").agg(all_go=goes.all(), some_go=goes.any())
    return counted.select("classroom", moves="all_go", parts=pl.col("some_go") & ~pl.col("all_go"))


def _adults(here: Frames, moving: pl.DataFrame, rooms: pl.DataFrame) -> pl.DataFrame:
    """Guardians and staff who go with a child or a classroom: `kind`, `key`, and whether they stay here too."""
    families = here["guardianship"].select(
        kind=pl.lit("guardian"), key="guardian", goes=pl.col("student").is_in(moving["key"].implode())
    )
    teaching = (
        here["membership"]
        .filter(pl.col("kind") == "staff")
        .join(rooms, on="classroom", how="left")
        .select("kind", "key", goes=pl.col("moves").fill_null(value=False))
    )
    each = (
        pl.concat([families, teaching])
        .group_by("kind", "key")
        .agg(goes=pl.col("goes").any(), stays=(~pl.col("goes")).any())
    )
    return each.filter("goes").select("kind", "key", "stays")


def _moved(desk: Desk, here: pl.DataFrame, arriving: pl.DataFrame, leaving: pl.DataFrame, into: str) -> pl.DataFrame:
    """Attachments that begin at the other school, and those that end at this one."""
    coming = here.join(arriving, on=PERSON.key, how="semi").with_columns(pl.lit(into).alias("school"))
    with desk.store.reading():
        there = people.standing(desk.store, desk.district, ATTACHMENT, coming.select(ATTACHMENT.key))
    new = (
        coming.join(there.select(*ATTACHMENT.key, before="status"), on=ATTACHMENT.key, how="left")
        .filter(pl.col("before").ne_missing("active"))
        .with_columns(
            pl.lit("hand").alias("managed_by"),
            pl.when(pl.col("before").is_null()).then(pl.lit("created")).otherwise(pl.lit("restored")).alias(CHANGE),
        )
    )
    ended = here.join(leaving, on=PERSON.key, how="semi").with_columns(pl.lit("archived").alias(CHANGE))
    return pl.concat([as_changes(ATTACHMENT, new), as_changes(ATTACHMENT, ended)])


def _released(name: EntityName, records: pl.DataFrame) -> pl.DataFrame:
    by_hand = records.with_columns(pl.lit("hand").alias("managed_by"), pl.lit("updated").alias(CHANGE))
    return as_changes(ENTITIES[name], by_hand, is_forgotten=True)


def _frame(desk: Desk, entity: Entity, of: str, **asked: str) -> pl.DataFrame:
    schema = dict.fromkeys(entity.in_force, pl.String())
    return desk.store.frame(f"{entity.name}_of_{of}", schema, district=desk.district, **asked)


def _only_the_operator(desk: Desk) -> None:
    if desk.staff is not None:
        raise NotAllowed("what the sync brings is decided by the operator, and not by staff of a school")
