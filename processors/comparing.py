"""Roster against baseline: the changes that tonight's files ask for.

A record that is missing from the files is archived or ended, unless something says that it only seems to be missing:
its row was rejected, its student or class is away tonight, or another source brought it. `staying` names those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.profiles import Sync
from connect_store.applying import CHANGE, Changes
from connect_store.records import ATTACHMENT, ENTITIES, KINDS, Entity, EntityName
from processors.meaning import Roster
from validators.judging import KEPT

Frames = Mapping[EntityName, pl.DataFrame]

_WRITTEN_ONCE: Final = ("role",)  # connect-behaviour 3.4: the sync writes a role only at creation


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What tonight's roster changes.

    Attributes:
        changes: as the store takes them: key, values as they shall be, `action`.
        present: how many records tonight's files hold, by type (people by kind).
        skipped: records that came back and stay archived by the profile: entity to a frame of their keys.
        managed: what the sync manages, for the guard: `school`, `type` (a kind of people, or classroom); one row each.
        leaving: what of it would vanish, in the same shape.
    """

    changes: Changes
    present: Mapping[str, int]
    skipped: Frames
    managed: pl.DataFrame
    leaving: pl.DataFrame


def newcomers(roster: Roster, baseline: Frames) -> Frames:
    """Records of tonight that the baseline does not hold: only for these must the store be read."""
    return {
        name: roster.records[name].join(baseline[name], on=entity.key, how="anti") for name, entity in ENTITIES.items()
    }


def compare(roster: Roster, baseline: Frames, standing: Frames, protected: Frames, sync: Sync) -> Comparison:
    """The changes between what the sync last brought and what tonight's files hold.

    Args:
        roster: tonight's records.
        baseline: what the sync last brought, by entity.
        standing: what is in force for the newcomers, with `status`.
        protected: keys of rejected rows (see Judgement.protected), as `key` for person and classroom, and as pairs
            `classroom`, `key` and `student`, `guardian` for memberships and guardianships; half of a pair may be null.
        sync: the profile's rules for records that come back.

    Source: connect-behaviour 3.0, 9.1.
    """
    skipped = _skipped(roster, baseline, standing, sync)
    tonight = {name: _without(roster.records[name], skipped.get(name), ENTITIES[name].key) for name in ENTITIES}
    kept_fields = _WRITTEN_ONCE if sync.update_language else (*_WRITTEN_ONCE, "language")
    staying = _staying(roster, tonight, baseline, protected)
    changes = {
        name: pl.concat(
            [
                _fresh(entity, tonight[name], baseline[name], standing[name], kept_fields),
                _differing(entity, tonight[name], baseline[name], kept_fields),
                _vanished(entity, tonight[name], baseline[name], staying[name]),
            ]
        )
        for name, entity in ENTITIES.items()
        if name in roster.brought
    }
    return Comparison(
        changes=changes,
        present=_present(tonight, roster.brought),
        skipped=skipped,
        managed=_managed(baseline),
        leaving=_leaving(changes, baseline),
    )


def withheld(changes: Changes) -> Changes:
    """The same changes without anything that archives, disconnects or unlinks (connect-behaviour 2.2, T3, T4)."""
    return {name: records.filter(pl.col(CHANGE) != "archived") for name, records in changes.items()}


def _fresh(
    entity: Entity, tonight: pl.DataFrame, baseline: pl.DataFrame, standing: pl.DataFrame, once: Sequence[str]
) -> pl.DataFrame:
    """Records that the baseline does not hold: new ones, and those that Connect still knows from earlier."""
    status = pl.col("status")
    action = (
        pl.when(status.is_null())
        .then(pl.lit("created"))
        .when(status == "active")
        .then(pl.lit("updated"))
        .otherwise(pl.lit("restored"))
    )
    return (
        tonight.join(baseline, on=entity.key, how="anti")
        .join(standing, on=entity.key, how="left", suffix="_before", maintain_order="left")
        .with_columns(_after(field, once).alias(field) for field in entity.values)
        .select(*entity.columns, action.alias(CHANGE))
    )


def _differing(entity: Entity, tonight: pl.DataFrame, baseline: pl.DataFrame, once: Sequence[str]) -> pl.DataFrame:
    """Records of both whose values differ, with the values they shall have."""
    if not entity.values:
        return pl.DataFrame(schema={**entity.schema, CHANGE: pl.String()})
    differs = pl.any_horizontal(pl.col(field).ne_missing(pl.col(f"{field}_before")) for field in entity.values)
    return (
        tonight.join(baseline, on=entity.key, suffix="_before", maintain_order="left")
        .with_columns(_after(field, once).alias(field) for field in entity.values)
        .filter(differs)
        .select(*entity.columns, pl.lit("updated").alias(CHANGE))
    )


def _after(field: str, once: Sequence[str]) -> pl.Expr:
    """A field keeps what is stored where its value was rejected or its column is gone; some are written only once."""
    before = pl.col(f"{field}_before")
    if field in once:
        return pl.coalesce(before, field)
    return pl.when(pl.col(KEPT).list.contains(field)).then(before).otherwise(pl.col(field))


def _vanished(entity: Entity, tonight: pl.DataFrame, baseline: pl.DataFrame, staying: pl.DataFrame) -> pl.DataFrame:
    return (
        baseline.join(tonight, on=entity.key, how="anti")
        .join(staying, on=entity.key, how="anti")
        .select(*entity.columns, pl.lit("archived").alias(CHANGE))
    )


def _staying(roster: Roster, tonight: Frames, baseline: Frames, protected: Frames) -> Frames:
    """Keys that are not in tonight's files and stay all the same, by entity."""
    people, rooms = tonight["person"], tonight["classroom"]
    missing = {name: baseline[name].join(tonight[name], on=ENTITIES[name].key, how="anti") for name in ENTITIES}
    protected_people = missing["person"].join(protected["person"], on="key", how="semi")
    away = _students_away(people, missing)
    links = _links_that_stay(roster, missing["guardianship"], away, protected)
    linked = (
        missing["person"]
        .filter(pl.col("kind") == "guardian")
        .join(links, left_on="key", right_on="guardian", how="semi")
    )
    other_source = missing["person"].filter(_of_another_source(roster))
    staying_people = pl.concat([protected_people, linked, other_source]).select("kind", "key").unique()
    attachments = pl.concat(
        [
            missing["attachment"].join(staying_people, on=("kind", "key"), how="semi"),
            missing["attachment"].filter(pl.col("kind") == "student").join(away, on="key", how="semi"),
            missing["attachment"].filter(_of_another_source(roster)),
        ]
    )
    memberships = pl.concat(
        [
            _matching(missing["membership"], protected["membership"]),
            missing["membership"].join(staying_people, on=("kind", "key"), how="semi"),
            missing["membership"].filter(pl.col("kind") == "student").join(away, on="key", how="semi"),
            missing["membership"].join(rooms, left_on="classroom", right_on="key", how="anti"),
        ]
    )
    return {
        "person": staying_people,
        "attachment": attachments.select("kind", "key", "school").unique(),
        "classroom": missing["classroom"].join(protected["classroom"], on="key", how="semi").select("key"),
        "membership": memberships.select("classroom", "kind", "key").unique(),
        "guardianship": links.select("student", "guardian").unique(),
    }


def _students_away(people: pl.DataFrame, missing: Frames) -> pl.DataFrame:
    """Students of links, classes and schools who are not in tonight's files: archiving keeps all they are linked to."""
    known = pl.concat(
        [
            missing["person"].filter(pl.col("kind") == "student").select("key"),
            missing["attachment"].filter(pl.col("kind") == "student").select("key"),
            missing["membership"].filter(pl.col("kind") == "student").select("key"),
            missing["guardianship"].select(pl.col("student").alias("key")),
        ]
    ).unique()
    return known.join(people.filter(pl.col("kind") == "student"), on="key", how="anti")


def _links_that_stay(roster: Roster, missing: pl.DataFrame, away: pl.DataFrame, protected: Frames) -> pl.DataFrame:
    if "guardianship" not in roster.brought:
        return missing
    return pl.concat(
        [
            missing.join(away, left_on="student", right_on="key", how="semi"),
            _matching(missing, protected["guardianship"]),
            missing.join(protected["person"], left_on="guardian", right_on="key", how="semi"),
            missing.filter(_of_another_source(roster)),
        ]
    )


def _matching(records: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Records that one of these pairs names; half a pair names every record with that half."""
    first, second = pairs.columns
    return pl.concat(
        [
            records.join(pairs.drop_nulls(), on=(first, second), how="semi"),
            records.join(pairs.filter(pl.col(second).is_null()), on=first, how="semi"),
            records.join(pairs.filter(pl.col(first).is_null()), on=second, how="semi"),
        ]
    )


def _of_another_source(roster: Roster) -> pl.Expr:
    """Neither source of guardians unlinks what the other brought; none of them does when neither came tonight."""
    source = pl.col("source")
    return source.is_not_null() if roster.guardians_from is None else source != roster.guardians_from


def _skipped(roster: Roster, baseline: Frames, standing: Frames, sync: Sync) -> Frames:
    """Archived records that came back and stay archived, as the profile says (connect-behaviour 9.1)."""
    names: tuple[EntityName, ...] = ("person", "classroom")
    back = {
        name: standing[name]
        .filter(pl.col("status") == "archived")
        .join(baseline[name], on=ENTITIES[name].key, how="anti")
        for name in names
    }
    skipped: dict[EntityName, pl.DataFrame] = {}
    if not sync.unarchive_classrooms:
        skipped["classroom"] = back["classroom"].select("key")
    if sync.archived_students == "keep_archived":
        skipped["person"] = back["person"].filter(pl.col("kind") == "student").select("kind", "key")
    if "classroom" in skipped:
        rooms = roster.records["membership"].join(skipped["classroom"], left_on="classroom", right_on="key", how="semi")
        skipped["membership"] = rooms.select("classroom", "kind", "key")
    return _with_what_belongs_to_students(skipped, roster)


def _with_what_belongs_to_students(skipped: Frames, roster: Roster) -> Frames:
    students = skipped.get("person")
    if students is None or students.is_empty():
        return skipped
    of_student: Frames = {
        "attachment": roster.records["attachment"].join(students, on=("kind", "key"), how="semi"),
        "membership": roster.records["membership"].join(students, on=("kind", "key"), how="semi"),
        "guardianship": roster.records["guardianship"].join(students, left_on="student", right_on="key", how="semi"),
    }
    merged = dict(skipped)
    for name, records in of_student.items():
        keys = records.select(ENTITIES[name].key)
        merged[name] = pl.concat([merged[name], keys]).unique() if name in merged else keys
    return merged


def _without(records: pl.DataFrame, skipped: pl.DataFrame | None, key: tuple[str, ...]) -> pl.DataFrame:
    return records if skipped is None else records.join(skipped, on=key, how="anti", maintain_order="left")


def _present(tonight: Frames, brought: frozenset[EntityName]) -> Mapping[str, int]:
    counts: dict[str, int] = {
        name: tonight[name].height for name in ("classroom", "membership", "guardianship") if name in brought
    }
    if "person" in brought:
        counts |= {kind: tonight["person"].filter(pl.col("kind") == kind).height for kind in KINDS}
    return counts


def _managed(baseline: Frames) -> pl.DataFrame:
    """Active people in each of their schools, and classrooms; archived ones are nobody's any more."""
    active = baseline["attachment"].join(baseline["person"], on=("kind", "key"), how="semi")
    return pl.concat([_by_school(active), _by_school(baseline["classroom"])])


def _leaving(changes: Changes, baseline: Frames) -> pl.DataFrame:
    """People who vanish leave all their schools, others those that they dropped; and classrooms that close."""
    gone = _archived(changes, "person")
    homes = baseline["attachment"].join(gone, on=("kind", "key"), how="semi").select(ATTACHMENT.key)
    dropped = _archived(changes, "attachment").select(ATTACHMENT.key)
    return pl.concat([_by_school(pl.concat([homes, dropped]).unique()), _by_school(_archived(changes, "classroom"))])


def _archived(changes: Changes, name: EntityName) -> pl.DataFrame:
    records = changes.get(name)
    return (
        pl.DataFrame(schema=ENTITIES[name].schema) if records is None else records.filter(pl.col(CHANGE) == "archived")
    )


def _by_school(records: pl.DataFrame) -> pl.DataFrame:
    return records.select("school", type=pl.col("kind") if "kind" in records.columns else pl.lit("classroom"))
