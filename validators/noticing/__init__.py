"""What a judged set shows beside the fates of its rows: families, contacts, memberships and IDs to look at."""

from collections.abc import Iterator, Mapping
from itertools import chain

import polars as pl

from config.tables import TableName
from validators.noticing import columns, contacts, families, identifiers, links, memberships, schools
from validators.noticing.scene import Notice, Scene
from validators.sets import GuardianSource
from validators.sifting import Sieve, joined_found


def with_notices(
    sieves: Mapping[TableName, Sieve], *, guardians_from: GuardianSource, schools: Mapping[str, str]
) -> dict[TableName, Sieve]:
    """The same tables with everything that is worth a look, and not one fate changed."""
    scene = Scene(sieves=sieves, guardians_from=guardians_from, schools=schools)
    found: dict[TableName, list[pl.DataFrame]] = {name: [] for name in sieves}
    for name, frame in _notices(scene):
        if not frame.is_empty():
            found[name].append(frame)
    hinted = identifiers.with_hints(scene)
    return {name: sieve.noting(joined_found(*found[name])) for name, sieve in hinted.items()}


def _notices(scene: Scene) -> Iterator[Notice]:
    rooms = (schools, identifiers, links, families, contacts, columns, memberships)
    return chain.from_iterable(room.notices(scene) for room in rooms)
