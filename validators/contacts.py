"""Contacts in a district where each belongs to one person: who keeps an e-mail address or a mobile number.

Who has it in Connect already keeps it; among newcomers the first in the order of the files gets it, users.csv before
guardians.csv. The others are brought in without it. Rows of one person never compete: one ID, or one account (exactly
the same name, e-mail and mobile); a guardian without an ID is whoever has the same name.

Source: connect-behaviour 3.4, 3.7, 9.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from config.tables import TableName, file_of
from validators.people import kind_of
from validators.sifting import KEPT, Sieve
from validators.tables import LINE, Table
from validators.values import normalised

COLUMNS: Final = ("email", "sms")
"""Contacts with which somebody logs in; a home phone is only kept."""

HELD: Final[dict[str, pl.DataType]] = dict.fromkeys(
    ("kind", "key", "given_name", "family_name", "email", "sms", "decided_by"), pl.String()
)
"""Shape of people in Connect who have contacts. `decided_by`: whether the files decide what they have (`files`), or a
person changed it in Connect (`hand`), or it is the user's own (`user`)."""

_TOLD: Final[dict[str, pl.DataType]] = {
    "file": pl.String(),
    LINE: pl.UInt32(),
    **dict.fromkeys(("kind", "key", "name", "account", "column", "value"), pl.String()),
}
_NAMES: Final = ("givenName", "familyName")
_APART: Final = "\x1f"  # stands in no cell: it is a control character
_IN_FILES: Final = {"given_name": "givenName", "family_name": "familyName"}
_KEYS: Final[Mapping[TableName, str]] = {"users": "sourcedId", "guardians": "guardianSourcedId"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniqueness:
    """What decides who keeps a contact.

    Attributes:
        held: who has contacts in Connect, as HELD; of those whom tonight's files cannot concern nobody need be in it.
        of_students: whether students need contacts too, since the sync gives them accounts.
    """

    held: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=HELD))
    of_students: bool = False


def contested(tables: Mapping[TableName, Table], held: pl.DataFrame, *, country: str) -> pl.DataFrame:
    """Of the people who have contacts in Connect, those whom tonight's files can concern, as HELD.

    That is who has what another row claims, and users whose own details are others than the files say.
    """
    rows = [_claimed(tables[name], country) for name in _KEYS if name in tables and tables[name].has(_KEYS[name])]
    if not rows:
        return held.clear()
    claims, holders = pl.concat(rows).drop_nulls("value"), _long(held.rename(_IN_FILES), "kind", "key", "decided_by")
    of_others = holders.join(claims, on=("column", "value"), suffix="_claims").filter(
        pl.struct("kind", "key") != pl.struct(kind="kind_claims", key="key_claims")
    )
    own = holders.filter(decided_by="user").join(claims, on=("kind", "key", "column"), suffix="_claims")
    keys = [
        people.select("kind", "key") for people in (of_others, own.filter(pl.col("value") != pl.col("value_claims")))
    ]
    return held.join(pl.concat(keys).unique(), on=("kind", "key"), how="semi", maintain_order="left")


def without_taken(
    sieve: Sieve, uniqueness: Uniqueness | None, *others: Sieve, falling: pl.DataFrame | None = None
) -> Sieve:
    """Rows without the contacts that belong to somebody else, which is said of them.

    Args:
        sieve: the rows that claim contacts.
        uniqueness: None where contacts may be shared.
        others: tables whose rows come first, and have theirs.
        falling: `line` of the rows that will be rejected, and so claim nothing; None where there are none.
    """
    if uniqueness is None:
        return sieve
    rows = sieve.standing if falling is None else sieve.standing.join(falling, on=LINE, how="anti")
    tables = [told(other.name, other.standing, _delivered(other), uniqueness) for other in others]
    tonight = pl.concat([*tables, told(sieve.name, rows, _delivered(sieve), uniqueness)])
    found = taken(tonight, uniqueness.held).filter(file=file_of(sieve.name))
    if found.is_empty():
        return sieve
    cells = sieve.table.rows.select(LINE, *_delivered(sieve)).unpivot(
        index=LINE, variable_name="column", value_name="value"
    )
    about = found.select(LINE, "column", "detail", code=pl.lit("contact.taken"))
    return sieve.without_values(about.join(cells, on=(LINE, "column"), how="left"), stored_stays=False)


def told(table: TableName, rows: pl.DataFrame, columns: Sequence[str], uniqueness: Uniqueness) -> pl.DataFrame:
    """What rows say of contacts, one row a cell that says something, if only that there is none.

    Args:
        table: whose rows they are.
        rows: that stand; of users with `kind`.
        columns: those of the contacts that the file has.
        uniqueness: whether students are among them.
    """
    users = table == "users"
    people = rows.with_columns(kind=pl.col("kind") if users else pl.lit("guardian"), key=_KEYS[table])
    if not uniqueness.of_students:
        people = people.filter(pl.col("kind") != "student")
    cells = _long(people, LINE, "kind", "key", KEPT, columns=columns)
    return (
        cells.filter(~pl.col(KEPT).list.contains(pl.col("column")))
        .with_columns(file=pl.lit(file_of(table)))
        .select(pl.col(name).cast(dtype) for name, dtype in _TOLD.items())
    )


def taken(tonight: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """`file`, `line`, `column` of the cells that are somebody else's, and `detail`: whose.

    Args:
        tonight: what the files say, as `told`, in their order.
        held: who has contacts in Connect, as HELD.
    """
    holders = _long(held.rename(_IN_FILES), "kind", "key", "decided_by")
    own = holders.filter(decided_by="user").select("kind", "key").unique()
    claims = tonight.drop_nulls("value").join(own, on=("kind", "key"), how="anti", maintain_order="left")
    holders = holders.drop_nulls("value").join(_given_up(holders, tonight), on=("kind", "key", "column"), how="anti")
    by_contact = ("column", "value")
    beside_holders = claims.join(holders, on=by_contact, suffix="_first", maintain_order="left")
    newcomers = claims.join(holders, on=by_contact, how="anti", maintain_order="left")
    first = newcomers.unique(by_contact, keep="first", maintain_order=True)
    beside_first = newcomers.join(first, on=by_contact, suffix="_first", maintain_order="left")
    return (
        pl.concat([beside_holders, beside_first], how="diagonal")
        .group_by("file", LINE, "column", maintain_order=True)
        .agg(same=_is_same_person().any(), detail=pl.coalesce("key_first", "name_first").first())
        .filter(~pl.col("same"))
        .drop("same")
    )


def _given_up(holders: pl.DataFrame, tonight: pl.DataFrame) -> pl.DataFrame:
    """Contacts of people of whom tonight's files say another, and decide it."""
    said = holders.filter(decided_by="files").join(tonight, on=("kind", "key", "column"), suffix="_now")
    others = said.group_by("kind", "key", "column").agg(pl.col("value_now").ne_missing(pl.col("value")).all())
    return others.filter("value_now")


def _is_same_person() -> pl.Expr:
    """Whether two records are one person; who has no ID is known by the name (connect-behaviour 3.4, 9.2)."""
    first = {name: pl.col(f"{name}_first") for name in ("kind", "key", "name", "account")}
    one_record = (pl.col("kind") == first["kind"]) & (pl.col("key") == first["key"])
    guardians = (pl.col("kind") == "guardian") & (first["kind"] == "guardian")
    one_name = guardians & (pl.col("key").is_null() | first["key"].is_null()) & (pl.col("name") == first["name"])
    one_account = pl.col("account") == first["account"]
    return pl.any_horizontal(test.fill_null(value=False) for test in (one_record, one_name, one_account))


def _long(people: pl.DataFrame, *index: str, columns: Sequence[str] = COLUMNS) -> pl.DataFrame:
    """One row a contact: `index`, `name`, `account`, `column` and `value`, an address without regard to case."""
    bare = people.with_columns(pl.col("email").str.to_lowercase())
    name = pl.concat_str([pl.col(part).fill_null("") for part in _NAMES], separator=_APART)
    whole = pl.concat_str([name, *(pl.col(column).fill_null("") for column in COLUMNS)], separator=_APART)
    return bare.with_columns(
        name=name.str.to_lowercase(), account=pl.when(pl.col("kind") != "student").then(whole)
    ).unpivot(columns, index=[*index, "name", "account"], variable_name="column", value_name="value")


def _claimed(table: Table, country: str) -> pl.DataFrame:
    rows = normalised(table.rows, table.name, country=country)
    kind = kind_of(pl.col("role")) if table.name == "users" else pl.lit("guardian")
    people = rows.with_columns(kind=kind.cast(pl.String), key=_KEYS[table.name])
    return _long(people, "kind", "key").select("kind", "key", "column", "value")


def _delivered(sieve: Sieve) -> list[str]:
    return [column for column in COLUMNS if sieve.table.has(column)]
