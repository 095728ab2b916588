"""The tables of a batch by each other: whose schools, who is whose guardian, who is in which class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.tables import TableName
from validators import relations
from validators.alone import broken_rules, rules_of
from validators.contacts import Uniqueness, without_taken
from validators.elsewhere import Belonging, all_are_of, of_other_schools, without_other_schools
from validators.noticing import with_notices
from validators.people import kind_of
from validators.pointers import CLASS_AT, STUDENT_AT, USER_AT, resolved
from validators.relations import Pointing
from validators.sets import GuardianSource
from validators.sifting import KEPT, Sieve
from validators.tables import LINE
from validators.values import ATTRIBUTES
from validators.words import words_of

ADDED: Final[Mapping[TableName, tuple[str, ...]]] = {
    "users": ("kind", "schools", "agents"),
    "classes": ("grades",),
    "enrollments": ("kind", "role", "schoolSourcedId"),
    "guardians": (),
    "student_attributes": (ATTRIBUTES,),
}
"""Columns that standing rows have whether the file has them or not (`judging.Judgement.standing`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the rows of a batch are judged by, beside their table's own rules.

    Attributes:
        schools: SIS ID to name of those that count.
        belonging: who belongs to them.
        guardians: which file guardians come from.
        known_guardians: sourcedIds of the guardians whom Connect has.
        uniqueness: who keeps a contact where each belongs to one person; None where people may share them.
    """

    schools: Mapping[str, str]
    belonging: Belonging
    guardians: GuardianSource
    known_guardians: frozenset[str]
    uniqueness: Uniqueness | None = None


def judged_together(alone: Mapping[TableName, Sieve], terms: Terms) -> dict[TableName, Sieve]:
    """Every table after its rows were held against the other tables; order of fates as in INTERFACES, "Verdicts"."""
    done: dict[TableName, Sieve] = {}
    people = classes = None
    if users := alone.get("users"):
        done["users"] = users = _users(users, terms)
        people = _people(users)
        done["users"] = users = resolved(users, {USER_AT: ("sourcedId", people)})
        if terms.guardians == "users":
            done["users"] = _through_students(_linked(users, people), terms.belonging)
    if found := alone.get("classes"):
        done["classes"] = found = without_other_schools(found, terms.belonging)
        classes = _fates_by_id(found, [pl.col("schoolSourcedId").alias("school")])
        done["classes"] = resolved(found, {CLASS_AT: ("sourcedId", classes)})
    if enrollments := alone.get("enrollments"):
        done["enrollments"] = _enrollments(enrollments, people, classes)
    if guardians := alone.get("guardians"):
        done["guardians"] = _guardians(guardians, done.get("users"), people, terms)
    if attributes := alone.get("student_attributes"):
        done["student_attributes"] = _attributes(attributes, people)
    return with_notices(_with_notes(done, terms), guardians_from=terms.guardians, schools=terms.schools)


def _users(users: Sieve, terms: Terms) -> Sieve:
    mine = without_other_schools(users, terms.belonging)
    all_count = all_are_of(mine.standing["orgSourcedIds"], terms.schools)
    schools = pl.col("orgs") if all_count else terms.belonging.of_row()
    mine = mine.changed(mine.standing.with_columns(schools=schools))
    others = mine.standing.filter(kind="guardian") if terms.guardians != "users" else mine.standing.clear()
    here = without_taken(_of_other_source(mine, others, "user.source.other"), terms.uniqueness)
    return _without_contact(here, terms, "sourcedId")


def _enrollments(enrollments: Sieve, people: pl.DataFrame | None, classes: pl.DataFrame | None) -> Sieve:
    targets = {USER_AT: ("userSourcedId", people), CLASS_AT: ("classSourcedId", classes)}
    enrollments = resolved(enrollments, targets)
    pointing = relations.enrollments_pointing(enrollments.standing, people, classes)
    left = _after(_set_aside_with(enrollments, pointing, "enrollment"), pointing)
    settled = relations.settled(left.standing, people, classes)
    return left.changed(settled).noting(relations.overruled(settled))


def _guardians(guardians: Sieve, users: Sieve | None, people: pl.DataFrame | None, terms: Terms) -> Sieve:
    if terms.guardians != "guardians":
        return _of_other_source(guardians, guardians.standing, "guardian.source.other")
    before = [users] if users else []
    if people is None:
        return _without_contact(without_taken(guardians, terms.uniqueness, *before), terms, "guardianSourcedId")
    guardians = resolved(guardians, {STUDENT_AT: ("studentSourcedId", people)})
    pointing = relations.students_pointing(guardians.standing, "guardian", people)
    here = _set_aside_with(guardians, pointing, "guardian")
    here = without_taken(here, terms.uniqueness, *before, falling=pointing.falling)
    left = _after(_without_contact(here, terms, "guardianSourcedId", falling=pointing.falling), pointing)
    return left.without_values(relations.beyond_six(left.standing))


def _attributes(attributes: Sieve, people: pl.DataFrame | None) -> Sieve:
    if people is None:
        return attributes
    attributes = resolved(attributes, {STUDENT_AT: ("studentSourcedId", people)})
    pointing = relations.students_pointing(attributes.standing, "attribute", people)
    return _after(_set_aside_with(attributes, pointing, "attribute"), pointing)


def _set_aside_with(sieve: Sieve, pointing: Pointing, what: str) -> Sieve:
    """Without the rows that share the fate of what they point at: another school, or marked as deleted."""
    if pointing.absent.is_empty():
        return of_other_schools(sieve, pointing.other_school, f"{what}.school.other", None)
    counted = pointing.absent.select(pl.col(LINE).min(), count=pl.len())
    present = sieve.setting_aside(pointing.absent, "absent").noting(
        counted.with_columns(code=pl.lit(f"{what}.target.absent"))
    )
    return of_other_schools(present, pointing.other_school, f"{what}.school.other", None)


def _after(sieve: Sieve, pointing: Pointing) -> Sieve:
    """Without the rows that point at nothing that stands, or at the wrong thing."""
    wrong, cascading = (
        found if found.is_empty() else found.join(sieve.standing, on=LINE, how="semi")
        for found in (pointing.wrong, pointing.cascading)
    )
    rejected = sieve.rejecting(wrong)
    return rejected.rejecting(cascading, cascade=True)


def _of_other_source(sieve: Sieve, rows: pl.DataFrame, code: str) -> Sieve:
    """Without guardians whom another file brings; one note with how many."""
    notes = rows.select(pl.col(LINE).min(), count=pl.len(), code=pl.lit(code)).filter(pl.col("count") > 0)
    return sieve.setting_aside(rows, "other_source").noting(notes)


def _without_contact(sieve: Sieve, terms: Terms, column: str, falling: pl.DataFrame | None = None) -> Sieve:
    """Without guardians who cannot be reached, unless Connect has them already (connect-behaviour 6, G3).

    All rows of a guardian are judged together: one that can reach them is enough. Else a row would be set aside in
    the first night and stand in the second, when the other row has made the guardian known.

    Args:
        sieve: the rows that may be of guardians.
        terms: with the guardians whom Connect has.
        column: the guardian's ID.
        falling: `line` of the rows that will be rejected, and so reach nobody.
    """
    unreachable = broken_rules(sieve, [rule for rule in rules_of(sieve.name) if rule.column is None])
    if unreachable.is_empty():
        return sieve
    reaching = sieve.standing.join(unreachable, on=LINE, how="anti")
    if falling is not None:
        reaching = reaching.join(falling, on=LINE, how="anti")
    newcomers = (
        sieve.standing.select(LINE, value=column)
        .filter(~pl.col("value").is_in(list(terms.known_guardians)).fill_null(value=False))
        .join(reaching.select(value=column), on="value", how="anti", maintain_order="left")
    )
    found = unreachable.drop("value").join(newcomers, on=LINE, maintain_order="left")
    found = found.with_columns(column=pl.lit(column))
    return sieve.setting_aside(found, "no_contact").noting(found)


def _fates_by_id(sieve: Sieve, about: list[pl.Expr]) -> pl.DataFrame:
    fates = sieve.fates().select(LINE, "fate", *about, key="sourcedId")
    empty = pl.DataFrame(schema={"kind": pl.String, "school": pl.String})
    unread = words_of(sieve.table.broken).select(LINE, key="word")
    return relations.by_id(pl.concat([empty, fates], how="diagonal"), unread)


def _people(users: Sieve) -> pl.DataFrame:
    return _fates_by_id(users, [pl.col("kind", "role"), pl.col("orgs").list.first().alias("school")])


def _linked(users: Sieve, people: pl.DataFrame) -> Sieve:
    links = relations.links(users.standing, users.rows, people)
    guardians = users.standing.select(LINE, "sourcedId", "kind", USER_AT).filter(kind="guardian")
    return (
        users.noting(links.found)
        .noting(relations.unlinked(guardians, links.mentioned))
        .changed(users.standing.drop("agents").join(links.accepted, on=USER_AT, how="left", maintain_order="left"))
    )


def _through_students(users: Sieve, belonging: Belonging) -> Sieve:
    """Guardians whose row names no school that counts are of their students' schools, or of no concern."""
    without_school = pl.col("schools").list.len() == 0
    lost = users.standing.filter(without_school, kind="guardian")
    if not belonging.through_students or lost.is_empty():
        return users
    students = users.standing.filter(kind="student").select("schools", guardian="agents").explode("guardian")
    through = students.explode("schools").group_by(sourcedId="guardian").agg(through=pl.col("schools").unique())
    standing = users.standing.join(through, on="sourcedId", how="left", maintain_order="left")
    found = pl.when(without_school, kind="guardian").then(pl.col("through").list.sort()).otherwise("schools")
    placed = users.changed(standing.with_columns(schools=found.fill_null([])).drop("through"))
    nowhere = placed.standing.filter(without_school, kind="guardian")
    return of_other_schools(
        placed, nowhere.select(LINE, school=pl.col("orgs").list.first()), "user.school.other", "orgSourcedIds"
    )


def _with_notes(sieves: dict[TableName, Sieve], terms: Terms) -> dict[TableName, Sieve]:
    """Adds what can be seen only when everything else is done: who has no guardian, which class has no grades."""
    users, classes, enrollments = (sieves.get(name) for name in ("users", "classes", "enrollments"))
    if users:
        sieves["users"] = users = _with_agents(users, terms)
        sieves["users"] = _noting_lonely(users, sieves.get("guardians"), terms)
    if classes and enrollments:
        classes = classes.noting(relations.empty_classes(classes.standing, _enrolled(enrollments)))
        sieves["classes"] = _with_grades(classes, enrollments, users) if users else classes
    return sieves


def _enrolled(enrollments: Sieve) -> pl.DataFrame:
    """`class_at` and `kind` of enrollments that stand or were rejected: the kind that counts, and that of the file."""
    standing = enrollments.standing
    overruled = standing.filter(pl.col("was_role").is_not_null()).select(CLASS_AT, role="was_role")
    rejected = enrollments.rows.join(enrollments.rejected, on=LINE, how="semi").select(CLASS_AT, "role")
    of_file = pl.concat([overruled, rejected], how="vertical_relaxed")
    return pl.concat([standing.select(CLASS_AT, "kind"), of_file.select(CLASS_AT, kind=kind_of(pl.col("role")))])


def _with_agents(users: Sieve, terms: Terms) -> Sieve:
    agents = pl.col("agents").fill_null([]) if terms.guardians == "users" else pl.lit([], pl.List(pl.String))
    return users.changed(users.standing.with_columns(agents=agents))


def _noting_lonely(users: Sieve, guardians: Sieve | None, terms: Terms) -> Sieve:
    students = users.standing.filter(kind="student")
    if terms.guardians == "users":
        alone = students.filter(pl.col("agents").list.len() == 0)
    elif terms.guardians == "guardians" and guardians and guardians.rows.height:
        linked = guardians.standing.filter(pl.col("studentSourcedId").is_not_null())
        alone = students.join(linked, left_on=USER_AT, right_on=STUDENT_AT, how="anti", maintain_order="left")
    else:
        return users
    return users.noting(relations.without_guardian(alone))


def _with_grades(classes: Sieve, enrollments: Sieve, users: Sieve) -> Sieve:
    """Classes without grades take them from their students; where there are none, what is stored stays."""
    derived = relations.derived_grades(classes.standing, enrollments.standing, users.standing.filter(kind="student"))
    standing = classes.standing.join(derived.drop(LINE), on=CLASS_AT, how="left", maintain_order="left").with_columns(
        grades=pl.coalesce("grades", "derived")
    )
    if not classes.table.has("grades"):
        vanished = (
            pl.when(pl.col("grades").is_null()).then(pl.lit(["grades"])).otherwise(pl.lit([], pl.List(pl.String)))
        )
        standing = standing.with_columns(pl.col(KEPT).list.concat(vanished))
    notes = derived.select(
        LINE,
        code=pl.lit("class.grades.derived"),
        column=pl.lit("grades"),
        detail="derived",
        value=pl.lit(None, pl.String),
    )
    return classes.changed(standing.drop("derived")).noting(notes)
