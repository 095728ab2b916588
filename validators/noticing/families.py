"""Families as the files tell them: whose children, how many, and whether a guardian is one at all."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from validators.noticing.scene import Notice, Scene, counted, counted_by
from validators.sifting import NOTHING_FOUND
from validators.tables import LINE

MANY_CHILDREN: Final = 8
"""Students of one guardian from which on it is worth a look (sis-deviations 2.7)."""

IMPLAUSIBLY_MANY: Final = 25
"""Students from which on a guardian is probably a placeholder, who would see all of them (sis-deviations 2.7, 130)."""

MANY_RELATIVES: Final = 0.25
"""Share of the guardians from which on relatives are probably emergency contacts (sis-deviations 131; own figure)."""

FEW: Final = 10
"""Fewer rows than this make no share: one family would be a pattern."""

# Both names must be of these, for Parent and Null are surnames too (sis-deviations 65, 102).
_PLACEHOLDERS: Final = tuple(
    cased(word)
    for word in (
        *("unknown", "parent", "guardian", "mother", "father", "contact", "emergency", "family", "of", "the"),
        *("test", "none", "na", "n/a", "tbd", "tba", "vacant", "vacancy", "dummy", "placeholder", "student", "teacher"),
        *("staff", "xxx", "zzz", "?", "."),
    )
    for cased in (str.lower, str.upper, str.title)
)
_NAMES: Final = ("givenName", "familyName")


def notices(scene: Scene) -> Iterator[Notice]:
    """What a person should look at in the families of tonight's files."""
    if scene.standing("users") is not None:
        yield "users", _placeholder_people(scene)
    family = scene.family_file
    if family is None:
        return
    yield family, _placeholders(scene.guardians, "guardian.name.placeholder")
    if scene.students is None:
        return
    yield from ((family, found) for found in (*_crowds(scene), *_mixed_up_with_students(scene)))
    if family == "users":
        yield from (("users", found) for found in (*_of_the_district(scene), _incomplete(scene), _relatives(scene)))
    else:
        yield from (("guardians", found) for found in _borrowed_ids(scene))


def _placeholders(people: pl.DataFrame, code: str) -> pl.DataFrame:
    are = people.filter(pl.col("familyName").is_in(_PLACEHOLDERS)).filter(pl.col("givenName").is_in(_PLACEHOLDERS))
    return counted(are, code, column="familyName", value="familyName")


def _placeholder_people(scene: Scene) -> pl.DataFrame:
    users = scene.standing("users")
    assert users is not None  # the caller has looked
    return _placeholders(users.filter(pl.col("kind") != "guardian"), "user.name.placeholder")


def _crowds(scene: Scene) -> Iterator[pl.DataFrame]:
    """Guardians of very many students."""
    many = (
        scene.pairs.group_by("guardian")
        .agg(pl.col(LINE).min(), children=pl.len())
        .filter(pl.col("children") >= MANY_CHILDREN)
        .sort(LINE)
    )
    if many.is_empty():
        return
    crowd = many.filter(pl.col("children") >= IMPLAUSIBLY_MANY)
    yield crowd.select(
        LINE,
        code=pl.lit("guardian.children.implausible"),
        column=pl.lit(_id_column(scene)),
        value="guardian",
        detail=pl.col("children").cast(pl.String),
    )
    large = many.filter(pl.col("children") < IMPLAUSIBLY_MANY)
    yield counted(
        large, "guardian.children.many", column=_id_column(scene), value="guardian", detail=str(MANY_CHILDREN)
    )


def _id_column(scene: Scene) -> str:
    return "sourcedId" if scene.family_file == "users" else "guardianSourcedId"


def _mixed_up_with_students(scene: Scene) -> Iterator[pl.DataFrame]:
    """Guardians who have the e-mail address or the mobile number of their own student, or are the student."""
    assert scene.students is not None  # the caller has looked
    reached = scene.students.filter(pl.col("email").is_not_null() | pl.col("sms").is_not_null())
    if reached.is_empty():
        return
    pairs = scene.pairs.join(
        reached.select("email", "sms", *_NAMES, student="sourcedId"), on="student", how="inner", suffix=" of student"
    )
    by_email, by_sms = (
        pl.col(name).eq(pl.col(f"{name} of student")).fill_null(value=False) for name in ("email", "sms")
    )
    alike = pairs.filter(by_email | by_sms)
    if alike.is_empty():
        return
    same_name = pl.all_horizontal(pl.col(name) == pl.col(f"{name} of student") for name in _NAMES)
    yield counted(alike.filter(same_name), "guardian.is_student", column="familyName", value="guardian")
    others = alike.filter(~same_name)
    yield counted(others.filter(by_email), "guardian.email.of_student", column="email", value="email")
    yield counted(others.filter(by_sms), "guardian.sms.of_student", column="sms", value="sms")


def _of_the_district(scene: Scene) -> Iterator[pl.DataFrame]:
    """Guardians who are left out, or whose children are, because of a school that is not set up."""
    users = scene.sieves["users"]
    elsewhere = users.aside.filter(reason="other_school").select(LINE)
    if elsewhere.is_empty():
        return
    away = users.rows.join(elsewhere, on=LINE, how="semi")
    away_guardians, away_students = (away.filter(kind=kind) for kind in ("guardian", "student"))
    assert scene.students is not None  # the caller has looked
    # What standing rows name: `agents` of standing students are the links that stand, so the file's are looked up.
    here = users.rows.join(users.standing.select(LINE), on=LINE, how="semi")
    named = _links_named(here.filter(kind="student")).select(student="one", guardian="other")
    naming = _links_named(away_guardians).select(student="other", guardian="one")
    wanted = pl.concat([named, naming.join(scene.students.select(student="sourcedId"), on="student", how="semi")])
    left_out = away_guardians.join(wanted, left_on="sourcedId", right_on="guardian", how="semi").with_columns(
        org=pl.col("orgs").list.first()
    )
    yield counted_by(left_out, "guardian.school.district", "org", column="orgSourcedIds")
    yield _without_child_here(scene, away_students)


def _without_child_here(scene: Scene, away_students: pl.DataFrame) -> pl.DataFrame:
    """Guardians who stand, and all of whose students are of schools that are not set up."""
    users = scene.sieves["users"]
    guardians = users.standing.filter(kind="guardian")
    lone = guardians.join(scene.pairs, left_on="sourcedId", right_on="guardian", how="anti", maintain_order="left")
    if lone.is_empty() or away_students.is_empty():
        return NOTHING_FOUND
    rows = users.rows
    own = _links_named(rows.join(lone, on=LINE, how="semi")).select(guardian="one", student="other")
    theirs = _links_named(rows.filter(kind="student")).select(guardian="other", student="one")
    named = pl.concat([own, theirs]).join(lone, left_on="guardian", right_on="sourcedId", how="semi")
    gone = named.with_columns(away=pl.col("student").is_in(away_students["sourcedId"].implode()))
    only_away = gone.group_by("guardian").agg(pl.col("away").all()).filter("away")
    without = lone.join(only_away, left_on="sourcedId", right_on="guardian", how="semi", maintain_order="left")
    return counted(without, "guardian.children.elsewhere", column="sourcedId", value="sourcedId")


def _links_named(rows: pl.DataFrame) -> pl.DataFrame:
    """`one` and `other`: whom each row of users.csv names in agentSourcedIds."""
    return rows.filter(pl.col("agents").list.len() > 0).select(one="sourcedId", other="agents").explode("other")


def _incomplete(scene: Scene) -> pl.DataFrame:
    """Guardians whose row does not name the school of a child, so that they are not attached to it."""
    users = scene.standing("users")
    if users is None or scene.students is None or len(scene.schools) < 2:
        return NOTHING_FOUND
    schools = users.select("sourcedId", "schools")
    pairs = scene.pairs.select(LINE, "student", "guardian")
    first = schools.select(student="sourcedId", school=pl.col("schools").list.first())
    told = pairs.join(first, on="student", how="inner").join(
        schools.select("schools", guardian="sourcedId"), on="guardian", how="inner"
    )
    missing = told.filter(~pl.col("schools").list.contains(pl.col("school"))).unique("guardian")
    return counted(missing, "guardian.school.incomplete", column="orgSourcedIds", value="guardian")


def _relatives(scene: Scene) -> pl.DataFrame:
    """Relatives in such a number that they are probably emergency contacts."""
    guardians = scene.of_kind("guardian")
    if guardians is None:
        return NOTHING_FOUND
    relatives = guardians.filter(role="relative")
    if relatives.height < FEW or relatives.height < MANY_RELATIVES * guardians.height:
        return NOTHING_FOUND
    return counted(
        relatives, "guardian.role.relatives", column="role", detail=f"{relatives.height * 100 // guardians.height}"
    )


def _borrowed_ids(scene: Scene) -> Iterator[pl.DataFrame]:
    """Guardians of guardians.csv who carry the ID of a student, or of somebody of the staff."""
    for kind, code in (("student", "guardian.sourcedId.student"), ("staff", "guardian.sourcedId.staff")):
        people = scene.of_kind(kind)
        if people is None:
            continue
        borrowed = scene.guardians.join(people.select(guardian="sourcedId"), on="guardian", how="semi")
        yield counted(borrowed, code, column="guardianSourcedId", value="guardian")
