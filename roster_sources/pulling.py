"""A pull: one walk through a source, and the OneRoster files that it ends as."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import polars as pl

from config.profiles import Profile, Source, SourceKind
from processors.unpacking import ANSWERS
from roster_sources import classlink, clever, clever_tables, oneroster, oneroster_tables, remote_sftp
from roster_sources.answers import Answers, kept
from roster_sources.asking import PATIENT, Keep, Patience
from roster_sources.facts import (
    Facts,
    missing_teachers,
    require_most,
    require_plausible,
    require_same_district,
    standing,
    stillness,
)
from roster_sources.failures import PullFailed
from roster_sources.pages import Form, Page, read_page
from roster_sources.roster_files import RosterFiles
from validators.findings import Finding

_WALKS: Final = 3  # of a source that changes meanwhile (clever-classlink E 10)

Advance = Callable[[str, int], None]
"""Is told how many records of a collection came, by who watches a long work."""


def nobody_watches(_collection: str, _records: int) -> None:
    """Nothing is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a pull brought.

    Attributes:
        files: the OneRoster files.
        answers: what the source answered, without secrets; None where it gave the files themselves.
        findings: what there is to say beside what the files show.
        facts: what the source told of itself, for the next pull; None where kept answers were read anew.
        overruled: the findings for which the pull would have failed, had it not been asked for anyway.
    """

    files: tuple[Path, ...]
    answers: Path | None
    findings: tuple[Finding, ...]
    facts: Facts | None
    overruled: tuple[str, ...] = ()


class _Collected(Protocol):
    def form(self, collection: str) -> Form:
        """What is read of the pages of a collection."""

    def keep(self, collection: str, records: pl.DataFrame) -> None:
        """Take the records of one page."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How rosters of one kind are fetched: the walk, what collects its pages, and what these mean."""

    walk: Callable[[Profile, Callable[[str], Form], Keep, str | None, Patience], Facts]
    collect: Callable[[Profile], _Collected]
    files: Callable[[Any, Profile], RosterFiles]
    collections: Collection[str]


def _walk_clever(
    profile: Profile, form: Callable[[str], Form], keep: Keep, known: str | None, patience: Patience
) -> Facts:
    guardians = profile.source.guardians
    return clever.walk(profile.clever, form, keep, guardians=guardians, known=known, patience=patience)


def _walk_server(
    profile: Profile, form: Callable[[str], Form], keep: Keep, known: str | None, patience: Patience
) -> Facts:
    demographics = bool(profile.oneroster.guardian_columns) and profile.source.guardians
    server = _server_of(profile, patience)
    return oneroster.walk(server, form, keep, demographics=demographics, known=known, patience=patience)


def _server_of(profile: Profile, patience: Patience) -> oneroster.Server:
    """The OneRoster server of a district, behind ClassLink's proxy or not."""
    if profile.source.kind == "classlink":
        return classlink.server_of(profile.classlink, patience)
    return oneroster.server_of(profile.oneroster, patience)


def _files_of_server(collected: oneroster_tables.Collected, profile: Profile) -> RosterFiles:
    return oneroster_tables.files_of(collected, profile.source, profile.guardians, profile.reading)


_CLEVER: Final = _Way(
    walk=_walk_clever,
    collect=lambda _: clever_tables.Collected(),
    files=lambda collected, profile: clever_tables.files_of(collected, profile.clever, profile.source),
    collections=clever_tables.COLLECTIONS,
)
_SERVER: Final = _Way(
    walk=_walk_server,
    collect=lambda profile: oneroster_tables.Collected(profile.oneroster),
    files=_files_of_server,
    collections=oneroster_tables.COLLECTIONS,
)
_WAYS: Final[Mapping[SourceKind, _Way]] = {"clever": _CLEVER, "classlink": _SERVER, "oneroster": _SERVER}


def look(profile: Profile, patience: Patience = PATIENT) -> dict[str, str]:
    """What the source of a district tells, without fetching its roster: what to ask for, and the answer.

    Raises:
        PullFailed: it does not let us in, or has nothing.
        NoSecret: the token is not where the profile says.
    """
    match profile.source.kind:
        case "clever":
            return clever.look(profile.clever, patience=patience)
        case "sftp":
            return remote_sftp.look(profile.remote_sftp, patience=patience)
        case _:
            return oneroster.look(_server_of(profile, patience), patience=patience)


def pull(
    profile: Profile,
    into: Path,
    *,
    before: Facts | None = None,
    only_new: bool = False,
    anyway: bool = False,
    today: date | None = None,
    patience: Patience = PATIENT,
    advance: Advance = nobody_watches,
) -> Pulled:
    """Fetch a district's roster and write it as files into an empty folder.

    Args:
        profile: whose, and from where.
        into: the folder.
        before: what the source told at the last pull that was taken.
        only_new: whether nothing is read where the source tells that nothing changed since.
        anyway: whether it is taken where it lacks what the last one had, is older, or half of it is not shared.
        today: in the district's time zone; the clock's day where none is given.
        patience: how long the source is waited for.
        advance: who watches.

    Raises:
        PullFailed: nothing can be taken; what Connect has stays.
        NothingNew: the source rests, or tells that nothing changed.
        NoSecret: the token is not where the profile says.
    """
    settings = _settings_of(profile)
    known = before.version if before and only_new and before.settings == settings else None
    for walk in range(1, _WALKS + 1):
        try:
            if profile.source.kind == "sftp":
                pulled = _fetch(profile, into, known, patience)
            else:
                pulled = _pull_once(profile, into, before, known, anyway=anyway, patience=patience, advance=advance)
            return _beside_earlier(pulled, before, profile.source, today or datetime.now(profile.time_zone).date())
        except PullFailed as failed:
            if failed.code != "source.changed" or walk == _WALKS:
                raise
    raise AssertionError  # the last walk ends by files or by an exception


def _fetch(profile: Profile, into: Path, known: str | None, patience: Patience) -> Pulled:
    files, facts = remote_sftp.fetch(
        profile.remote_sftp, into, known=known, quiet_s=profile.arrival.quiet_s, patience=patience
    )
    facts = replace(facts, settings=_settings_of(profile), kind=profile.source.kind)
    return Pulled(files=tuple(files), answers=None, findings=(), facts=facts)


def _pull_once(
    profile: Profile,
    into: Path,
    before: Facts | None,
    known: str | None,
    *,
    anyway: bool,
    patience: Patience,
    advance: Advance,
) -> Pulled:
    way = _WAYS[profile.source.kind]
    collected = way.collect(profile)
    path = into / ANSWERS
    with Answers(path) as answers:

        def keep(collection: str, page: Page) -> None:
            answers.keep(collection, page.body)
            collected.keep(collection, page.records)
            advance(collection, page.records.height)

        told = way.walk(profile, collected.form, keep, known, patience)
        facts = replace(told, settings=_settings_of(profile), kind=profile.source.kind)
    doubts = _doubts(lambda: require_same_district(facts, before), anyway=anyway)
    doubts += _doubts(lambda: require_plausible(facts, before), anyway=anyway)
    roster = way.files(collected, profile)
    facts = replace(facts, memberships=roster.memberships)
    named = profile.schools is not None
    doubts += _doubts(lambda: require_most(facts, before, schools_named=named), anyway=anyway)
    doubts += _doubts(roster.require_shared, anyway=anyway)
    return replace(_written(roster, into, path, facts, before), overruled=tuple(doubts))


def _doubts(require: Callable[[], None], *, anyway: bool) -> list[str]:
    """What speaks against a pull; where nobody overrules it, the pull fails of it.

    Raises:
        PullFailed: so it does.
    """
    try:
        require()
    except PullFailed as failed:
        if not anyway:
            raise
        return [failed.code]
    return []


def _beside_earlier(pulled: Pulled, before: Facts | None, source: Source, today: date) -> Pulled:
    """What a pull brought, with what there is to say of it beside those before."""
    if pulled.facts is None:
        return pulled
    facts = standing(replace(pulled.facts, fingerprint=_fingerprint(pulled.files)), before, today)
    found = (*stillness(facts, source, today), *missing_teachers(facts, before))
    return replace(pulled, facts=facts, findings=(*pulled.findings, *found))


def _fingerprint(files: Sequence[Path]) -> str:
    """Tells apart what files hold, whatever their order."""
    whole = hashlib.sha256()
    for path in sorted(files):
        with path.open("rb") as file:
            whole.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _settings_of(profile: Profile) -> str:
    """Other settings may make another roster of the same data, whichever of them it is."""
    return hashlib.sha256(repr(profile).encode()).hexdigest()[:16]


class OtherSource(Exception):
    """Answers are of another kind of source than the one of the profile."""

    exit_code = 2

    def __init__(self, kind: SourceKind) -> None:
        super().__init__(
            f"these answers are not of {kind}, which is source.kind now; set it to the kind that gave them"
        )


def replay(profile: Profile, answers: Path, into: Path) -> Pulled:
    """Read the kept answers of an earlier pull anew, with what the profile says now.

    Raises:
        PullFailed: they do not make a roster.
        OtherSource: the profile names another kind of source.
    """
    way = _WAYS.get(profile.source.kind)
    if way is None:
        raise OtherSource(profile.source.kind)
    collected = way.collect(profile)
    for collection, body in kept(answers):
        if collection not in way.collections:
            raise OtherSource(profile.source.kind)
        collected.keep(collection, read_page(body, collected.form(collection)).records)
    roster = way.files(collected, profile)
    roster.require_shared()
    return _written(roster, into, answers, None, None)


def _written(roster: RosterFiles, into: Path, answers: Path, facts: Facts | None, before: Facts | None) -> Pulled:
    findings = [*roster.found()]
    if facts and facts.trouble:
        findings.append(Finding(code="source.trouble", detail=facts.trouble))
    if roster.guardians is not None and roster.guardians.is_empty():  # an empty file would say that all left (E 5)
        roster = roster.without_guardians()
    if facts and before and before.counts.get("contacts") and not facts.counts.get("contacts", 1):
        findings.append(Finding(code="source.contacts_hidden", count=before.counts["contacts"]))
        facts = replace(facts, counts={**facts.counts, "contacts": before.counts["contacts"]})  # said every night
    facts = facts and replace(facts, teachers=roster.users.filter(role="teacher").height)
    return Pulled(files=tuple(roster.write(into)), answers=answers, findings=tuple(findings), facts=facts)
