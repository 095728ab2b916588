"""What the files of a pull tell of the questions whose answers decide which way suits (`advising`)."""

from pathlib import Path
from typing import Final

import polars as pl

from config.profiles import SourceKind
from roster_sources.advising import Yes

_MANY: Final = 0.2  # of the students or guardians: more is no accident


def observed(folder: Path, kind: SourceKind) -> dict[str, Yes]:
    """The answers that the frozen files of a pull give.

    Args:
        folder: with users.csv, and guardians.csv where the source brings guardians so.
        kind: of the source.
    """
    users = pl.read_csv(folder / "users.csv", infer_schema=False)
    students = users.filter(role="student")
    found: dict[str, Yes] = {}
    if kind in {"clever", "classlink"}:
        found[kind] = "yes"
    several = students["orgSourcedIds"].str.contains(",", literal=True).fill_null(value=False).any()
    if several or kind != "clever":  # from Clever the primary school alone may come, as the profile says
        found["several_schools"] = _yes(several)
    if (folder / "guardians.csv").is_file():
        guardians = pl.read_csv(folder / "guardians.csv", infer_schema=False)
        linked = students.join(guardians, left_on="sourcedId", right_on="studentSourcedId", how="semi").height
        nameless = guardians["guardianSourcedId"].null_count()
        found["contacts"] = _yes(linked >= students.height * (1 - _MANY))
        found["contact_ids"] = _yes(nameless <= guardians.height * _MANY)
    elif "agentSourcedIds" in users.columns:
        kin = users.filter(pl.col("role").is_in(["guardian", "parent", "relative"]))
        linked = students["agentSourcedIds"].drop_nulls().len()
        found["contacts"] = _yes(kin.height > 0)
        found["links"] = _yes(linked >= students.height * (1 - _MANY))
        schools = students["orgSourcedIds"].str.split(",").explode(empty_as_null=True, keep_nulls=True).unique()
        at_school = kin["orgSourcedIds"].str.split(",").list.eval(pl.element().is_in(schools.implode())).list.any()
        found["guardian_schools"] = _yes(at_school.sum() >= kin.height * (1 - _MANY))
    return found


def _yes(is_so: bool | None) -> Yes:  # noqa: FBT001 - its one argument is the answer
    return "yes" if is_so else "no"
