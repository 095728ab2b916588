"""What a manifest says of the files of its set, and whether it is so: values in, values out.

Two are known. `rosterdrop-manifest.json` is ours (its JSON Schema is `config/schemas/manifest.json`): names, sizes and
SHA-256 of the files. `manifest.csv` is OneRoster's (oneroster-csv 3.8): which files are in the delivery, and no more.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NoReturn

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from config.documents import schema
from config.tables import TABLES, TableName, table_of
from sftp_gateway.names import OUR_MANIFEST, folded, is_sound
from sftp_gateway.receiving import ArrivedFile, Fault, Mismatch

LARGEST: Final = 1024**2
_MOST_FILES: Final = 500  # as in the schema of ours: every look at a drop compares each of them

_DELIVERED: Final = frozenset({"bulk", "delta"})
_MODES: Final = _DELIVERED | {"absent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a manifest says of one file; `size` and `sha256` (lower case) where it says them."""

    name: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest, read.

    Attributes:
        name: as delivered.
        promises: the files of the set.
        speaks_of: tables of which it says whether they come; where another one is missing it tells nothing of the
            whole. Ours names all that comes, so it speaks of every table.
        fault: what is wrong where it cannot be read; such a manifest is never satisfied.
    """

    name: str
    promises: tuple[Promise, ...] = ()
    speaks_of: frozenset[TableName] = frozenset(TABLES)
    fault: Mismatch | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it describes the content of files, and not their presence alone."""
        return folded(self.name) == OUR_MANIFEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Whether a manifest is kept: `satisfied`, contradicted by `mismatches`, or neither: then it tells nothing yet."""

    satisfied: bool
    mismatches: tuple[Mismatch, ...] = ()


def parsed(name: str, content: bytes) -> Manifest | None:
    """A manifest, read from no more than `LARGEST` + 1 bytes.

    One of ours that cannot be read holds its set back and is told: its sender promised something, and nobody knows
    what. A manifest.csv is written by systems that know nothing of us; None where it makes no sense as one: it is then
    a file like any other that nothing takes, and the next report names it.
    """
    return _our_parsed(name, content) if folded(name) == OUR_MANIFEST else _oneroster_parsed(name, content)


def unhashed(manifests: Iterable[Manifest], files: Sequence[ArrivedFile]) -> tuple[ArrivedFile, ...]:
    """The files whose SHA-256 a manifest names and whose size is right, so that only the hash can tell."""
    promises = [promise for manifest in manifests for promise in manifest.promises if promise.sha256]
    named = by_name(files)
    found = [(promise, file_for(promise, named)) for promise in promises]
    return tuple(file for promise, file in found if file and file.size == promise.size)


def judged(manifest: Manifest, files: Sequence[ArrivedFile], sha256: Mapping[int, str]) -> Judged:
    """Whether what a manifest says is so.

    Of a OneRoster manifest only a table that is missing is held against the set: exports name files that Connect does
    not ask for, and their senders leave those at home.

    Args:
        manifest: what it says.
        files: what has come since the last batch, temp names left out.
        sha256: hashes by generation; where one is not known yet nothing is said of it.
    """
    if manifest.fault:
        return Judged(satisfied=False, mismatches=(manifest.fault,))
    kept, mismatches = True, []
    named = by_name(files)
    for promise in manifest.promises:
        file = file_for(promise, named)
        mismatch = _mismatch(manifest, promise, file, sha256.get(file.generation) if file else None)
        if mismatch and (manifest.is_ours or table_of(promise.name)):
            mismatches.append(mismatch)
        unknown = bool(file and promise.sha256 and file.generation not in sha256)
        kept = kept and mismatch is None and not unknown
    return Judged(satisfied=kept, mismatches=tuple(mismatches))


def by_name(files: Iterable[ArrivedFile]) -> Mapping[str, Sequence[ArrivedFile]]:
    """Files by what their names have in common: a drop may hold ten thousand, and a manifest name hundreds."""
    named: dict[str, list[ArrivedFile]] = {}
    for file in files:
        named.setdefault(folded(file.name), []).append(file)
    return named


def file_for(promise: Promise, named: Mapping[str, Sequence[ArrivedFile]]) -> ArrivedFile | None:
    """The file that a promise means: the one with just this name, else the newest whose name differs in case only."""
    alike = named.get(folded(promise.name), ())
    return max(alike, key=lambda file: (file.name == promise.name, file.generation), default=None)


def _mismatch(manifest: Manifest, promise: Promise, file: ArrivedFile | None, sha256: str | None) -> Mismatch | None:
    def about(fault: Fault, promised: int | str | None, found: int | str | None) -> Mismatch:
        return Mismatch(manifest=manifest.name, file=promise.name, fault=fault, promised=promised, found=found)

    if file is None:
        return about("missing", promise.size, None)
    if promise.size is not None and file.size != promise.size:
        return about("size", promise.size, file.size)
    if promise.sha256 and sha256 and sha256 != promise.sha256:
        return about("sha256", promise.sha256, sha256)
    return None


# Ours.


def _our_parsed(name: str, content: bytes) -> Manifest:
    if len(content) > LARGEST:
        return _unreadable(name, "too_large")
    try:
        # UTF-8 or, as PowerShell writes it, UTF-16; both with or without a byte-order mark.
        document = json.loads(content, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _unreadable(name, "not_json")
    error = best_match(_validator().iter_errors(document))
    if error is not None:
        return _unreadable(name, "schema", str(error.json_path))
    promises = tuple(_promise(entry) for entry in document["files"])
    if unsound := _first_unsound(promises):
        return _unreadable(name, "schema", unsound)
    return Manifest(name=name, promises=promises)


def _promise(entry: Mapping[str, Any]) -> Promise:
    sha256 = entry.get("sha256")
    return Promise(name=entry["name"], size=entry["size"], sha256=sha256.lower() if sha256 else None)


def _first_unsound(promises: Sequence[Promise]) -> str | None:
    """What the schema cannot say: names that no file of a drop can have, and one file named twice."""
    seen = {OUR_MANIFEST}
    for number, promise in enumerate(promises):
        if not is_sound(promise.name) or folded(promise.name) in seen:
            return f"$.files[{number}].name"
        seen.add(folded(promise.name))
    return None


def _refuse(text: str) -> NoReturn:
    """JSON Schema counts 12.0 as a whole number; a size is written without a point."""
    raise ValueError(text)


def _unreadable(name: str, fault: Fault, found: str | None = None) -> Manifest:
    return Manifest(name=name, fault=Mismatch(manifest=name, file=name, fault=fault, found=found))


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema("manifest"))


# OneRoster's.


def _oneroster_parsed(name: str, content: bytes) -> Manifest | None:
    if len(content) > LARGEST:
        return None
    try:
        modes = dict(_file_modes(csv.reader(content.decode("utf-8-sig").splitlines(), strict=True)))
    except (UnicodeDecodeError, csv.Error):
        return None
    if len(modes) > _MOST_FILES:
        return None
    speaks_of = frozenset(table for file in modes if (table := table_of(file)))
    promised = tuple(Promise(name=file) for file, mode in modes.items() if mode in _DELIVERED)
    return Manifest(name=name, promises=promised, speaks_of=speaks_of) if speaks_of else None


def _file_modes(rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """The rows `file.users,bulk` as `users.csv`, `bulk`; of rows that are about something else nothing is said."""
    for row in rows:
        cells = [cell.strip() for cell in row]
        if len(cells) == 2 and cells[0].startswith("file.") and cells[1].casefold() in _MODES:
            yield f"{cells[0].removeprefix('file.')}.csv", cells[1].casefold()
