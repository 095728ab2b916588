"""What of the store a batch is held against: what the sync brought before, and what stands there."""

from dataclasses import replace
from typing import Final

import polars as pl

from config.profiles import Profile
from config.tables import TableName
from connect_store import people
from connect_store.applying import CHANGE
from connect_store.records import ENTITIES, Frames
from connect_store.store import Store
from processors.comparing import Comparison, apart, compare, in_question
from processors.meaning import Roster
from validators import Judgement


def compared(store: Store, tonight: Roster, before: Frames, judgement: Judgement, profile: Profile) -> Comparison:
    """Tonight's roster beside what the sync brought before; only of keys in question is more of the store read."""
    found = apart(tonight.records, before)
    with store.reading():
        anew = people.owned_anew(
            store,
            profile.id,
            contacts=profile.sync.update_active_users,
            accounts=profile.sync.student_accounts,
            classrooms=profile.sync.unarchive_classrooms,
            titles=profile.sync.update_class_names,
        )
        standing = {
            name: people.standing(store, profile.id, ENTITIES[name], records)
            for name, records in in_question(found, anew).items()
        }
        users = people.logged_in(store, profile.id)
        comparison = compare(tonight, before, found, standing, _protected(judgement, before), profile.sync, anew, users)
        vanishing = {
            name: people.standing(store, profile.id, ENTITIES[name], records.filter(pl.col(CHANGE) == "archived"))
            for name, records in comparison.changes.items()
        }
    known = {name: pl.concat([records, vanishing.get(name, records.clear())]) for name, records in standing.items()}
    return replace(comparison, standing=known)


def _protected(judgement: Judgement, before: Frames) -> Frames:
    """Keys of rejected rows in the store's words; of a row that lost its ID, everybody and everything it may be."""
    keys = judgement.protected
    pairs = keys.get("enrollments", _NO_ENROLLMENTS)
    links = keys.get("guardians", _NO_LINKS)
    people = _perhaps_meant(judgement, "users", before["person"], pairs["userSourcedId"])
    classrooms = _perhaps_meant(judgement, "classes", before["classroom"], pairs["classSourcedId"])
    return {
        "person": pl.concat([keys.get("users", _NO_KEYS), people]).unique(),
        "classroom": pl.concat([keys.get("classes", _NO_KEYS), classrooms]).unique(),
        "membership": pairs.select(classroom="classSourcedId", key="userSourcedId"),
        "guardianship": links.select(student="studentSourcedId", guardian="guardianSourcedId"),
    }


def _perhaps_meant(judgement: Judgement, table: TableName, before: pl.DataFrame, named: pl.Series) -> pl.DataFrame:
    """`key` of what a row that lost its ID may be about: what has its name, and what left-out enrollments name."""
    lost = judgement.without_id.get(table)
    if lost is None or lost.is_empty():
        return _NO_KEYS
    told = lost.rename(_IN_THE_STORE, strict=False)
    alike = before.join(told, on=told.columns, how="semi")
    return pl.concat([alike.select("key"), named.drop_nulls().alias("key").to_frame()])


_IN_THE_STORE: Final = {"givenName": "given_name", "familyName": "family_name", "schoolSourcedId": "school"}
_NO_KEYS: Final = pl.DataFrame(schema={"key": pl.String()})
_NO_ENROLLMENTS: Final = pl.DataFrame(schema={"classSourcedId": pl.String(), "userSourcedId": pl.String()})
_NO_LINKS: Final = pl.DataFrame(schema={"studentSourcedId": pl.String(), "guardianSourcedId": pl.String()})
