"""Who shares an e-mail address or a mobile number with whom, and addresses that reach nobody."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from validators.noticing.scene import Notice, Scene, counted
from validators.sifting import NOTHING_FOUND
from validators.tables import LINE

IMPLAUSIBLY_MANY: Final = 8
"""People of different names from which on one contact is probably a dummy (sis-deviations 93, 136; 2.7 for 8)."""

MOSTLY: Final = 0.9
"""From this share of one-child guardians among the doubled ones, IDs are made for each child (sis-deviations 107)."""

# The whole name before the @, or a host that takes no mail; example.org and its like are kept for invented districts.
_DUMMY: Final = (
    r"(?i)^(no[._-]?e?[._-]?mail|none|na|n[._-]a|nobody|unknown|test|no-?reply|do-?not-?reply|dummy|fake|refused"
    r"|declined|not[._-]?(provided|available|given)|does[._-]?not[._-]?have)\d*@"
    r"|@(none|noemail|nomail|no-email|na|test|fake|nowhere|invalid)\.(com|org|net)$"
)
_APART: Final = "\x1f"  # stands in no cell: it is a control character


def notices(scene: Scene) -> Iterator[Notice]:
    """What a person should look at in the addresses and numbers of tonight's people."""
    yield from (("users", found) for found in _of_staff_and_students(scene))
    family = scene.family_file
    if family is not None and not scene.adults.is_empty():
        yield from ((family, found) for found in _of_guardians(scene))


def _of_staff_and_students(scene: Scene) -> Iterator[pl.DataFrame]:
    if not scene.by_kind:
        return
    staff, students = scene.by_kind["staff"], scene.by_kind["student"]
    yield counted(_sharing(staff, "email"), "user.email.shared", column="email", value="email")
    yield counted(_sharing(students, "email"), "student.email.shared", column="email", value="email")
    both = students.filter(pl.col("email").is_in(staff["email"].drop_nulls().implode()))
    yield counted(both, "student.email.of_staff", column="email", value="email")


def _of_guardians(scene: Scene) -> Iterator[pl.DataFrame]:
    is_dummy = pl.col("email").str.contains(_DUMMY).fill_null(value=False)
    dummies = scene.adults.filter(is_dummy)
    yield _dummies(dummies)
    if scene.by_kind:
        own = scene.adults.filter(pl.col("email").is_in(scene.by_kind["staff"]["email"].drop_nulls().implode()))
        yield counted(own, "guardian.email.of_staff", column="email", value="email")
    people = scene.adults.with_row_index("adult")
    real = people if dummies.is_empty() else people.filter(~is_dummy)
    shared = {column: _sharing(real, column) for column in ("email", "sms")}
    for column, holders in shared.items():
        if not holders.is_empty():
            yield from _shared(scene, holders, column)
    yield _under_several_ids(scene, shared)


def _sharing(people: pl.DataFrame, column: str) -> pl.DataFrame:
    """The people who have a contact that somebody else has too, with `name` where there are any.

    Mostly nobody has: numbers are compared first, and the text of the few whose numbers are alike.
    """
    numbers = people.select(pl.when(pl.col(column).is_not_null()).then(pl.col(column).hash())).to_series()
    known = numbers.drop_nulls()
    if known.n_unique() == known.len():
        return people.clear()
    alike = people.filter(numbers.is_duplicated() & numbers.is_not_null())
    return alike.filter(pl.col(column).is_duplicated()).with_columns(
        name=pl.concat_str("givenName", "familyName", separator=_APART).str.to_lowercase()
    )


def _dummies(guardians: pl.DataFrame) -> pl.DataFrame:
    """One finding for each address that reaches nobody, with how many have it."""
    if guardians.is_empty():
        return NOTHING_FOUND
    return guardians.group_by(value="email").agg(
        pl.col(LINE).min(),
        code=pl.lit("guardian.email.dummy").first(),
        column=pl.lit("email").first(),
        count=pl.len(),
    )


def _shared(scene: Scene, holders: pl.DataFrame, column: str) -> Iterator[pl.DataFrame]:
    """Contacts of very many people, and of some who have no child in common.

    People count by name: one whom the source gives an ID for each child is one.
    """
    groups = holders.group_by(column).agg(pl.col(LINE).min(), people=pl.col("name").n_unique())
    crowds = groups.filter(pl.col("people") >= IMPLAUSIBLY_MANY)
    yield crowds.select(
        LINE,
        code=pl.lit(f"guardian.{column}.crowd"),
        column=pl.lit(column),
        value=column,
        detail=pl.col("people").cast(pl.String),
    )
    some = groups.filter(pl.col("people").is_between(2, IMPLAUSIBLY_MANY - 1))
    if some.is_empty():
        return
    together = (
        holders.join(some, on=column, how="semi")
        .join(scene.pairs, on="adult", how="inner")
        .group_by(column, "student")
        .agg(pl.col("name").n_unique())
        .group_by(column)
        .agg(pl.col("name").max())
    )
    apart = some.join(together, on=column, how="inner").filter(pl.col("name") < pl.col("people"))
    yield counted(apart, f"guardian.{column}.of_families", column=column, value=column)


def _under_several_ids(scene: Scene, shared: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """People who stand there under several IDs, with one name and one contact."""
    doubled = []
    for column, holders in shared.items():
        if not holders.is_empty():
            one = holders.filter(pl.struct("name", column).is_duplicated())
            doubled.append(one.select(LINE, "adult", "guardian", "name", contact=pl.col(column)))
    ids = pl.concat(doubled) if doubled else NOTHING_FOUND
    if ids.is_empty():
        return NOTHING_FOUND
    ids = ids.unique("adult", keep="first", maintain_order=True)
    children = scene.pairs.join(ids, on="adult", how="semi").group_by("adult").len()
    of_one_child = children.filter(pl.col("len") == 1).height
    code = "guardian.sourcedId.per_child" if of_one_child >= MOSTLY * ids.height else "guardian.sourcedId.several"
    people = ids.unique(["name", "contact"], keep="first", maintain_order=True)
    return counted(people, code, column=scene.id_column, value="guardian", detail=str(ids.height))
