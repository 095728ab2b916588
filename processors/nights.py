"""How a batch's files stand beside the batches before it, kept with it so that its report can be made again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from config.home import Home
from config.profiles import Profile
from config.tables import file_of
from connect_store import ledger
from connect_store.ledger import LedgerBatch
from connect_store.people import contact_holders
from connect_store.records import Frames
from connect_store.store import Store
from processors.file_sets import FileSet
from processors.repairs import rejected_people
from processors.reporting.placing import place_file
from validators.adapting import adapted
from validators.contacts import HELD, contested
from validators.nights import RENUMBERED, Earlier, Night, changed, last_rejecting, repetition, usual
from validators.no_roster import UNMARKED
from validators.sets import is_other_district

_FILE: Final = "night.json"
_BATCHES: Final = 10  # that tell what is usual


def night_in(home: Home, batch: LedgerBatch) -> Night:
    """The night of a batch as it was when the batch was judged."""
    return _read(home.batch(batch.district, batch.number) / _FILE)


def night_of(home: Home, store: Store, batch: LedgerBatch, files: FileSet, profile: Profile, before: Frames) -> Night:
    """The night of a batch; of one that is not decided it is looked at now and written into its folder."""
    if batch.verdict is None:
        night = looked_at(home, store, batch.district, files, profile, before, now=batch.received, test=batch.test)
        again = replace(night, same_as=None) if batch.requeue_of else night
        place_file(home.batch(batch.district, batch.number) / _FILE, json.dumps(_as_json(again)))
    return night_in(home, batch)


def looked_at(
    home: Home,
    store: Store,
    district: str,
    files: FileSet,
    profile: Profile,
    before: Frames,
    *,
    now: datetime,
    test: bool = False,
) -> Night:
    """How files would stand beside the batches of a district, came they now.

    Args:
        home: the installation.
        store: with the ledger.
        district: whose they are.
        files: as read.
        profile: the district's.
        before: the records that the sync brought last.
        now: when they came.
        test: whether they came through `test/`.
    """
    if is_other_district(files.tables, profile):
        return Night()  # nothing of another district's files is written anywhere
    country = profile.phones.country
    tables = adapted(files.tables, profile.reading)
    people = changed(tables, before["person"], country=country)
    held = pl.DataFrame(schema=HELD)
    if profile.sync.contact_sharing == "unique":
        held = contested(tables, holders(store, profile), country=country)
    contents = frozenset((facts.file, facts.sha256) for facts in files.facts)
    same_as, same_days = repetition(contents, now.date(), _earlier(store, district, test=test))
    applied = ledger.applied(store, district, test=test, most=_BATCHES)
    rejecting = last_rejecting(_earlier(store, district, test=test))
    return Night(
        renumbered=people.renumbered,
        reused=people.reused,
        shared=people.shared,
        same_as=same_as,
        same_days=0 if profile.source.kind != "none" else same_days,  # of a source: source.still
        usual=usual(_as_earlier(batch).rows for batch in applied),
        rejected_people=frozenset()
        if rejecting is None
        else rejected_people(home.batch(district, rejecting) / "report"),
        held=held,
    )


def holders(store: Store, profile: Profile) -> pl.DataFrame:
    """Who has contacts in Connect, as HELD."""
    return contact_holders(store, profile.id, HELD, active_users=profile.sync.update_active_users)


def _earlier(store: Store, district: str, *, test: bool) -> Iterator[Earlier]:
    return map(_as_earlier, ledger.judged(store, district, test=test))


def _as_earlier(batch: LedgerBatch) -> Earlier:
    """What the ledger tells of a batch that has its verdict."""
    summary = batch.summary or {}
    counts = {file["file"]: file for file in summary["files"]}
    people = counts.get(file_of("users"), {"accepted": 0, "rejected": 0})
    return Earlier(
        number=batch.number,
        day=batch.received.date(),
        contents=frozenset((file_of(file.table), file.sha256) for file in batch.files if file.table),
        rows={name: file["rows"] for name, file in counts.items()},
        is_again=batch.requeue_of is not None,
        is_refused=batch.verdict == "refused",
        is_unmarked=not UNMARKED.isdisjoint(summary["findings"]),
        rejected_some=bool(people["accepted"] and people["rejected"]),
    )


def _as_json(night: Night) -> dict[str, Any]:
    return {
        "renumbered": night.renumbered.to_dict(as_series=False),
        "reused": dict(night.reused),
        "shared": night.shared,
        "same_as": night.same_as,
        "same_days": night.same_days,
        "usual": dict(night.usual),
        "rejected_people": sorted(night.rejected_people),
        "held": night.held.to_dict(as_series=False),
    }


def _read(path: Path) -> Night:
    """A night as it was written; one without anything to say for a batch of an earlier version."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Night()
    return Night(
        renumbered=pl.DataFrame(document.pop("renumbered"), schema=RENUMBERED),
        usual={file: (fewest, most) for file, (fewest, most) in document.pop("usual").items()},
        rejected_people=frozenset(document.pop("rejected_people")),
        held=pl.DataFrame(document.pop("held", {}), schema=HELD),
        **document,
    )
