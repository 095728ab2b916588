"""A district's roster is fetched and ends as a batch; a pull that failed too, so that a report says why."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from config.home import Home
from config.loading import load_profile, load_settings
from config.profiles import Profile
from config.tables import TableName, table_of
from connect_store import ledger
from connect_store.pulls import PullNote, last_taken_pull, note_pull
from connect_store.retention import require_files
from connect_store.store import open_store
from processors import freezing, frozen
from processors.failures import write_down
from processors.freezing import PULLING, SCRATCH, Delivery, deliver
from processors.lending import NotJudgedYet, lendable, lender_of
from processors.locks import Held, pull_lock
from processors.pipeline import work
from processors.unpacking import DeliveredFile, kind_of, seen_as
from processors.verdicts import APPLIED
from roster_sources.asking import PATIENT, Patience
from roster_sources.facts import Facts
from roster_sources.failures import NothingNew, PullFailed
from roster_sources.pulling import Advance, Pulled, nobody_watches, pull, replay
from roster_sources.secrets import NoSecret
from validators.findings import Finding

_PULLED: Final = "pull-"
_GUARDIANS: Final = "guardians"


class NoSource(Exception):
    """The district's roster is sent to us, and not fetched."""

    exit_code = 2

    def __init__(self, district: str) -> None:
        super().__init__(
            f"{district} has no source; its files come over SFTP. To fetch them: "
            f"rosterdrop district set {district} source.kind=clever"
        )


class NoAnswers(Exception):
    """A batch was not fetched, or is of another district."""

    exit_code = 2

    def __init__(self, number: int, district: str) -> None:
        super().__init__(f"batch {number} is none of {district} that was fetched; it has no answers to read anew")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a pull ended: with a batch, or with nothing new."""

    batch: int | None
    rests: bool = False
    until: str | None = None


def pull_roster(
    home: Home,
    district: str,
    *,
    who: str,
    only_new: bool = False,
    anyway: bool = False,
    now: datetime | None = None,
    patience: Patience = PATIENT,
    advance: Advance = nobody_watches,
) -> Ended:
    """Fetch the roster of a district into a batch that waits to be judged.

    What is taken `anyway`, against what speaks of a part or of an old state, is judged and guarded like any other; the
    history of the batch says who wanted it so.

    Raises:
        NoSource: it has none.
        NoSecret: the token is not where the profile says.
        Held: another pull of the district is under way.
    """
    profile = load_profile(home, district)
    if profile.source.kind == "none":
        raise NoSource(district)
    began = now or datetime.now(UTC)
    today = began.astimezone(profile.time_zone).date()
    with pull_lock(home, district, who=who), _pulling(home, district) as folder:
        try:
            pulled = pull(
                profile,
                folder,
                before=_before(home, profile, today),
                only_new=only_new,
                anyway=anyway,
                today=today,
                patience=patience,
                advance=advance,
            )
        except NothingNew as nothing:
            note = PullNote(at=began, who=who, outcome="paused" if nothing.rests else "unchanged")
            _note(home, district, note)
            return Ended(batch=None, rests=nothing.rests, until=nothing.until)
        except PullFailed as failed:
            return Ended(batch=_tell(home, district, failed, began, who))
        number = _deliver(home, profile, pulled, who=who)
        if pulled.overruled:
            with open_store(home.store_db) as store, store.writing():
                ledger.note(store, number, "anyway", at=began, who=who, detail=", ".join(pulled.overruled))
        facts = pulled.facts.as_document() if pulled.facts else None
        _note(home, district, PullNote(at=began, who=who, outcome="taken", batch=number, facts=facts))
        return Ended(batch=number)


def replay_batch(home: Home, district: str, number: int, *, who: str) -> int:
    """Make a batch of the kept answers of an earlier one, as the profile reads them now.

    Raises:
        NoAnswers: the batch has none.
        PullFailed: they do not make a roster.
    """
    profile = load_profile(home, district)
    with open_store(home.store_db) as store:
        batch = ledger.require(store, number)
        freezing.refuse_overtaken(store, batch)
        require_files(store, number, "read anew")
    kept = [file for file in batch.files if kind_of(file.file) == "answers"]
    if batch.district != district or not kept:
        raise NoAnswers(number, district)
    answers = frozen.intact(home, batch, kept[0])
    with _scratch(home, district) as folder:
        return _deliver(home, profile, replay(profile, answers, folder), who=who)


@contextmanager
def _pulling(home: Home, district: str) -> Iterator[Path]:
    """A folder for what comes; what a pull left that was killed goes away, for there is one at a time (E 29, 30)."""
    freezing.sweep_pulls(home, district)
    with _scratch(home, district, PULLING) as folder:
        yield folder


@contextmanager
def _scratch(home: Home, district: str, prefix: str = SCRATCH) -> Iterator[Path]:
    place = home.batches / district
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place) as folder:
        yield Path(folder)


def _before(home: Home, profile: Profile, today: date) -> Facts | None:
    """What the source told at the last pull that brought a batch.

    Its version is forgotten where that batch was not applied or undone: the same data may be taken now (E 8).
    So it is after long without a change: the data are read, and the report says since when they stand still (E 9).
    """
    with open_store(home.store_db) as store:
        last = last_taken_pull(store, profile.id)
        if last is None or last.facts is None:
            return None
        batch = ledger.find(store, last.batch) if last.batch else None
    facts = Facts.of(last.facts)
    if facts.kind != profile.source.kind:
        return None
    is_old = profile.source.is_long(last.at.astimezone(profile.time_zone).date(), today)
    is_applied = batch is not None and batch.verdict in APPLIED and batch.state != "undone"
    return facts if is_applied and not is_old else replace(facts, version=None)


def _note(home: Home, district: str, note: PullNote) -> None:
    with open_store(home.store_db) as store, store.writing():
        note_pull(store, district, note)


def _tell(home: Home, district: str, failed: PullFailed, began: datetime, who: str) -> int:
    """Make a batch without files, whose report says why there are none; its number."""
    found = Finding(code=failed.code, detail=failed.detail)
    number = deliver(home, Delivery(district=district, files=(), who=who, origin="pull", found=(found,)))
    _note(home, district, PullNote(at=began, who=who, outcome="failed", code=failed.code, batch=number))
    return number


def _deliver(home: Home, profile: Profile, pulled: Pulled, *, who: str) -> int:
    """Freeze what came; a guardians.csv that came by other means stays beside it."""
    now = datetime.now(UTC)
    delivery = Delivery(
        district=profile.id,
        files=[_delivered(path, now) for path in (*pulled.files, *([pulled.answers] if pulled.answers else []))],
        who=who,
        origin="pull",
        carried=_carried(home, profile, pulled),
        reserve_bytes=load_settings(home).limits.reserve_bytes,
        found=pulled.findings,
    )
    return deliver(home, delivery)


def _carried(home: Home, profile: Profile, pulled: Pulled) -> frozenset[TableName]:
    came = {table_of(path.name) for path in pulled.files}
    if _GUARDIANS in came or profile.guardians.source not in {"auto", "guardians"}:
        return frozenset()
    try:
        return _lent_guardians(home, profile)
    except NotJudgedYet:
        work(home, profile.id, who="pull")
        return _lent_guardians(home, profile)


def _lent_guardians(home: Home, profile: Profile) -> frozenset[TableName]:
    """The district's own guardians.csv, as long as files are carried; none that a pull made of contacts."""
    with open_store(home.store_db) as store:
        lender = lender_of(store, profile.id, test=False)
    if lender is None or any(file.generation.startswith(_PULLED) for file in lender.files if file.table == _GUARDIANS):
        return frozenset()
    lent = lendable(lender, now=datetime.now(UTC), carry_hours=profile.arrival.carry_hours)
    return lent & {_GUARDIANS}


def _delivered(path: Path, now: datetime) -> DeliveredFile:
    kind, table = seen_as(path)
    return DeliveredFile(
        path=path,
        name=path.name,
        kind=kind,
        table=table,
        generation=f"{_PULLED}{path.stat().st_mtime_ns}",
        arrived=now,
        link=True,
    )


def _by_the_clock(root: str, district: str) -> int:
    """One pull for the service, in a process of its own; the exit code."""
    home, began, who = Home(Path(root)), datetime.now(UTC), "service"
    os.umask(0o077)  # rosters are personal data: nothing that we write is for other users of the machine
    try:
        pull_roster(home, district, who=who, only_new=True)
    except Held:  # a pull by hand is under way
        return 0
    except NoSecret as missing:
        _tell(home, district, PullFailed("source.secret", missing.key), began, who)
    except Exception as error:
        write_down(error, home.root)
        try:
            _tell(home, district, PullFailed("source.fault", type(error).__name__), began, who)
        except Exception:  # noqa: BLE001 - what is noted at least is not due again at once, for ever
            _note(home, district, PullNote(at=began, who=who, outcome="failed"))
        raise
    return 0


if __name__ == "__main__":
    sys.exit(_by_the_clock(*sys.argv[1:]))
