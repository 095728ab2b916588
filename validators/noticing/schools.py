"""Schools that are set up and of which something is missing, and IDs that are almost those of a school."""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from config.tables import TableName
from validators.noticing.scene import Notice, Scene
from validators.tables import LINE

_MISSPELT: Final[Mapping[TableName, str]] = {"users": "user.school.other", "classes": "class.school.other"}


def notices(scene: Scene) -> Iterator[Notice]:
    """What a person should look at in the schools of the district (sis-deviations 143)."""
    for name, code in _MISSPELT.items():
        sieve = scene.sieves.get(name)
        if sieve is not None:
            yield name, _almost_ours(sieve.found.filter(code=code), scene.schools)
    if scene.by_kind and len(scene.schools) > 1:
        yield from _lacking_something(scene)


def _lacking_something(scene: Scene) -> Iterator[Notice]:
    """Schools in whose files a whole kind of rows is missing, as where a filter was set wrongly."""
    of_ours = scene.schools.keys()  # staff may be of the district itself
    has = {kind: of_ours & people["schools"].explode().drop_nulls().unique() for kind, people in scene.by_kind.items()}
    if scene.family_file != "users":
        linked = scene.standing("users")["schools"].gather(scene.pairs["student"].unique())
        has["guardian"] = of_ours & linked.explode().drop_nulls().unique()
    with_classes = _schools_of(scene, "classes")
    has_any = has["staff"] | has["guardian"] | with_classes
    # A school that has no students is told as such, and nothing more is expected of it.
    yield "users", _lacking(has_any, has["student"], "school.without_students")
    yield "users", _lacking(has["student"], has["staff"], "school.without_staff")
    if scene.family_file is not None:
        yield scene.family_file, _lacking(has["student"], has["guardian"], "school.without_guardians")
    if "classes" in scene.sieves:
        yield "classes", _lacking(has["student"], with_classes, "school.without_classes")
    if "enrollments" in scene.sieves:
        with_seats = _schools_of(scene, "enrollments")
        yield "enrollments", _lacking(has["student"] & with_classes, with_seats, "school.without_enrollments")


def _schools_of(scene: Scene, name: TableName) -> set[str]:
    rows = scene.standing(name)
    return set() if rows.is_empty() else set(rows["schoolSourcedId"].drop_nulls().unique())


def _lacking(expected: set[str], has: set[str], code: str) -> pl.DataFrame:
    """One finding for each school that lacks what others have; where none has any, it is not a school's fault."""
    lacking = sorted(expected - has) if has & expected else []
    return pl.DataFrame(
        {"code": [code] * len(lacking), "detail": lacking}, schema={"code": pl.String, "detail": pl.String}
    )


def _almost_ours(other: pl.DataFrame, schools: Mapping[str, str]) -> pl.DataFrame:
    """Rows left out for a school whose ID is one of ours but for leading zeros or case."""
    if other.is_empty():
        return other
    ours = {_bare(school): school for school in schools}
    meant = [ours.get(_bare(school or "")) for school in other["detail"]]
    return (
        other.with_columns(hint=pl.Series(meant, dtype=pl.String), code=pl.lit("school.spelled_otherwise"))
        .drop_nulls("hint")
        .select(LINE, "code", "column", "detail", "hint", "count")
    )


def _bare(school: str) -> str:
    return school.lstrip("0").casefold()
