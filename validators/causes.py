"""What findings follow from: a rejected row, a file without rows, and whoever or whatever is not there at all.

Many rows that point at one missing person or class say one thing. It gets a finding of its own, from which they follow;
where very many are missing, one finding says that the file is incomplete, instead of one for each of them; and where a
row has lost the very ID that is missing, they follow from what is said of that row. Everything here is counted in
frames: a file cut in half leaves a million rows that point nowhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from config.tables import MOST_GUARDIANS, TableName, file_of
from validators.findings import FINDINGS
from validators.lost_ids import certain, lost_rows, possible
from validators.sifting import NOTHING_FOUND, WHOLE_FILE, Sieve
from validators.tables import LINE

NAMED_OFTEN: Final = 2
"""From so many rows on, a missing target is told once and not by every row."""

MANY: Final = 20
"""From so many missing targets on, they are told as one..."""

MANY_PERCENT: Final = 5
"""...where they are also this share of all that the column names: fewer are single mistakes."""


MOST_LINES_HINTED: Final = 5
"""Where more rows have no ID, none of them is a likely one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Missing:
    """A kind of target that rows point at and that a file may lack.

    Attributes:
        pointers: codes of the findings on rows that point nowhere.
        columns: by table, the column in which rows name a target.
        table: where the target should stand.
        singular: what the codes of its rows begin with.
        kinds: which people it may be; None stands for those of unknown role, and for classes.
        one: code of the finding on one missing target.
        many: code of the finding on very many of them.
        schools: codes of findings that a whole school lacks such targets.
    """

    pointers: Sequence[str]
    columns: Mapping[TableName, str]
    table: TableName
    singular: str
    kinds: Sequence[str | None]
    one: str
    many: str
    schools: Sequence[str] = ()


_MISSING: Final = (
    _Missing(
        pointers=("enrollment.user.unknown", "guardian.student.unknown", "attribute.student.unknown"),
        columns={
            "enrollments": "userSourcedId",
            "guardians": "studentSourcedId",
            "student_attributes": "studentSourcedId",
        },
        table="users",
        singular="user",
        kinds=("student", "staff", None),
        one="user.missing",
        many="user.many_missing",
        schools=("school.missing", "school.without_students"),
    ),
    _Missing(
        pointers=("enrollment.class.unknown",),
        columns={"enrollments": "classSourcedId"},
        table="classes",
        singular="class",
        kinds=(None,),
        one="class.missing",
        many="class.many_missing",
        schools=("school.without_classes",),
    ),
    _Missing(
        pointers=("user.agent.unknown",),
        columns={"users": "agents"},
        table="users",
        singular="user",
        kinds=("guardian",),
        one="user.agent.missing",
        many="user.agent.many_missing",
    ),
)

_POINTERS: Final = frozenset(code for kind in _MISSING for code in kind.pointers)
_TARGETS: Final = ("oneroster.reference.missing", "oneroster.reference.org_missing")
_REFERENCES: Final = {"oneroster.reference.unknown": 0, "oneroster.reference.org_unknown": 1}
"""On rows that lead nowhere, and by place what is said of their target: an error where one of them is."""

_ALMOST: Final = {"zeros": "ids.zeros_lost", "case": "ids.case_differs"}
_SCHOOLS: Final = (
    "school.missing",
    "school.spelled_otherwise",
    "user.school.other",
    "class.school.other",
    "guardian.school.other",
    "enrollment.school.other",
    "attribute.school.other",
)
"""What is said of one school, what the others follow from first."""

_RANKS: Final = {code: rank for rank, code in enumerate(_SCHOOLS)}
_MOST_LINES: Final = 1 << 32
_FOLLOWS: Final = pl.DataFrame(schema={"at": pl.UInt32, "root": pl.String})
_LEADS: Final = _FOLLOWS.with_columns(meant=pl.lit(None, pl.String))
_TOLD: Final = pl.DataFrame(schema={"value": pl.String, "root": pl.String})
_MADE: Final = NOTHING_FOUND.with_columns(root=pl.lit(None, pl.String))


_NO_CAUSES: Final = pl.DataFrame(schema={"cause_place": pl.Int64, "cause": pl.Int32})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trace:
    """What one way of looking has explained.

    Attributes:
        follows: `at` u32 (a finding), `root` str (what it follows from).
        leads: `at` u32 (a finding), `root` str that it is, `meant` str (an ID that it lost).
        made: findings that were missing, as FOUND, with the `root` that each is.
    """

    follows: pl.DataFrame = field(default_factory=_FOLLOWS.clear)
    leads: pl.DataFrame = field(default_factory=_LEADS.clear)
    made: pl.DataFrame = field(default_factory=_MADE.clear)


def ordered(found: pl.DataFrame, sieves: Mapping[TableName, Sieve]) -> pl.DataFrame:
    """Findings by file and line, what is about the set first; causes become indexes, missing ones are made.

    Args:
        found: as FOUND.
        sieves: the tables after judging.

    Returns: as FINDINGS.
    """
    places = {sieve.table.facts.file: place for place, sieve in enumerate(sieves.values())}
    traced = _traced(found, sieves).sort(_place_of("file", places), pl.col(LINE).fill_null(0), maintain_order=True)
    numbered = traced.with_row_index("index").with_columns(
        place=_row_at("file", LINE, places), cause_place=_row_at("cause_file", "cause_line", places)
    )
    followed = _of_rows_and_files(numbered, sieves, places)
    told = numbered.join(followed, on="cause_place", how="left", maintain_order="left")
    return rooted(told).select(list(FINDINGS))


def with_missing_targets(found: pl.DataFrame) -> pl.DataFrame:
    """The findings of a delivery, and one on each ID that rows often name and that its file lacks (rule set oneroster).

    Args:
        found: as FOUND.

    Returns: the same with `root` and `leads`, where anything is missing: what each follows from, and what it is.
    """
    numbered = found.with_row_index("at")
    pointing = numbered.filter(pl.col("code").is_in(list(_REFERENCES))).select(
        "at", "value", "hint", "count", "code", file=pl.col("detail") + ".csv"
    )
    targets = (
        pointing.group_by("file", "value", maintain_order=True)
        .agg(pl.col("hint").first(), rows=pl.col("count").sum(), rank=pl.col("code").replace_strict(_REFERENCES).min())
        .filter(pl.col("rows") >= NAMED_OFTEN)
    )
    if targets.is_empty():
        return found
    root = pl.concat_str("file", "value", separator=" ")
    made = targets.select(
        "file",
        "value",
        "hint",
        code=pl.col("rank").replace_strict(dict(enumerate(_TARGETS))),
        column=pl.lit("sourcedId"),
        detail=pl.col("rows").cast(pl.String),
        count=pl.lit(1, pl.UInt32),
        leads=root,
    )
    follows = pointing.join(targets, on=["file", "value"], how="semi").select("at", root=root)
    told = numbered.join(follows, on="at", how="left", maintain_order="left").drop("at")
    return pl.concat([told, made], how="diagonal")


def rooted(told: pl.DataFrame) -> pl.DataFrame:
    """Findings with `index` and `cause` that follow from what `root` names too, where some of them have one."""
    if "leads" not in told.columns:
        return told
    by_root = told.select(root="leads", by_root=pl.col("index").cast(pl.Int32)).drop_nulls()
    return told.join(by_root, on="root", how="left", maintain_order="left").with_columns(
        cause=pl.coalesce("cause", "by_root")
    )


def _place_of(file: str, places: Mapping[str, int]) -> pl.Expr:
    return pl.col(file).replace_strict(places, default=-1, return_dtype=pl.Int64)


def _row_at(file: str, line: str, places: Mapping[str, int]) -> pl.Expr:
    """A row of a file as one number, for joins on two columns of a million rows take seconds; null without file."""
    row = _place_of(file, places) * _MOST_LINES + pl.col(line).fill_null(WHOLE_FILE)
    return pl.when(pl.col(file).is_not_null()).then(row)


def _of_rows_and_files(
    numbered: pl.DataFrame, sieves: Mapping[TableName, Sieve], places: Mapping[str, int]
) -> pl.DataFrame:
    """What others follow from by place: the first finding that rejects a row, and that a file is empty."""
    if numbered["cause_place"].null_count() == numbered.height:
        return _NO_CAUSES
    wanted = numbered.select(place=pl.col("cause_place").drop_nulls().unique())
    followed = numbered.select("index", "place", "code", LINE).join(
        wanted, on="place", how="semi", maintain_order="left"
    )
    rejecting = [
        sieve.rejected.select(
            "code", place=pl.col(LINE).cast(pl.Int64) + places[sieve.table.facts.file] * _MOST_LINES
        ).join(wanted, on="place", how="semi")
        for sieve in sieves.values()
    ]
    place_and_code = pl.DataFrame(schema={"code": pl.String, "place": pl.Int64})
    of_rows = followed.join(pl.concat([place_and_code, *rejecting]), on=["place", "code"], how="semi")
    of_files = followed.filter(pl.col("code").str.ends_with(".none"), pl.col(LINE).is_null())
    return pl.concat([of_rows, of_files]).group_by(cause_place="place").agg(cause=pl.col("index").min().cast(pl.Int32))


def _traced(found: pl.DataFrame, sieves: Mapping[TableName, Sieve]) -> pl.DataFrame:
    """The findings and those that are missing; with `root` and `leads` (what each follows from and is), if any is."""
    codes = set(found["code"].unique())
    if codes.isdisjoint(_POINTERS) and codes.isdisjoint(_SCHOOLS):
        return found
    numbered = found.with_row_index("at")
    traces = [_of_schools(numbered)]
    lost = numbered.filter(pl.col("code").is_in(list(_POINTERS)), pl.col("cause_file").is_null())
    traces += _of_lost(lost, numbered, sieves)
    follows = pl.concat([trace.follows for trace in traces])
    leads = pl.concat([_LEADS, *(trace.leads for trace in traces)], how="diagonal").rename({"root": "leads"})
    told = (
        numbered.join(follows, on="at", how="left", maintain_order="left")
        .join(leads, on="at", how="left", maintain_order="left")
        .with_columns(hint=pl.coalesce("meant", "hint"))
        .drop("meant")
    )
    made = pl.concat([trace.made for trace in traces]).rename({"root": "leads"})
    return pl.concat([told.drop("at"), made], how="diagonal")


def _of_schools(numbered: pl.DataFrame) -> _Trace:
    """What is said of one school in several files: the first says it, the others follow."""
    school = pl.when(pl.col("code") == "school.missing").then("hint").otherwise("detail")
    said = numbered.filter(pl.col("code").is_in(_SCHOOLS)).select(
        "at", rank=pl.col("code").replace_strict(_RANKS, return_dtype=pl.Int8), root=pl.lit("school ") + school
    )
    often = said.drop_nulls("root").filter(pl.col("root").is_duplicated()).sort("rank", "at")
    first = often.unique("root", keep="first", maintain_order=True)
    return _Trace(follows=often.join(first, on="at", how="anti").select("at", "root"), leads=first.select("at", "root"))


def _of_lost(lost: pl.DataFrame, numbered: pl.DataFrame, sieves: Mapping[TableName, Sieve]) -> Iterator[_Trace]:
    """Why rows point nowhere: an ID that is almost right, a school that is not there, or the target alone."""
    almost = _almost(lost, numbered)
    yield almost
    left = lost if almost.follows.is_empty() else lost.join(almost.follows, on="at", how="anti", maintain_order="left")
    told = _TOLD
    for kind in _MISSING:
        pointing = left.filter(pl.col("code").is_in(list(kind.pointers)))
        if pointing.is_empty():
            continue
        if not told.is_empty():
            same = pointing.join(told, on="value", maintain_order="left").select("at", "root")
            yield _Trace(follows=same)
            pointing = pointing.join(same, on="at", how="anti", maintain_order="left")
        of_schools = _without_school(pointing, kind, numbered, sieves)
        yield of_schools
        if not of_schools.follows.is_empty():
            pointing = pointing.join(of_schools.follows, on="at", how="anti", maintain_order="left")
        pairs = possible(lost_rows(numbered, sieves.get(kind.table), kind.singular, kind.kinds), pointing, sieves)
        of_rows = _without_id(pointing, kind, certain(pairs))
        yield of_rows
        if not of_rows.follows.is_empty():
            pointing = pointing.join(of_rows.follows, on="at", how="anti", maintain_order="left")
            pairs = pairs.join(of_rows.leads, on="at", how="anti", maintain_order="left")
        missing = _without_target(pointing, kind, sieves, pairs)
        yield missing
        if kind.table == "users":
            yield _without_child(numbered, missing)
            told = pl.concat([told, pointing.join(missing.follows, on="at").select("value", "root").unique()])


def _without_child(numbered: pl.DataFrame, missing: _Trace) -> _Trace:
    """Guardians of no student follow from a users.csv that lacks very many people: their children are among those.

    There cannot be more of them than so many children may have.
    """
    many = missing.made.filter(code="user.many_missing")
    alone = numbered.filter(pl.col("code") == "guardian.unlinked")
    if many.is_empty() or alone.is_empty() or alone["count"].sum() > MOST_GUARDIANS * int(many["detail"].item()):
        return _Trace()
    return _Trace(follows=alone.select("at", root=pl.lit("user.many_missing")))


def _without_id(pointing: pl.DataFrame, kind: _Missing, pairs: pl.DataFrame) -> _Trace:
    """Rows that name an ID which a row of its file has lost follow from the finding that says so."""
    if pairs.is_empty():
        return _Trace()
    leads = pairs.select("at", root=pl.lit(f"{kind.one} was ") + pl.col("target"), meant="target")
    follows = pointing.select("at", meant="value").join(leads.drop("at"), on="meant", maintain_order="left")
    return _Trace(follows=follows.select("at", "root"), leads=leads)


def _almost(lost: pl.DataFrame, numbered: pl.DataFrame) -> _Trace:
    """Rows whose ID is there but for leading zeros or case follow from the finding that says so of the column."""
    column = pl.concat_str("file", "column", separator=" ")
    said = numbered.filter(pl.col("code").is_in(list(_ALMOST.values())))
    leads = said.select("at", root=pl.concat_str("code", column, separator=" "))
    hinted = lost.filter(pl.col("hint").is_not_null())
    if leads.is_empty() or hinted.is_empty():
        return _Trace()
    same_letters = pl.col("value").str.to_lowercase() == pl.col("hint").str.to_lowercase()
    how = pl.when(same_letters).then(pl.lit(_ALMOST["case"])).otherwise(pl.lit(_ALMOST["zeros"]))
    follows = hinted.select("at", root=pl.concat_str(how, column, separator=" "))
    return _Trace(follows=follows.join(leads, on="root", how="semi", maintain_order="left"), leads=leads)


def _without_school(
    pointing: pl.DataFrame, kind: _Missing, numbered: pl.DataFrame, sieves: Mapping[TableName, Sieve]
) -> _Trace:
    """Rows of a school that has none of these targets follow from the finding that says so."""
    said = numbered.filter(pl.col("code").is_in(list(kind.schools))).drop_nulls("detail")
    leads = said.unique("detail", keep="first", maintain_order=True).select(
        "at", root=pl.lit(f"{kind.one} of ") + pl.col("detail")
    )
    enrollments = sieves.get("enrollments")
    if leads.is_empty() or enrollments is None or not enrollments.table.has("schoolSourcedId"):
        return _Trace()
    schools = enrollments.rows.select(LINE, root=pl.lit(f"{kind.one} of ") + pl.col("schoolSourcedId"))
    seats = pointing.filter(pl.col("code").str.starts_with("enrollment.")).join(
        schools, on=LINE, how="left", maintain_order="left"
    )
    follows = seats.join(leads, on="root", how="semi", maintain_order="left").select("at", "root")
    return _Trace(follows=follows, leads=leads)


def _without_target(
    pointing: pl.DataFrame, kind: _Missing, sieves: Mapping[TableName, Sieve], pairs: pl.DataFrame
) -> _Trace:
    """Rows that name a target that is nowhere: one finding for each target, or for all where they are very many."""
    targets = pointing.group_by("value", maintain_order=True).agg(rows=pl.col("count").sum())
    if targets.height >= MANY and targets.height * 100 >= MANY_PERCENT * _named(kind, sieves):
        root = pl.lit(kind.many)
        told = pl.DataFrame({"code": [kind.many], "detail": [str(targets.height)], "root": [kind.many]})
    else:
        root = pl.lit(f"{kind.one} ") + pl.col("value")
        often = targets.filter(pl.col("rows") >= NAMED_OFTEN)
        told = often.join(_perhaps(pairs), on="value", how="left", maintain_order="left").select(
            "value", "hint", code=pl.lit(kind.one), detail=pl.col("rows").cast(pl.String), root=root
        )
        pointing = pointing.join(often, on="value", how="semi", maintain_order="left")
    made = told.with_columns(file=pl.lit(file_of(kind.table)), column=pl.lit("sourcedId"), count=pl.lit(1))
    return _Trace(
        follows=pointing.select("at", root=root),
        made=pl.concat([_MADE, made], how="diagonal_relaxed").cast(_MADE.schema),
    )


def _perhaps(pairs: pl.DataFrame) -> pl.DataFrame:
    """`value` (a missing ID), `hint`: the lines that lost an ID and may have had this one, as far as they are few."""
    few = pairs.sort(LINE).group_by(value="target", maintain_order=True).agg(hint=LINE)
    few = few.filter(pl.col("hint").list.len() <= MOST_LINES_HINTED)
    return few.with_columns(pl.col("hint").cast(pl.List(pl.String)).list.join(", "))


def _named(kind: _Missing, sieves: Mapping[TableName, Sieve]) -> int:
    """How many different targets the rows name, near enough."""
    cells = [
        sieves[table].rows.select(pl.col(column).list.explode() if column == "agents" else column).to_series()
        for table, column in kind.columns.items()
        if table in sieves
    ]
    return sum(int(cell.to_frame().select(pl.first().approx_n_unique()).item()) for cell in cells)
