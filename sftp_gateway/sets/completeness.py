"""When the files of a drop are a complete set (INTERFACES, "What a batch is made of"): values in, an answer out.

Signals, strongest first (reference 3.2), and only of what came since the last batch, because a batch takes its signals
along with its files:

1. **A manifest.** One that is kept says that the set is whole: it is taken after the settle time, whatever is expected.
   One that is contradicted, or that nobody can read, holds the set back until files or manifest are mended.
2. **A trigger file.** It speaks for the files that came before it and are still the newest of their name: it must be
   newer than all of them. One that came first, as parallel clients send it, or that is followed by another file, says
   nothing; the set then goes by what is expected. One alone promises tables that nobody sent, unless it came late: a
   batch has just taken the files that it speaks for. `users.csv.done`, where the profile's pattern has a wildcard,
   speaks for that file alone, and clients close files properly anyway: it says nothing of the set.
3. **A ZIP** that brings all that is expected. It competes with the loose files; the newest complete one wins. One that
   nobody will inflate counts as complete, and one with no table in it does where no other file brings one: their batch
   says at once what is wrong with them.
   So do Clever's own files, which make the tables together and only so. A guardians.csv may come with them.
4. **The expected set**, once its session has ended or all is quiet.
5. **Repaired rows**, which are about the last batch's files and whole by themselves. Beside tables or a ZIP they do not
   count: those make a newer batch than the one that was repaired.
6. **Quiet**, where the rest can be carried.

Nothing is taken while an upload is open, or while a table or a manifest that was cut off has not come again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import Final, Literal

from config.clever_files import clever_file_of, tables_of
from config.contents import Content
from config.profiles import Arrival as ArrivalRule
from config.tables import ALONGSIDE, TableName, table_of
from sftp_gateway.names import blocked_by, final_name, folded, is_archive, is_manifest, is_temporary, tells_by_header
from sftp_gateway.receiving import ArrivedFile, FileKind, Mismatch
from sftp_gateway.sets.manifests import Judged, Manifest, by_name, file_for, judged

_WILDCARDS: Final = "*?["
_BESIDE_CLEVER: Final[frozenset[TableName]] = ALONGSIDE | {"guardians"}
_SPEAKS_BACK: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What is known of the inside of new files, by their generation.

    Attributes:
        manifests: what has the name of one; None where it makes no sense as one.
        archives: the tables that a ZIP brings; None where nobody will inflate it, so that the batch must say why.
        contents: what a CSV file holds instead of a table.
        sha256: hashes, in hex, as far as a manifest made us ask for them.
    """

    manifests: Mapping[int, Manifest | None] = field(default_factory=dict)
    archives: Mapping[int, frozenset[TableName] | None] = field(default_factory=dict)
    contents: Mapping[int, Content | None] = field(default_factory=dict)
    sha256: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropState:
    """What is known of a drop at one moment.

    `new` holds the newest generation of each name that no batch has taken; `interrupted` the names whose upload was
    cut off and has not come again; `last_event_s` stands on the same clock as `now_s` of `next_step`.
    """

    new: tuple[ArrivedFile, ...] = ()
    interrupted: frozenset[str] = frozenset()
    open_handles: int = 0
    last_taken_at: datetime | None = None
    session_ended: bool = True
    last_event_s: float = 0.0
    inside: Inside = field(default_factory=Inside)


@dataclass(frozen=True, slots=True)
class Take:
    """The set is complete."""

    files: tuple[ArrivedFile, ...]
    carried: frozenset[TableName] = frozenset()


@dataclass(frozen=True, slots=True)
class Wait:
    """The set is not complete; look again after so many seconds, or when something happens where None.

    `broken` names the signal that says that the set is whole although it is not, once nobody is mending it any more.
    """

    seconds: float | None = None
    broken: Literal["manifest", "trigger"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What came since the last batch, seen as one set.

    Attributes:
        files: all of it, each with its kind, in the order it came; what is not taken is `unexpected`.
        tables: what the set brings.
        signal: the strongest thing that says that it is whole.
        mismatches: what is wrong by a manifest; while there are any, nothing is taken.
    """

    files: tuple[ArrivedFile, ...]
    tables: frozenset[TableName]
    signal: Literal["manifest", "trigger", "archive"] | None = None
    mismatches: tuple[Mismatch, ...] = ()

    @property
    def mark(self) -> str:
        """The same text for the same set, also after a restart; no name of a file can be read in it."""
        files = [(file.generation, file.kind, file.unexpected) for file in self.files]
        told = json.dumps([files, sorted(self.tables), self.signal, [astuple(one) for one in self.mismatches]])
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A ZIP, all loose tables together, or Clever's files: what competes for being the set."""

    files: tuple[ArrivedFile, ...]
    tables: frozenset[TableName]
    newest: int


def next_step(drop: DropState, rule: ArrivalRule, carriable: frozenset[TableName], now_s: float) -> Take | Wait:
    """Whether the set is to be taken now.

    Args:
        drop: what is known of the drop.
        rule: when a set of this district is complete.
        carriable: tables that the last judged batch can lend right now.
        now_s: the moment, on the clock of `drop.last_event_s`.
    """
    found = gathered(drop, rule)
    missing = frozenset(rule.expected) - found.tables
    if drop.open_handles or _has_unread(drop):
        return Wait()
    if broken := _broken(found, missing, carriable, drop.last_taken_at):
        left_s = drop.last_event_s + max(rule.partial_quiet_s, rule.settle_s) - now_s
        return Wait(left_s) if left_s > 0 else Wait(broken=broken)
    if not found.tables or _is_blocked(drop, found):
        return Wait()
    quiet_left_s = drop.last_event_s + _quiet_needed_s(drop, rule, found, missing) - now_s
    if quiet_left_s > 0:
        return Wait(quiet_left_s)
    if found.signal == "manifest":  # its sender says that no more comes: the batch tells what that leaves out
        return Take(found.files, missing & carriable)
    return Take(found.files, missing) if missing <= carriable else Wait()


def gathered(drop: DropState, rule: ArrivalRule) -> Gathered:
    """What came since the last batch, seen as one set."""
    files = [_of_kind(file, rule, drop.inside) for file in drop.new if not is_temporary(file.name)]
    manifests = [read for file in files if (read := drop.inside.manifests.get(file.generation))]
    verdicts = [(manifest, judged(manifest, files, drop.inside.sha256)) for manifest in manifests]
    chosen = _chosen(_candidates(files, rule, drop.inside, manifests), rule)
    taken = frozenset(file.generation for file in chosen.files)
    return Gathered(
        files=tuple(
            replace(file, unexpected=file.kind not in {"manifest", "trigger"} and file.generation not in taken)
            for file in sorted(files, key=attrgetter("generation"))
        ),
        tables=chosen.tables,
        signal=_signal(chosen, files, verdicts, rule),
        mismatches=tuple(mismatch for _, verdict in verdicts for mismatch in verdict.mismatches),
    )


def _has_unread(drop: DropState) -> bool:
    """Whether something came that must be looked into before anybody decides; its arrival leads to the next look."""
    known = drop.inside.manifests.keys() | drop.inside.archives.keys() | drop.inside.contents.keys()
    telling = (is_manifest, is_archive, tells_by_header)
    return any(file.generation not in known and any(tells(file.name) for tells in telling) for file in drop.new)


def _is_blocked(drop: DropState, found: Gathered) -> bool:
    """Whether a file of the set was cut off; one of Clever's names stands for something else beside other tables."""
    is_clever = any(file.kind == "clever" for file in found.files)
    return bool(blocked_by(drop.interrupted)) or (
        is_clever and any(clever_file_of(final_name(name)) for name in drop.interrupted)
    )


def _broken(
    found: Gathered, missing: frozenset[TableName], carriable: frozenset[TableName], last_taken_at: datetime | None
) -> Literal["manifest", "trigger"] | None:
    if found.mismatches:
        return "manifest"
    if found.signal != "trigger" or missing <= carriable or (not found.tables and _came_late(found, last_taken_at)):
        return None
    return "trigger"


def _came_late(found: Gathered, last_taken_at: datetime | None) -> bool:
    """Whether a trigger without tables speaks for what a batch took shortly before it."""
    newest = max(file.arrived_at for file in found.files if file.kind == "trigger")
    return last_taken_at is not None and newest < last_taken_at + _SPEAKS_BACK


def _of_kind(file: ArrivedFile, rule: ArrivalRule, inside: Inside) -> ArrivedFile:
    kind = _kind_of(file, rule, inside)
    return replace(file, kind=kind, table=None if kind in {"repair", "clever"} else file.table)


def _kind_of(file: ArrivedFile, rule: ArrivalRule, inside: Inside) -> FileKind:
    if content := inside.contents.get(file.generation):
        return content
    if file.table:
        return "table"
    if inside.manifests.get(file.generation):
        return "manifest"
    if is_archive(file.name):
        return "archive"
    return "trigger" if fnmatchcase(folded(file.name), folded(rule.trigger)) else "other"


def _candidates(
    files: Sequence[ArrivedFile], rule: ArrivalRule, inside: Inside, manifests: Iterable[Manifest]
) -> list[_Candidate]:
    """What may be the set; where one of our manifests names a ZIP or tables, only those."""
    tables = _uncontested([file for file in files if file.kind == "table"], manifests)
    loose = frozenset(file.table for file in tables if file.table) - ALONGSIDE
    of_clever = _of_clever(files, tables)
    is_apart = loose and not (of_clever and loose <= _BESIDE_CLEVER)
    found = [*of_clever, *([_Candidate(tuple(tables), loose, _newest(tables))] if is_apart else [])]
    for file in files:
        if file.kind == "archive":
            brings = inside.archives.get(file.generation, frozenset())
            whole = frozenset(rule.expected) if brings is None else brings
            found.append(_Candidate((file,), whole, file.generation))
    named = {file.generation for manifest in manifests if manifest.is_ours for file in _named_by(manifest, files)}
    promised = [one for one in found if any(file.generation in named for file in one.files)]
    return [one for one in promised or found if one.files] or _repairs(files, rule)


def _of_clever(files: Sequence[ArrivedFile], tables: Sequence[ArrivedFile]) -> list[_Candidate]:
    """All files of Clever's together, and those that may come with them."""
    of_clever = [file for file in files if file.kind == "clever"]
    beside = [file for file in tables if file.table in _BESIDE_CLEVER]
    named = {which for file in of_clever if (which := clever_file_of(file.name))}
    brought = tables_of(named) | {file.table for file in beside if file.table} - ALONGSIDE
    return [_Candidate((*of_clever, *beside), brought, _newest((*of_clever, *beside)))] if of_clever else []


def _repairs(files: Sequence[ArrivedFile], rule: ArrivalRule) -> list[_Candidate]:
    """All repaired rows together: with the files that they are about they are a whole set."""
    repairs = tuple(file for file in files if file.kind == "repair")
    return [_Candidate(repairs, frozenset(rule.expected), _newest(repairs))] if repairs else []


def _uncontested(tables: Sequence[ArrivedFile], manifests: Iterable[Manifest]) -> list[ArrivedFile]:
    """Of two names for one table the one that a manifest of ours means; without one both, so that the batch refuses."""
    meant = {
        file.table: file.generation
        for manifest in manifests
        if manifest.is_ours
        for file in _named_by(manifest, tables)
    }
    return [file for file in tables if meant.get(file.table, file.generation) == file.generation]


def _named_by(manifest: Manifest, files: Sequence[ArrivedFile]) -> list[ArrivedFile]:
    named = by_name(files)
    return [file for promise in manifest.promises if (file := file_for(promise, named))]


def _chosen(candidates: Sequence[_Candidate], rule: ArrivalRule) -> _Candidate:
    """The newest one that is whole, else the newest.

    A ZIP with no table in it is whole where there is nothing else.
    """
    expected = frozenset(rule.expected)
    archives = [replace(one, tables=expected) for one in candidates if one.files[0].kind == "archive"]
    bringing = [one for one in candidates if one.tables] or archives or candidates
    whole = [one for one in bringing if expected <= one.tables]
    return max(whole or bringing, key=attrgetter("newest"), default=_Candidate((), frozenset(), 0))


def _signal(
    chosen: _Candidate, files: Sequence[ArrivedFile], verdicts: Iterable[tuple[Manifest, Judged]], rule: ArrivalRule
) -> Literal["manifest", "trigger", "archive"] | None:
    missing = frozenset(rule.expected) - chosen.tables
    if any(verdict.satisfied and _tells_whole(manifest, chosen, missing) for manifest, verdict in verdicts):
        return "manifest"
    if any(file.generation > chosen.newest for file in files if file.kind == "trigger" and _is_of_set(file, rule)):
        return "trigger"
    is_archive = any(file.kind == "archive" and file.by_gateway for file in chosen.files)
    return "archive" if is_archive and not missing else None


def _tells_whole(manifest: Manifest, chosen: _Candidate, missing: frozenset[TableName]) -> bool:
    """OneRoster's speaks of some tables and of no file's content: what came by other means may still grow."""
    seen_whole = manifest.is_ours or all(file.by_gateway for file in chosen.files)
    return seen_whole and missing <= manifest.speaks_of


def _is_of_set(trigger: ArrivedFile, rule: ArrivalRule) -> bool:
    """Whether a trigger speaks of the set; one that is called after a single table's file does not."""
    after = trigger.name.rpartition(".")[0]
    named_one = table_of(after) or table_of(f"{after}.csv")
    return named_one is None or not any(sign in rule.trigger for sign in _WILDCARDS)


def _newest(files: Iterable[ArrivedFile]) -> int:
    return max((file.generation for file in files), default=0)


def _quiet_needed_s(drop: DropState, rule: ArrivalRule, found: Gathered, missing: frozenset[TableName]) -> float:
    if found.signal:
        return rule.settle_s
    if missing:
        return max(rule.partial_quiet_s, rule.settle_s)
    # Of files that came by other means nobody told us that they are whole; only quiet can.
    told = drop.session_ended and all(file.by_gateway for file in found.files if not file.unexpected)
    return rule.settle_s if told else max(rule.quiet_s, rule.settle_s)
