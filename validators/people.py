"""What a role makes of a person."""

from collections.abc import Mapping
from typing import Final

import polars as pl

KINDS: Final[Mapping[str, str]] = {
    "student": "student",
    **dict.fromkeys(("parent", "guardian", "relative"), "guardian"),
    **dict.fromkeys(("teacher", "aide", "proctor", "administrator"), "staff"),
}
"""Role to kind; parent, guardian and relative count alike (connect-behaviour 1.1)."""


def kind_of(role: pl.Expr) -> pl.Expr:
    """`student`, `guardian` or `staff`; null for a role that we do not know."""
    return role.replace_strict(KINDS, default=None, return_dtype=pl.String)
