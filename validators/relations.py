"""Rules between tables: who points at whom, and what becomes of a row whose target does not stand.

Fates of people and of classes come in as one row for each ID: `key` str, `line` u32, `fate` (`standing`, `rejected`,
`unread`, or why it was set aside), `kind` for people, `school` str (for people the first one they name), `schools`
list of str (the configured ones). `unread` are the words of rows that could not be read, any of which may be an ID.
Findings go out as `sifting.FOUND`; what follows from another row names its file and line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.tables import file_of
from validators.people import kind_of
from validators.sifting import WHOLE_FILE
from validators.tables import LINE

MOST_GUARDIANS: Final = 6  # connect-behaviour 6, G6
_ORDER_OF_FATES: Final = pl.Enum(
    ["standing", "rejected", "absent", "other_school", "other_source", "no_contact", "duplicate", "unread"]
)
_NOTHING: Final = pl.DataFrame(
    schema={
        LINE: pl.UInt32,
        **dict.fromkeys(("code", "column", "value", "cause_file"), pl.String),
        "cause_line": pl.UInt32,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointing:
    """What follows for the rows of one table from what they point at; each row is named by `line`.

    Attributes:
        other_school: rows to set aside, with `school`.
        absent: rows to set aside.
        cascading: findings that reject a row which is itself fine.
        wrong: findings that reject a row which points at the wrong thing.
    """

    other_school: pl.DataFrame
    absent: pl.DataFrame
    cascading: pl.DataFrame
    wrong: pl.DataFrame

    @property
    def falling(self) -> pl.DataFrame:
        """`line` of all rows that are to be rejected."""
        return pl.concat([self.cascading.select(LINE), self.wrong.select(LINE)])


def by_id(fates: pl.DataFrame, unread: pl.DataFrame) -> pl.DataFrame:
    """One fate for each ID, the best that any of its rows has.

    Args:
        fates: `key`, `line`, `fate`, `kind`, `school`, `schools`, one row a row of the file.
        unread: `key`, `line` of the words of rows that could not be read.
    """
    words = unread.select("key", LINE, fate=pl.lit("unread"))
    return (
        pl.concat([fates.filter(pl.col("key").is_not_null()), words], how="diagonal")
        .sort(pl.col("fate").cast(_ORDER_OF_FATES), LINE, maintain_order=True)
        .unique("key", keep="first", maintain_order=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What a column points at."""

    name: str
    column: str
    fates: pl.DataFrame

    @property
    def file(self) -> str:
        """Where the target's rows stand."""
        return file_of("classes" if self.name == "class" else "users")

    @property
    def fate(self) -> pl.Expr:
        """Fate of the target; null where the file does not hold it."""
        return pl.col(f"{self.name}_fate")

    @property
    def is_faulty(self) -> pl.Expr:
        """Whether the target's row was rejected."""
        return self.fate.is_in(["rejected", "unread"]).fill_null(value=False)


def enrollments_pointing(
    enrollments: pl.DataFrame, people: pl.DataFrame | None, classes: pl.DataFrame | None
) -> Pointing:
    """What follows for enrollments; a table that is not part of the batch (None) is not asked."""
    targets = [
        _Target(name=name, column=column, fates=fates)
        for name, column, fates in (("user", "userSourcedId", people), ("class", "classSourcedId", classes))
        if fates is not None
    ]
    is_guardian = (pl.col("user_kind") == "guardian") & ~targets[0].is_faulty if people is not None else None
    return _pointing(enrollments, "enrollment", targets, is_guardian, "enrollment.user.guardian")


def guardians_pointing(guardians: pl.DataFrame, people: pl.DataFrame) -> Pointing:
    """What follows for the rows of guardians.csv from the students that they name."""
    student = _Target(name="student", column="studentSourcedId", fates=people)
    is_other = (pl.col("student_kind") != "student") & ~student.is_faulty
    return _pointing(guardians, "guardian", [student], is_other, "guardian.student.not_student")


def _pointing(
    rows: pl.DataFrame, what: str, targets: Sequence[_Target], is_wrong: pl.Expr | None, wrong_code: str
) -> Pointing:
    """What follows for rows; `is_wrong` and its code speak of the first target."""
    told = rows
    for target in targets:
        told = _told(told, target)
    absent = _any(target.fate == "absent" for target in targets)
    elsewhere = _any(target.fate == "other_school" for target in targets)
    schools = [pl.when(target.fate == "other_school").then(f"{target.name}_school") for target in reversed(targets)]
    here = told.filter(~absent, ~elsewhere)
    wrong = here.clear() if is_wrong is None else here.filter(is_wrong.fill_null(value=False))
    column = targets[0].column if targets else LINE
    return Pointing(
        absent=told.filter(absent),
        other_school=told.filter(elsewhere, ~absent).with_columns(
            school=pl.coalesce(pl.lit(None, pl.String), *schools)
        ),
        cascading=pl.concat([_NOTHING, *(_dangling(here, what, target) for target in targets)]),
        wrong=wrong.select(LINE, code=pl.lit(wrong_code), column=pl.lit(column), value=pl.col(column).cast(pl.String)),
    )


def _told(rows: pl.DataFrame, target: _Target) -> pl.DataFrame:
    """The rows with what is known of their target: `<target>_fate`, `_line`, `_kind`, `_school`."""
    known = target.fates.select(
        pl.col("key").alias(target.column),
        *(pl.col(name).alias(f"{target.name}_{name}") for name in ("fate", LINE, "kind", "school")),
    )
    return rows.join(known, on=target.column, how="left", maintain_order="left")


def _any(conditions: Iterable[pl.Expr]) -> pl.Expr:
    return pl.any_horizontal(pl.lit(value=False), *conditions).fill_null(value=False)


def _dangling(rows: pl.DataFrame, what: str, target: _Target) -> pl.DataFrame:
    """Findings for rows whose target is nowhere (`.unknown`) or was rejected (`.rejected`, with its cause).

    Where the target's whole file is empty, that is the cause.
    """
    dangling = rows.filter(target.fate.is_null() | target.is_faulty)
    if dangling.is_empty():
        return _NOTHING
    cause: pl.Expr = pl.when(target.is_faulty).then(f"{target.name}_{LINE}")
    if target.fates.is_empty():
        cause = pl.lit(WHOLE_FILE, pl.UInt32)
    ending = pl.when(target.is_faulty).then(pl.lit("rejected")).otherwise(pl.lit("unknown"))
    return dangling.select(
        LINE,
        code=pl.concat_str(pl.lit(f"{what}.{target.name}."), ending),
        column=pl.lit(target.column),
        value=target.column,
        cause_file=pl.when(cause.is_not_null()).then(pl.lit(target.file)),
        cause_line=cause,
    )


def settled(enrollments: pl.DataFrame, people: pl.DataFrame | None, classes: pl.DataFrame | None) -> pl.DataFrame:
    """Enrollments that stand, with what their user and class decide: `kind`, `role`, `schoolSourcedId`.

    `was_role` and `was_school` keep what the file says where it differs.
    """
    own = enrollments.with_columns(kind=kind_of(pl.col("role")), was_role=None, was_school=None)
    if people is not None:
        deciding = people.select(pl.col("key").alias("userSourcedId"), user_kind="kind", user_role="role")
        differs = pl.col("kind") != pl.col("user_kind")
        own = own.join(deciding, on="userSourcedId", how="left", maintain_order="left").with_columns(
            kind=pl.coalesce("user_kind", "kind"),
            was_role=pl.when(differs).then("role"),
            role=pl.when(differs).then("user_role").otherwise("role"),
        )
    if classes is not None:
        deciding = classes.select(pl.col("key").alias("classSourcedId"), class_school="school")
        differs = pl.col("schoolSourcedId") != pl.col("class_school")
        own = own.join(deciding, on="classSourcedId", how="left", maintain_order="left").with_columns(
            was_school=pl.when(differs).then("schoolSourcedId"), schoolSourcedId="class_school"
        )
    return own


def overruled(enrollments: pl.DataFrame) -> pl.DataFrame:
    """Findings for `settled` enrollments whose role or school another file decides; `detail` is what counts."""
    parts = []
    for code, column, was in (
        ("enrollment.role.mismatch", "role", "was_role"),
        ("enrollment.school.mismatch", "schoolSourcedId", "was_school"),
    ):
        differing = enrollments.filter(pl.col(was).is_not_null())
        parts.append(
            differing.select(
                LINE,
                code=pl.lit(code),
                column=pl.lit(column),
                value=pl.col(was).cast(pl.String),
                detail=column,
            )
        )
    return pl.concat(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Who is whose guardian by users.csv.

    Attributes:
        accepted: `student` str, `agents` list of str, at most six, in the order of the file.
        found: findings on the rows that name the links.
        mentioned: `key` of everybody whom a row of the file links to or who links to somebody.
    """

    accepted: pl.DataFrame
    found: pl.DataFrame
    mentioned: pl.DataFrame


def links(standing: pl.DataFrame, everybody: pl.DataFrame, people: pl.DataFrame) -> Links:
    """Judges the links of users.csv, which either side may name (connect-behaviour 9.3); the union counts.

    Links are judged one by one, so a bad one never lands in `kept`: else a dangling ID that a system exports every
    night would for ever keep a parent linked who was taken off the list.

    Args:
        standing: rows of users.csv that stand, with `agents` (list of str, as the file names them) and `kind`.
        everybody: all rows of users.csv, whatever their fate, with the same columns.
        people: fates by ID.
    """
    named = _named_links(standing).join(
        people.select("fate", other="key", other_kind="kind", cause_line=LINE),
        on="other",
        how="left",
        maintain_order="left",
    )
    good = (
        named.filter(fate="standing")
        .filter(pl.col("other") != pl.col("sourcedId"))
        .filter(
            ((pl.col("kind") == "student") & (pl.col("other_kind") == "guardian"))
            | ((pl.col("kind") == "guardian") & (pl.col("other_kind") == "student"))
        )
    )
    of_student = pl.col("kind") == "student"
    pairs = (
        good.select(
            of_student,
            LINE,
            student=pl.when(of_student).then("sourcedId").otherwise("other"),
            guardian=pl.when(of_student).then("other").otherwise("sourcedId"),
        )
        .rename({"kind": "from_student"}, strict=False)
        .sort("from_student", descending=True, maintain_order=True)
        .unique(["student", "guardian"], keep="first", maintain_order=True)
    )
    lists = pairs.group_by("student", maintain_order=True).agg(agents="guardian")
    mentions = _named_links(everybody)
    return Links(
        accepted=lists.with_columns(pl.col("agents").list.head(MOST_GUARDIANS)),
        found=pl.concat([_bad_links(named), _too_many(lists, standing)], how="diagonal"),
        mentioned=pl.concat([mentions.select(key="other"), mentions.select(key="sourcedId")]).unique(),
    )


def _named_links(rows: pl.DataFrame) -> pl.DataFrame:
    """`line`, `sourcedId`, `kind` and `other`: one row for each ID that a student or guardian names."""
    return (
        rows.filter(pl.col("kind").is_in(["student", "guardian"]), pl.col("agents").list.len() > 0)
        .select(LINE, "sourcedId", "kind", other="agents")
        .explode("other")
    )


def _bad_links(named: pl.DataFrame) -> pl.DataFrame:
    itself = pl.col("other") == pl.col("sourcedId")
    rejected = pl.col("fate").is_in(["rejected", "unread"])
    code = (
        pl.when(itself)
        .then(pl.lit("user.agent.self"))
        .when(pl.col("fate").is_null())
        .then(pl.lit("user.agent.unknown"))
        .when(rejected)
        .then(pl.lit("user.agent.rejected"))
        .when((pl.col("kind") == "student") & (pl.col("other_kind") != "guardian") & (pl.col("fate") == "standing"))
        .then(pl.lit("user.agent.not_guardian"))
    )
    return (
        named.with_columns(code=code)
        .filter(pl.col("code").is_not_null())
        .select(
            LINE,
            "code",
            column=pl.lit("agentSourcedIds"),
            value="other",
            cause_file=pl.when(pl.col("code") == "user.agent.rejected").then(pl.lit(file_of("users"))),
            cause_line=pl.when(pl.col("code") == "user.agent.rejected").then("cause_line"),
        )
    )


def _too_many(lists: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    crowded = lists.filter(pl.col("agents").list.len() > MOST_GUARDIANS)
    return crowded.join(standing.select(LINE, student="sourcedId"), on="student", how="left").select(
        LINE,
        code=pl.lit("user.agent.too_many"),
        column=pl.lit("agentSourcedIds"),
        value=pl.col("agents").list.slice(MOST_GUARDIANS).list.join(","),
        detail=pl.col("agents").list.len().cast(pl.String),
    )


def unlinked(guardians: pl.DataFrame, mentioned: pl.DataFrame) -> pl.DataFrame:
    """Findings for guardians of users.csv whom no row links to."""
    alone = guardians.join(mentioned, left_on="sourcedId", right_on="key", how="anti", maintain_order="left")
    return alone.select(LINE, code=pl.lit("guardian.unlinked"), column=pl.lit("sourcedId"), value="sourcedId")


def beyond_six(guardians: pl.DataFrame) -> pl.DataFrame:
    """Findings for the rows of guardians.csv after a student's sixth; `detail` is how many there are."""
    counted = guardians.with_columns(
        rank=pl.col(LINE).rank("ordinal").over("studentSourcedId"), total=pl.len().over("studentSourcedId")
    )
    return counted.filter(pl.col("rank") > MOST_GUARDIANS).select(
        LINE,
        code=pl.lit("guardian.too_many"),
        column=pl.lit("studentSourcedId"),
        value="studentSourcedId",
        detail=pl.col("total").cast(pl.String),
    )


def without_guardian(students: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """One finding for each school that has students without any guardian; `detail` is the school.

    Args:
        students: `line`, `sourcedId`, `schools`.
        linked: `student` of those who have one.
    """
    alone = students.join(linked, left_on="sourcedId", right_on="student", how="anti", maintain_order="left")
    return (
        alone.select(LINE, school="schools")
        .explode("school")
        .group_by("school", maintain_order=True)
        .agg(count=pl.len())
        .select(code=pl.lit("student.without_guardian"), detail="school", count="count")
    )


def empty_classes(classes: pl.DataFrame, enrolled: pl.DataFrame) -> pl.DataFrame:
    """Findings for classes that nobody teaches or attends.

    Args:
        classes: `line`, `sourcedId`.
        enrolled: `classSourcedId`, `kind` of all enrollments that stand or were rejected: a class whose teacher's
            row is faulty is not one without a teacher.
    """
    parts = []
    for code, kind in (("class.without_teacher", "staff"), ("class.without_students", "student")):
        empty = classes.join(
            enrolled.filter(kind=kind),
            left_on="sourcedId",
            right_on="classSourcedId",
            how="anti",
            maintain_order="left",
        )
        parts.append(empty.select(LINE, code=pl.lit(code), column=pl.lit("sourcedId"), value="sourcedId"))
    return pl.concat(parts)


def derived_grades(classes: pl.DataFrame, enrollments: pl.DataFrame, students: pl.DataFrame) -> pl.DataFrame:
    """Grades for classes that give none, from their students: `line`, `sourcedId`, `derived` (`09,10`).

    Args:
        classes: `line`, `sourcedId`, `grades`, `kept`: a grade that was rejected keeps what is stored.
        enrollments: `classSourcedId`, `userSourcedId`.
        students: `sourcedId`, `grades`.
    """
    bare = classes.filter(pl.col("grades").is_null(), ~pl.col("kept").list.contains("grades")).select(LINE, "sourcedId")
    graded = students.filter(pl.col("grades").is_not_null()).select("grades", userSourcedId="sourcedId")
    return (
        bare.join(enrollments.select("userSourcedId", sourcedId="classSourcedId"), on="sourcedId")
        .join(graded, on="userSourcedId")
        .select(LINE, "sourcedId", pl.col("grades").str.split(","))
        .explode("grades")
        .group_by(LINE, "sourcedId")
        .agg(derived=pl.col("grades").unique().sort().str.join(","))
        .sort(LINE)
    )
