"""Clever's words as Connect's: grades, kinds of contacts, names that come as one text (clever-classlink A4, D1)."""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from config.profiles import Clever

GRADES: Final[Mapping[str, str]] = {
    "InfantToddler": "IT",
    "Preschool": "PR",
    "PreKindergarten": "PK",
    "TransitionalKindergarten": "TK",
    "Kindergarten": "KG",
    "PostGraduate": "PS",
    "Ungraded": "UG",
    **{str(grade): f"{grade:02}" for grade in range(1, 14)},
}

HOMEROOM: Final = "homeroom/advisory"
"""The subject of a class that is no course."""

_TYPES: Final = ("Primary", "Parent/Guardian", "Secondary", "Family", "Other", "Emergency")
_UNKNOWN: Final = "unknown"


def _rank_of(type_column: str) -> pl.Expr:
    """How near a contact of this type is to the student, the nearest 0: of more than six the first are taken."""
    return pl.col(type_column).replace_strict({kind: at for at, kind in enumerate(_TYPES)}, default=len(_TYPES))


def _is_wanted(column: str, kinds: Sequence[str]) -> pl.Expr:
    """Whether a profile takes contacts of a kind; without any named it takes all, `unknown` are those without one.

    Capitals do not count: a profile is written by hand.
    """
    if not kinds:
        return pl.lit(True)  # noqa: FBT003 - a literal of polars
    known, wanted = pl.col(column).replace("", None).str.to_lowercase(), [kind.lower() for kind in kinds]
    return known.is_in(wanted) | (known.is_null() & pl.lit(_UNKNOWN in wanted))


def contacts_taken(contacts: pl.DataFrame, settings: Clever) -> pl.DataFrame:
    """The contacts that a profile takes, the nearest to the student first, with `given`, `family`, `sms` and `phone`.

    Args:
        contacts: `type`, `relationship`, `phone`, `phone_type`, `first` and `last`; other columns stay.
        settings: the profile's.
    """
    kept = contacts.filter(
        _is_wanted("type", settings.contact_types), _is_wanted("relationship", settings.contact_relationships)
    )
    phone = pl.when(_is_wanted("phone_type", settings.phone_types)).then("phone")
    is_cell = (pl.col("phone_type") == "Cell").fill_null(value=False)
    reached = kept.sort(_rank_of("type"), maintain_order=True).with_columns(phone=phone)
    return with_names(reached).with_columns(sms=pl.when(is_cell).then("phone"), phone=pl.when(~is_cell).then("phone"))


def with_names(contacts: pl.DataFrame) -> pl.DataFrame:
    """People with `given` and `family`, from `first` and `last`; without a first name the last one is the whole name.

    Source: clever-classlink A4, A8.
    """
    whole, first = pl.col("last").str.strip_chars(), pl.col("first").replace("", None)
    comma = whole.str.contains(",", literal=True)
    words = whole.str.split(" ").list.eval(pl.element().filter(pl.element() != ""))
    family = (
        pl.when(first.is_not_null())
        .then(whole)
        .when(comma)
        .then(whole.str.split_exact(",", 1).struct.field("field_0").str.strip_chars())
        .otherwise(words.list.last())
    )
    given = (
        pl.when(first.is_not_null())
        .then(first)
        .when(comma)
        .then(whole.str.splitn(",", 2).struct.field("field_1").str.strip_chars())
        .otherwise(words.list.head(words.list.len() - 1).list.join(" "))
    )
    return contacts.with_columns(family=family, given=given)
