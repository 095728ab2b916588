"""How a batch's files stand beside the batches before it, kept with it so that its report can be made again."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import polars as pl

from config.home import Home
from config.profiles import Profile
from config.tables import file_of
from connect_store import ledger
from connect_store.ledger import LedgerBatch, LedgerFile
from connect_store.store import Store
from processors.comparing import Frames
from processors.file_sets import FileSet
from processors.repairs import rejected_people
from processors.reporting.placing import place_file
from processors.verdicts import APPLIED
from validators.nights import RENUMBERED, Night, changed
from validators.sets import UNMARKED, is_other_district

_FILE: Final = "night.json"
_BATCHES: Final = 10
_ENOUGH: Final = 3  # batches, to know what is usual


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
    judged = [
        batch for batch in ledger.history(store, district, most=_BATCHES * 2) if batch.test == test and batch.summary
    ]
    history = [batch for batch in judged if batch.requeue_of is None]
    people = changed(files.tables, before["person"], country=profile.phones.country)
    same = list(takewhile(lambda batch: _contents(batch.files) == _contents_of(files), history))
    return Night(
        renumbered=people.renumbered,
        reused=people.reused,
        shared=people.shared,
        same_as=same[0].number if same else None,
        same_days=len({now.date(), *(batch.received.date() for batch in same)}) if same else 0,
        usual=_usual(history),
        rejected_people=_rejected_before(home, judged),
    )


def _contents(files: Sequence[LedgerFile]) -> frozenset[tuple[str, str]]:
    return frozenset((file_of(file.table), file.sha256) for file in files if file.table)


def _contents_of(files: FileSet) -> frozenset[tuple[str, str]]:
    return frozenset((facts.file, facts.sha256) for facts in files.facts)


def _usual(history: Sequence[LedgerBatch]) -> dict[str, tuple[int, int]]:
    """The fewest and the most rows of each file in the last batches that were applied, where there are enough."""
    applied = [batch for batch in history if batch.verdict in APPLIED][:_BATCHES]
    rows: dict[str, list[int]] = {}
    for batch in applied:
        for file in (batch.summary or {})["files"]:
            rows.setdefault(file["file"], []).append(file["rows"])
    return {file: (min(counts), max(counts)) for file, counts in rows.items() if len(counts) >= _ENOUGH}


def _rejected_before(home: Home, judged: Sequence[LedgerBatch]) -> frozenset[str]:
    """Whom the batch before rejected in users.csv, where it accepted others; its report keeps their rows.

    A refused batch in between takes nothing away: who sent repaired rows without their marks sends them again.
    """
    for batch in judged:
        if not UNMARKED.isdisjoint((batch.summary or {})["findings"]):
            continue
        users = next((file for file in (batch.summary or {})["files"] if file["file"] == file_of("users")), None)
        if users and users["accepted"] and users["rejected"]:
            return rejected_people(home.batch(batch.district, batch.number) / "report")
        if batch.verdict != "refused":
            break
    return frozenset()


def _as_json(night: Night) -> dict[str, Any]:
    return {
        "renumbered": night.renumbered.to_dict(as_series=False),
        "reused": dict(night.reused),
        "shared": night.shared,
        "same_as": night.same_as,
        "same_days": night.same_days,
        "usual": dict(night.usual),
        "rejected_people": sorted(night.rejected_people),
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
        **document,
    )
