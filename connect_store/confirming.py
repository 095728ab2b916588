"""Carrying out what a person confirmed: classrooms are adopted, people are merged; what was done before stays done."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from connect_store import people
from connect_store.manual import Desk, adopt_classroom
from connect_store.merging import PAIRS, merge_people
from connect_store.records import CLASSROOM, PERSON
from connect_store.schools import classrooms_in_schools, people_in_schools

_ROOM: Final = "classroom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What became, or would become, of confirmed pairs, as frames of `PAIRS`.

    Attributes:
        adopted: classrooms that go to the sync under their SIS ID.
        merged: people who are merged.
        waiting: people whose other record comes only with the first night; confirm them again then.
        too_late: classrooms that are in Connect under their SIS ID already, so that one of the two is to be archived.
        before: pairs that were carried out before.
    """

    adopted: pl.DataFrame
    merged: pl.DataFrame
    waiting: pl.DataFrame
    too_late: pl.DataFrame
    before: pl.DataFrame


def confirm(desk: Desk, pairs: pl.DataFrame, *, dry_run: bool) -> Confirmed:
    """Adopt and merge what these pairs say; a dry run only tells. Merging is one change, each adoption is one.

    Args:
        desk: where it is done.
        pairs: `PAIRS`, where a kind may also be `classroom` (`into` is its SIS ID); one row each.
        dry_run: whether nothing is written.

    Raises:
        NotAllowed: the sync manages one of the old records, or somebody stands twice.
        NoSuchRecord: an old record is not there.
    """
    plan = _sorted_out(desk, pairs.select(*PAIRS))
    if not dry_run:
        for old, into in plan.adopted.select("old", "into").iter_rows():
            adopt_classroom(desk, old, into)
        if not plan.merged.is_empty():
            merge_people(desk, plan.merged)
    return plan


def _sorted_out(desk: Desk, pairs: pl.DataFrame) -> Confirmed:
    rooms, persons = pairs.filter(pl.col("kind") == _ROOM), pairs.filter(pl.col("kind") != _ROOM)
    old_rooms = classrooms_in_schools(desk.store, desk.district, "hand").select(old="key")
    old_people = people_in_schools(desk.store, desk.district, "hand").select("kind", old="key").unique()
    with desk.store.reading():
        there = people.standing(desk.store, desk.district, CLASSROOM, rooms.select(key="into").unique())
        came = people.standing(desk.store, desk.district, PERSON, persons.select("kind", key="into").unique())
        known = people.standing(desk.store, desk.district, PERSON, persons.select("kind", key="old").unique())
    open_rooms = rooms.join(old_rooms, on="old", how="semi")
    unknown = persons.join(known, left_on=("kind", "old"), right_on=PERSON.key, how="anti")
    open_people = pl.concat([persons.join(old_people, on=("kind", "old"), how="semi"), unknown])
    has_come = {"left_on": ("kind", "into"), "right_on": PERSON.key}
    merged = open_people.join(came, **has_come, how="semi")  # type: ignore[arg-type]  # names of columns
    open_ = pl.concat([open_rooms, open_people])
    return Confirmed(
        adopted=open_rooms.join(there, left_on="into", right_on="key", how="anti"),
        too_late=open_rooms.join(there, left_on="into", right_on="key", how="semi"),
        merged=merged,
        waiting=open_people.join(merged, on=tuple(PAIRS), how="anti"),
        before=pairs.join(open_, on=tuple(PAIRS), how="anti"),
    )
