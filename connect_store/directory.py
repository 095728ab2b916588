"""Looking people up in Connect: by name, ID or contact, with everything that is linked to them."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from connect_store.accounts import IDENTITY, other_roles
from connect_store.records import KINDS, Kind
from connect_store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a person is linked with: a school, a classroom, a guardian or a student."""

    key: str
    name: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person in Connect with everything that is linked to it.

    `same_account` are the records of the same person in other roles, each named by its kind.
    """

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
    same_account: tuple[Link, ...]


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
    """People of a district whose name holds `name` (without regard to case and accents), or with this ID or contact.

    Whoever had the ID before it became another is found by it too.
    """
    wanted = folded(name or "")
    found = store.rows("people", district=district, kind=kind, key=key, contact=contact)
    if key is not None:
        found += _called_before(store, district, key, contact, {(row[0], row[1]) for row in found}, kind)
    matching = [row for row in found if wanted in folded(f"{row[2]} {row[3]}")]
    return [_person(store, district, row) for row in matching[:most]]


def _called_before(
    store: Store, district: str, key: str, contact: str | None, known: set[tuple[str, str]], kind: str | None
) -> list[tuple[str, ...]]:
    """People whose ID this was once; nobody twice."""
    now = [one for one in store.rows("called_before", district=district, key=key) if one not in known]
    return [
        row
        for of_kind, current in now
        if kind in {None, of_kind}
        for row in store.rows("people", district=district, kind=of_kind, key=current, contact=contact)
        if row[1] == current
    ]


def folded(text: str) -> str:
    """Text as it is compared when somebody is looked up: without case and accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def headcount(store: Store, district: str) -> dict[str, int]:
    """How many people of each kind are active."""
    return {str(kind): int(count) for kind, count in store.rows("headcount", district=district)}


def managed_by_sync(store: Store, district: str) -> dict[str, int]:
    """How many active records the sync has brought: people by kind, classrooms and links."""
    counted = {str(kind): int(count) for kind, count in store.rows("managed_by_sync", district=district)}
    return {kind: counted.get(kind, 0) for kind in (*KINDS, "classroom", "membership", "guardianship")}


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
        same_account=tuple(
            Link(key=role.key, name=role.kind, status=role.status)
            for role in other_roles(store, district, kind, key, _identity(row))
        ),
    )


def _identity(row: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(IDENTITY, row[2:6], strict=True))


def _linked(store: Store, statement: str, who: dict[str, str]) -> tuple[Link, ...]:
    return tuple(
        Link(key=key, name=f"{given} {family}", status=state)
        for key, given, family, *_, state in store.rows(statement, **who)
    )
