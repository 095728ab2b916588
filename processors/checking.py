"""`check`: files judged offline, with the engine of the service; nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from config.home import Home
from config.profiles import ASSUMED, Profile
from config.tables import TableName
from connect_store import people
from connect_store.store import open_store
from processors import unpacking
from processors.against_store import known_to
from processors.file_sets import Advance, FileSet, SetFile, judge_set, nobody_watches, read_set
from processors.nights import looked_at
from processors.pipeline import decide
from processors.reporting.contents import Report
from processors.summaries import guard_in
from processors.unpacking import DeliveredFile
from processors.verdicts import verdict_on
from validators import Judgement, Known, Table
from validators.findings import Finding, as_frame, joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A report on files that were only judged, and the tables it speaks about."""

    report: Report
    tables: Mapping[TableName, Table]


def check(files: Sequence[DeliveredFile], profile: Profile | None = None, advance: Advance = nobody_watches) -> Checked:
    """Judge files by themselves. Without a profile: the schools that are found, UTC, US phones, and it says so."""
    profile = profile or ASSUMED
    found = _read(files, profile, advance)
    judgement = judge_set(found, profile, Known())
    if profile is ASSUMED:
        judgement = _saying(judgement, Finding(code="profile.assumed"))
    report = Report(
        verdict=verdict_on(judgement, None),
        judgement=judgement,
        time_zone=profile.time_zone.key,
        language=profile.report.language,
    )
    return Checked(report=report, tables=found.tables)


def check_against(
    home: Home, profile: Profile, files: Sequence[DeliveredFile], advance: Advance = nobody_watches
) -> Checked:
    """Judge files and say what they would change in a district's roster if they came now; nothing is written."""
    found = _read(files, profile, advance)
    with open_store(home.store_db) as store:
        before = people.baseline(store, profile.id)
        night = looked_at(home, store, profile.id, found, profile, before, now=datetime.now(UTC))
        judgement = judge_set(found, profile, replace(known_to(store, profile.id), night=night))
        decided = decide(store, judgement, profile, before, test=True)
    report = Report(
        verdict=decided.verdict,
        judgement=judgement,
        district=profile.id,
        district_name=profile.name,
        time_zone=profile.time_zone.key,
        language=profile.report.language,
        contact=profile.report.contact,
        changes=decided.counts,
        guard=guard_in(decided.summary),
    )
    return Checked(report=report, tables=found.tables)


def _read(files: Sequence[DeliveredFile], profile: Profile, advance: Advance) -> FileSet:
    """Read the files; those of an archive are inflated into a folder that is gone when they have been read."""
    kept, found = unpacking.sorted_out(files)
    with TemporaryDirectory(prefix="rosterdrop-") as folder:
        for place, archive in enumerate(file for file in files if file.kind == "archive"):
            inside = unpacking.unpack(archive, Path(folder) / str(place))
            kept += inside.files
            found += inside.findings
        tables = [SetFile(path=file.path, file=file.name, table=file.table) for file in kept if file.table]
        return read_set(tables, profile, found, advance)


def _saying(judgement: Judgement, finding: Finding) -> Judgement:
    return replace(judgement, findings=joined([judgement.findings, as_frame([finding])]))
