"""The keys of rejected rows: a rejected row is not a missing row, so its record stays as it was."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from config.tables import TableName
from validators.sifting import KEYS, Sieve
from validators.tables import LINE
from validators.words import pairs_of, words_of

# What a spreadsheet or a slip of the quote adds to an ID; the record's own ID is the rest.
_ADDED: Final = (
    r'["\s\x{0}-\x{1f}\x{7f}-\x{a0}\x{ad}\x{2000}-\x{200f}\x{2018}-\x{201e}\x{2028}-\x{202f}\x{2060}-\x{2069}\x{feff}]'
)
_ADDED_AROUND: Final = r"^'|'$|\.0+$"

_NO_LINKS: Final = pl.DataFrame(schema=dict.fromkeys(KEYS["guardians"], pl.String))

TOLD_BY: Final[Mapping[TableName, tuple[str, ...]]] = {
    "users": ("givenName", "familyName"),
    "classes": ("schoolSourcedId", "title"),
}
"""What else tells whom or what a row is about that lost its ID, by table."""

_LOST: Final = r"\.sourcedId\.(missing|characters|spreadsheet)$"


def protected(sieves: Mapping[TableName, Sieve], *, may_hide: bool = False) -> dict[TableName, pl.DataFrame]:
    """Keys by table as `Judgement.protected` documents them, each once.

    Args:
        sieves: the judged tables.
        may_hide: whether a guardian whom a student names may only not be shown: such a one has not left.
    """
    keys = {name: _of_table(sieve) for name, sieve in sieves.items()}
    if (users := sieves.get("users")) is not None:
        hidden = _hidden_links(users) if may_hide else _NO_LINKS
        keys["users"] = pl.concat([keys["users"], hidden.select(key="guardianSourcedId")]).unique()
        links = [_links_meant(users), hidden]
        keys["guardians"] = pl.concat([*links, *([keys["guardians"]] if "guardians" in keys else [])])
    return keys


def _of_table(sieve: Sieve) -> pl.DataFrame:
    if sieve.rejected.is_empty():
        named = ("key",) if len(KEYS[sieve.name]) == 1 else KEYS[sieve.name]
        return pl.DataFrame(schema=dict.fromkeys(named, pl.String))
    rejected = sieve.rows.join(sieve.rejected, on=LINE, how="semi")
    if len(KEYS[sieve.name]) == 1:
        return _ids(sieve, rejected)
    return _pairs(sieve, rejected)


def without_id(sieve: Sieve) -> pl.DataFrame:
    """Whom or what the rejected rows that lost their ID may be about: the columns of TOLD_BY, each once.

    An ID that a spreadsheet has rounded or a name that stands in its place is as lost as an empty cell.
    """
    told_by = TOLD_BY[sieve.name]
    if sieve.rejected.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(told_by, pl.String))
    lost = sieve.rejected.filter(pl.col("code").str.contains(_LOST))
    return sieve.rows.join(lost, on=LINE, how="semi").select(told_by).unique(maintain_order=True)


def _ids(sieve: Sieve, rejected: pl.DataFrame) -> pl.DataFrame:
    """The ID of each row, as it stands and without what was added to it; of a row without one, all its words."""
    (column,) = KEYS[sieve.name]
    named = rejected.select(key=column).drop_nulls()
    repaired = named.select(_repaired("key"))
    nameless = rejected.filter(pl.col(column).is_null())
    cells = [name for name in nameless.columns if nameless.schema[name] == pl.String]
    unread = nameless.select(LINE, raw=pl.concat_str(cells, separator=",", ignore_nulls=True))
    words = pl.concat([words_of(sieve.table.broken), words_of(unread)])
    return pl.concat([named, repaired, words.select(key="word")]).drop_nulls().unique()


def _pairs(sieve: Sieve, rejected: pl.DataFrame) -> pl.DataFrame:
    """Both halves of each row, as they stand and without what was added; of an unreadable row, all pairs of words."""
    first, second = KEYS[sieve.name]
    named = rejected.select(first, second)
    repaired = named.select(_repaired(first), _repaired(second))
    meant = rejected.join(_hinted(sieve), on=LINE).select(_as_meant(first), _as_meant(second))
    guessed = pairs_of(words_of(sieve.table.broken), first, second)
    pairs = pl.concat([named, repaired, meant, guessed], how="diagonal")
    if sieve.name == "guardians":
        # The row may have named another student: whoever is this guardian's stays so.
        pairs = pl.concat([pairs, pairs.select(second)], how="diagonal")
    return pairs.filter(pl.any_horizontal(pl.col(first, second).is_not_null())).unique()


def _links_meant(users: Sieve) -> pl.DataFrame:
    """Links of users.csv to an ID that is there but for zeros or case: the link to whom it means stays."""
    hinted = _hinted(users).filter(pl.col("column") == "agentSourcedIds")
    rows = users.rows.join(hinted, on=LINE).filter(pl.col("kind").is_in(["student", "guardian"]))
    is_student = pl.col("kind") == "student"
    return rows.select(
        studentSourcedId=pl.when(is_student).then("sourcedId").otherwise("meant"),
        guardianSourcedId=pl.when(is_student).then("meant").otherwise("sourcedId"),
    )


def _hidden_links(users: Sieve) -> pl.DataFrame:
    """Links of students to guardians of whom users.csv has no row."""
    unknown = users.found.filter(code="user.agent.unknown").select(LINE, guardianSourcedId="value")
    students = users.standing.filter(kind="student").select(LINE, studentSourcedId="sourcedId")
    return students.join(unknown, on=LINE).select(_NO_LINKS.columns)


def _hinted(sieve: Sieve) -> pl.DataFrame:
    """`line`, `column` and the ID that was probably `meant` there, of cells that name nobody."""
    unknown = sieve.found.filter(pl.col("code").str.ends_with(".unknown"), pl.col("hint").is_not_null())
    return unknown.select(LINE, "column", meant="hint")


def _as_meant(column: str) -> pl.Expr:
    return pl.when(column=column).then("meant").otherwise(column).alias(column)


def _repaired(column: str) -> pl.Expr:
    """IDs without what was added to them; nothing is left where nothing else was there."""
    text = pl.col(column).str.replace_all(_ADDED, "").str.replace_all(_ADDED_AROUND, "")
    return pl.when(text != "").then(text).alias(column)
