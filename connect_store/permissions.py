"""Who may do what by hand beside a sync: Connect's matrix of operations, as data (connect-behaviour 8.1, 8.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

Permission = Literal[
    "family_access",
    "comms",
    "permissions_admin",
    "rostering_administrator",
    "content_moderator",
    "engagement_visibility",
    "users_manager",
]
PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)
MOST_PERMISSIONS: Final = 6
BRINGS_FAMILY_ACCESS: Final[frozenset[Permission]] = frozenset({"comms", "permissions_admin"})

Operation = Literal[
    "enrol a student",
    "archive a student",
    "merge students",
    "merge accounts",
    "put a student into a classroom",
    "enable a student account",
    "rename a classroom",
    "add a co-teacher",
    "archive a classroom",
    "unarchive a classroom",
    "create a classroom",
    "adopt a classroom",
    "add a guardian",
    "edit contact details",
    "add staff",
    "change permissions",
    "change a role",
    "remove guardians",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Whether an operation is allowed: why not on a record that the sync manages, why not on one made by hand.

    None is yes. `needs` are the permissions of which one is enough; a leader (role admin) needs none.
    """

    synced: str | None = None
    manual: str | None = None
    needs: frozenset[Permission] = frozenset({"rostering_administrator"})


_STAFF: Final[frozenset[Permission]] = frozenset()

RULES: Final[Mapping[Operation, Rule]] = {
    "enrol a student": Rule(
        synced="students of a synced school come from the SIS; add the student there",
        manual="the school is synced, so its students come from the SIS; add the student there",
    ),
    "archive a student": Rule(synced="the sync manages this student; take the student out in the SIS"),
    "merge students": Rule(
        synced="a student that the sync manages survives a merge and cannot be merged into another one"
    ),
    "merge accounts": Rule(
        synced="somebody whom the sync manages survives a merge and cannot be merged into another one"
    ),
    "put a student into a classroom": Rule(
        synced="the sync manages who is in this classroom; change the enrollment in the SIS"
    ),
    "enable a student account": Rule(),
    "rename a classroom": Rule(needs=_STAFF),
    "add a co-teacher": Rule(needs=_STAFF),
    "archive a classroom": Rule(needs=_STAFF),
    "unarchive a classroom": Rule(needs=_STAFF),
    "create a classroom": Rule(needs=_STAFF),
    "adopt a classroom": Rule(synced="the sync manages this classroom already"),
    "add a guardian": Rule(),
    "edit contact details": Rule(
        synced="the sync keeps these details; change them in the SIS", needs=frozenset({"users_manager"})
    ),
    "add staff": Rule(),
    "change permissions": Rule(needs=frozenset({"permissions_admin"})),
    "change a role": Rule(needs=frozenset({"permissions_admin"})),
    "remove guardians": Rule(),
}
"""Every row of the matrix of 8.2. Who edits contact details of a synced record, and when, is 2.3: `manual` decides."""
