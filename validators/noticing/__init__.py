"""What a judged set shows beside the fates of its rows: families, contacts, memberships and IDs to look at."""

from collections.abc import Iterator, Mapping
from itertools import chain

import polars as pl

from config.tables import TableName, file_of
from validators.noticing import columns, contacts, families, identifiers, links, memberships, schools
from validators.noticing.scene import Notice, Scene
from validators.sets import GuardianSource
from validators.sifting import WHOLE_FILE, Sieve, joined_found


def with_notices(
    sieves: Mapping[TableName, Sieve], *, guardians_from: GuardianSource, schools: Mapping[str, str]
) -> dict[TableName, Sieve]:
    """The same tables with everything that is worth a look, and not one fate changed."""
    scene = Scene(sieves=sieves, guardians_from=guardians_from, schools=schools)
    found: dict[TableName, list[pl.DataFrame]] = {name: [] for name in sieves}
    for name, frame in _notices(scene):
        if not frame.is_empty():
            found[name].append(frame)
    told = identifiers.with_hints(scene)
    return {name: _explained(sieve.noting(joined_found(*found[name]))) for name, sieve in told.items()}


def _explained(sieve: Sieve) -> Sieve:
    """Where a file links nobody at all, that is why nobody links to each guardian and why students have none."""
    follows = pl.col("code").is_in(["guardian.unlinked", "student.without_guardian"])
    if sieve.found.is_empty() or "guardianships.none" not in sieve.found["code"]:
        return sieve
    return sieve.telling(
        sieve.found.with_columns(
            cause_file=pl.when(follows).then(pl.lit(file_of(sieve.name))).otherwise("cause_file"),
            cause_line=pl.when(follows).then(pl.lit(WHOLE_FILE, pl.UInt32)).otherwise("cause_line"),
        )
    )


def _notices(scene: Scene) -> Iterator[Notice]:
    rooms = (schools, identifiers, links, families, contacts, columns, memberships)
    return chain.from_iterable(room.notices(scene) for room in rooms)
