"""The links of users.csv as the file writes them: on one side, on both, on the wrong row, or nowhere."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from validators.noticing.scene import Notice, Scene, counted, of_the_file
from validators.sifting import NOTHING_FOUND
from validators.tables import LINE

MOSTLY: Final = 0.5
"""From this share of links on that both sides name, a file means to name them on both (sis-deviations 127)."""

_PAIR: Final = ("student", "guardian")


def notices(scene: Scene) -> Iterator[Notice]:
    """Everything that the column agentSourcedIds alone can tell."""
    users = scene.sieves.get("users")
    if users is None or scene.family_file != "users":
        return
    naming = users.rows.select(LINE, "sourcedId", "kind", "agents").filter(pl.col("agents").list.len() > 0)
    if naming.is_empty():
        yield "users", _none_at_all(scene)
        return
    kinds = naming["kind"]
    if (kinds == "staff").any():
        own = naming.filter(kind="staff").join(users.standing.select(LINE), on=LINE, how="semi")
        yield "users", counted(own, "user.agent.of_staff", column="agentSourcedIds", value="sourcedId")
    if (kinds == "guardian").any():
        yield from _told_by_guardians(scene, naming)


def _none_at_all(scene: Scene) -> pl.DataFrame:
    """Guardians and students, and not one link between them: a fault of the export (connect-behaviour 5)."""
    if not scene.by_kind or scene.by_kind["student"].is_empty():
        return NOTHING_FOUND
    return of_the_file(counted(scene.adults, "guardianships.none", column="agentSourcedIds"))


def _told_by_guardians(scene: Scene, naming: pl.DataFrame) -> Iterator[Notice]:
    """What guardians' rows name that students' rows do not, and the other way round."""
    users = scene.standing("users")
    here = naming.join(users.select(LINE), on=LINE, how="semi")
    named = here.select(LINE, "kind", one="sourcedId", other="agents").explode("other")
    of_guardians = named.filter(kind="guardian").select(LINE, guardian="one", student="other")
    of_students = named.filter(kind="student").select(LINE, guardian="other", student="one")
    others = users.filter(pl.col("kind") != "student").select(student="sourcedId")
    wrong = of_guardians.join(others, on="student", how="semi")
    yield "users", counted(wrong, "user.agent.not_student", column="agentSourcedIds", value="student")
    both = of_guardians.join(of_students, on=_PAIR, how="semi").select(_PAIR).n_unique()
    every = pl.concat([of_guardians.select(_PAIR), of_students.select(_PAIR)]).n_unique()
    if not both or both < MOSTLY * every:
        return
    linked = pl.DataFrame({"student": scene.of_student("sourcedId"), "guardian": scene.of_adult("guardian")})
    for code, mine, theirs in (
        ("user.agent.only_student", of_students, of_guardians),
        ("user.agent.only_guardian", of_guardians, of_students),
    ):
        lone = mine.join(theirs, on=_PAIR, how="anti").join(linked, on=_PAIR, how="semi")
        yield "users", counted(lone, code, column="agentSourcedIds", value="guardian")
