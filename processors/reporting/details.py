"""The findings of a report file by file: root causes, and under each what goes away with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from config.tables import TABLES, table_of
from config.wording import Words
from processors.reporting.groups import done_about
from processors.verdicts import Verdict
from validators.catalogue import described

MOST_LISTED: Final = 2_000
"""Places that a page lists in all, so that it opens at once whatever came; all of them stand in findings.csv."""

_FEWEST: Final = 10
_MOST_OF_ONE: Final = 200
_MOST_FOLLOWING: Final = 10
_LEVELS: Final = ("error", "warning", "info")

_SAID: Final = (
    pl.col("message", "column").first(),
    pl.col("message").n_unique().alias("messages"),
    pl.col("column").n_unique().alias("columns"),
)
_PLACE: Final = ("line", "column", "value", "message", "brings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One place where something was found, what is said there, and how many other findings go away with it.

    What is missing has no line; it is a place of its own all the same where its message names it.
    """

    line: int | None
    column: str | None
    value: str | None
    message: str
    brings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """Findings of one rule in one file that follow from those of another."""

    code: str
    file: str | None
    message: str
    count: int
    lines: tuple[int, ...]

    @property
    def more(self) -> int:
        """How many of them have no line here."""
        return self.count - len(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """Everything that one rule has to say about one file and that does not follow from something else.

    Attributes:
        anchor: where a link finds it; the same in every report.
        title: what is wrong, true of all its places.
        is_alike: whether every place says the title's message, so that none need repeat it.
        count: rows (or things) it stands for.
        spots: the first places; `more` others stand in findings.csv.
        done: what was done about it.
        consequences: what goes away with it.
    """

    anchor: str
    code: str
    level: str
    title: str
    message: str
    is_alike: bool
    fix: str | None
    done: str
    count: int
    spots: tuple[Spot, ...]
    more: int
    consequences: tuple[Consequence, ...]

    @property
    def brings(self) -> int:
        """How many other findings go away with it."""
        return sum(consequence.count for consequence in self.consequences)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDetails:
    """What was found in one file, or about the set as a whole (then `file` is None).

    Attributes:
        anchor: where a link finds it.
        details: the worst first.
        follows: findings in this file that stand under their cause, with that cause.
    """

    anchor: str
    file: str | None
    details: tuple[Detail, ...]
    follows: tuple[tuple[Detail, int], ...]

    def count(self, level: str) -> int:
        """How many findings of a level have their cause here."""
        return sum(detail.count for detail in self.details if detail.level == level)


def details_of(traced: pl.DataFrame, verdict: Verdict, say: Words) -> tuple[FileDetails, ...]:
    """Findings by file; every finding is counted, and the first ones have their place.

    Args:
        traced: the findings, unfolded and described, as `rooted` tells them.
        verdict: of the batch.
        say: the language.
    """
    if traced.is_empty():
        return ()
    roots = traced.filter(pl.col("cause").is_null())
    consequences = _consequences(traced, say.language)
    rows = _grouped(roots).to_dicts()
    most = max(_FEWEST, min(_MOST_OF_ONE, MOST_LISTED // max(len(rows), 1)))
    titles = _titles(rows, say.language)
    slugs = _slugs([row["file"] for row in rows] + [one.file for found in consequences.values() for one in found])
    details = [
        _detail(
            row, title, slugs[row["file"]], consequences.get(row["family"], ()), done_about(row, verdict, say), most
        )
        for row, title in zip(rows, titles, strict=True)
    ]
    files = dict(zip((detail.anchor for detail in details), (row["file"] for row in rows), strict=True))
    return tuple(_file(file, slug, details, files) for file, slug in slugs.items())


def told_as(details: Iterable[FileDetails], done: str) -> tuple[FileDetails, ...]:
    """The same with one sentence for what was done about each of them."""
    return tuple(
        replace(file, details=tuple(replace(detail, done=done) for detail in file.details)) for file in details
    )


def rooted(findings: pl.DataFrame) -> pl.DataFrame:
    """The findings with `root` (place of what it comes from), `family` (rule and file of that) and `brings`."""
    numbered = findings.with_row_index("place")
    root = numbered["cause"].cast(pl.UInt32).fill_null(numbered["place"])
    while not (further := root.gather(root)).equals(root):  # a cause may itself have one
        root = further
    family = numbered.select(pl.struct("code", "file").rank("dense").alias("family"))["family"].gather(root)
    traced = numbered.with_columns(root.alias("root"), family.alias("family"))
    brings = traced.filter(pl.col("cause").is_not_null()).group_by("root").agg(pl.col("count").sum().alias("brings"))
    return traced.join(brings, left_on="place", right_on="root", how="left", maintain_order="left").with_columns(
        pl.col("brings").fill_null(0)
    )


def _grouped(roots: pl.DataFrame) -> pl.DataFrame:
    is_a_place = pl.col("line").is_not_null() | (pl.col("message").n_unique() > 1)
    spots = pl.struct(*_PLACE).filter(is_a_place)
    return (
        roots.group_by("family", maintain_order=True)
        .agg(
            *_SAID,
            pl.col("code", "file", "level", "rejects", "fix").first(),
            pl.col("count").sum(),
            pl.col("brings").sum().alias("all brings"),
            spots.head(_MOST_OF_ONE).alias("spots"),
            spots.len().alias("placed"),
        )
        .sort(
            pl.col("level").replace_strict({level: rank for rank, level in enumerate(_LEVELS)}, default=len(_LEVELS)),
            -(pl.col("count") + pl.col("all brings")).cast(pl.Int64),
            maintain_order=True,
        )
    )


def _consequences(traced: pl.DataFrame, language: str) -> Mapping[int, Sequence[Consequence]]:
    """What follows from each family."""
    groups = (
        traced.filter(pl.col("cause").is_not_null())
        .group_by("family", "code", "file", maintain_order=True)
        .agg(
            *_SAID,
            pl.col("count").sum(),
            pl.col("line").drop_nulls().head(_MOST_FOLLOWING).alias("lines"),
        )
    )
    found: dict[int, list[Consequence]] = {}
    rows = groups.to_dicts()
    for row, title in zip(rows, _titles(rows, language), strict=True):
        consequence = Consequence(
            code=row["code"], file=row["file"], message=title, count=row["count"], lines=tuple(row["lines"])
        )
        found.setdefault(row["family"], []).append(consequence)
    return found


def _titles(rows: Sequence[Mapping[str, Any]], language: str) -> Sequence[str]:
    """For each rule what it says of every place: its message, with dots where places differ."""
    if not rows:
        return ()
    general = pl.DataFrame(
        [
            {name: row[name] for name in ("code", "file", "count")}
            | {"column": row["column"] if row["columns"] == 1 else "\u2026"}
            | {"value": "\u2026", "detail": "\u2026", "hint": None}
            for row in rows
        ],
        schema_overrides={"file": pl.String, "column": pl.String, "hint": pl.String, "count": pl.UInt32},
    )
    told = described(general, masked=False, language=language)["message"].to_list()
    return [row["message"] if row["messages"] == 1 else title for row, title in zip(rows, told, strict=True)]


def _slugs(files: Iterable[str | None]) -> Mapping[str | None, str]:
    """A part of anchors for each file, the set first: of a table its name, of others a number."""
    ordered = sorted(dict.fromkeys(files), key=_turn)
    taken: set[str] = set()
    slugs: dict[str | None, str] = {}
    for number, file in enumerate(ordered, start=1):
        slug = "set" if file is None else table_of(file) or f"file-{number}"
        slugs[file] = slug if slug not in taken else f"file-{number}"
        taken.add(slugs[file])
    return slugs


def _turn(file: str | None) -> int:
    """Which file comes first: the set, then the tables in the order of repair, then all others as they come."""
    if file is None:
        return -1
    table = table_of(file)
    return len(TABLES) if table is None else TABLES.index(table)


def _detail(
    row: Mapping[str, Any],
    title: str,
    slug: str,
    consequences: Sequence[Consequence],
    done: str,
    most: int,
) -> Detail:
    spots = tuple(Spot(**spot) for spot in row["spots"][:most])
    return Detail(
        anchor=f"{slug}.{row['code']}",
        code=row["code"],
        level=row["level"],
        title=title,
        message=row["message"],
        is_alike=row["messages"] == 1,
        fix=row["fix"],
        done=done,
        count=row["count"],
        spots=spots,
        more=row["placed"] - len(spots),
        consequences=tuple(consequences),
    )


def _file(file: str | None, slug: str, details: Sequence[Detail], files: Mapping[str, str | None]) -> FileDetails:
    counts = [(detail, sum(one.count for one in detail.consequences if one.file == file)) for detail in details]
    return FileDetails(
        anchor=slug,
        file=file,
        details=tuple(detail for detail in details if files[detail.anchor] == file),
        follows=tuple((detail, count) for detail, count in counts if count),
    )
