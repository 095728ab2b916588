"""What a night shows only beside those before it: IDs that are given anew, or to somebody else; files of unusual size.

Everybody who seems to have left may have got a new ID instead: then as many are new, with the same names. Whether that
is so a person must say, because a wrong guess sends a family's messages to another one (sis-deviations 112, 113, 148).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import takewhile
from typing import Final

import polars as pl

from config.profiles import Guard
from config.tables import TableName, file_of
from validators.contacts import HELD
from validators.findings import Finding
from validators.people import kind_of
from validators.tables import LINE, Table
from validators.values import normalised

RENUMBERED: Final[dict[str, pl.DataType]] = {
    "kind": pl.String(),
    "old": pl.String(),
    "new": pl.String(),
    "by": pl.String(),
}
"""Shape of people who probably got a new ID. `by`: what told so beside the name (`email`, `sms`, `grades`), or null."""

Contents = frozenset[tuple[str, str]]
"""The files of a batch: name of the table's file, and SHA-256."""

_FEW: Final = 20
"""People who may leave, or change altogether, in a night without anybody asking whether their IDs did."""

_GONE_SHARE: Final = 0.1
_MATCHED_SHARE: Final = 0.5
_REPLACED_SHARE: Final = 0.2
_STALE_AFTER: Final = 3  # days (sis-deviations 145)
_SIZE_SHARE: Final = 0.2
_ENOUGH: Final = 3  # batches, to know what is usual
_PROOFS: Final = (("email", ("email",)), ("sms", ("sms",)), ("grades", ("grades",)), ("", ()))
_TOLD: Final = ("kind", "key", "given_name", "family_name", "email", "sms", "grades")
_AS_STORED: Final = {"givenName": "given_name", "familyName": "family_name"}
_KEYS: Final[Mapping[TableName, str]] = {"users": "sourcedId", "guardians": "guardianSourcedId"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """How tonight's files stand beside what came before.

    Attributes:
        renumbered: as RENUMBERED; empty where everybody is who they were, or really left.
        reused: ID to name of people in Connect whose IDs belong to somebody else tonight.
        shared: how many people tonight's files and Connect have in common, by their IDs.
        same_as: number of the batch just before, where it had the very same files.
        same_days: on how many days in a row the same files came.
        usual: file to the fewest and the most rows that it had of late.
        rejected_people: sourcedIds that the batch before rejected in a users.csv of which it accepted others.
        held: who has contacts in Connect that tonight's files claim too, as HELD; looked up where they are unique.
    """

    renumbered: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RENUMBERED))
    reused: Mapping[str, str] = field(default_factory=dict)
    shared: int = 0
    same_as: int | None = None
    same_days: int = 0
    usual: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    rejected_people: frozenset[str] = frozenset()
    held: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=HELD))

    @property
    def is_replaced(self) -> bool:
        """Whether so many are somebody else that these are other people's files."""
        return len(self.reused) >= max(_FEW, _REPLACED_SHARE * self.shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A batch before tonight's, in counts and hashes.

    Attributes:
        number: of the batch.
        day: on which it came.
        contents: file and SHA-256 of each table.
        rows: how many each file had.
        is_again: whether the files of an older batch were run again.
        is_refused: whether nothing of it was applied.
        is_unmarked: whether it was repaired rows that were taken for a whole file.
        rejected_some: whether it rejected people in a users.csv of which it accepted others.
    """

    number: int
    day: date
    contents: Contents
    rows: Mapping[str, int] = field(default_factory=dict)
    is_again: bool = False
    is_refused: bool = False
    is_unmarked: bool = False
    rejected_some: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What became of people, judged by tonight's files and by who is in Connect: see Night."""

    renumbered: pl.DataFrame
    reused: Mapping[str, str]
    shared: int


def changed(tables: Mapping[TableName, Table], before: pl.DataFrame, *, country: str) -> Changed:
    """Who got a new ID, and whose ID somebody else got.

    Args:
        tables: tonight's.
        before: `kind`, `key`, `given_name`, `family_name`, `email`, `sms`, `grades` of people whom the sync brought.
        country: whose phone numbers come without a country code.
    """
    known = before.select(_TOLD)
    named = {name: tables[name] for name in _KEYS if name in tables and tables[name].has(_KEYS[name])}
    shared = [table.rows.select(key=_KEYS[name]).join(known, on="key", how="semi") for name, table in named.items()]
    return Changed(
        renumbered=_renumbered(named, known, country),
        reused=_reused(named["users"], known, country) if "users" in named else {},
        shared=sum(rows["key"].n_unique() for rows in shared),
    )


def repetition(tonight: Contents, today: date, earlier: Iterable[Earlier]) -> tuple[int | None, int]:
    """The batch just before that had the very same files, and on how many days in a row they came; `earlier` backwards.

    A batch that was run again had them because somebody asked for it.
    """
    sent = (batch for batch in earlier if not batch.is_again)
    same = list(takewhile(lambda batch: batch.contents == tonight, sent))
    return (same[0].number, len({today, *(batch.day for batch in same)})) if same else (None, 0)


def usual(rows: Iterable[Mapping[str, int]]) -> dict[str, tuple[int, int]]:
    """The fewest and the most rows that each file had in the batches before, where there were enough of them."""
    counts: dict[str, list[int]] = {}
    for batch in rows:
        for file, count in batch.items():
            counts.setdefault(file, []).append(count)
    return {file: (min(had), max(had)) for file, had in counts.items() if len(had) >= _ENOUGH}


def last_rejecting(earlier: Iterable[Earlier]) -> int | None:
    """The batch whose rejected people tonight's users.csv may be about; `earlier` newest first.

    A refused batch in between takes nothing away: who sent repaired rows without their marks sends them again.
    """
    for batch in earlier:
        if batch.rejected_some and not batch.is_unmarked:
            return batch.number
        if not batch.is_refused:
            break
    return None


def findings(night: Night, tables: Mapping[TableName, Table], guard: Guard) -> list[Finding]:
    """What there is to say about a night as a whole; the profile may say that other IDs and people are meant."""
    about_people = _about_people(night) if guard.hold_changed_ids else []
    return [*about_people, *_about_repetition(night), *_about_sizes(night, tables)]


def reused_rows(night: Night, users: pl.DataFrame, guard: Guard) -> pl.DataFrame:
    """Findings for rows of users.csv whose ID belonged to somebody else until now, but where that holds for so many."""
    names = night.reused if guard.hold_changed_ids and not night.is_replaced else {}
    return (
        users.filter(pl.col("sourcedId").is_in(list(names)))
        .select(LINE, code=pl.lit("user.sourcedId.reused"), column=pl.lit("sourcedId"), value="sourcedId")
        .with_columns(detail=pl.col("value").replace_strict(names, default=None, return_dtype=pl.String))
    )


def _about_people(night: Night) -> list[Finding]:
    counts = dict(night.renumbered.group_by("kind").len().sort("kind").iter_rows())
    found = [Finding(code="ids.renumbered", detail=kind, count=count) for kind, count in counts.items()]
    if night.is_replaced:
        found.append(Finding(code="people.replaced", file=file_of("users"), count=len(night.reused)))
    return found


def _about_repetition(night: Night) -> list[Finding]:
    if night.same_as is None:
        return []
    code = "files.stale" if night.same_days >= _STALE_AFTER else "files.unchanged"
    return [Finding(code=code, detail=str(night.same_as), hint=str(night.same_days))]


def _about_sizes(night: Night, tables: Mapping[TableName, Table]) -> list[Finding]:
    """Files that are a fifth larger or smaller than they were of late, or more where they vary more."""
    found = []
    for name, table in tables.items():
        if file_of(name) not in night.usual or table.facts.carried_from is not None:
            continue
        fewest, most = night.usual[file_of(name)]
        rows = table.rows.height + table.broken.height
        slack = max(_FEW, _SIZE_SHARE * most, most - fewest)
        if rows < fewest - slack or rows > most + slack:
            code = "file.shrank" if rows < fewest else "file.grew"
            usual = str(fewest) if fewest == most else f"{fewest}-{most}"
            found.append(Finding(code=code, file=file_of(name), value=str(rows), detail=usual, count=rows))
    return found


def _renumbered(named: Mapping[TableName, Table], known: pl.DataFrame, country: str) -> pl.DataFrame:
    """People who are gone and as many new ones with their names; none where not enough of those who are gone match."""
    nobody = pl.DataFrame(schema=RENUMBERED)
    if "users" not in named:
        return nobody
    ids = pl.concat([table.rows.select(key=_KEYS[name]) for name, table in named.items()])
    gone = known.join(ids, on="key", how="anti")
    many = _kinds_with_many(gone, known)
    if not many:
        return nobody
    newcomers = pl.concat([_people(table, known, country) for table in named.values()])
    matched = _matched(
        gone.filter(pl.col("kind").is_in(many)), newcomers.unique(["kind", "key"], keep="first", maintain_order=True)
    )
    counts = gone.group_by("kind").len("gone").join(matched.group_by("kind").len("matched"), on="kind")
    kinds = counts.filter(pl.col("matched") >= pl.max_horizontal(pl.lit(_FEW), pl.col("gone") * _MATCHED_SHARE))["kind"]
    return matched.filter(pl.col("kind").is_in(kinds.to_list())).sort("kind", "old")


def _kinds_with_many(gone: pl.DataFrame, known: pl.DataFrame) -> list[str]:
    counts = gone.group_by("kind").len("gone").join(known.group_by("kind").len("known"), on="kind")
    many = pl.col("gone") >= pl.max_horizontal(pl.lit(_FEW), pl.col("known") * _GONE_SHARE)
    return counts.filter(many)["kind"].to_list()


def _people(table: Table, known: pl.DataFrame, country: str) -> pl.DataFrame:
    """The rows of people whose IDs Connect does not have, in its words."""
    key = _KEYS[table.name]
    return _in_words(table.rows.join(known, left_on=key, right_on="key", how="anti"), table.name, country)


def _in_words(rows: pl.DataFrame, name: TableName, country: str) -> pl.DataFrame:
    people = normalised(rows, name, country=country)
    kind = kind_of(pl.col("role")) if name == "users" else pl.lit("guardian")
    grades = pl.col("grades") if name == "users" else pl.lit(None, pl.String)
    return people.with_columns(kind=kind, grades=grades).rename({_KEYS[name]: "key", **_AS_STORED}).select(_TOLD)


def _matched(gone: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """One new person for each who is gone, where name and one more thing say so, at last the name alone."""
    found = [pl.DataFrame(schema=RENUMBERED)]
    left, right = _with_name(gone), _with_name(new)
    for by, proof in _PROOFS:
        on = ["kind", "name", *proof]
        pairs = _only(left, on).join(_only(right, on), on=on, suffix="_new")
        found.append(pairs.select("kind", old="key", new="key_new", by=pl.lit(by or None, pl.String)))
        left = left.join(pairs.select("kind", "key"), on=["kind", "key"], how="anti")
        right = right.join(pairs.select("kind", key="key_new"), on=["kind", "key"], how="anti")
    return pl.concat(found)


def _with_name(people: pl.DataFrame) -> pl.DataFrame:
    name = pl.concat_str(_plain("given_name"), _plain("family_name"), separator="\t")
    return people.with_columns(name=name, email=pl.col("email").str.to_lowercase())


def _plain(column: str) -> pl.Expr:
    return pl.col(column).str.normalize("NFC").str.to_lowercase()


def _only(people: pl.DataFrame, on: Sequence[str]) -> pl.DataFrame:
    """Those who are the only ones with these values."""
    whole = people.drop_nulls(on)
    return whole.filter(pl.struct(on).is_unique())


def _reused(users: Table, known: pl.DataFrame, country: str) -> dict[str, str]:
    """IDs in users.csv under which Connect has another person: every name differs, and what else is known too."""
    both = users.rows.join(known.select("key", "given_name", "family_name"), left_on="sourcedId", right_on="key")
    if both.is_empty() or not {"givenName", "familyName", "role"} <= set(users.rows.columns):
        return {}
    renamed = both.filter(
        pl.col("givenName").str.to_lowercase() != pl.col("given_name").str.to_lowercase(),
        pl.col("familyName").str.to_lowercase() != pl.col("family_name").str.to_lowercase(),
    )
    if renamed.is_empty():
        return {}
    tonight = _in_words(renamed.select(users.rows.columns).unique(LINE), "users", country)
    pairs = tonight.join(known, on=["kind", "key"], suffix="_before").filter(_is_another())
    name = pl.concat_str("given_name_before", "family_name_before", separator=" ")
    return dict(pairs.sort("key", "kind").select("key", name).unique("key", keep="first").iter_rows())


def _is_another() -> pl.Expr:
    """Whether a person whose names all differ is another one: a contact or the grade must differ too, none be the same.

    A family that takes another name keeps its addresses; a student moves up one grade a year.
    """
    columns = ("email", "sms")
    same = pl.any_horizontal(pl.col(column).eq(pl.col(f"{column}_before")).fill_null(value=False) for column in columns)
    differs = [pl.col(column).ne(pl.col(f"{column}_before")).fill_null(value=False) for column in columns]
    return ~same & pl.any_horizontal(*differs, _is_other_grade())


def _is_other_grade() -> pl.Expr:
    """Whether a student is in a grade that nobody reaches from the one before in a summer."""
    now, before = (_step(column) for column in ("grades", "grades_before"))
    return (pl.col("kind") == "student") & ~(now - before).is_between(0, 1).fill_null(value=True)


def _step(column: str) -> pl.Expr:
    """A grade as a number; null where it is none, or several."""
    return pl.col(column).replace({"KG": "0", "PK": "-1"}).cast(pl.Int32, strict=False)
