"""Who is in Connect: looking people up, and what a batch must know before it is judged."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from connect_store.records import CLASSROOM, ENTITIES, KINDS, PERSON, Entity, EntityName, Kind
from connect_store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a person is linked with: a school, a classroom, a guardian or a student."""

    key: str
    name: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person in Connect with everything that is linked to it."""

    kind: Kind
    key: str
    given_name: str
    family_name: str
    email: str | None
    sms: str | None
    phone: str | None
    language: str | None
    grades: str | None
    role: str | None
    identifier: str | None
    status: str
    batch: int
    schools: tuple[Link, ...]
    classrooms: tuple[Link, ...]
    guardians: tuple[Link, ...]
    students: tuple[Link, ...]
    attributes: Mapping[str, str]


def find_people(
    store: Store,
    district: str,
    *,
    name: str | None = None,
    key: str | None = None,
    contact: str | None = None,
    kind: str | None = None,
    most: int = 50,
) -> list[Person]:
    """People of a district whose name holds `name` (without regard to case and accents), or with this ID or contact."""
    wanted = folded(name or "")
    found = store.rows("people", district=district, kind=kind, key=key, contact=contact)
    matching = [row for row in found if wanted in folded(f"{row[2]} {row[3]}")]
    return [_person(store, district, row) for row in matching[:most]]


def folded(text: str) -> str:
    """Text as it is compared when somebody is looked up: without case and accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def guardian_keys(store: Store, district: str) -> frozenset[str]:
    """Guardians that the sync has brought."""
    return frozenset(key for (key,) in store.rows("guardian_keys", district=district))


def guardians_file_seen(store: Store, district: str) -> bool:
    """Whether guardians.csv has ever brought a link in this district."""
    return bool(store.rows("guardians_file_seen", district=district)[0][0])


def headcount(store: Store, district: str) -> dict[str, int]:
    """How many people of each kind are active."""
    return {str(kind): int(count) for kind, count in store.rows("headcount", district=district)}


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


def _person(store: Store, district: str, row: tuple[str, ...]) -> Person:
    _, key, given, family, email, sms, phone, language, grades, role, identifier, status, batch = row
    kind = next(kind for kind in KINDS if kind == row[0])
    who = {"district": district, "key": key}
    return Person(
        kind=kind,
        key=key,
        given_name=given,
        family_name=family,
        email=email,
        sms=sms,
        phone=phone,
        language=language,
        grades=grades,
        role=role,
        identifier=identifier,
        status=status,
        batch=int(batch),
        schools=tuple(
            Link(key=school, name=school, status=state) for school, state in store.rows("schools_of", kind=kind, **who)
        ),
        classrooms=tuple(
            Link(key=room, name=title, status=state)
            for room, title, _, state, _ in store.rows("classrooms_of", kind=kind, **who)
        ),
        guardians=_linked(store, "guardians_of", who) if kind == "student" else (),
        students=_linked(store, "students_of", who) if kind == "guardian" else (),
        attributes=dict(store.rows("attributes_of", **who)) if kind == "student" else {},
    )


def _linked(store: Store, statement: str, who: dict[str, str]) -> tuple[Link, ...]:
    return tuple(
        Link(key=key, name=f"{given} {family}", status=state)
        for key, given, family, *_, state in store.rows(statement, **who)
    )
