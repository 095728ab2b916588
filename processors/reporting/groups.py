"""Findings brought together: everything that one rule has to say about one file, and what was done about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from config.wording import Words
from processors.reporting.ordering import LEVELS, is_conformance, stage_of
from processors.verdicts import Verdict

MOST_PLACES: Final = 10

_DONE_BY_CODE: Final = {"batch.failed": "failed"}
_NOTHING_DONE: Final[frozenset[Verdict]] = frozenset({"refused", "held"})
_DONE_WHEN_APPLIED: Final = {
    **dict.fromkeys(("user.missing", "user.many_missing", "class.missing", "class.many_missing"), "not_there"),
    **dict.fromkeys((f"user.agent.{what}" for what in ("unknown", "not_guardian", "self", "too_many")), "link"),
    "contact.taken": "without_value",
}
_ONLY_NOTED: Final = frozenset({"enrollment.sourcedId.repeated"})
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
        findings: how many there are, each with what it says.
        is_alike: whether all of them say the same.
        count: rows (or things) it stands for.
        follows: how many of them follow from another finding and vanish with it.
        brings: how many findings elsewhere follow from these.
        places: the first ones; `more` others stand in findings.csv.
        because: how much of it goes away by itself; None where nothing does.
        causes: what goes away with it; None where nothing does.
        done: what was done about it.
    """

    code: str
    level: str
    rejects: str | None
    file: str | None
    findings: int
    is_alike: bool
    count: int
    message: str
    fix: str | None
    places: tuple[Place, ...]
    more: int
    follows: int
    brings: int
    because: str | None
    causes: str | None
    done: str

    @property
    def is_consequence(self) -> bool:
        """Whether all of it goes away when something else is repaired."""
        return self.follows >= self.count


def groups_of(findings: pl.DataFrame, verdict: Verdict, say: Words) -> tuple[Group, ...]:
    """Findings by code and file: of each level in the order of repair, of each stage those that explain most first."""
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
            pl.len().alias("findings"),
            (pl.col("message").n_unique() == 1).alias("is_alike"),
            pl.col("count").sum(),
            pl.col("count").filter(pl.col("cause").is_not_null()).sum().alias("follows"),
            pl.col("brings").sum(),
            pl.struct("line", "column", "value").filter(pl.col("line").is_not_null()).head(MOST_PLACES).alias("places"),
            pl.col("line").is_not_null().sum().alias("with_place"),
        )
    )
    return tuple(sorted((_group(row, verdict, say) for row in groups.to_dicts()), key=_turn))


def _turn(group: Group) -> tuple[int, int, int]:
    return LEVELS.index(group.level), stage_of(group.code, group.file), -(group.count + group.brings)


def _group(row: dict[str, Any], verdict: Verdict, say: Words) -> Group:
    with_place, places = row.pop("with_place"), row.pop("places")
    return Group(
        **row,
        places=tuple(Place(**place) for place in places),
        more=with_place - len(places),
        because=_because(row["count"], row["follows"], say),
        causes=say("group.brings", count=row["brings"]) if row["brings"] else None,
        done=done_about(row, verdict, say),
    )


def done_about(about: Mapping[str, Any], verdict: Verdict, say: Words) -> str:
    """What was done about the findings of a rule: `code`, `level`, `rejects` and `count` of them."""
    return say(f"done.{_what_was_done(about, verdict)}", count=about["count"])


def _because(count: int, follows: int, say: Words) -> str | None:
    if not follows:
        return None
    if follows < count:
        return say("group.follows_some", follows=follows, count=count)
    return say("group.follows_one" if count == 1 else "group.follows_all")


def _what_was_done(about: Mapping[str, Any], verdict: Verdict) -> str:
    """The key of what was done about the findings of a rule."""
    code, level, rejects = about["code"], about["level"], about["rejects"]
    if code in _DONE_BY_CODE:
        return _DONE_BY_CODE[code]
    if code.endswith(_SET_ASIDE_ENDINGS) and code not in _ONLY_NOTED:
        return "set_aside"
    if is_conformance(code):
        return f"conform_{rejects or level}"
    if verdict in _NOTHING_DONE and level != "info" and rejects not in {"batch", "file"}:
        return verdict
    return _DONE_WHEN_APPLIED.get(code, str(rejects or level))
