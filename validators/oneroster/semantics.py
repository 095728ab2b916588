"""What rows mean together: each thing that must hold is a value with its clause, most of them one join (9.2, 9.3)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log2
from typing import Final

import polars as pl

from config.oneroster import VERSIONS, Version
from validators.oneroster.roster import Roster
from validators.tables import LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must hold between rows.

    Attributes:
        code: of the finding where it does not.
        file: whose rows are told.
        column: that is named; `find` may name another one.
        find: rows of the file that do not hold: `line`, and as they apply `value`, `column`, `detail`, `hint`, `count`.
        source: the clause.
        needs: files that must be in the set.
        whole: files that must hold everything, because what is missing from them counts.
        versions: that know it.
    """

    code: str
    file: str
    column: str
    find: Callable[[Roster], pl.DataFrame]
    source: str
    needs: Sequence[str] = ()
    whole: Sequence[str] = ()
    versions: Sequence[Version] = VERSIONS


def found(roster: Roster) -> Iterator[tuple[str, pl.DataFrame]]:
    """What does not hold, by file: as the findings of rows."""
    for check in CHECKS:
        applies = roster.version in check.versions and roster.is_whole(*check.whole)
        if applies and {check.file, *check.needs} <= roster.files.keys():
            rows = check.find(roster)
            if not rows.is_empty():
                yield check.file, _named(rows, check, roster)


def _named(rows: pl.DataFrame, check: Check, roster: Roster) -> pl.DataFrame:
    told = rows if "column" in rows.columns else rows.with_columns(column=pl.lit(check.column))
    names = {name: roster.own_name(check.file, name) for name in told["column"].unique().to_list()}
    return told.with_columns(
        code=pl.lit(check.code),
        column=pl.col("column").replace_strict(names, return_dtype=pl.String),
    )


def _day(column: str) -> pl.Expr:
    return pl.col(column).str.to_date("%Y-%m-%d", strict=False)


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False)


def _is_true(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase() == "true"


# Parents (orgs, academicSessions).


def _own_parent(file: str) -> Callable[[Roster], pl.DataFrame]:
    def find(roster: Roster) -> pl.DataFrame:
        rows = roster.rows(file).filter(pl.col("parentSourcedId") == pl.col("sourcedId"))
        return rows.select(LINE, value="sourcedId")

    return find


def _in_circle(file: str) -> Callable[[Roster], pl.DataFrame]:
    def find(roster: Roster) -> pl.DataFrame:
        rows = roster.rows(file).filter(pl.col("parentSourcedId").ne_missing(pl.col("sourcedId")))
        steps = rows.select(at="sourcedId", to="parentSourcedId").drop_nulls().unique("at")
        for _ in range(ceil(log2(steps.height + 1))):  # each turn doubles the way; who ends nowhere falls out
            farther = steps.rename({"at": "to", "to": "farther"})
            steps = steps.join(farther, on="to").select("at", to="farther")
        circle = steps.select(sourcedId="to").unique()
        return rows.join(circle, on="sourcedId", how="semi", maintain_order="left").select(LINE, value="sourcedId")

    return find


_RANKS: Final = {"national": 0, "state": 1, "local": 2, "district": 3, "school": 4}


def _below_the_lower(roster: Roster) -> pl.DataFrame:
    orgs = roster.rows("orgs")
    parents = orgs.select(parentSourcedId="sourcedId", above="type")
    pairs = orgs.join(parents, on="parentSourcedId", maintain_order="left")
    rank = [pl.col(name).replace_strict(_RANKS, default=None, return_dtype=pl.Int8) for name in ("type", "above")]
    is_department = (pl.col("type") == "department") & (pl.col("above") == "national")
    wrong = pairs.filter((rank[0] < rank[1]) | is_department)
    return wrong.select(LINE, value="sourcedId", detail="type", hint="above")


# Days.


def _not_before(file: str, first: str, end: str, *, inclusive: bool = False) -> Callable[[Roster], pl.DataFrame]:
    def find(roster: Roster) -> pl.DataFrame:
        is_wrong = _day(first) > _day(end) if inclusive else _day(first) >= _day(end)
        return roster.rows(file).filter(is_wrong).select(LINE, value=end, hint=pl.lit(first))

    return find


def _outside_parent(roster: Roster) -> pl.DataFrame:
    sessions = roster.rows("academicSessions").with_columns(first=_day("startDate"), end=_day("endDate"))
    parents = sessions.select(parentSourcedId="sourcedId", parent_first="first", parent_end="end")
    pairs = sessions.join(parents, on="parentSourcedId", maintain_order="left")
    is_outside = (pl.col("first") < pl.col("parent_first")) | (pl.col("end") > pl.col("parent_end"))
    return pairs.filter(is_outside).select(LINE, value="sourcedId")


def _other_year(roster: Roster) -> pl.DataFrame:
    last = (_day("endDate") - pl.duration(days=1)).dt.year()
    year = pl.col("schoolYear").cast(pl.Int32, strict=False)
    is_wrong = pl.when(pl.col("type") == "schoolYear").then(year != last).otherwise(year < last)
    return roster.rows("academicSessions").filter(is_wrong).select(LINE, value="sourcedId", detail="schoolYear")


def _outside_term(roster: Roster) -> pl.DataFrame:
    sessions = roster.rows("academicSessions")
    terms = sessions.select(term="sourcedId", first=_day("startDate"), end=_day("endDate"))
    classes = roster.rows("classes").select(classSourcedId="sourcedId", term=pl.col("termSourcedIds").str.split(","))
    spans = (
        classes.explode("term")
        .join(terms, on="term")
        .group_by("classSourcedId")
        .agg(pl.col("first").min(), pl.col("end").max())
    )
    dated = roster.rows("enrollments").filter(pl.col("beginDate").is_not_null() | pl.col("endDate").is_not_null())
    pairs = dated.join(spans, on="classSourcedId", maintain_order="left")
    outside = [
        pairs.filter((_day(name) < pl.col("first")) | (_day(name) > pl.col("end"))).select(
            LINE, value=name, column=pl.lit(name)
        )
        for name in ("beginDate", "endDate")
    ]
    return pl.concat(outside)


# Enrollments.


def _overlapping(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Of rows that share `by`, those whose days overlap with those of another; without dates they always do."""
    shared = rows.filter(pl.struct(by).is_duplicated())
    if shared.is_empty():
        return shared
    far, ever = pl.date(1, 1, 1), pl.date(9999, 12, 31)
    dated = shared.with_columns(first=_day("beginDate").fill_null(far), end=_day("endDate").fill_null(ever))
    in_order = dated.sort("first", LINE)
    before = pl.col("first") < pl.col("end").cum_max().shift(1).over(by)
    after = pl.col("end") > pl.col("first").shift(-1).over(by)
    return in_order.filter(before.fill_null(value=False) | after.fill_null(value=False)).sort(LINE)


def _enrolled_twice(roster: Roster) -> pl.DataFrame:
    twice = _overlapping(roster.rows("enrollments"), "classSourcedId", "userSourcedId", "role")
    return twice.select(LINE, value="userSourcedId")


def _several_primary(roster: Roster) -> pl.DataFrame:
    primary = roster.rows("enrollments").filter(_is_true("primary"), pl.col("role") == "teacher")
    people = primary.unique(["classSourcedId", "userSourcedId", "beginDate"], keep="first", maintain_order=True)
    return _overlapping(people, "classSourcedId").select(LINE, value="classSourcedId")


def _primary_of_others(roster: Roster) -> pl.DataFrame:
    rows = roster.rows("enrollments").filter(_is_true("primary"), pl.col("role") != "teacher")
    return rows.select(LINE, value="primary", detail="role")


def _other_school(file: str, column: str) -> Callable[[Roster], pl.DataFrame]:
    def find(roster: Roster) -> pl.DataFrame:
        schools = roster.rows("classes").select(classSourcedId="sourcedId", of_class="schoolSourcedId")
        pairs = roster.rows(file).join(schools, on="classSourcedId", maintain_order="left")
        return pairs.filter(pl.col(column) != pl.col("of_class")).select(LINE, value=column)

    return find


def _without_enrollment(file: str, user: str, *, told: str) -> Callable[[Roster], pl.DataFrame]:
    def find(roster: Roster) -> pl.DataFrame:
        enrolled = roster.rows("enrollments").select("classSourcedId", pl.col("userSourcedId").alias(user))
        rows = _with_class(roster, file).filter(pl.col("classSourcedId").is_not_null(), pl.col(user).is_not_null())
        alone = rows.join(enrolled, on=["classSourcedId", user], how="anti", maintain_order="left")
        return alone.select(LINE, value=told)

    return find


def _with_class(roster: Roster, file: str) -> pl.DataFrame:
    """The rows of a file with the class that they are about; results have it from their line item."""
    rows = roster.rows(file)
    if file != "results":
        return rows
    items = roster.rows("lineItems").select(lineItemSourcedId="sourcedId", of_item="classSourcedId")
    return (
        rows.drop("classSourcedId")
        .join(items, on="lineItemSourcedId", maintain_order="left")
        .rename({"of_item": "classSourcedId"})
    )


def _nobody_enrolled(roster: Roster) -> pl.DataFrame:
    enrolled = roster.rows("enrollments").select(sourcedId="classSourcedId")
    empty = roster.rows("classes").join(enrolled, on="sourcedId", how="anti", maintain_order="left")
    return empty.select(LINE, value="sourcedId")


# People.


def _agents(roster: Roster) -> pl.DataFrame:
    """Who names whom: `line`, `user`, `agent`."""
    named = roster.rows("users").filter(pl.col("agentSourcedIds").is_not_null())
    return named.select(LINE, user="sourcedId", agent=pl.col("agentSourcedIds").str.split(",")).explode("agent")


def _own_agent(roster: Roster) -> pl.DataFrame:
    return _agents(roster).filter(pl.col("user") == pl.col("agent")).select(LINE, value="agent")


def _one_sided(roster: Roster) -> pl.DataFrame:
    links = _agents(roster).filter(pl.col("user") != pl.col("agent"))
    here = roster.rows("users").select(agent="sourcedId")
    back = links.select(user="agent", agent="user")
    alone = links.join(back, on=["user", "agent"], how="anti", maintain_order="left")
    return alone.join(here, on="agent", how="semi", maintain_order="left").select(LINE, value="agent")


_FAMILY: Final = ["guardian", "parent", "relative"]


def _teaching_agent(roster: Roster) -> pl.DataFrame:
    roles = roster.roles().group_by("user").agg(pl.col("role").unique())
    is_family = pl.col("role").list.set_intersection(_FAMILY).list.len() > 0
    teachers = roles.filter(pl.col("role").list.contains("teacher"), ~is_family).select(agent="user")
    students = roles.filter(pl.col("role").list.contains("student")).select("user")
    links = _agents(roster).join(students, on="user", how="semi", maintain_order="left")
    return links.join(teachers, on="agent", how="semi", maintain_order="left").select(LINE, value="agent")


def _same_username(roster: Roster) -> pl.DataFrame:
    named = roster.rows("users").filter(pl.col("username").is_not_null())
    again = named.filter(pl.col("username").is_duplicated())
    return again.select(LINE, value="username")


def _student_without_grade(roster: Roster) -> pl.DataFrame:
    students = roster.roles().filter(pl.col("role") == "student").select(sourcedId="user")
    blank = roster.rows("users").filter(pl.col("grades").is_null())
    rows = blank.join(students, on="sourcedId", how="semi", maintain_order="left")
    return rows.select(pl.col(LINE).min(), count=pl.len().cast(pl.UInt32)).filter(pl.col("count") > 0)


def _without_role(roster: Roster) -> pl.DataFrame:
    having = roster.rows("roles").select(sourcedId="userSourcedId")
    alone = roster.rows("users").join(having, on="sourcedId", how="anti", maintain_order="left")
    return alone.select(LINE, value="sourcedId")


def _without_role_there(roster: Roster) -> pl.DataFrame:
    having = roster.rows("roles").select(sourcedId="userSourcedId", primaryOrgSourcedId="orgSourcedId")
    orgs = roster.rows("orgs").select(primaryOrgSourcedId="sourcedId")
    named = roster.rows("users").join(orgs, on="primaryOrgSourcedId", how="semi", maintain_order="left")
    alone = named.join(having, on=["sourcedId", "primaryOrgSourcedId"], how="anti", maintain_order="left")
    return alone.select(LINE, value="primaryOrgSourcedId")


def _several_primary_roles(roster: Roster) -> pl.DataFrame:
    primary = roster.rows("roles").filter(pl.col("roleType") == "primary")
    several = primary.filter(pl.struct("userSourcedId", "orgSourcedId").is_duplicated())
    return several.select(LINE, value="userSourcedId")


def _other_persons_profile(roster: Roster) -> pl.DataFrame:
    owners = roster.rows("userProfiles").select(userProfileSourcedId="sourcedId", owner="userSourcedId")
    pairs = roster.rows("roles").join(owners, on="userProfileSourcedId", maintain_order="left")
    wrong = pairs.filter(pl.col("owner") != pl.col("userSourcedId"))
    return wrong.select(LINE, value="userProfileSourcedId")


# Gradebook and resources.


def _whole_year(roster: Roster) -> pl.DataFrame:
    kinds = roster.rows("academicSessions").select(academicSessionSourcedId="sourcedId", kind="type")
    pairs = roster.rows("lineItems").join(kinds, on="academicSessionSourcedId", maintain_order="left")
    return pairs.filter(pl.col("kind") == "schoolYear").select(LINE, value="academicSessionSourcedId", detail="kind")


def _no_school(roster: Roster) -> pl.DataFrame:
    kinds = roster.rows("orgs").select(schoolSourcedId="sourcedId", kind="type")
    pairs = roster.rows("lineItems").join(kinds, on="schoolSourcedId", maintain_order="left")
    wrong = pairs.filter(pl.col("kind") != "school", ~pl.col("kind").str.starts_with("ext:"))
    return wrong.select(LINE, value="schoolSourcedId", detail="kind")


def _score_outside(roster: Roster) -> pl.DataFrame:
    ranges = roster.rows("lineItems").select(
        lineItemSourcedId="sourcedId", least=_number("resultValueMin"), most=_number("resultValueMax")
    )
    pairs = roster.rows("results").join(ranges, on="lineItemSourcedId", maintain_order="left")
    is_outside = (_number("score") < pl.col("least")) | (_number("score") > pl.col("most"))
    return pairs.filter(is_outside).select(LINE, value="score")


def _other_class(roster: Roster) -> pl.DataFrame:
    items = roster.rows("lineItems").select(lineItemSourcedId="sourcedId", of_item="classSourcedId")
    pairs = roster.rows("results").join(items, on="lineItemSourcedId", maintain_order="left")
    return pairs.filter(pl.col("classSourcedId") != pl.col("of_item")).select(LINE, value="classSourcedId")


def _not_for_this_role(roster: Roster) -> pl.DataFrame:
    meant = roster.rows("resources").filter(pl.col("roles").is_not_null())
    for_whom = meant.select(resourceSourcedId="sourcedId", meant=pl.col("roles").str.split(","))
    roles = roster.roles().group_by(userSourcedId="user").agg(pl.col("role").unique())
    pairs = (
        roster.rows("userResources")
        .join(for_whom, on="resourceSourcedId", maintain_order="left")
        .join(roles, on="userSourcedId", maintain_order="left")
    )
    is_other = pl.col("role").list.set_intersection("meant").list.len() == 0
    return pairs.filter(is_other).select(LINE, value="resourceSourcedId")


def _checks() -> Iterator[Check]:
    for file in ("orgs", "academicSessions"):
        yield Check(
            code="oneroster.parent.self", file=file, column="parentSourcedId", find=_own_parent(file), source="9.3"
        )
        yield Check(
            code="oneroster.parent.cycle", file=file, column="parentSourcedId", find=_in_circle(file), source="9.3"
        )
    yield Check(
        code="oneroster.org.type_order", file="orgs", column="parentSourcedId", find=_below_the_lower, source="6.3"
    )
    for file, first, end, versions in (
        ("academicSessions", "startDate", "endDate", VERSIONS),
        ("enrollments", "beginDate", "endDate", ("1.1", "1.2")),
        ("roles", "beginDate", "endDate", ("1.2",)),
    ):
        find = _not_before(file, first, end)
        yield Check(code="oneroster.dates.order", file=file, column=end, find=find, source="9.3", versions=versions)
    find = _not_before("lineItems", "assignDate", "dueDate", inclusive=True)
    yield Check(code="oneroster.dates.order", file="lineItems", column="dueDate", find=find, source="9.3")


def _check(
    code: str, file: str, column: str, find: Callable[[Roster], pl.DataFrame], source: str, *needs: str
) -> Check:
    return Check(code=code, file=file, column=column, find=find, source=source, needs=needs)


CHECKS: Final = (
    *_checks(),
    _check("oneroster.session.outside_parent", "academicSessions", "parentSourcedId", _outside_parent, "9.3"),
    _check("oneroster.session.school_year", "academicSessions", "schoolYear", _other_year, "3.6"),
    _check(
        "oneroster.enrollment.outside_term",
        "enrollments",
        "beginDate",
        _outside_term,
        "9.3",
        "classes",
        "academicSessions",
    ),
    _check("oneroster.enrollment.primary_role", "enrollments", "primary", _primary_of_others, "3.5"),
    _check("oneroster.enrollment.primary_several", "enrollments", "primary", _several_primary, "9.3"),
    _check(
        "oneroster.enrollment.school",
        "enrollments",
        "schoolSourcedId",
        _other_school("enrollments", "schoolSourcedId"),
        "9.3",
        "classes",
    ),
    _check("oneroster.enrollment.twice", "enrollments", "userSourcedId", _enrolled_twice, "9.3"),
    Check(
        code="oneroster.class.not_enrolled",
        file="classes",
        column="sourcedId",
        find=_nobody_enrolled,
        source="9.3",
        whole=("classes", "enrollments"),
    ),
    _check("oneroster.agent.self", "users", "agentSourcedIds", _own_agent, "9.2"),
    Check(
        code="oneroster.agent.one_sided",
        file="users",
        column="agentSourcedIds",
        find=_one_sided,
        source="9.2",
        whole=("users",),
    ),
    _check("oneroster.agent.teacher", "users", "agentSourcedIds", _teaching_agent, "9.2"),
    _check("oneroster.user.username_repeated", "users", "username", _same_username, "9.3"),
    Check(
        code="oneroster.user.no_grade",
        file="users",
        column="grades",
        find=_student_without_grade,
        source="9.3",
        versions=("1.1", "1.2"),
    ),
    Check(
        code="oneroster.user.no_role",
        file="users",
        column="sourcedId",
        find=_without_role,
        source="9.3",
        whole=("users", "roles"),
        versions=("1.2",),
    ),
    Check(
        code="oneroster.user.primary_org",
        file="users",
        column="primaryOrgSourcedId",
        find=_without_role_there,
        source="9.1",
        whole=("roles",),
        versions=("1.2",),
    ),
    _check("oneroster.role.primary_several", "roles", "roleType", _several_primary_roles, "5.2"),
    _check(
        "oneroster.role.profile_user", "roles", "userProfileSourcedId", _other_persons_profile, "9.1", "userProfiles"
    ),
    _check(
        "oneroster.line_item.session_type",
        "lineItems",
        "academicSessionSourcedId",
        _whole_year,
        "9.1",
        "academicSessions",
    ),
    _check("oneroster.line_item.org_type", "lineItems", "schoolSourcedId", _no_school, "9.1", "orgs"),
    _check("oneroster.result.score", "results", "score", _score_outside, "9.3", "lineItems"),
    _check("oneroster.result.class", "results", "classSourcedId", _other_class, "9.1", "lineItems"),
    Check(
        code="oneroster.result.not_enrolled",
        file="results",
        column="studentSourcedId",
        find=_without_enrollment("results", "studentSourcedId", told="studentSourcedId"),
        source="9.1",
        needs=("lineItems",),
        whole=("enrollments",),
    ),
    _check(
        "oneroster.user_resource.role",
        "userResources",
        "resourceSourcedId",
        _not_for_this_role,
        "12",
        "resources",
        "roles",
    ),
    _check(
        "oneroster.user_resource.class_org",
        "userResources",
        "orgSourcedId",
        _other_school("userResources", "orgSourcedId"),
        "9.1",
        "classes",
    ),
    Check(
        code="oneroster.user_resource.not_enrolled",
        file="userResources",
        column="classSourcedId",
        find=_without_enrollment("userResources", "userSourcedId", told="classSourcedId"),
        source="9.1",
        whole=("enrollments",),
    ),
)
