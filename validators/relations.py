"""Rules between tables: who points at whom, and what becomes of a row whose target does not stand.

Fates of people and of classes come in as one row for each ID: `key` str, `line` u32, `fate` (`standing`, `rejected`,
`unread`, or why it was set aside), `row` u32 (where the row stands in its table), `kind` and `role` for people,
`school` str (for people the first one they name). `unread` are the words of rows that could not be read, any of which
may be an ID. Tables point into them by places (`pointers`).
Findings go out as `sifting.FOUND`; what follows from another row names its file and line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.tables import MOST_GUARDIANS, file_of
from validators.distinct import all_differ
from validators.people import kind_of
from validators.pointers import CLASS_AT, STUDENT_AT, USER_AT, at, places_of
from validators.sifting import WHOLE_FILE
from validators.tables import LINE

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


_NO_GRADES: Final = pl.DataFrame(schema={LINE: pl.UInt32, CLASS_AT: pl.UInt32, "derived": pl.String})


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
        fates: `key`, `line`, `fate`, `kind`, `school`, one row a row of the file.
        unread: `key`, `line` of the words of rows that could not be read.
    """
    numbered = fates.with_columns(pl.col("fate").cast(_ORDER_OF_FATES), row=pl.int_range(pl.len(), dtype=pl.UInt32))
    if unread.is_empty() and all_differ(fates["key"]):
        return numbered
    words = unread.select("key", LINE, fate=pl.lit("unread", _ORDER_OF_FATES))
    return (
        pl.concat([numbered.filter(pl.col("key").is_not_null()), words], how="diagonal")
        .sort("fate", LINE, maintain_order=True)
        .unique("key", keep="first", maintain_order=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What a column points at; `unfit`: kinds of people that it may not point at."""

    name: str
    column: str
    places: str
    fates: pl.DataFrame
    unfit: tuple[str, ...] = ()

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

    def is_unfit(self, kind: str) -> pl.Expr:
        """Whether a column says a wrong kind."""
        return pl.col(kind).is_in(self.unfit).fill_null(value=False)

    @property
    def is_sound(self) -> pl.Expr:
        """Whether the target stands and is of the right kind, so that nothing follows for the rows that name it."""
        sound = self.fates.select((pl.col("fate") == "standing") & ~self.is_unfit("kind")).to_series()
        return pl.lit(sound).gather(pl.col(self.places)).fill_null(value=False)


def enrollments_pointing(
    enrollments: pl.DataFrame, people: pl.DataFrame | None, classes: pl.DataFrame | None
) -> Pointing:
    """What follows for enrollments; a table that is not part of the batch (None) is not asked."""
    targets = []
    if people is not None:
        user = _Target(name="user", column="userSourcedId", places=USER_AT, fates=people, unfit=("guardian",))
        targets.append(user)
    if classes is not None:
        targets.append(_Target(name="class", column="classSourcedId", places=CLASS_AT, fates=classes))
    return _pointing(enrollments, "enrollment", targets, "enrollment.user.guardian")


def students_pointing(rows: pl.DataFrame, what: str, people: pl.DataFrame) -> Pointing:
    """What follows for rows from the students that they name; `what` the rows are: `guardian`, `attribute`."""
    student = _Target(
        name="student", column="studentSourcedId", places=STUDENT_AT, fates=people, unfit=("guardian", "staff")
    )
    return _pointing(rows, what, [student], f"{what}.student.not_student")


def _pointing(rows: pl.DataFrame, what: str, targets: Sequence[_Target], wrong_code: str) -> Pointing:
    """What follows for rows: for all but a few nothing, since what they point at is sound."""
    told = rows.filter(~pl.all_horizontal(pl.lit(value=True), *(target.is_sound for target in targets)))
    if told.is_empty():
        return Pointing(absent=_NOTHING, other_school=_NOTHING, cascading=_NOTHING, wrong=_NOTHING)
    for target in targets:
        told = _told(told, target)
    absent = _any(target.fate == "absent" for target in targets)
    elsewhere = _any(target.fate == "other_school" for target in targets)
    schools = [pl.when(target.fate == "other_school").then(f"{target.name}_school") for target in reversed(targets)]
    here = told.filter(~absent, ~elsewhere)
    return Pointing(
        absent=told.filter(absent),
        other_school=told.filter(elsewhere, ~absent).with_columns(
            school=pl.coalesce(pl.lit(None, pl.String), *schools)
        ),
        cascading=pl.concat([_NOTHING, *(_dangling(here, what, target) for target in targets)]),
        wrong=pl.concat(_wrong(here, wrong_code, target) for target in targets),
    )


def _wrong(rows: pl.DataFrame, code: str, target: _Target) -> pl.DataFrame:
    """Findings for rows that point at a person of the wrong kind, whose own row is in order."""
    wrong = rows.filter(target.is_unfit(f"{target.name}_kind"), ~target.is_faulty)
    return wrong.select(LINE, code=pl.lit(code), column=pl.lit(target.column), value=target.column)


def _told(rows: pl.DataFrame, target: _Target) -> pl.DataFrame:
    """The rows with what is known of their target: `<target>_fate`, `_line`, `_kind`, `_school`."""
    facts = ("fate", LINE, "kind", "school")
    return rows.with_columns(at(target.fates, fact, target.places).alias(f"{target.name}_{fact}") for fact in facts)


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
        kind, role = (at(people, fact, USER_AT) for fact in ("kind", "role"))
        differs = pl.col("kind") != kind
        own = own.with_columns(
            kind=pl.coalesce(kind, "kind"),
            was_role=pl.when(differs).then("role"),
            role=pl.when(differs).then(role).otherwise("role"),
        )
    if classes is not None:
        school = at(classes, "school", CLASS_AT)
        own = own.with_columns(
            was_school=pl.when(pl.col("schoolSourcedId") != school).then("schoolSourcedId"), schoolSourcedId=school
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
        accepted: `user_at` u32 of a student, `agents` list of str, at most six, in the order of the file.
        found: findings on the rows that name the links.
        mentioned: places in `people` of all to whom a row of the file links, or who link to somebody.
    """

    accepted: pl.DataFrame
    found: pl.DataFrame
    mentioned: pl.Series


def links(standing: pl.DataFrame, everybody: pl.DataFrame, people: pl.DataFrame) -> Links:
    """Judges the links of users.csv, which either side may name (connect-behaviour 9.3); the union counts.

    Links are judged one by one, so a bad one never lands in `kept`: else a dangling ID that a system exports every
    night would for ever keep a parent linked who was taken off the list.

    Args:
        standing: rows of users.csv that stand, with `agents` (list of str, as the file names them), `kind`, `user_at`.
        everybody: all rows of users.csv, whatever their fate, with the same columns.
        people: fates by ID.
    """
    mentions = named_links(everybody, people)
    named = mentions if standing.height == everybody.height else mentions.join(standing, on=LINE, how="semi")
    named = named.with_columns(
        at(people, fact, "other_at").alias(name)
        for fact, name in (("fate", "fate"), ("kind", "other_kind"), (LINE, "cause_line"))
    )
    from_student, from_guardian = pl.col("kind") == "student", pl.col("kind") == "guardian"
    is_good = pl.all_horizontal(
        pl.col("fate") == "standing",
        pl.col("other_at") != pl.col(USER_AT),
        (from_student & (pl.col("other_kind") == "guardian")) | (from_guardian & (pl.col("other_kind") == "student")),
    ).fill_null(value=False)
    good = named.filter(is_good)
    own, other = pl.col(USER_AT), pl.col("other_at")
    of_students = good.filter(from_student).select(own, guardian=other)
    of_guardians = good.filter(from_guardian).select(other.alias(USER_AT), guardian=own)
    pairs = of_students  # of which a row names each once
    if not of_guardians.is_empty():
        pairs = pl.concat([of_students, of_guardians]).unique(maintain_order=True)
    lists = (
        pairs.select(USER_AT, agents=at(people, "key", "guardian")).group_by(USER_AT, maintain_order=True).agg("agents")
    )
    return Links(
        accepted=lists.with_columns(pl.col("agents").list.head(MOST_GUARDIANS)),
        found=pl.concat([_bad_links(named.filter(~is_good)), _too_many(lists, standing)], how="diagonal"),
        mentioned=pl.concat([mentions[USER_AT], mentions["other_at"], _named_by_nobody_known(everybody, people)]),
    )


def _named_by_nobody_known(everybody: pl.DataFrame, people: pl.DataFrame) -> pl.Series:
    """Places of those whom rows of an unknown role name: whoever has such a student is not alone."""
    strange = everybody.filter(pl.col("kind").is_null(), pl.col("agents").list.len() > 0)
    return places_of(strange["agents"].explode(), people)


def named_links(rows: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """`line`, `user_at`, `kind`, `other` and `other_at`: one row for each ID that a student or guardian names."""
    named = (
        rows.select(LINE, USER_AT, "kind", other="agents")
        .filter(pl.col("kind").is_in(["student", "guardian"]), pl.col("other").list.len() > 0)
        .explode("other")
    )
    return named.with_columns(places_of(named["other"], people).alias("other_at"))


def _bad_links(named: pl.DataFrame) -> pl.DataFrame:
    """Findings for links that are not good; some say nothing, for it is said of the other side's row."""
    if named.is_empty():
        return _NOTHING
    itself = pl.col("other_at") == pl.col(USER_AT)
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
    if crowded.is_empty():
        return _NOTHING
    return crowded.join(standing.select(LINE, USER_AT), on=USER_AT, how="left").select(
        LINE,
        code=pl.lit("user.agent.too_many"),
        column=pl.lit("agentSourcedIds"),
        value=pl.col("agents").list.slice(MOST_GUARDIANS).list.join(","),
        detail=pl.col("agents").list.len().cast(pl.String),
    )


def unlinked(guardians: pl.DataFrame, mentioned: pl.Series) -> pl.DataFrame:
    """Findings for guardians of users.csv (with `user_at`) whom no row links to."""
    alone = guardians.filter(~pl.col(USER_AT).is_in(mentioned.implode()))
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


def without_guardian(students: pl.DataFrame) -> pl.DataFrame:
    """One finding for each school that has `students` (with `schools`) without any guardian; `detail` is the school."""
    return (
        students.select(LINE, school="schools")
        .explode("school")
        .group_by("school", maintain_order=True)
        .agg(count=pl.len())
        .select(code=pl.lit("student.without_guardian"), detail="school", count="count")
    )


def empty_classes(classes: pl.DataFrame, enrolled: pl.DataFrame) -> pl.DataFrame:
    """Findings for classes that nobody teaches or attends.

    Args:
        classes: `line`, `sourcedId`, `class_at`.
        enrolled: `class_at`, `kind` of all enrollments that stand or were rejected: a class whose teacher's
            row is faulty is not one without a teacher.
    """
    parts = []
    for code, kind in (("class.without_teacher", "staff"), ("class.without_students", "student")):
        seats = enrolled[CLASS_AT].filter(enrolled["kind"] == kind)
        empty = classes.filter(~pl.col(CLASS_AT).is_in(seats.implode()))
        parts.append(empty.select(LINE, code=pl.lit(code), column=pl.lit("sourcedId"), value="sourcedId"))
    return pl.concat(parts)


def without_grades(classes: pl.DataFrame) -> pl.DataFrame:
    """Findings for classes that give no grades, where the profile requires them (connect-behaviour 9.3)."""
    grades = pl.col("grades") if "grades" in classes.columns else pl.lit(None, pl.String)
    bare = classes.filter(grades.is_null(), ~pl.col("kept").list.contains("grades"))
    return bare.select(
        LINE, code=pl.lit("class.grades.missing"), column=pl.lit("grades"), value=pl.lit(None, pl.String)
    )


def derived_grades(classes: pl.DataFrame, enrollments: pl.DataFrame, students: pl.DataFrame) -> pl.DataFrame:
    """Grades for classes that give none, from their students: `line`, `class_at`, `derived` (`09,10`).

    Args:
        classes: `line`, `class_at`, `grades`, `kept`: a grade that was rejected keeps what is stored.
        enrollments: `class_at`, `user_at`.
        students: `user_at`, `grades`.
    """
    bare = classes.filter(pl.col("grades").is_null()).filter(~pl.col("kept").list.contains("grades"))
    if bare.is_empty():
        return _NO_GRADES
    graded = students.filter(pl.col("grades").is_not_null()).select("grades", USER_AT)
    return (
        bare.select(LINE, CLASS_AT)
        .join(enrollments.select(USER_AT, CLASS_AT), on=CLASS_AT)
        .join(graded, on=USER_AT)
        .select(LINE, CLASS_AT, "grades")
        .unique()
        .with_columns(pl.col("grades").str.split(","))
        .explode("grades")
        .group_by(LINE, CLASS_AT)
        .agg(derived=pl.col("grades").unique().sort().str.join(","))
        .sort(LINE)
    )
