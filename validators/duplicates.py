"""Rows of one table that share a key: identical ones count once, differing ones count not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.tables import TableName
from validators.distinct import maybe_shared
from validators.schemas import columns_of
from validators.sifting import NOTHING_FOUND
from validators.tables import LINE
from validators.values import ATTRIBUTES

_APART: Final = "\x1f"  # stands in no ID: it is a control character


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes two rows of a table speak of the same thing, and what may not differ between them.

    Attributes:
        key: one text; null where a row cannot be compared.
        parts: columns that are equal where keys are.
        same: the columns that decide whether two such rows are identical.
        column: what a finding names.
        repeated: code where rows are identical; all but the first are set aside.
        conflict: code where they differ; all are rejected.
    """

    key: pl.Expr
    parts: Sequence[str]
    same: Sequence[str]
    column: str
    repeated: str
    conflict: str


def _text_of(columns: Sequence[str]) -> pl.Expr:
    return pl.concat_str([pl.col(column).fill_null("") for column in columns], separator=_APART)


# A row that says tobedeleted beside an active one of the same pair is the old enrollment, not its double.
_PAIR_IN_FORCE: Final = pl.concat_str(
    "classSourcedId", "userSourcedId", pl.col("status").eq("tobedeleted").fill_null(value=False), separator=_APART
)
# A guardian without an ID is told from another one only by the whole row.
_FAMILY_PAIR: Final = pl.concat_str(
    "studentSourcedId",
    pl.coalesce("guardianSourcedId", pl.concat_str(pl.lit(_APART), _text_of(columns_of("guardians")))),
    separator=_APART,
)

IDENTITIES: Final[Mapping[TableName, Identity]] = {
    "users": Identity(
        key=pl.col("sourcedId"),
        parts=("sourcedId",),
        same=columns_of("users"),
        column="sourcedId",
        repeated="user.sourcedId.repeated",
        conflict="user.sourcedId.conflict",
    ),
    "classes": Identity(
        key=pl.col("sourcedId"),
        parts=("sourcedId",),
        same=columns_of("classes"),
        column="sourcedId",
        repeated="class.sourcedId.repeated",
        conflict="class.sourcedId.conflict",
    ),
    "enrollments": Identity(
        key=_PAIR_IN_FORCE,
        parts=("classSourcedId", "userSourcedId"),
        same=("role",),
        column="userSourcedId",
        repeated="enrollment.pair.repeated",
        conflict="enrollment.role.conflict",
    ),
    "guardians": Identity(
        key=_FAMILY_PAIR,
        parts=("studentSourcedId", "guardianSourcedId"),
        same=columns_of("guardians"),
        column="studentSourcedId",
        repeated="guardian.pair.repeated",
        conflict="guardian.pair.conflict",
    ),
    "student_attributes": Identity(
        key=pl.col("studentSourcedId"),
        parts=("studentSourcedId",),
        same=(ATTRIBUTES,),
        column="studentSourcedId",
        repeated="attribute.student.repeated",
        conflict="attribute.student.conflict",
    ),
}


def sharing(rows: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    """The rows whose key another row has too.

    Where there are any, with `identity`, `first` (line) and `kinds` (how many differ).
    """
    maybe = maybe_shared(rows, identity.parts)
    if maybe.is_empty():
        return maybe
    keyed = maybe.with_columns(identity=identity.key)
    shared = keyed.filter(pl.col("identity").is_duplicated() & pl.col("identity").is_not_null())
    return shared.with_columns(
        first=pl.col(LINE).min().over("identity"),
        kinds=pl.struct(identity.same).n_unique().over("identity"),
    )


def repeated(shared: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    """Rows of `sharing` that say again what an earlier one says."""
    if shared.is_empty():
        return NOTHING_FOUND
    return shared.filter(pl.col("kinds") == 1, pl.col(LINE) != pl.col("first")).select(
        LINE,
        code=pl.lit(identity.repeated),
        column=pl.lit(identity.column),
        value=identity.column,
    )


def conflicting(shared: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    """Rows of `sharing` that differ under one key; `detail` names the columns that differ."""
    differing = shared if shared.is_empty() else shared.filter(pl.col("kinds") > 1)
    if differing.is_empty():
        return NOTHING_FOUND
    differs = [pl.when(pl.col(column).n_unique() > 1).then(pl.lit(column)).alias(column) for column in identity.same]
    details = (
        differing.group_by("identity")
        .agg(*differs)
        .select("identity", detail=pl.concat_list(*identity.same).list.drop_nulls().list.join(", "))
    )
    return differing.join(details, on="identity", maintain_order="left").select(
        LINE, code=pl.lit(identity.conflict), column=pl.lit(identity.column), value=identity.column, detail="detail"
    )


def shared_by_strangers(contacts: pl.DataFrame) -> pl.DataFrame:
    """Rows of guardians.csv whose ID is given to two people, as an ID of the household is; all of them are rejected.

    A guardian stands once for each child, and not always with all names. It is one person where the words of each name
    stand in the longest one, whatever their order, case and accents; an initial in the middle says nothing.

    Source: connect-behaviour 9.3: rows that differ under one ID are errors, and the record is left as it was.
    """
    shared = maybe_shared(contacts.filter(pl.col("guardianSourcedId").is_not_null()), ["guardianSourcedId"])
    spelt = shared.select("guardianSourcedId", "givenName", "familyName").unique(maintain_order=True)
    names = spelt.filter(pl.col("guardianSourcedId").is_duplicated()).with_columns(words=_words_of_name())
    longest = pl.col("words").sort_by(pl.col("words").list.len(), descending=True).first().over("guardianSourcedId")
    strange = names.filter(pl.col("words").list.set_difference(longest).list.len() > 0)
    return shared.join(strange, on="guardianSourcedId", how="semi", maintain_order="left").select(
        LINE,
        code=pl.lit("guardian.guardianSourcedId.conflict"),
        column=pl.lit("guardianSourcedId"),
        value="guardianSourcedId",
    )


def _words_of_name() -> pl.Expr:
    """The words of a name without case and accents, and without initials after the first given name."""
    given, family = (
        pl.col(name)
        .fill_null("")
        .str.normalize("NFKD")
        .str.replace_all(r"[\p{M}'\u{2019}\u{2bc}.]", "")
        .str.to_lowercase()
        for name in ("givenName", "familyName")
    )
    whole = pl.concat_str(given.str.replace_all(r"[\s\-]\p{L}\b", " "), family, separator=" ")
    return whole.str.extract_all(r"[^\s\-,]+").list.unique(maintain_order=True)


def repeated_ids(enrollments: pl.DataFrame) -> pl.DataFrame:
    """Enrollments of different pairs that carry one sourcedId, all but the first: a note, nothing is keyed by it."""
    shared = maybe_shared(enrollments, ["sourcedId"])
    if shared.is_empty():
        return NOTHING_FOUND
    named = shared.filter(pl.col("sourcedId").is_not_null() & ~pl.col("sourcedId").is_first_distinct())
    return named.select(
        LINE, code=pl.lit("enrollment.sourcedId.repeated"), column=pl.lit("sourcedId"), value="sourcedId"
    )
