"""Other IDs for the same people, classes and schools, all in one change: whoever has one keeps everything else.

An ID is the key of a record and of all that hangs on it. So each record is written anew under its new key and taken
away under the old one, through the door that all changes take: the undo record, the roster as of any night and the
difference of two nights know every ID that ever was. Only who is told differs, since nobody came and nobody left.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import polars as pl

from connect_store import ledger, people
from connect_store.applying import BROUGHT, CHANGE, REMOVED, Changes, brought, columns_of, write
from connect_store.records import ENTITIES, Entity, EntityName, Frames, Kind
from connect_store.store import Store

MAPPING: Final = {"kind": pl.String(), "was": pl.String(), "key": pl.String()}
"""The schema of a frame of IDs: a kind of person, `classroom` or `school`; the ID of now, and the one to have."""

# The columns that hold an ID, and whose it is; null where the record itself says it.
_IDS: Final[Mapping[EntityName, Mapping[str, Kind | str | None]]] = {
    "person": {"key": None},
    "attachment": {"key": None, "school": "school"},
    "classroom": {"key": "classroom", "school": "school"},
    "membership": {"classroom": "classroom", "key": None},
    "guardianship": {"student": "student", "guardian": "guardian"},
    "attribute": {"student": "student"},
}
RENUMBERED: Final = "renumbered"
"""What the history says became of a record that got another ID."""

_WAS: Final = "_was"
_NEWEST: Final = 2**62
_NAMED_AT_MOST: Final = 5


class CannotRenumber(Exception):
    """These IDs cannot be given as they stand; nothing was written."""

    exit_code = 2


def renumbered(store: Store, batch: int) -> pl.DataFrame:
    """The IDs that a batch changed, as `MAPPING`; none of a batch that changed no ID."""
    return store.frame("renumbered_in", MAPPING, batch=batch)


def backwards(mapping: pl.DataFrame) -> pl.DataFrame:
    """The mapping that gives the old IDs back."""
    return mapping.select("kind", was="key", key="was")


def schools_in(mapping: pl.DataFrame) -> dict[str, str]:
    """The IDs of schools that become others."""
    return dict(mapping.filter(kind="school").select("was", "key").rows())


def renumbering(store: Store, district: str, mapping: pl.DataFrame) -> Changes:
    """The changes by which records get other IDs; who gives one away may get another's in the same change.

    Args:
        store: where they are.
        district: whose they are.
        mapping: `MAPPING`, one row each.

    Raises:
        CannotRenumber: an ID stands twice, is not in Connect, or is to become that of a record that keeps it.
    """
    _refuse_twice(mapping)
    in_force = {
        name: store.frame(f"{name}_as_of", _schema(entity), district=district, batch=_NEWEST) for name, entity in _ALL
    }
    _refuse_unknown(mapping, in_force)
    baseline = people.baseline(store, district)
    return {name: _changed(entity, in_force[name], baseline[name], mapping) for name, entity in _ALL}


def renumber(
    store: Store,
    district: str,
    mapping: pl.DataFrame,
    *,
    origin: Literal["switch", "undo"],
    at: datetime,
    summary: Mapping[str, Any],
    of: int | None = None,
) -> tuple[int, dict[str, dict[str, int]]]:
    """Give people, classes and schools other IDs, as a batch of its own: its number, and how many by kind.

    Must run inside `store.writing()`. The changes, the IDs of before and after and an event for each person are
    written; what people may do in Connect goes with them.

    Args:
        store: where they are.
        district: whose they are.
        mapping: `MAPPING`, one row each.
        origin: how it came to it.
        at: when.
        summary: what the ledger keeps of it.
        of: the batch that is undone.

    Raises:
        CannotRenumber: an ID stands twice, is not in Connect, or is to become that of a record that keeps it.
    """
    changes = renumbering(store, district, mapping)
    by_kind = mapping.group_by("kind").len().sort("kind").rows()
    counted = {str(kind): {RENUMBERED: int(count)} for kind, count in by_kind}
    number = ledger.enter_done(store, district=district, origin=origin, at=at, of=of, changes=counted, summary=summary)
    write(store, district=district, batch=number, changes=changes)
    store.stage("renumbered", mapping.select(*MAPPING))
    store.run("renumbered_remember", district=district, batch=number)
    _hand_permissions_over(store, district)
    store.run("tell_renumbered", batch=number, at=ledger.stamp(at))
    return number, counted


_ALL: Final = tuple(ENTITIES.items())


def _hand_permissions_over(store: Store, district: str) -> None:
    granted = store.rows("permissions_of_staged", district=district)
    store.run("revoke_staged", district=district)
    for staff, permission in granted:
        store.run("grant", district=district, staff=staff, permission=permission)


def _schema(entity: Entity) -> dict[str, pl.DataType]:
    return dict.fromkeys(entity.in_force, pl.String())


def _refuse_twice(mapping: pl.DataFrame) -> None:
    twice = mapping.filter(pl.struct("kind", "was").is_duplicated() | pl.struct("kind", "key").is_duplicated())
    if not twice.is_empty():
        raise CannotRenumber(f"one ID becomes one other, and these stand twice: {_named(twice)}")


def _refuse_unknown(mapping: pl.DataFrame, in_force: Frames) -> None:
    schools = pl.concat([in_force[name].select(was="school") for name in ("attachment", "classroom")])
    known = pl.concat(
        [
            in_force["person"].select("kind", was="key"),
            in_force["classroom"].select(pl.lit("classroom").alias("kind"), was="key"),
            schools.drop_nulls().unique().select(pl.lit("school").alias("kind"), "was"),
        ]
    )
    unknown = mapping.join(known, on=("kind", "was"), how="anti")
    if not unknown.is_empty():
        raise CannotRenumber(f"Connect has nobody and nothing with these IDs: {_named(unknown)}")
    taken = mapping.join(known, left_on=("kind", "key"), right_on=("kind", "was"), how="semi")
    kept = taken.join(mapping, left_on=("kind", "key"), right_on=("kind", "was"), how="anti")
    if not kept.is_empty():
        raise CannotRenumber(f"these would get the ID of another, who keeps it: {_named(kept)}")


def _changed(entity: Entity, in_force: pl.DataFrame, baseline: pl.DataFrame, mapping: pl.DataFrame) -> pl.DataFrame:
    """The records of an entity that hold one of the IDs: under their new key, and gone from the old one."""
    known = baseline.select(
        *entity.key,
        *(pl.col(field).alias(brought(field)) for field in entity.values),
        pl.lit(1, pl.Int64).alias(BROUGHT),
    )
    rows = in_force.join(known, on=entity.key, how="left", maintain_order="left").with_columns(
        pl.col(BROUGHT).fill_null(0), *(pl.col(column).alias(f"{column}{_WAS}") for column in entity.key)
    )
    touched = pl.zeros(rows.height, pl.Boolean, eager=True)
    for column, kind in _IDS[entity.name].items():
        for held in (column, brought(column)) if column in entity.values else (column,):
            new = _new_ids(rows, held, kind, mapping)
            touched |= new.is_not_null()
            rows = rows.with_columns(pl.coalesce(new, held).alias(held))
    return _moved(entity, rows.filter(touched), in_force)


def _moved(entity: Entity, arriving: pl.DataFrame, in_force: pl.DataFrame) -> pl.DataFrame:
    """Records under their new keys, and the old keys under which nothing is left."""
    there = in_force.select(*entity.key, pl.lit("updated").alias(CHANGE))
    under_new = arriving.join(there, on=entity.key, how="left").with_columns(pl.col(CHANGE).fill_null("created"))
    left = arriving.select(pl.col(f"{column}{_WAS}").alias(column) for column in entity.key)
    empty = [pl.lit(None, pl.String).alias(column) for column in (*entity.fields, *map(brought, entity.values))]
    under_old = left.join(arriving, on=entity.key, how="anti").with_columns(
        *empty, pl.lit(0, pl.Int64).alias(BROUGHT), pl.lit(REMOVED).alias(CHANGE)
    )
    columns = columns_of(entity)
    return pl.concat([under_new.select(columns), under_old.select(columns)])


def _new_ids(rows: pl.DataFrame, column: str, kind: str | None, mapping: pl.DataFrame) -> pl.Series:
    """The ID that each row is to have in a column; null where it keeps the one that it has."""
    of = pl.col("kind") if kind is None else pl.lit(kind)
    held = rows.select(of.alias("kind"), was=column)
    return held.join(mapping.select(*MAPPING), on=("kind", "was"), how="left", maintain_order="left")["key"]


def _named(mapping: pl.DataFrame) -> str:
    shown = [f"{kind} {was} to {key}" for kind, was, key in mapping.head(_NAMED_AT_MOST).select(*MAPPING).rows()]
    more = f" and {mapping.height - _NAMED_AT_MOST} more" if mapping.height > _NAMED_AT_MOST else ""
    return ", ".join(shown) + more
