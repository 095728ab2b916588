"""What people do with a whole school at once, before a sync begins and where one ends."""

from typing import Final, Literal

import polars as pl

from connect_store import people
from connect_store.applying import CHANGE, as_changes
from connect_store.manual import Desk, NoSuchRecord
from connect_store.records import PERSON
from connect_store.store import Store

Managed = Literal["sync", "hand"]

IN_SCHOOLS: Final = dict.fromkeys(
    (*PERSON.key, "given_name", "family_name", "email", "sms", "grades", "account", "status", "school"), pl.String()
)
"""The schema of people in their schools, one row for each school of somebody."""

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
