"""What was delivered, sorted: what counts, what only came beside it, and the files of an archive."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal

from config.clever_files import KEPT_PREFIX, clever_file_of
from config.contents import START_BYTES, content_of
from config.profiles import Arrival
from config.tables import TABLES, TableName, file_of, table_of
from processors.archives import WITHOUT_RESERVE, Limits, Refusal, inflate
from validators.catalogue.entries import rejecting
from validators.finding import Finding

FileKind = Literal["table", "archive", "repair", "clever", "manifest", "trigger", "answers", "other"]
"""What a file is in its set: a table's CSV, a ZIP, repaired rows, one of Clever's, what says that the set is whole,
what a source answered, or none of these."""

ANSWERS: Final = "rosterdrop-answers.jsonl.gz"
"""What the source of a roster answered, kept with the batch that was made of it."""

_OUR_MANIFEST: Final = "rosterdrop-manifest.json"
_REPAIR: Final = re.compile(r"rosterdrop-repair-\d+\.csv")
_ONEROSTER_MANIFEST: Final = "manifest.csv"
_MANIFESTS: Final = frozenset({_ONEROSTER_MANIFEST, _OUR_MANIFEST})
_MOST_OF_A_MANIFEST: Final = 1 << 20  # bytes


# `users.txt`, `users_20260301.csv`, `Users (1).csv`, `users.csv.txt`.
_NAMED_LIKE: Final = re.compile(
    rf"(?P<table>{'|'.join(TABLES)})(?:[ _.-]*[\d(][\w ().:-]*)?(?:\.csv)?\.(?:csv|txt|tsv|tab|dat)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredFile:
    """One file that was delivered.

    Attributes:
        path: where it lies.
        name: as delivered.
        kind: what it is in its set.
        table: what it is taken as; None where nothing takes it.
        generation: tells apart the files that came one after the other under one name; files of an archive have its.
        arrived: when it came, aware, UTC.
        unexpected: whether it only came beside what counts: a newer file or archive has its place, or nothing takes it.
        link: whether it may be linked, because nobody ever writes to this inode again; otherwise it is copied.
        seen: size, inode and mtime (ns) when the set was found complete; None where nobody looked before.
        carried_from: the batch that it was carried from when it is run again.
    """

    path: Path
    name: str
    kind: FileKind
    table: TableName | None
    generation: str
    arrived: datetime
    unexpected: bool = False
    link: bool = False
    seen: tuple[int, int, int] | None = None
    carried_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """The files of an archive, and what there is to say about it; no files where it is refused."""

    files: tuple[DeliveredFile, ...]
    findings: tuple[Finding, ...]


def kind_of(name: str, *, trigger: str = Arrival().trigger) -> FileKind:
    """What a file is by its name alone, where no gateway has told; `trigger` is the profile's pattern."""
    folded = name.casefold()
    told: Mapping[FileKind, bool] = {
        "table": table_of(name) is not None,
        "archive": folded.endswith(".zip"),
        "repair": _REPAIR.fullmatch(folded) is not None,
        "clever": folded.startswith(KEPT_PREFIX) and clever_file_of(folded) is not None,
        "answers": folded == ANSWERS,
        "manifest": folded in _MANIFESTS,
        "trigger": fnmatchcase(folded, trigger.casefold()),
    }
    return next((kind for kind, is_so in told.items() if is_so), "other")


def seen_as(path: Path, *, trigger: str = Arrival().trigger) -> tuple[FileKind, TableName | None]:
    """What a file is by its name and its first line, and the table that it is taken as."""
    with path.open("rb") as file:
        content = content_of(path.name, file.read(START_BYTES))
    if content is not None:
        return content, None
    return kind_of(path.name, trigger=trigger), table_of(path.name)


def is_refused(found: Iterable[Finding]) -> bool:
    """Whether delivered files bring nothing, whatever is in them."""
    return any(finding.code in rejecting("batch") for finding in found)


def sorted_out(files: Sequence[DeliveredFile]) -> tuple[list[DeliveredFile], list[Finding]]:
    """The files that a batch keeps, and what there is to say about the others.

    What a newer archive or file has taken the place of is named and not kept.
    """
    chosen = next((file.name for file in files if file.kind == "archive" and not file.unexpected), None)
    overtaken = [file for file in files if file.unexpected and file.kind in {"table", "archive", "repair", "clever"}]
    kept = [file for file in files if file not in overtaken]
    return kept, [*_strangers(kept), *(_older(file, files, chosen) for file in overtaken), *_twice(kept)]


def repairs_among(files: Iterable[DeliveredFile]) -> list[DeliveredFile]:
    """The files of repaired rows that count."""
    return [file for file in files if file.kind == "repair" and not file.unexpected]


def kept_repair(number: int) -> str:
    """The name under which a batch keeps a repair: its own may be that of a table."""
    return f"rosterdrop-repair-{number}.csv"


def unpack(
    archive: DeliveredFile, into: Path, *, limits: Limits = WITHOUT_RESERVE, trigger: str = Arrival().trigger
) -> Unpacked:
    """Inflate a delivered archive into a new folder; its files are as if each had come by itself.

    A manifest in it does not count: who delivered it saw the archive and nothing of its inside. Ours is told, because
    its sender relies on it; OneRoster's is in each of its archives.
    """
    found = inflate(archive.path, into, limits)
    if isinstance(found, Refusal):
        return Unpacked(files=(), findings=(found.as_finding(archive.name),))
    files = tuple(_inside(archive, into / name, trigger) for name in found.names)
    skipped = [Finding(code="archive.skipped", file=archive.name, count=found.skipped)] if found.skipped else []
    return Unpacked(files=files, findings=(*skipped, *_strangers(files), *_unheeded(files), *deltas(files)))


def deltas(files: Iterable[DeliveredFile]) -> Iterator[Finding]:
    """Says which files hold changes alone by a OneRoster manifest: read as whole, they would archive everybody else.

    Source: connect-behaviour 9.3; INTERFACES, "Rule sets".
    """
    for file in files:
        if file.kind == "manifest" and file.name.casefold() == _ONEROSTER_MANIFEST:
            from validators.oneroster import manifest_in  # polars, for the few deliveries that have one

            with file.path.open("rb") as content:
                modes = manifest_in(content.read(_MOST_OF_A_MANIFEST)).modes
            if told := [file_of(table) for table in TABLES if modes.get(table) == "delta"]:
                yield Finding(code="set.delta", file=file.name, detail=", ".join(told))


def with_triggers(files: Iterable[DeliveredFile], trigger: str) -> list[DeliveredFile]:
    """Files of which nobody told that they are triggers by the profile's pattern: an old batch, a command."""
    return [
        replace(file, kind=kind_of(file.name, trigger=trigger)) if file.kind in {"trigger", "other"} else file
        for file in files
    ]


def _inside(archive: DeliveredFile, path: Path, trigger: str) -> DeliveredFile:
    kind, table = seen_as(path, trigger=trigger)
    if kind == "repair":  # rows that are repaired come by themselves; in a ZIP such a file is judged as its table
        kind, table = kind_of(path.name, trigger=trigger), table_of(path.name)
    return DeliveredFile(
        path=path,
        name=path.name,
        kind=kind,
        table=table,
        generation=archive.generation,
        arrived=archive.arrived,
        link=True,
    )


def _strangers(files: Sequence[DeliveredFile]) -> Iterator[Finding]:
    for file in files:
        if file.kind == "other":
            yield Finding(code="file.unexpected", file=file.name, hint=_meant(file.name))


def _meant(name: str) -> str | None:
    """The name that a file should have which is called like a table with another ending or a suffix (59)."""
    named = _NAMED_LIKE.fullmatch(name)
    return None if named is None else f"{named['table'].casefold()}.csv"


def _unheeded(files: Iterable[DeliveredFile]) -> Iterator[Finding]:
    for file in files:
        if file.name.casefold() == _OUR_MANIFEST:
            yield Finding(code="file.unexpected", file=file.name)


def _older(file: DeliveredFile, files: Sequence[DeliveredFile], archive: str | None) -> Finding:
    """Names what took the place of a file: the archive, or the newer file for its table; of repairs the whole set."""
    if file.kind == "repair":
        return Finding(code="repair.overtaken", file=file.name)
    table = table_of(file.name)
    newer = next((other.name for other in files if other.table == table and not other.unexpected and table), None)
    return Finding(code="file.overtaken", file=file.name, detail=archive or newer)


def _twice(files: Sequence[DeliveredFile]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for file in files:
        taken_as = file.table or (clever_file_of(file.name) if file.kind == "clever" else None)
        if taken_as is None:
            continue
        if taken_as in first:
            yield Finding(code="file.twice", file=file.name, detail=first[taken_as])
        first.setdefault(taken_as, file.name)
