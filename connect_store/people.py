"""Who is in Connect: what a batch must know before it is judged, and what it is compared with."""

from collections.abc import Mapping

import polars as pl

from connect_store.accounts import IDENTITY
from connect_store.records import CLASSROOM, ENTITIES, PERSON, Entity, EntityName
from connect_store.store import Store


def guardian_keys(store: Store, district: str) -> frozenset[str]:
    """Guardians that the sync has brought."""
    return frozenset(store.frame("guardian_keys", {"key": pl.String()}, district=district)["key"])


def guardians_file_seen(store: Store, district: str) -> bool:
    """Whether guardians.csv has ever brought a link in this district."""
    return bool(store.rows("guardians_file_seen", district=district)[0][0])


def logged_in(store: Store, district: str) -> pl.DataFrame:
    """Guardians and staff who have logged in: `kind`, `key`, and what is the same in all records of an account."""
    schema = dict.fromkeys((*PERSON.key, *IDENTITY), pl.String())
    return store.frame("logged_in", schema, district=district)


def contact_holders(
    store: Store, district: str, schema: Mapping[str, pl.DataType], *, active_users: bool
) -> pl.DataFrame:
    """Active people of Connect with an account and an e-mail or mobile number.

    The columns are `kind`, `key`, `given_name`, `family_name`, `email`, `sms`, and `decided_by`: `files` where those
    say what somebody has, `hand` where a person changed it, `user` where it is the user's own.

    Args:
        store: where they are.
        district: whose they are.
        schema: these columns.
        active_users: whether the files decide the details of active users too (connect-behaviour 2.3).
    """
    return store.frame("contact_holders", schema, district=district, active_users=int(active_users))


def baseline(store: Store, district: str) -> dict[EntityName, pl.DataFrame]:
    """What the sync last brought: a frame for each entity, with its columns."""
    return {
        name: store.frame(f"{name}_baseline", entity.schema, district=district) for name, entity in ENTITIES.items()
    }


def owned_anew(
    store: Store, district: str, *, contacts: bool, accounts: bool, classrooms: bool, titles: bool
) -> dict[EntityName, pl.DataFrame]:
    """Keys of records that a setting of tonight changes although the source says nothing new, by entity.

    Args:
        store: where they are.
        district: whose they are.
        contacts: contact details of guardians and staff, where a person changed them (connect-behaviour 2.3).
        accounts: students without an account.
        classrooms: classrooms that somebody archived by hand.
        titles: classrooms to which somebody gave another name.
    """
    people = {column: pl.String() for column in PERSON.key}
    rooms = {column: pl.String() for column in CLASSROOM.key}
    asked = {"district": district, "contacts": int(contacts), "accounts": int(accounts)}
    return {
        "person": store.frame("people_owned_anew", people, **asked)
        if contacts or accounts
        else pl.DataFrame(schema=people),
        "classroom": store.frame(
            "classrooms_owned_anew", rooms, district=district, archived=int(classrooms), titles=int(titles)
        )
        if classrooms or titles
        else pl.DataFrame(schema=rooms),
    }


def standing(store: Store, district: str, entity: Entity, keys: pl.DataFrame) -> pl.DataFrame:
    """What is in force for these keys (`Entity.in_force`); a key that is not there has no row.

    Must run inside a transaction of the store, since it stages the keys.
    """
    schema = dict.fromkeys(entity.in_force, pl.String())
    if keys.is_empty():
        return pl.DataFrame(schema=schema)
    store.stage(entity.name, keys.select(entity.key))
    return store.frame(f"{entity.name}_standing", schema, district=district)
