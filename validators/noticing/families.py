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
    yield from _placeholders(scene)
    family = scene.family_file
    if family is None or not scene.by_kind:
        return
    yield from ((family, found) for found in (*_crowds(scene), *_mixed_up_with_students(scene)))
    if family == "users":
        yield from (("users", found) for found in (*_of_the_district(scene), _incomplete(scene), _relatives(scene)))
    else:
        yield from (("guardians", found) for found in _borrowed_ids(scene))


def _placeholders(scene: Scene) -> Iterator[Notice]:
    """People who are nobody, by their names."""
    for name in ("users", "guardians"):
        people = scene.standing(name)
        if people.is_empty():
            continue
        nobody = people.filter(pl.col("familyName").is_in(_PLACEHOLDERS)).filter(
            pl.col("givenName").is_in(_PLACEHOLDERS)
        )
        if nobody.is_empty():
            continue
        are_guardians = pl.lit(value=True) if name == "guardians" else pl.col("kind") == "guardian"
        for code, which in (("guardian.name.placeholder", are_guardians), ("user.name.placeholder", ~are_guardians)):
            yield name, counted(nobody.filter(which), code, column="familyName", value="familyName")


def _crowds(scene: Scene) -> Iterator[pl.DataFrame]:
    """Guardians of very many students."""
    sizes = scene.pairs.group_by("adult").agg(children=pl.len()).filter(pl.col("children") >= MANY_CHILDREN)
    if sizes.is_empty():
        return
    many = scene.adults[sizes["adult"]].with_columns(sizes["children"]).sort(LINE)
    crowd = many.filter(pl.col("children") >= IMPLAUSIBLY_MANY)
    yield crowd.select(
        LINE,
        code=pl.lit("guardian.children.implausible"),
        column=pl.lit(scene.id_column),
        value="guardian",
        detail=pl.col("children").cast(pl.String),
    )
    large = many.filter(pl.col("children") < IMPLAUSIBLY_MANY)
    yield counted(large, "guardian.children.many", column=scene.id_column, value="guardian", detail=str(MANY_CHILDREN))


def _mixed_up_with_students(scene: Scene) -> Iterator[pl.DataFrame]:
    """Guardians who have the e-mail address or the mobile number of their own student, or are the student."""
    alike = {name: _equal(scene, name) for name in ("email", "sms")}
    either = alike["email"] | alike["sms"]
    if not either.any():
        return
    same_name = _equal(scene, "givenName") & _equal(scene, "familyName")
    yield counted(scene.linked(either & same_name), "guardian.is_student", column="familyName", value="guardian")
    for name, code in (("email", "guardian.email.of_student"), ("sms", "guardian.sms.of_student")):
        yield counted(scene.linked(alike[name] & ~same_name), code, column=name, value=name)


def _equal(scene: Scene, column: str) -> pl.Series:
    """For each link whether student and guardian have the same there; nothing is not the same as nothing."""
    return (scene.of_student(column) == scene.of_adult(column)).fill_null(value=False)


def _of_the_district(scene: Scene) -> Iterator[pl.DataFrame]:
    """Guardians who are left out, or whose children are, because of a school that is not set up."""
    users = scene.sieves["users"]
    elsewhere = users.aside.filter(reason="other_school").select(LINE)
    if elsewhere.is_empty():
        return
    away = users.rows.join(elsewhere, on=LINE, how="semi")
    # The links as the file names them: what stands in `agents` of standing students are those that were made.
    here = users.rows.join(users.standing.select(LINE), on=LINE, how="semi").filter(kind="student")
    named = _links_named(here).select(guardian="other")
    away_guardians = away.filter(kind="guardian")
    naming = _links_named(away_guardians).filter(pl.col("other").is_in(here["sourcedId"].implode()))
    wanted = pl.concat([named, naming.select(guardian="one")])
    left_out = away_guardians.join(wanted, left_on="sourcedId", right_on="guardian", how="semi").with_columns(
        org=pl.col("orgs").list.first()
    )
    yield counted_by(left_out, "guardian.school.district", "org", column="orgSourcedIds")
    yield _without_child_here(scene, away.filter(kind="student"))


def _without_child_here(scene: Scene, away_students: pl.DataFrame) -> pl.DataFrame:
    """Guardians who stand, and all of whose students are of schools that are not set up."""
    rows = scene.sieves["users"].rows
    adults = scene.adults.with_row_index("adult")
    lone = adults.join(scene.pairs, on="adult", how="anti", maintain_order="left")
    if lone.is_empty() or away_students.is_empty():
        return NOTHING_FOUND
    own = _links_named(rows.join(lone, on=LINE, how="semi")).select(guardian="one", student="other")
    theirs = _links_named(rows.filter(kind="student")).select(guardian="other", student="one")
    named = pl.concat([own, theirs]).join(lone, on="guardian", how="semi")
    only_away = (
        named.group_by("guardian")
        .agg(pl.col("student").is_in(away_students["sourcedId"].implode()).all().alias("away"))
        .filter("away")
    )
    without = lone.join(only_away, on="guardian", how="semi", maintain_order="left")
    return counted(without, "guardian.children.elsewhere", column="sourcedId", value="guardian")


def _links_named(rows: pl.DataFrame) -> pl.DataFrame:
    """`one` and `other`: whom each row of users.csv names in agentSourcedIds."""
    return rows.filter(pl.col("agents").list.len() > 0).select(one="sourcedId", other="agents").explode("other")


def _incomplete(scene: Scene) -> pl.DataFrame:
    """Guardians whose row does not name the school of a child, so that they are not attached to it."""
    if len(scene.schools) < 2:  # with one school everybody has it
        return NOTHING_FOUND
    school = scene.of_student("schools").list.first()
    own = scene.by_kind["guardian"]["schools"]
    suspect = (school != own.list.first().gather(scene.pairs["adult"])).fill_null(value=True)
    if not suspect.any():
        return NOTHING_FOUND
    pairs = scene.pairs.filter(suspect).with_columns(school=school.filter(suspect))
    named = pairs.with_columns(schools=own.gather(pairs["adult"]))
    missing = named.filter(~pl.col("schools").list.contains(pl.col("school")))["adult"].unique().sort()
    return counted(scene.adults[missing], "guardian.school.incomplete", column="orgSourcedIds", value="guardian")


def _relatives(scene: Scene) -> pl.DataFrame:
    """Relatives in such a number that they are probably emergency contacts."""
    guardians = scene.by_kind["guardian"]
    relatives = guardians.filter(role="relative")
    if relatives.height < FEW or relatives.height < MANY_RELATIVES * guardians.height:
        return NOTHING_FOUND
    share = f"{relatives.height * 100 // guardians.height}"
    return counted(relatives, "guardian.role.relatives", column="role", detail=share)


def _borrowed_ids(scene: Scene) -> Iterator[pl.DataFrame]:
    """Guardians of guardians.csv who carry the ID of a student, or of somebody of the staff."""
    for kind, code in (("student", "guardian.sourcedId.student"), ("staff", "guardian.sourcedId.staff")):
        ids = scene.by_kind[kind]["sourcedId"].implode()
        borrowed = scene.adults.filter(pl.col("guardian").is_in(ids))
        yield counted(borrowed, code, column="guardianSourcedId", value="guardian")
