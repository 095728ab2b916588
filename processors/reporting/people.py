"""Whom a row is about, by name and ID as they stand in the files; only for readers who may see values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.profiles import StudentId
from config.tables import TableName
from config.wording import Words
from validators.tables import LINE, Table

MOST_NAMED: Final = 5
"""People that are named at one cause; the others are counted, and their lines stand in findings.csv."""

_LONGEST_NAME: Final = 60
_ID: Final[Mapping[TableName, str]] = {
    "users": "sourcedId",
    "classes": "sourcedId",
    "enrollments": "userSourcedId",
    "guardians": "guardianSourcedId",
    "student_attributes": "studentSourcedId",
}
_JUDGED: Final = ("judged_file", "judged_line")
_NAME: Final[Mapping[TableName, tuple[str, ...]]] = {
    "users": ("givenName", "familyName"),
    "classes": ("title",),
    "guardians": ("givenName", "familyName"),
}
"""Columns of a row's own name; other tables name people by their ID only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A person or a class, and the row that is about them."""

    who: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """Whom one cause concerns: the first of them by name, and how many others there are."""

    first: tuple[Somebody, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Whom a report names; nobody where values are hidden.

    Attributes:
        by_cause: whom a rule concerns in a file (code, file), those whose rows only follow from it too.
        at: who stands in a line of a file.
    """

    by_cause: Mapping[tuple[str, str | None], Concerned]
    at: Mapping[tuple[str, int], str]

    def of(self, code: str, file: str | None) -> Concerned:
        """Whom a rule concerns in a file."""
        return self.by_cause.get((code, file), _NOBODY)


_NOBODY: Final = Concerned(first=(), more=0)
NOBODY_NAMED: Final = People(by_cause={}, at={})


def people_in(
    rooted: pl.DataFrame,
    places: Iterable[tuple[str, int]],
    tables: Mapping[TableName, Table],
    student_id: StudentId,
    say: Words,
) -> People:
    """Whom findings are about.

    Args:
        rooted: findings with `root` and `family`, as `details.rooted` tells them.
        places: other lines of files whose people are to be named.
        tables: as they were read.
        student_id: which of their IDs students are named by.
        say: the language.
    """
    if rooted.is_empty() or not tables:
        return NOBODY_NAMED
    chosen = _first_of_each(rooted, tables)
    listed = rooted.join(_frame_of(places), on=("file", LINE), how="semi").filter(pl.col(LINE).is_not_null())
    wanted = pl.concat([found.select("file", LINE, *_JUDGED) for found in (chosen, listed)]).unique()
    names = _names(wanted.select(file="judged_file", line="judged_line").unique(), tables, student_id, say)
    causes: dict[tuple[str, str | None], Concerned] = {}
    for (code, file), rows in chosen.partition_by("root code", "root file", as_dict=True, maintain_order=True).items():
        first = tuple(
            Somebody(who=names[judged, at], file=of, line=line)
            for of, line, judged, at in rows.select("file", LINE, *_JUDGED).iter_rows()
        )
        causes[str(code), None if file is None else str(file)] = Concerned(
            first=first, more=int(rows["concerned"][0]) - len(first)
        )
    places_of = wanted.select("file", LINE, *_JUDGED).iter_rows()
    return People(
        by_cause=causes,
        at={(of, line): names[judged, at] for of, line, judged, at in places_of if (judged, at) in names},
    )


def _frame_of(places: Iterable[tuple[str, int]]) -> pl.DataFrame:
    return pl.DataFrame(list(places), schema={"file": pl.String(), LINE: pl.UInt32()}, orient="row")


def _first_of_each(rooted: pl.DataFrame, tables: Mapping[TableName, Table]) -> pl.DataFrame:
    """The first whom each cause concerns: `root code`, `root file`, `file`, `line`, and how many it concerns."""
    roots = rooted.filter(pl.col("cause").is_null(), pl.col("level") != "info")
    causes = roots.unique("family").select("family", pl.col("code", "file").name.prefix("root "))
    told = rooted.filter(pl.col(LINE).is_not_null()).join(causes, on="family", maintain_order="left")
    parts = [_whose(told.filter(pl.col("judged_file") == table.facts.file), table) for table in tables.values()]
    every = pl.concat(parts).sort("place").unique(("family", "who"), keep="first", maintain_order=True)
    return (
        every.with_columns(pl.len().over("family").alias("concerned"))
        .group_by("family", maintain_order=True)
        .head(MOST_NAMED)
    )


def _whose(told: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Findings in a file with `who` tells one person from another there; a row without ID is of a person of its own."""
    alone = pl.concat_str(pl.lit(f"{table.name} "), pl.col(LINE))
    judged = pl.col(LINE).alias("judged_line")
    kind = "class" if table.name == "classes" else "person"
    who = pl.coalesce(pl.lit(f"{kind} ") + _cell(table, _ID[table.name]), alone)
    rows = table.rows.join(told, left_on=LINE, right_on="judged_line", how="semi").select(judged, who=who)
    return told.select("family", "place", "root code", "root file", "file", LINE, *_JUDGED).join(rows, on="judged_line")


def _names(
    wanted: pl.DataFrame, tables: Mapping[TableName, Table], student_id: StudentId, say: Words
) -> dict[tuple[str, int], str]:
    named: dict[tuple[str, int], str] = {}
    for table in tables.values():
        lines = wanted.filter(pl.col("file") == table.facts.file)
        if lines.is_empty():
            continue
        rows = table.rows.join(lines, on=LINE, how="semi").select(
            LINE, id=_cell(table, _ID[table.name]), name=_own_name(table), number=_number(table)
        )
        if table.name not in _NAME and (users := tables.get("users")) is not None and users.has("sourcedId"):
            rows = rows.drop("name", "number").join(_by_id(users, rows["id"]), on="id", how="left")
        shown = pl.coalesce("number", "id") if student_id == "student_number" else pl.col("id")
        told = rows.select(LINE, shown, "name").iter_rows()
        named |= {(table.facts.file, line): _told(name, key, say) for line, key, name in told}
    return named


def _by_id(users: Table, ids: pl.Series) -> pl.DataFrame:
    rows = users.rows.filter(pl.col("sourcedId").is_in(ids.drop_nulls().unique().implode()))
    told = rows.select(id="sourcedId", name=_own_name(users), number=_number(users))
    return told.unique("id", keep="first", maintain_order=True)


def _own_name(table: Table) -> pl.Expr:
    cells = [_cell(table, column) for column in _NAME.get(table.name, ())]
    if not cells:
        return pl.lit(None, pl.String)
    name = pl.concat_str(cells, separator=" ", ignore_nulls=True).str.strip_chars()
    return pl.when(name != "").then(name)


def _number(table: Table) -> pl.Expr:
    """What a row says of a student's number; of others an identifier is nobody's to read."""
    if table.name != "users":
        return pl.lit(None, pl.String)
    is_student = _cell(table, "role").str.strip_chars().str.to_lowercase() == "student"
    return pl.when(is_student).then(_cell(table, "identifier"))


def _cell(table: Table, column: str) -> pl.Expr:
    return pl.col(column) if table.has(column) else pl.lit(None, pl.String)


def _told(name: str | None, key: str | None, say: Words) -> str:
    """Like `Ana Ruiz (s-1042)`."""
    shown = [
        part if part is None or len(part) <= _LONGEST_NAME else f"{part[:_LONGEST_NAME]}\u2026" for part in (name, key)
    ]
    which = "unknown" if not name and not key else "without_id" if not key else "named" if name else "by_id"
    return say(f"who.{which}", name=shown[0] or "", id=shown[1] or "")


def told_people(concerned: Concerned, file: str | None, say: Words) -> list[str]:
    """Whom a cause in a file concerns: `Ana Ruiz (s-1042), line 118`, and how many more there are."""
    told = [
        say("who.line", who=one.who, line=str(one.line))
        if one.file == file
        else say("who.line_elsewhere", who=one.who, file=one.file, line=str(one.line))
        for one in concerned.first
    ]
    return [*told, say("who.more", count=concerned.more)] if concerned.more else told
