"""Findings brought together: everything that one rule has to say about one file, and what was done about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from processors.reporting.wording import many
from processors.verdicts import Verdict

MOST_PLACES: Final = 10

_DONE: Final = {
    "batch": "We refused the whole set. Nothing was changed; Connect stays as it was.",
    "file": "We did not use this file. Nothing is removed because of that.",
    "row": "We left {these_rows} out. What Connect holds for {them} stays as it was.",
    "value": "We took {these_rows} without the value. What Connect holds there stays as it was.",
}
_DONE_BY_CODE: Final = {"batch.failed": "We tried several times and then stopped. Connect stays as it was."}
_DONE_BY_LEVEL: Final = {
    "error": "We used what we could, and removed nothing because of this.",
    "warning": "We took this as it came. Please have a look at it.",
    "info": "We only noted it: no row is kept out because of it.",
}
_DONE_BY_VERDICT: Final[Mapping[Verdict, str]] = {
    "refused": "Nothing of this set was applied, so nothing was done about this.",
    "held": "The set is on hold, so nothing was done about this.",
}
_SET_ASIDE: Final = "We set {these_rows} aside. That is no fault; nothing comes of {them}."
_SET_ASIDE_ENDINGS: Final = (".repeated", ".status.absent", ".school.other", ".contact.none", ".source.other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place where something was found."""

    line: int
    column: str | None
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Everything that one rule has to say about one file.

    Attributes:
        count: rows (or things) it stands for.
        follows: how many of them follow from another finding and vanish with it.
        brings: how many findings elsewhere follow from these.
        places: the first ones; `more` others stand in findings.csv.
        done: what was done about it.
    """

    code: str
    level: str
    rejects: str | None
    file: str | None
    count: int
    message: str
    fix: str | None
    places: tuple[Place, ...]
    more: int
    follows: int
    brings: int
    done: str

    @property
    def is_consequence(self) -> bool:
        """Whether all of it goes away when something else is repaired."""
        return self.follows >= self.count

    @property
    def because(self) -> str | None:
        """How much of it goes away by itself; None where nothing does."""
        if not self.follows:
            return None
        who = "This follows" if self.count == 1 else "All of these follow"
        if not self.is_consequence:
            who = f"{self.follows:,} of {self.count:,} follow"
        return f"{who} from another finding; repair that first."

    @property
    def causes(self) -> str | None:
        """What goes away with it; None where nothing does."""
        return f"{many(self.brings, 'other finding')} because of this" if self.brings else None


def groups_of(findings: pl.DataFrame, verdict: Verdict) -> tuple[Group, ...]:
    """Findings by code and file, in the order in which they come."""
    brings = (
        findings.filter(pl.col("cause").is_not_null())
        .group_by(pl.col("cause").cast(pl.UInt32).alias("place"))
        .agg(pl.col("count").sum().alias("brings"))
    )
    groups = (
        findings.with_row_index("place")
        .join(brings, on="place", how="left", maintain_order="left")
        .group_by("code", "file", maintain_order=True)
        .agg(
            pl.col("level", "rejects", "message", "fix").first(),
            pl.col("count").sum(),
            pl.col("count").filter(pl.col("cause").is_not_null()).sum().alias("follows"),
            pl.col("brings").sum(),
            pl.struct("line", "column", "value").filter(pl.col("line").is_not_null()).head(MOST_PLACES).alias("places"),
            pl.col("line").is_not_null().sum().alias("with_place"),
        )
    )
    return tuple(_group(row, verdict) for row in groups.to_dicts())


def _group(row: dict[str, object], verdict: Verdict) -> Group:
    with_place, places = row.pop("with_place"), row.pop("places")
    assert isinstance(places, list)
    assert isinstance(with_place, int)
    return Group(
        **row,  # type: ignore[arg-type]  # the frame's columns are the fields, by the aggregation above
        places=tuple(Place(**place) for place in places),
        more=with_place - len(places),
        done=done_about(row, verdict),
    )


def done_about(about: Mapping[str, object], verdict: Verdict) -> str:
    """What was done about the findings of a rule: `code`, `level`, `rejects` and `count` of them."""
    these_rows, them = ("this row", "it") if about["count"] == 1 else ("these rows", "them")
    return _done_sentence(about, verdict).format(these_rows=these_rows, them=them)


def _done_sentence(about: Mapping[str, object], verdict: Verdict) -> str:
    code, level, rejects = str(about["code"]), str(about["level"]), about["rejects"]
    if code in _DONE_BY_CODE:
        return _DONE_BY_CODE[code]
    if code.endswith(_SET_ASIDE_ENDINGS):
        return _SET_ASIDE
    if verdict in _DONE_BY_VERDICT and level != "info" and rejects not in {"batch", "file"}:
        return _DONE_BY_VERDICT[verdict]
    return _DONE[str(rejects)] if rejects else _DONE_BY_LEVEL[level]
