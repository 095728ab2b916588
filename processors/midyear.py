"""A school that was run by hand comes under the sync in the middle of a year: who is who, and what is next.

Matching by SIS ID alone, the first night makes everybody new beside the records that people made. So people of before
are matched here with those of the files, by name and what else both know; a person confirms each pair in a CSV, and
only then are records merged and classrooms adopted.

Source: connect-behaviour 3.2, 4.2, 4.3.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

StepName = Literal["off", "files", "students", "guardians", "classrooms", "first night", "merging", "leftovers", "on"]
State = Literal["done", "next", "choose", "open"]

PROPOSED: Final = dict.fromkeys(("kind", "old", "into", "name", "school", "grades", "by", "alike"), pl.String())
"""The schema of proposed pairs: a record that people made, the record of the files, and what both have alike.

`alike` tells how many records the pair may be chosen from where it is more than one: then the name is not enough.
"""

HURTING: Final[Mapping[StepName, str]] = {
    "students": "families would be written to once for the old record of a child and once for the new one",
    "classrooms": "each of these classrooms would be there twice",
}
"""Steps that hurt where they are skipped before the first night, and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a district stands, as far as the sequence depends on it.

    Attributes:
        district: its ID.
        is_on: whether nights are applied.
        has_files: whether files were judged that can be applied.
        is_synced: whether the first night is in Connect.
        schools: IDs of schools with active students whom people made.
        proposed: `PROPOSED` of what is in Connect, with the files or, after the first night, with what they brought.
        students: active students of synced schools whom people made.
        guardians: guardians whom people made, and who are linked to a school of the sync.
        classrooms: active classrooms of synced schools that people made.
        coming: what the first night would do, by type and action.
    """

    district: str
    is_on: bool
    has_files: bool
    is_synced: bool
    schools: Sequence[str]
    proposed: pl.DataFrame
    students: int
    guardians: int
    classrooms: int
    coming: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the sequence: whether it is done or only a choice, what is known about it, what to type for it."""

    name: StepName
    is_done: bool
    told: str
    is_a_choice: bool = False
    commands: tuple[str, ...] = ()


def proposed(old: pl.DataFrame, new: pl.DataFrame, rooms_old: pl.DataFrame, rooms_new: pl.DataFrame) -> pl.DataFrame:
    """Who of before is probably who in the files; nobody is matched by a name alone.

    A student whom people added without a grade is matched by name and school.

    Args:
        old: `IN_SCHOOLS` of people whom people made.
        new: the same of the files.
        rooms_old: `key`, `title`, `school` of classrooms that people made.
        rooms_new: the same of the files.

    Returns: `PROPOSED`, students first, by name.
    """
    here, there = _with_name(old), _with_name(new)
    pairs = [
        _alike(here, there, "student", "school", "grades"),
        _alike(here.filter(pl.col("grades").is_null()), there, "student", "school"),
        *(_alike(here, there, kind, contact) for kind in ("guardian", "staff") for contact in ("email", "sms")),
        _rooms_alike(rooms_old, rooms_new),
    ]
    found = (
        pl.concat(pairs)
        .filter(pl.col("old") != pl.col("into"))
        .unique(["kind", "old", "into"], maintain_order=True, keep="first")
    )
    ambiguous = pl.max_horizontal(pl.len().over("kind", "old"), pl.len().over("kind", "into"))
    kinds = pl.Enum(["student", "guardian", "staff", "classroom"])
    return (
        found.with_columns(alike=pl.when(ambiguous > 1).then(ambiguous.cast(pl.String)))
        .sort(pl.col("kind").cast(kinds), "name", "old", "into")
        .select(*PROPOSED)
        .cast(PROPOSED)  # type: ignore[arg-type]  # all text
    )


def _with_name(people: pl.DataFrame) -> pl.DataFrame:
    full = pl.concat_str([pl.col("given_name").fill_null(""), pl.col("family_name").fill_null("")], separator=" ")
    return people.with_columns(
        full.str.strip_chars().alias("name"),
        _folded(full).alias("who"),
        pl.col("email").str.to_lowercase(),
    )


def _folded(text: pl.Expr) -> pl.Expr:
    """A name without case, accents and what stands between its parts."""
    return (
        text.str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.to_lowercase()
        .str.replace_all(r"[^\p{L}\p{N}]", "")
    )


def _alike(old: pl.DataFrame, new: pl.DataFrame, kind: str, *by: str) -> pl.DataFrame:
    """Pairs of people with the same name and the same values in these columns; an empty value is like no other."""
    told = f"name, {' and '.join(by)}" if len(by) > 1 else f"name and {by[0]}"
    is_kind = pl.col("kind") == kind
    right = new.filter(is_kind).select("who", *by, into="key").drop_nulls().unique()
    return (
        old.filter(is_kind, pl.col("who") != "")
        .join(right, on=["who", *by])
        .select("kind", "into", "name", "school", "grades", old="key", by=pl.lit(told))
        .unique(["old", "into"], keep="first", maintain_order=True)
        .select("kind", "old", "into", "name", "school", "grades", "by")
    )


def _rooms_alike(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    left = old.with_columns(_folded(pl.col("title")).alias("who")).filter(pl.col("who") != "")
    right = new.select(_folded(pl.col("title")).alias("who"), "school", into="key").drop_nulls()
    return left.join(right, on=["who", "school"]).select(
        pl.lit("classroom").alias("kind"),
        pl.col("key").alias("old"),
        "into",
        pl.col("title").alias("name"),
        "school",
        pl.lit(None, pl.String()).alias("grades"),
        pl.lit("title and school").alias("by"),
    )


def steps(at: Standing) -> list[Step]:
    """The sequence in its order, each step done or not."""
    return list(_steps(at))


def with_states(sequence: Sequence[Step]) -> list[tuple[Step, State]]:
    """Each step with its state: the first that must be done is next, and what may be chosen before it."""
    told: list[tuple[Step, State]] = []
    is_open = False
    for step in sequence:
        state: State = "open" if is_open else "choose" if step.is_a_choice else "next"
        told.append((step, "done" if step.is_done else state))
        is_open |= not step.is_done and not step.is_a_choice
    return told


def refused_because(at: Standing, skipped: frozenset[str]) -> list[Step]:
    """Steps without which the first night would hurt, that are open and that nobody says to skip."""
    if at.is_synced:
        return []
    return [step for step in steps(at) if step.name in HURTING and not step.is_done and step.name not in skipped]


def _steps(at: Standing) -> Iterator[Step]:
    id_ = at.district
    counts = at.proposed.group_by("kind").agg(pl.col("old").n_unique()).rows()
    matched = {str(kind): int(count) for kind, count in counts}
    agreeing, rooms = matched.get("guardian", 0), matched.get("classroom", 0)
    persons = sum(matched.get(kind, 0) for kind in ("student", "guardian", "staff"))
    archive = tuple(f"rosterdrop connect archive-students {id_} --school {school}" for school in at.schools)
    confirm = (
        f"rosterdrop connect propose {id_} --out pairs.csv",
        f"rosterdrop connect confirm {id_} pairs.csv --dry-run",
        f"rosterdrop connect confirm {id_} pairs.csv",
    )
    yield Step(
        name="off",
        is_done=not at.is_on or at.is_synced,
        told="Nothing is applied while you prepare." if not at.is_on else "The daily sync is on: turn it off first.",
        commands=(f"rosterdrop connect stop-sync {id_}",),
    )
    yield Step(
        name="files",
        is_done=at.has_files or at.is_synced,
        told=_coming(at),
        commands=(f"rosterdrop batch upload {id_} FILES --wait",),
    )
    yield Step(
        name="students",
        is_done=at.is_synced or not at.students,
        told=f"{at.students} active students are in synced schools by hand; archive them, nothing of them is lost.",
        commands=archive,
    )
    yield Step(
        name="guardians",
        is_done=at.guardians <= agreeing,
        is_a_choice=True,
        told=(
            f"{at.guardians} guardians were added by hand; {agreeing} of them have the same name and e-mail or mobile "
            "in the files and keep their account by a merge. Correct the others, remove them, or let them stay beside."
        ),
        commands=(
            f"rosterdrop connect edit-contact {id_} ID --kind guardian --email ADDRESS",
            f"rosterdrop connect remove-guardians {id_} --school ID",
        ),
    )
    yield Step(
        name="classrooms",
        is_done=at.is_synced or not rooms,
        told=f"{rooms} of {at.classrooms} classrooms by hand are in the files under an ID: adopt or archive them.",
        commands=(*confirm, f"rosterdrop connect archive-classroom {id_} ID"),
    )
    yield Step(
        name="first night",
        is_done=at.is_synced,
        told="The newest files are applied once, guarded as every night.",
        commands=(f'rosterdrop connect sync-once {id_} --why "first night"',),
    )
    yield Step(
        name="merging",
        is_done=at.is_synced and not persons,
        is_a_choice=True,
        told=f"{persons} people of before are probably in the files: confirm pairs, to merge them with their history.",
        commands=confirm,
    )
    yield Step(
        name="leftovers",
        is_done=at.is_synced and not at.students,
        is_a_choice=True,
        told=f"{at.students} active students by hand in synced schools are left: archive whoever is not in the SIS.",
        commands=archive,
    )
    yield Step(
        name="on",
        is_done=at.is_on and at.is_synced,
        told="From then on every night is applied.",
        commands=(f"rosterdrop connect start-sync {id_}",),
    )


def _coming(at: Standing) -> str:
    if not at.has_files:
        return "No files were judged yet that could be applied."
    new = ", ".join(f"{by['created']} {kind}" for kind, by in at.coming.items() if by.get("created"))
    return f"The newest files can be applied. New would be: {new or 'nothing'}."
