"""What a batch was judged by beside its files and profile, kept with it so that its report can be made again.

Applying a batch changes what the store knows, and the first applied batch of a district may change its profile: judged
a second time without this, the same files could get another report.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from config.home import Home
from config.loading import load_profile
from config.mistakes import ConfigError
from config.profiles import Profile
from connect_store import people
from connect_store.ledger import LedgerBatch
from connect_store.store import Store
from processors.reporting.placing import place_file
from validators import Known

_FILE: Final = "context.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The profile in force for a batch, and what the store knew when it was judged."""

    profile: Profile
    known: Known


def context_of(home: Home, store: Store, batch: LedgerBatch, frozen: Profile) -> Context:
    """The context of a batch; of one that is not decided it is taken now and written into its folder."""
    path = home.batch(batch.district, batch.number) / _FILE
    if batch.verdict is not None and path.is_file():
        return _read(path, frozen)
    context = Context(profile=_with_schools(home, frozen), known=known_to(store, batch.district))
    _write(path, context)
    return context


def known_to(store: Store, district: str) -> Known:
    """What the store knows that judging must know."""
    return Known(
        guardians=people.guardian_keys(store, district),
        guardians_file_seen=people.guardians_file_seen(store, district),
    )


def _with_schools(home: Home, frozen: Profile) -> Profile:
    """A profile that said `auto` when it was frozen may have its schools by now, from the batch before."""
    if frozen.schools is not None:
        return frozen
    try:
        schools = load_profile(home, frozen.id).schools
    except ConfigError:
        return frozen
    return replace(frozen, schools=schools)


def _write(path: Path, context: Context) -> None:
    schools = context.profile.schools
    document = {
        "schools": None if schools is None else dict(schools),
        "guardians": list(context.known.guardians),
        "guardians_file_seen": context.known.guardians_file_seen,
    }
    place_file(path, json.dumps(document))


def _read(path: Path, frozen: Profile) -> Context:
    document = json.loads(path.read_text(encoding="utf-8"))
    return Context(
        profile=replace(frozen, schools=document["schools"]),
        known=Known(guardians=frozenset(document["guardians"]), guardians_file_seen=document["guardians_file_seen"]),
    )
