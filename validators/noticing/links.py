"""The links of users.csv as the file writes them: on one side, on both, on the wrong row, or nowhere."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from validators.noticing.scene import Notice, Scene, counted
from validators.sifting import NOTHING_FOUND
from validators.tables import LINE

MOSTLY: Final = 0.5
"""From this share of links on that both sides name, a file means to name them on both (sis-deviations 127)."""


def notices(scene: Scene) -> Iterator[Notice]:
    """Everything that the column agentSourcedIds alone can tell."""
    users = scene.sieves.get("users")
    if users is None or scene.family_file != "users":
        return
    naming = users.rows.filter(pl.col("agents").list.len() > 0)
    if naming.is_empty():
        yield "users", _none_at_all(scene)
        return
    kinds = naming["kind"]
    if (kinds == "staff").any():
        own = users.standing.select(LINE).join(naming.filter(kind="staff"), on=LINE, how="inner", maintain_order="left")
        yield "users", counted(own, "user.agent.of_staff", column="agentSourcedIds", value="sourcedId")
    if (kinds == "guardian").any():
        yield from _told_by_guardians(scene, naming)


def _none_at_all(scene: Scene) -> pl.DataFrame:
    """Guardians and students, and not one link between them: a fault of the export (connect-behaviour 5)."""
    if scene.students is None or scene.students.is_empty():
        return NOTHING_FOUND
    return counted(scene.guardians, "guardianships.none", column="agentSourcedIds").with_columns(
        line=pl.lit(None, pl.UInt32)
    )


def _told_by_guardians(scene: Scene, naming: pl.DataFrame) -> Iterator[Notice]:
    """What guardians' rows name that students' rows do not, and the other way round."""
    named = naming.select(LINE, "kind", one="sourcedId", other="agents").explode("other")
    of_guardians = named.filter(kind="guardian").select(LINE, guardian="one", student="other")
    of_students = named.filter(kind="student").select(LINE, guardian="other", student="one")
    users = scene.sieves["users"].standing
    people = users.select(other="sourcedId", kind="kind")
    wrong = (
        of_guardians.join(users.select(LINE), on=LINE, how="semi")
        .join(people, left_on="student", right_on="other", how="inner")
        .filter(pl.col("kind") != "student")
    )
    yield "users", counted(wrong, "user.agent.not_student", column="agentSourcedIds", value="student")
    pair = ["student", "guardian"]
    both = of_guardians.join(of_students, on=pair, how="semi")
    every = pl.concat([of_guardians.select(pair), of_students.select(pair)]).unique()
    if not both.height or both.select(pair).n_unique() < MOSTLY * every.height:
        return
    linked = scene.pairs.select(pair)
    for code, mine, theirs in (
        ("user.agent.only_student", of_students, of_guardians),
        ("user.agent.only_guardian", of_guardians, of_students),
    ):
        lone = mine.join(theirs, on=pair, how="anti").join(linked, on=pair, how="semi")
        yield "users", counted(lone, code, column="agentSourcedIds", value="guardian")
