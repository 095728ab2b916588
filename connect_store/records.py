"""The shapes of Connect's records and of a change. This room stores them; `processors` produces them.

A record's key is district, kind (the role family) and sourcedId; nothing is matched or shared across districts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["student", "guardian", "staff"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
EntityName = Literal["person", "attachment", "classroom", "membership", "guardianship", "attribute"]
Role = Literal["admin", "teacher"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Frames = Mapping[EntityName, "pl.DataFrame"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One kind of record: its name (the table in the store), what identifies it, and what else it carries.

    `values` come from the files, `own` is Connect's: whether somebody has an account (`none`, `invitee`, `active`), and
    who manages the record (`managed_by`: `sync` or `hand`).
    """

    name: EntityName
    key: tuple[str, ...]
    values: tuple[str, ...]
    own: tuple[str, ...] = ("managed_by",)

    @property
    def columns(self) -> tuple[str, ...]:
        """Key and values, the columns of a frame of these records; all text."""
        return self.key + self.values

    @property
    def schema(self) -> "dict[str, pl.DataType]":
        """The polars schema of a frame of these records."""
        import polars as pl  # here: who looks somebody up reads names of this module and no frame

        return dict.fromkeys(self.columns, pl.String())

    @property
    def fields(self) -> tuple[str, ...]:
        """Everything of a record that may change: all but its key."""
        return (*self.values, *self.own, "status")

    @property
    def in_force(self) -> tuple[str, ...]:
        """The columns of a record as it stands in Connect; all text."""
        return self.key + self.fields


# `source` names the file that brought a guardian or a guardianship: neither source unlinks what the other brought.
PERSON: Final = Entity(
    name="person",
    key=("kind", "key"),
    values=(
        "given_name",
        "family_name",
        "email",
        "sms",
        "phone",
        "language",
        "grades",
        "role",
        "identifier",
        "source",
    ),
    own=("account", "managed_by"),
)
CONTACTS: Final = ("given_name", "family_name", "email", "sms", "phone")
"""Fields of a person that a user who has logged in may own (connect-behaviour 2.3)."""

ATTACHMENT: Final = Entity(name="attachment", key=("kind", "key", "school"), values=("source",))
CLASSROOM: Final = Entity(name="classroom", key=("key",), values=("school", "title", "grades"))
MEMBERSHIP: Final = Entity(name="membership", key=("classroom", "kind", "key"), values=())
GUARDIANSHIP: Final = Entity(name="guardianship", key=("student", "guardian"), values=("source",))
# A value that the file cleared is null and stays a record: so it is told from one that the file never named.
ATTRIBUTE: Final = Entity(name="attribute", key=("student", "name"), values=("value",))

ENTITIES: Final[Mapping[EntityName, Entity]] = {
    entity.name: entity for entity in (PERSON, ATTACHMENT, CLASSROOM, MEMBERSHIP, GUARDIANSHIP, ATTRIBUTE)
}
"""In the order in which they are written: what is pointed at comes before what points."""
