"""Where the cells of one file lead to in another: what the schemas say in `x-refers`, one join a column (9.1)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import polars as pl

from config.oneroster import Version, schema_of
from validators.oneroster.sifted import Sifted
from validators.sifting import NOTHING_FOUND
from validators.tables import LINE

_ORGS_OF_USERS: Final = frozenset({("users", "orgs")})
"""References whose missing target is only a warning (INTERFACES, "Rule sets")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A column whose cells hold the `sourcedId` of rows of a file.

    Attributes:
        column: where the IDs stand.
        file: the file that they lead to.
        many: whether a cell holds a list of them.
        type: what the type of those rows must be, where only some are meant.
    """

    column: str
    file: str
    many: bool = False
    type: str | None = None


@cache
def references_of(version: Version, file: str) -> tuple[Reference, ...]:
    """The references of a file, as its schema has them."""
    properties: Mapping[str, Mapping[str, Any]] = schema_of(version, file)["properties"]
    return tuple(
        Reference(column=column, **part["x-refers"]) for column, part in properties.items() if "x-refers" in part
    )


def followed(sifted: Sifted, files: Mapping[str, Sifted], version: Version, unusable: Collection[str]) -> Sifted:
    """A file after each of its references was followed.

    Args:
        sifted: the file; those that it leads to have been judged already.
        files: every file that could be read.
        version: of the delivery.
        unusable: files that should be there and cannot be used: what leads to them cannot be judged.
    """
    for reference in references_of(version, sifted.file):
        if reference.file not in unusable:
            sifted = sifted.noting(*_about(sifted, reference, files.get(reference.file)))
    return sifted


def _about(sifted: Sifted, reference: Reference, target: Sifted | None) -> Sequence[pl.DataFrame]:
    links = links_of(sifted.standing(), reference)
    if links.is_empty():
        return ()
    if target is None:
        return (_file_missing(links, reference, sifted),) if sifted.mode == "bulk" else ()
    led = links.join(_targets(target), on="value", how="left", maintain_order="left")
    is_complete = sifted.mode == "bulk" and target.mode == "bulk"
    return (
        *((_unknown(led, reference, sifted, target),) if is_complete else ()),
        *((_rejected(led, reference, sifted),) if target.file != sifted.file else ()),
        *((_mistyped(led, reference),) if reference.type else ()),
        _deleted(led, reference),
    )


def links_of(rows: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """`line`, `status` and one `value` for each ID that a column names."""
    cells = rows.select(LINE, "status", value=pl.col(reference.column)).filter(pl.col("value").is_not_null())
    return cells.with_columns(pl.col("value").str.split(",")).explode("value") if reference.many else cells


def _targets(target: Sifted) -> pl.DataFrame:
    """What rows can be led to: `value`, `to_line`, `to_type`, `to_status`, `is_lost`; each ID once."""
    kind = pl.col("type") if "type" in target.rows.columns else pl.lit(None, pl.String)
    rows = target.rows.select(value=pl.col(target.key), to_line=LINE, to_type=kind, to_status="status")
    lost = target.lost.select(to_line=LINE, is_lost=pl.lit(value=True))
    known = rows.filter(pl.col("value").is_not_null()).join(lost, on="to_line", how="left", maintain_order="left")
    return known.unique("value", keep="first", maintain_order=True)


def _is_warning(sifted: Sifted, reference: Reference) -> bool:
    return (sifted.file, reference.file) in _ORGS_OF_USERS


def _file_missing(links: pl.DataFrame, reference: Reference, sifted: Sifted) -> pl.DataFrame:
    code = "oneroster.reference.org_unknown" if _is_warning(sifted, reference) else "oneroster.reference.file_missing"
    return _found(links, code, reference)


def _unknown(led: pl.DataFrame, reference: Reference, sifted: Sifted, target: Sifted) -> pl.DataFrame:
    missing = led.filter(pl.col("to_line").is_null())
    if missing.is_empty():
        return NOTHING_FOUND
    hints = _near(missing["value"].unique(), target.rows[target.key])
    code = "oneroster.reference.org_unknown" if _is_warning(sifted, reference) else "oneroster.reference.unknown"
    return _found(missing, code, reference).join(hints, on="value", how="left", maintain_order="left")


def _near(values: pl.Series, known: pl.Series) -> pl.DataFrame:
    """For IDs that are unknown, the known one that differs in case or in leading zeros only: `value`, `hint`."""
    bare = pl.col("value").str.to_lowercase().str.strip_chars_start("0")
    ids = pl.DataFrame({"value": known}).drop_nulls().select(bare=bare, hint="value").unique("bare", keep="none")
    return pl.DataFrame({"value": values}).with_columns(bare=bare).join(ids, on="bare").select("value", "hint")


def _rejected(led: pl.DataFrame, reference: Reference, sifted: Sifted) -> pl.DataFrame:
    lost = led.filter(pl.col("is_lost"))
    code = "oneroster.reference.org_unknown" if _is_warning(sifted, reference) else "oneroster.reference.rejected"
    return _found(lost, code, reference).with_columns(
        cause_file=pl.lit(f"{reference.file}.csv"), cause_line=lost["to_line"]
    )


def _mistyped(led: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Links to rows of another type than the one that is meant; a term of the sender's own may be it (6.9)."""
    is_other = (pl.col("to_type") != reference.type) & ~pl.col("to_type").str.starts_with("ext:")
    standing = led.filter(is_other, pl.col("is_lost").is_null())
    return _found(standing, "oneroster.reference.type", reference).with_columns(hint=pl.lit(reference.type))


def _deleted(led: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    is_left = (pl.col("to_status") == "tobedeleted") & pl.col("status").ne_missing("tobedeleted")
    return _found(led.filter(is_left), "oneroster.reference.deleted", reference)


def _found(links: pl.DataFrame, code: str, reference: Reference) -> pl.DataFrame:
    return links.select(
        LINE,
        "value",
        code=pl.lit(code),
        column=pl.lit(reference.column),
        detail=pl.lit(reference.file),
    )
