"""Roster against baseline: the changes that tonight's files ask for.

A record that is missing from the files is archived or ended, unless something says that it only seems to be missing:
its row was rejected, its student or class is away tonight, or another source brought it. `staying` names those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.profiles import Sync
from connect_store.accounts import IDENTITY
from connect_store.applying import BROUGHT, CHANGE, Changes, brought, columns_of
from connect_store.records import (
    ATTACHMENT,
    ATTRIBUTE,
    CLASSROOM,
    CONTACTS,
    ENTITIES,
    GUARDIANSHIP,
    KINDS,
    MEMBERSHIP,
    PERSON,
    Entity,
    EntityName,
    Frames,
)
from processors.meaning import Roster
from processors.moving import moves
from validators.abreast import abreast
from validators.judging import KEPT

_BEFORE: Final = "_before"
_NOW: Final = "_now"
_THERE: Final = "there"
_LINKS: Final[tuple[EntityName, ...]] = ("membership", "guardianship")
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
        links: how many memberships and guardianships the sync had brought, of those that tonight's files can end.
        moves: contacts and guardianships that are others, as `moving.moves` counts them.
        kept_by_policy: people who have logged in and keep contact details of which the files say something new.
        standing: what is in force for the keys in question, by entity; `against_store` adds what vanishes.
        links_lost: how many guardian links tonight's source had brought, where it brings not a single one any more.
    """

    changes: Changes
    present: Mapping[str, int]
    skipped: Frames
    managed: pl.DataFrame
    leaving: pl.DataFrame
    links: Mapping[EntityName, int]
    links_lost: int
    moves: pl.DataFrame
    kept_by_policy: int
    standing: Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Where tonight's records of an entity and those of the baseline are not the same; most of them are.

    Attributes:
        fresh: records that the baseline lacks.
        differing: records of both with other values, the baseline's beside them (`email_before`).
        missing: records of the baseline that tonight lacks.
    """

    fresh: pl.DataFrame
    differing: pl.DataFrame
    missing: pl.DataFrame


def apart(tonight: Frames, baseline: Frames) -> Mapping[EntityName, Apart]:
    """Each entity's records beside the baseline's, once for all that is asked about them."""
    found = abreast(lambda entity: _apart(entity, tonight[entity.name], baseline[entity.name]), [*ENTITIES.values()])
    return dict(zip(ENTITIES, found, strict=True))


def _apart(entity: Entity, tonight: pl.DataFrame, baseline: pl.DataFrame) -> Apart:
    told = baseline.with_columns(pl.lit(value=True).alias(_THERE))
    beside = tonight.join(told, on=entity.key, how="left", suffix=_BEFORE, maintain_order="left")
    is_known = pl.col(_THERE).is_not_null()
    # Keys are there once, so nothing is missing where as many are known as the baseline has.
    is_whole = beside[_THERE].count() == baseline.height
    return Apart(
        fresh=beside.filter(~is_known).select(tonight.columns),
        differing=beside.filter(is_known & _differs(entity)).drop(_THERE),
        missing=baseline.clear() if is_whole else baseline.join(tonight, on=entity.key, how="anti"),
    )


def in_question(found: Mapping[EntityName, Apart], anew: Frames) -> Frames:
    """Keys of tonight that the baseline lacks, or holds with other values, or that a setting changes.

    The store is asked for these alone.
    """
    return {
        name: pl.concat(
            [
                *([anew[name].select(entity.key)] if name in anew else []),
                found[name].fresh.select(entity.key),
                found[name].differing.select(entity.key),
            ]
        ).unique()
        for name, entity in ENTITIES.items()
    }


def compare(
    roster: Roster,
    baseline: Frames,
    found: Mapping[EntityName, Apart],
    standing: Frames,
    protected: Frames,
    sync: Sync,
    anew: Frames,
    users: pl.DataFrame,
) -> Comparison:
    """The changes between what the sync last brought and what tonight's files hold.

    Args:
        roster: tonight's records.
        baseline: what the sync last brought, by entity.
        found: where the two are not the same, as `apart` tells it.
        standing: what is in force for the keys in question, with `status`.
        protected: keys of rejected rows (see Judgement.protected), as `key` for person and classroom, and as pairs
            `classroom`, `key` and `student`, `guardian` for memberships and guardianships; half of a pair may be null.
        sync: the profile's rules for records that come back, and for what people own.
        anew: keys of records that a setting changes although the source says nothing new.
        users: guardians and staff who have logged in, as `connect_store.people.logged_in` tells them.

    Source: connect-behaviour 2.3, 3.0, 9.1.
    """
    skipped = _skipped(roster, baseline, standing, sync)
    tonight = _whole(
        {name: _without(roster.records[name], skipped.get(name), ENTITIES[name].key) for name in ENTITIES}, baseline
    )
    found = {
        # Whose records are fewer now are looked at again.
        name: found[name]
        if tonight[name].height == roster.records[name].height
        else _apart(entity, tonight[name], baseline[name])
        for name, entity in ENTITIES.items()
    }
    once = _WRITTEN_ONCE if sync.update_language else (*_WRITTEN_ONCE, "language")
    staying = _staying(roster, tonight, baseline, {name: one.missing for name, one in found.items()}, protected)
    changes = {
        name: pl.concat(
            [
                _fresh(entity, found[name].fresh, standing[name], once, sync),
                _differing(
                    entity,
                    found[name].differing,
                    _decided_anew(entity, tonight[name], baseline[name], found[name], anew.get(name)),
                    standing[name],
                    once,
                    sync,
                ),
                _vanished(entity, found[name].missing, staying[name]),
            ]
        )
        for name, entity in ENTITIES.items()
        if name in roster.brought
    }
    if "person" in changes:
        changes["person"] = _as_users(changes["person"], users)
    return Comparison(
        changes=changes,
        present=_present(tonight, roster.brought),
        skipped=skipped,
        managed=_managed(baseline),
        leaving=_leaving(changes, baseline),
        links={name: baseline[name].height for name in _LINKS if name in roster.brought},
        links_lost=_links_lost(roster, tonight, baseline),
        moves=moves(changes, baseline),
        kept_by_policy=_kept_by_policy(changes.get("person"), baseline["person"]),
        standing=standing,
    )


def withheld(changes: Changes) -> Changes:
    """The same changes without anything that archives, disconnects or unlinks (connect-behaviour 2.2, T3, T4)."""
    return {name: records.filter(pl.col(CHANGE) != "archived") for name, records in changes.items()}


def _fresh(
    entity: Entity,
    fresh: pl.DataFrame,
    standing: pl.DataFrame,
    once: Sequence[str],
    sync: Sync,
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
    beside = fresh.join(standing, on=entity.key, how="left", suffix=_NOW, maintain_order="left")
    in_force = [_unless_owned(entity, field, _unless_kept(field), sync) for field in entity.values if field not in once]
    written_once = [pl.coalesce(f"{field}{_NOW}", field).alias(field) for field in entity.values if field in once]
    baseline_now = [pl.col(field).alias(brought(field)) for field in entity.values]
    return beside.with_columns(
        *in_force, *written_once, *baseline_now, *_own(entity, pl.lit("active"), sync), action.alias(CHANGE)
    ).select(columns_of(entity))


def _differing(
    entity: Entity,
    differing: pl.DataFrame,
    decided_anew: pl.DataFrame,
    standing: pl.DataFrame,
    once: Sequence[str],
    sync: Sync,
) -> pl.DataFrame:
    """Records of which the source says something new, or of which a setting decides anew.

    A field in which it says what it said before keeps what is in force, which a person may have changed meanwhile
    (the three-way comparison of connect-behaviour 9.2).
    """
    beside = (
        pl.concat([differing.filter(_differs(entity, once)), decided_anew])
        .unique(entity.key, keep="first", maintain_order=True)
        .join(standing, on=entity.key, how="left", suffix=_NOW, maintain_order="left")
    )
    baseline_now = [_brought(field, once) for field in entity.values]
    in_force = {field: _unless_owned(entity, field, _merged(field, once), sync) for field in entity.values}
    status = pl.coalesce("status", pl.lit("active"))
    if entity is CLASSROOM and sync.unarchive_classrooms:
        status = pl.lit("active")
    own = {expression.meta.output_name(): expression for expression in _own(entity, status, sync)}
    returns = own["status"].ne_missing(pl.col("status"))
    moves = [value.ne_missing(pl.col(f"{field}{_NOW}")) for field, value in in_force.items()]
    moves += [own[field].ne_missing(pl.col(field)) for field in entity.own]
    action = (
        pl.when(returns)
        .then(pl.lit("restored"))
        .when(pl.any_horizontal(moves))
        .then(pl.lit("updated"))
        .otherwise(pl.lit("unchanged"))
    )
    return beside.with_columns(*in_force.values(), *baseline_now, *own.values(), action.alias(CHANGE)).select(
        columns_of(entity)
    )


def _decided_anew(
    entity: Entity, tonight: pl.DataFrame, baseline: pl.DataFrame, found: Apart, anew: pl.DataFrame | None
) -> pl.DataFrame:
    """Records of both of which a setting decides anew, the baseline's values beside them."""
    if anew is None or anew.is_empty():
        return found.differing.clear()
    asked = tonight.join(anew, on=entity.key, how="semi", maintain_order="left")
    return asked.join(baseline, on=entity.key, suffix=_BEFORE, maintain_order="left")


def _as_users(people: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    """Who has logged in has done so in every role: such a record is a user's from the night that brings it.

    Source: connect-behaviour 3.4; 6, G14.
    """
    adults = people.filter(pl.col("kind") != "student", pl.col(CHANGE) != "archived")
    waiting = adults.filter(pl.col("account") == "invitee", pl.any_horizontal(pl.col("email", "sms").is_not_null()))
    others = users.join(adults, on=PERSON.key, how="anti").select(_identity())
    accounts = pl.concat([others, adults.filter(_is_active_user()).select(_identity())]).unique()
    known = waiting.select(*PERSON.key, *_identity()).join(accounts, on=IDENTITY, how="semi", nulls_equal=True)
    if known.is_empty():
        return people
    marked = people.join(
        known.select(*PERSON.key, user=pl.lit(value=True)), on=PERSON.key, how="left", maintain_order="left"
    )
    is_new = pl.col("user").is_not_null()
    return marked.with_columns(
        account=pl.when(is_new).then(pl.lit("active")).otherwise("account"),
        **{CHANGE: pl.when(is_new & (pl.col(CHANGE) == "unchanged")).then(pl.lit("updated")).otherwise(CHANGE)},
    ).drop("user")


def _identity() -> list[pl.Expr]:
    """What is the same in all records of an account."""
    return [pl.col(field).str.to_lowercase() if field == "email" else pl.col(field) for field in IDENTITY]


def _kept_by_policy(people: pl.DataFrame | None, baseline: pl.DataFrame) -> int:
    """Active users whose own details stay although the files now say others (connect-behaviour 9.2)."""
    if people is None:
        return 0
    known = people.filter(_is_active_user()).join(baseline, on=PERSON.key, suffix=_BEFORE)
    says_new = (pl.col(brought(field)).ne_missing(pl.col(f"{field}{_BEFORE}")) for field in CONTACTS)
    stays = (pl.col(brought(field)).ne_missing(pl.col(field)) for field in CONTACTS)
    return known.filter(pl.any_horizontal(new & own for new, own in zip(says_new, stays, strict=True))).height


def _is_active_user() -> pl.Expr:
    return (pl.col("kind") != "student") & (pl.col("account") == "active")


def _unless_owned(entity: Entity, field: str, told: pl.Expr, sync: Sync) -> pl.Expr:
    """What a person may own: contact details of users who have logged in (connect-behaviour 2.3), names of classrooms.

    A setting makes either the files' again.
    """
    if entity is CLASSROOM and field == "title" and sync.update_class_names:
        return _unless_kept(field)
    if entity is not PERSON or field not in CONTACTS:
        return told
    if sync.update_active_users:
        return pl.when(pl.col("kind") != "student").then(_unless_kept(field)).otherwise(told).alias(field)
    return pl.when(_is_active_user()).then(pl.col(f"{field}{_NOW}")).otherwise(told).alias(field)


def _differs(entity: Entity, once: Sequence[str] = ()) -> pl.Expr:
    """Whether the source says something new that may be written."""
    return pl.any_horizontal(pl.lit(value=False), *(_says_new(field, once) for field in entity.values))


def _says_new(field: str, once: Sequence[str]) -> pl.Expr:
    """A field that is kept says nothing, and one that is written only once has been listened to."""
    before = pl.col(f"{field}{_BEFORE}")
    new = pl.col(field).ne_missing(before) & ~pl.col(KEPT).list.contains(field)
    return new & before.is_null() if field in once else new


def _brought(field: str, once: Sequence[str]) -> pl.Expr:
    new = pl.when(_says_new(field, once)).then(pl.col(field)).otherwise(pl.col(f"{field}{_BEFORE}"))
    return new.alias(brought(field))


def _merged(field: str, once: Sequence[str]) -> pl.Expr:
    new = pl.when(_says_new(field, once)).then(pl.col(field)).otherwise(pl.col(f"{field}{_NOW}"))
    return (pl.coalesce(f"{field}{_NOW}", new) if field in once else new).alias(field)


def _unless_kept(field: str) -> pl.Expr:
    """A field keeps what is stored where its value was rejected or its column is gone."""
    kept = pl.col(KEPT).list.contains(field)
    return pl.when(kept).then(pl.col(f"{field}{_NOW}")).otherwise(pl.col(field)).alias(field)


def _own(entity: Entity, status: pl.Expr, sync: Sync) -> list[pl.Expr]:
    """What Connect keeps of a record that the sync brings: it manages it from now on, and an account stays."""
    of_student = pl.lit("invitee" if sync.student_accounts else "none")
    newcomer = pl.when(pl.col("kind") == "student").then(of_student).otherwise(pl.lit("invitee"))
    known = pl.col("account")
    if sync.student_accounts:
        known = pl.when(known != "none").then(known)
    account = [pl.coalesce(known, newcomer).alias("account")] if "account" in entity.own else []
    return [*account, pl.lit("sync").alias("managed_by"), status.alias("status"), pl.lit(1).alias(BROUGHT)]


def _vanished(entity: Entity, missing: pl.DataFrame, staying: pl.DataFrame) -> pl.DataFrame:
    return (
        missing.join(staying, on=entity.key, how="anti")
        .with_columns(
            *(pl.col(field).alias(brought(field)) for field in entity.values),
            *(pl.lit(None, pl.String).alias(column) for column in (*entity.own, "status")),
            pl.lit(0).alias(BROUGHT),
            pl.lit("archived").alias(CHANGE),
        )
        .select(columns_of(entity))
    )


def _staying(roster: Roster, tonight: Frames, baseline: Frames, missing: Frames, protected: Frames) -> Frames:
    """Keys that are not in tonight's files and stay all the same, by entity."""
    away = _students_away(tonight["person"] if roster.users_came else baseline["person"], missing)
    links = _links_that_stay(roster, missing["guardianship"], away, protected)
    people = _people_who_stay(roster, missing["person"], links, protected)
    rooms = tonight["classroom"] if "classroom" in roster.brought else baseline["classroom"]
    return {
        "person": people,
        "attachment": _attachments_that_stay(roster, missing["attachment"], people, away),
        "classroom": missing["classroom"].join(protected["classroom"], on="key", how="semi").select("key"),
        "membership": _memberships_that_stay(missing["membership"], people, away, rooms, protected),
        "guardianship": links.select(GUARDIANSHIP.key).unique(),
        "attribute": missing["attribute"].select(ATTRIBUTE.key),  # a lost row or column clears nothing
    }


def _people_who_stay(roster: Roster, missing: pl.DataFrame, links: pl.DataFrame, protected: Frames) -> pl.DataFrame:
    """Rejected rows, guardians whom a link holds, and everybody about whom tonight's files say nothing."""
    guardians = missing.filter(pl.col("kind") == "guardian")
    staying = [
        missing.join(protected["person"], on="key", how="semi"),
        guardians.join(links, left_on="key", right_on="guardian", how="semi"),
        missing.filter(_is_not_told(roster)),
    ]
    return pl.concat(staying).select(PERSON.key).unique()


def _attachments_that_stay(
    roster: Roster, missing: pl.DataFrame, people: pl.DataFrame, away: pl.DataFrame
) -> pl.DataFrame:
    """Those of people who stay; an archived student stays assigned to the school (connect-behaviour 3.2)."""
    staying = [
        missing.join(people, on=PERSON.key, how="semi"),
        missing.filter(pl.col("kind") == "student").join(away, on="key", how="semi"),
        missing.filter(_is_not_told(roster)),
    ]
    return pl.concat(staying).select(ATTACHMENT.key).unique()


def _memberships_that_stay(
    missing: pl.DataFrame, people: pl.DataFrame, away: pl.DataFrame, rooms: pl.DataFrame, protected: Frames
) -> pl.DataFrame:
    """Those of people who stay and of archived students, and the history of classes that are gone."""
    staying = [
        _matching(missing, protected["membership"]),
        missing.join(people, on=PERSON.key, how="semi"),
        missing.filter(pl.col("kind") == "student").join(away, on="key", how="semi"),
        missing.join(rooms, left_on="classroom", right_on="key", how="anti"),
    ]
    return pl.concat(staying).select(MEMBERSHIP.key).unique()


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


def _is_not_told(roster: Roster) -> pl.Expr:
    """People about whom tonight's files say nothing: guardians of another source; the others without a users.csv."""
    others = (pl.col("kind") != "guardian") & pl.lit(value=not roster.users_came)
    return others | _of_another_source(roster).fill_null(value=False)


def _whole(tonight: Frames, baseline: Frames) -> Frames:
    """Only records whose ends are known, tonight or from before: a set may lack a table."""
    rooms = pl.concat([tonight["classroom"].select("key"), baseline["classroom"].select("key")])
    people = pl.concat([tonight["person"].select("kind", "key"), baseline["person"].select("kind", "key")])
    students = people.filter(pl.col("kind") == "student")
    return {
        **tonight,
        "membership": tonight["membership"].join(rooms, left_on="classroom", right_on="key", how="semi"),
        "guardianship": tonight["guardianship"].join(students, left_on="student", right_on="key", how="semi"),
        "attribute": tonight["attribute"].join(students, left_on="student", right_on="key", how="semi"),
    }


def _links_lost(roster: Roster, tonight: Frames, baseline: Frames) -> int:
    if "guardianship" not in roster.brought or not tonight["guardianship"].is_empty():
        return 0
    return baseline["guardianship"].filter(pl.col("source") == roster.guardians_from).height


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
        "attribute": roster.records["attribute"].join(students, left_on="student", right_on="key", how="semi"),
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
    return pl.concat([_by_school(_active(baseline["attachment"], baseline)), _by_school(baseline["classroom"])])


def _leaving(changes: Changes, baseline: Frames) -> pl.DataFrame:
    """People who vanish leave all their schools, others those that they dropped; and classrooms that close."""
    gone = _archived(changes, "person")
    homes = baseline["attachment"].join(gone, on=("kind", "key"), how="semi").select(ATTACHMENT.key)
    dropped = _active(_archived(changes, "attachment"), baseline).select(ATTACHMENT.key)
    return pl.concat([_by_school(pl.concat([homes, dropped]).unique()), _by_school(_archived(changes, "classroom"))])


def _active(attachments: pl.DataFrame, baseline: Frames) -> pl.DataFrame:
    return attachments.join(baseline["person"], on=("kind", "key"), how="semi")


def _archived(changes: Changes, name: EntityName) -> pl.DataFrame:
    records = changes.get(name)
    return (
        pl.DataFrame(schema=ENTITIES[name].schema) if records is None else records.filter(pl.col(CHANGE) == "archived")
    )


def _by_school(records: pl.DataFrame) -> pl.DataFrame:
    return records.select("school", type=pl.col("kind") if "kind" in records.columns else pl.lit("classroom"))
