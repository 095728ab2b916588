"""One account for somebody who has several roles: staff who are guardians, a guardian under several IDs.

Records of guardians and staff of a district are one account where name, e-mail and mobile are exactly the same; only
case in an address does not matter. Nothing is stored for it: the records themselves say so, and an undo that gives them
back gives back who is one account. Whoever has logged in has done so in every role.

Source: connect-behaviour 3.4; 6, G14; 9.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connect_store.records import KINDS, Kind
from connect_store.store import Store

IDENTITY: Final = ("given_name", "family_name", "email", "sms")
"""What is the same in all records of an account; one of the contacts must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A record of an account."""

    kind: Kind
    key: str
    status: str


def other_roles(store: Store, district: str, kind: Kind, key: str, record: Mapping[str, Any]) -> tuple[Role, ...]:
    """The other records of somebody's account.

    Args:
        store: where they are.
        district: whose they are.
        kind: of the record.
        key: its ID.
        record: with its `IDENTITY`.
    """
    if kind == "student" or not (record["email"] or record["sms"]):
        return ()
    found = store.rows("adults_called", district=district, family_name=record["family_name"])
    own = _identity(*(record[field] for field in IDENTITY))
    return tuple(
        Role(kind=next(one for one in KINDS if one == other), key=other_key, status=status)
        for other, other_key, status, *identity in found
        if (other, other_key) != (kind, key) and _identity(*identity) == own
    )


def _identity(given: str | None, family: str | None, email: str | None, sms: str | None) -> tuple[str | None, ...]:
    return given, family, email and email.lower(), sms
