"""`check`: files judged offline, with the engine of the service; nothing is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from config.home import Home
from config.profiles import ASSUMED, Profile
from config.tables import TableName
from connect_store import people
from connect_store.store import Store, open_store
from processors import unpacking
from processors.clever_sets import by_file, lost_staff, tables_made
from processors.contexts import known_to
from processors.file_sets import Advance, FileSet, SetFile, judge_set, nobody_watches, read_set
from processors.lending import repairable
from processors.mending import mend
from processors.nights import looked_at
from processors.pipeline import decide
from processors.repairs import Part, part_in, twice
from processors.reporting.contents import Report
from processors.summaries import findings_in, guard_in
from processors.unpacking import DeliveredFile, repairs_among
from processors.verdicts import verdict_on
from validators import Judgement, Known, Table, judge_parts
from validators.findings import Finding, as_frame, joined
from validators.judging import unjudged

_PREFIX: Final = "rosterdrop-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A report on files that were only judged, and the tables it speaks about."""

    report: Report
    tables: Mapping[TableName, Table]


def check(files: Sequence[DeliveredFile], profile: Profile | None = None, advance: Advance = nobody_watches) -> Checked:
    """Judge files by themselves. Without a profile: the schools that are found, UTC, US phones, and it says so.

    Of repaired rows only their values can be judged.
    """
    profile = profile or ASSUMED
    tables: Mapping[TableName, Table] = {}
    if repairs := repairs_among(files):
        judgement = _judged_by_themselves(repairs, profile)
    else:
        with TemporaryDirectory(prefix=_PREFIX) as folder:
            found = _read(files, profile, Path(folder), advance)
        judgement, tables = judge_set(found, profile, Known()), found.tables
    if profile is ASSUMED:
        judgement = _saying(judgement, Finding(code="profile.assumed"))
    report = Report(
        verdict=verdict_on(judgement, None),
        judgement=judgement,
        time_zone=profile.time_zone.key,
        language=profile.report.language,
    )
    return Checked(report=report, tables=tables)


def check_against(
    home: Home, profile: Profile, files: Sequence[DeliveredFile], advance: Advance = nobody_watches
) -> Checked:
    """Judge files and say what they would change in a district's roster if they came now; nothing is written.

    Raises:
        NotJudgedYet: repaired rows of a batch that is not finished.
    """
    with open_store(home.store_db) as store, TemporaryDirectory(prefix=_PREFIX) as folder:
        if repairs := repairs_among(files):
            found = _read_mended(home, store, profile, repairs, Path(folder), advance)
        else:
            lost = partial(lost_staff, home, store, profile.id, test=False)
            found = _read(files, profile, Path(folder), advance, lost)
        before = people.baseline(store, profile.id)
        night = looked_at(home, store, profile.id, found, profile, before, now=datetime.now(UTC))
        judgement = judge_set(found, profile, replace(known_to(store, profile.id), night=night))
        decided = decide(store, judgement, profile, before)
    report = Report(
        verdict=decided.verdict,
        judgement=replace(judgement, findings=joined([judgement.findings, as_frame(findings_in(decided.summary))])),
        district=profile.id,
        district_name=profile.name,
        time_zone=profile.time_zone.key,
        language=profile.report.language,
        student_id=profile.sync.student_id,
        contact=profile.report.contact,
        changes=decided.counts,
        differences=decided.differences,
        guard=guard_in(decided.summary),
    )
    return Checked(report=report, tables=found.tables)


def _judged_by_themselves(repairs: Sequence[DeliveredFile], profile: Profile) -> Judgement:
    found = [part_in(file, encoding=profile.reading.encoding, dispensable=profile.dispensable) for file in repairs]
    parts = [one for one in found if isinstance(one, Part)]
    refused = [one for one in found if isinstance(one, Finding)]
    if refused := refused or twice([(part.delivered, part.table.name) for part in parts]):
        return unjudged(as_frame(refused))
    told = as_frame([_told(part) for part in parts])
    return judge_parts(
        {part.table.name: part.table for part in parts},
        profile,
        read_findings=joined([told, *(part.findings for part in parts)]),
    )


def _told(part: Part) -> Finding:
    return Finding(
        code="repair.checked",
        file=part.table.facts.file,
        detail=part.batch,
        hint=part.delivered.name,
        count=part.table.facts.rows,
    )


def _nothing_lost(_users: Path) -> list[Finding]:
    """Nobody knows what was there before."""
    return []


def _read(
    files: Sequence[DeliveredFile],
    profile: Profile,
    folder: Path,
    advance: Advance,
    lost: Callable[[Path], list[Finding]] = _nothing_lost,
) -> FileSet:
    """Read the files; those of an archive are inflated into the folder, those that Clever's make written there."""
    kept, found = unpacking.sorted_out(files)
    found += unpacking.deltas(kept)
    for place, archive in enumerate(file for file in files if file.kind == "archive"):
        inside = unpacking.unpack(archive, folder / str(place))
        kept += inside.files
        found += inside.findings
    tables = [SetFile(path=file.path, file=file.name, table=file.table) for file in kept if file.table]
    if clever := by_file(kept):
        paths = {which: file.path for which, file in clever.items()}
        made = tables_made(paths, folder, profile, delivered={file.table for file in tables})
        tables += [SetFile(path=path, file=path.name, table=table) for table, path in made.paths.items()]
        found += [*made.findings, *(lost(made.paths["users"]) if made.paths else ())]
    return read_set(tables, profile, found, advance)


def _read_mended(
    home: Home, store: Store, profile: Profile, repairs: Sequence[DeliveredFile], folder: Path, advance: Advance
) -> FileSet:
    """Read the files of the newest batch with the repaired rows in their places, made in the folder."""
    mended = mend(home, repairable(store, profile.id, test=False), repairs, folder, profile.reading)
    tables = [
        SetFile(path=folder / file.file, file=file.file, table=file.table, carried_from=file.carried_from)
        for file in mended.files
        if file.table
    ]
    return read_set(tables, profile, mended.findings, advance)


def _saying(judgement: Judgement, finding: Finding) -> Judgement:
    return replace(judgement, findings=joined([judgement.findings, as_frame([finding])]))
