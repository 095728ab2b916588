"""What moves in one night although nobody leaves: contacts that are others, and links that go to another person.

A column that slipped by a row makes nobody vanish; it sends messages to somebody else's family.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from config.profiles import Guard
from connect_store.applying import CHANGE, Changes, brought
from connect_store.records import PERSON, Frames

Moved = Literal["contact", "guardianship"]

_REACHED_BY: Final = ("email", "sms", "phone")
_NAME: Final = ("given_name", "family_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How many contacts or guardianships of a school are others tonight, of how many (connect-behaviour 9.2)."""

    school: str
    type: Moved
    managed: int
    moved: int


def moves(changes: Changes, baseline: Frames) -> pl.DataFrame:
    """What tonight's files move: `school`, `type`, `managed` (what the sync had brought), `moved`.

    One row for each school and type of which anything moves.
    """
    homes = baseline["attachment"].select(*PERSON.key, "school")
    students = homes.filter(pl.col("kind") == "student").select("school", student="key")
    before = baseline["person"]
    contacts = before.select(*PERSON.key, count=_how_many(pl.col(field).is_not_null() for field in _REACHED_BY))
    links = baseline["guardianship"].select("student", count=pl.lit(1))
    return pl.concat(
        [
            _by_school("contact", homes, contacts, _moved_contacts(changes.get("person"), before)),
            _by_school("guardianship", students, links, _moved_links(changes, baseline)),
        ]
    )


def too_many(counts: pl.DataFrame, rule: Guard) -> tuple[Move, ...]:
    """The schools in which more moves than the profile lets pass."""
    over = counts.filter(
        pl.col("moved") >= rule.moved_at_least, pl.col("moved") * 100 > pl.col("managed") * rule.moved_percent
    )
    return tuple(Move(**row) for row in over.sort("type", "school").iter_rows(named=True))


def _moved_contacts(changes: pl.DataFrame | None, before: pl.DataFrame) -> pl.DataFrame:
    """How many contacts of whom are others; one that is gone is another too, since a slipped column has gaps."""
    if changes is None:
        return before.clear().select(*PERSON.key, count=pl.lit(1))
    told = changes.filter(pl.col(CHANGE) != "archived").select(*PERSON.key, *map(brought, _REACHED_BY))
    others = (pl.col(field).is_not_null() & pl.col(field).ne_missing(pl.col(brought(field))) for field in _REACHED_BY)
    return before.join(told, on=PERSON.key).select(*PERSON.key, count=_how_many(others))


def _moved_links(changes: Changes, baseline: Frames) -> pl.DataFrame:
    """How many links of which student go to another person: as many end as begin, and the names differ.

    A new ID of the same person moves nothing.
    """
    links = changes.get("guardianship")
    if links is None:
        return baseline["guardianship"].clear().select("student", count=pl.lit(1))
    before = _guardians(baseline["person"], _NAME)
    told = changes.get("person")
    now = before if told is None else pl.concat([_guardians(told, map(brought, _NAME)), before])
    action = pl.col(CHANGE)
    ended = links.filter(action == "archived").join(before, on="guardian")
    begun = links.filter(action.is_in(["created", "restored"])).join(
        now.unique("guardian", keep="first", maintain_order=True), on="guardian"
    )
    same = ["student", "who"]
    lost = ended.join(begun, on=same, how="anti").group_by("student").agg(lost=pl.len())
    found = begun.join(ended, on=same, how="anti").group_by("student").agg(found=pl.len())
    return lost.join(found, on="student").select("student", count=pl.min_horizontal("lost", "found"))


def _guardians(people: pl.DataFrame, name: Iterable[str]) -> pl.DataFrame:
    who = pl.concat_str([pl.col(part).fill_null("") for part in name], separator="|").str.to_lowercase()
    return people.filter(pl.col("kind") == "guardian").select(guardian="key", who=who)


def _by_school(of: Moved, homes: pl.DataFrame, brought_before: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    found = _counted(moved.filter(pl.col("count") > 0), homes, "moved")
    managed = _counted(brought_before, homes.join(found, on="school", how="semi"), "managed")
    return managed.join(found, on="school").select("school", pl.lit(of).alias("type"), "managed", "moved")


def _counted(counts: pl.DataFrame, homes: pl.DataFrame, name: str) -> pl.DataFrame:
    whose = [column for column in counts.columns if column != "count"]
    return counts.join(homes, on=whose).group_by("school").agg(pl.col("count").cast(pl.Int64).sum().alias(name))


def _how_many(conditions: Iterable[pl.Expr]) -> pl.Expr:
    return pl.sum_horizontal(condition.cast(pl.Int64) for condition in conditions)
