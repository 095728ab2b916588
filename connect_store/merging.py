"""Merging people whom people made into those whom the sync brought, with everything that hangs on them.

A school that was run by hand before its sync has everybody twice after the first night: matching is by SIS ID alone
(connect-behaviour 3.2). Merging keeps the history on the record that the files go on with, and empties the old one.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from connect_store import people
from connect_store.applying import CHANGE, as_changes
from connect_store.manual import Desk, NoSuchRecord, NotAllowed
from connect_store.permissions import Operation
from connect_store.records import (
    ATTACHMENT,
    ATTRIBUTE,
    GUARDIANSHIP,
    MEMBERSHIP,
    PERSON,
    Entity,
    EntityName,
    Kind,
)

PAIRS: Final = {"kind": pl.String(), "old": pl.String(), "into": pl.String()}
"""The schema of a frame of pairs: who is merged into whom."""

_OPERATIONS: Final[Mapping[Kind, Operation]] = {
    "student": "merge students",
    "guardian": "merge accounts",
    "staff": "merge accounts",
}
# The columns of a link that name a person, and that person's kind; null where the link itself says it.
_ENDS: Final[Mapping[EntityName, Mapping[str, Kind | None]]] = {
    "attachment": {"key": None},
    "membership": {"key": None},
    "guardianship": {"student": "student", "guardian": "guardian"},
    "attribute": {"student": "student"},
}
_LINKS: Final[tuple[Entity, ...]] = (ATTACHMENT, MEMBERSHIP, GUARDIANSHIP, ATTRIBUTE)
_NAMED_AT_MOST: Final = 5
_OF: Final = "of_kind"
_THERE: Final = "status_there"


def merge_students(desk: Desk, old: str, into: str) -> int:
    """Merge a student that was added by hand into one of the sync; the number of the change."""
    return merge_people(desk, pl.DataFrame([("student", old, into)], PAIRS, orient="row"))


def merge_people(desk: Desk, pairs: pl.DataFrame) -> int:
    """Merge people into others, all in one change, with schools, classrooms, families, attributes and accounts.

    Who had logged in goes on with that account. The old record is archived or disconnected, and nothing hangs on it any
    more (connect-behaviour 3.2).

    Args:
        desk: where it is done.
        pairs: `PAIRS`, one row each.

    Returns: the number of the change.

    Raises:
        NotAllowed: the sync manages one of the old records, or somebody stands twice.
        NoSuchRecord: one of them is not there.
    """
    with desk.store.reading():
        gone = _standing(desk, pairs, "old")
        survivors = _standing(desk, pairs, "into")
        links = {entity.name: _links_of(desk, entity, pairs) for entity in _LINKS}
    _refuse_unfit(desk, pairs, gone)
    changes = {entity.name: _moved(entity, links[entity.name], pairs) for entity in _LINKS}
    people_ = [gone.with_columns(pl.lit("archived").alias(CHANGE)), _with_accounts(survivors, gone, pairs)]
    what = "merge " + ", ".join(f"{kind} {old} into {into}" for kind, old, into in pairs.head(_NAMED_AT_MOST).rows())
    more = f" and {pairs.height - _NAMED_AT_MOST} more" if pairs.height > _NAMED_AT_MOST else ""
    return desk.applies(what + more, {"person": as_changes(PERSON, pl.concat(people_)), **changes})


def _standing(desk: Desk, pairs: pl.DataFrame, side: str) -> pl.DataFrame:
    keys = pairs.select("kind", key=pl.col(side)).unique()
    found = people.standing(desk.store, desk.district, PERSON, keys)
    if missing := keys.join(found, on=PERSON.key, how="anti")["key"].to_list():
        raise NoSuchRecord(f"{desk.district} has nobody of this kind with the ID {_named(missing)}")
    return found


def _refuse_unfit(desk: Desk, pairs: pl.DataFrame, gone: pl.DataFrame) -> None:
    for kind, managed_by in gone.select("kind", "managed_by").unique().sort("kind", "managed_by").iter_rows():
        desk.allow(_OPERATIONS[kind], synced=desk.is_synced({"managed_by": managed_by}))
    twice = pairs.filter(pl.struct("kind", "old").is_duplicated())
    chained = pairs.join(pairs.select("kind", "into"), left_on=("kind", "old"), right_on=("kind", "into"), how="semi")
    if found := [*twice["old"], *chained["old"]]:
        raise NotAllowed(f"one change merges each into one, who stays: {_named(found)} stands there again")


def _links_of(desk: Desk, entity: Entity, pairs: pl.DataFrame) -> pl.DataFrame:
    """What hangs on the old records and on the survivors, ended or not."""
    both = pl.concat([pairs.select("kind", key="old"), pairs.select("kind", key="into")]).unique()
    desk.store.stage(PERSON.name, both)
    schema = dict.fromkeys(entity.in_force, pl.String())
    return desk.store.frame(f"{entity.name}_of_staged", schema, district=desk.district)


def _moved(entity: Entity, links: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The links of the old records end, and the survivors get those that they have not."""
    ends = _ENDS[entity.name]
    beside = links.filter(pl.col("status") == "active")
    for column, kind in ends.items():
        of = pl.col("kind") if kind is None else pl.lit(kind)
        known = pairs.select(
            pl.col("kind").alias(_OF), pl.col("old").alias(column), pl.col("into").alias(_into(column))
        )
        beside = beside.with_columns(of.alias(_OF)).join(known, on=(_OF, column), how="left").drop(_OF)
    leaving = beside.filter(pl.any_horizontal(pl.col(_into(column)).is_not_null() for column in ends))
    arriving = (
        leaving.with_columns(pl.coalesce(_into(column), column).alias(column) for column in ends)
        .unique(entity.key)
        .join(links.select(*entity.key, pl.col("status").alias(_THERE)), on=entity.key, how="left")
        .filter(pl.col(_THERE).ne_missing("active"))
        .with_columns(
            pl.lit("hand").alias("managed_by"),
            pl.when(pl.col(_THERE).is_null()).then(pl.lit("created")).otherwise(pl.lit("restored")).alias(CHANGE),
        )
    )
    ended = leaving.with_columns(pl.lit("archived").alias(CHANGE))
    return pl.concat([as_changes(entity, arriving), as_changes(entity, ended)]).sort(entity.key)


def _with_accounts(survivors: pl.DataFrame, gone: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Survivors who go on with the account of an old record, since somebody had logged in with it."""
    used = (
        pairs.join(gone.filter(pl.col("account") == "active"), left_on=("kind", "old"), right_on=PERSON.key, how="semi")
        .select("kind", key="into")
        .unique()
    )
    taking = survivors.filter(pl.col("account") != "active").join(used, on=PERSON.key, how="semi")
    return taking.with_columns(pl.lit("active").alias("account"), pl.lit("updated").alias(CHANGE))


def _into(column: str) -> str:
    return f"{column}_into"


def _named(keys: list[str]) -> str:
    shown = sorted(set(keys))
    more = f" and {len(shown) - _NAMED_AT_MOST} more" if len(shown) > _NAMED_AT_MOST else ""
    return ", ".join(shown[:_NAMED_AT_MOST]) + more
