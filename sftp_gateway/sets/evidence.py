"""What the insides of new files tell about their set: manifests, directories of ZIPs, headers, hashes for a manifest.

This is the gateway's only look into files. Each generation is looked into once; all of it waits for the disk and
belongs into a thread.
"""

import hashlib
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import PurePosixPath
from typing import Final, TypeVar

from config.clever_files import tables_named
from config.contents import START_BYTES, Content, content_of
from config.tables import ALONGSIDE, TableName, table_of
from sftp_gateway.drops.arrivals import FileIdentity
from sftp_gateway.drops.drops import Drop
from sftp_gateway.drops.uploads import identity_of
from sftp_gateway.names import folded, is_archive, is_manifest, is_sound, tells_by_header
from sftp_gateway.receiving import ArrivedFile
from sftp_gateway.sets.completeness import Inside
from sftp_gateway.sets.manifests import LARGEST, Manifest, parsed, unhashed

_LARGEST_DIRECTORY: Final = 1024**2
_MOST_ENTRIES: Final = 64  # of a ZIP that may be inflated
_IS_ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000  # by password, strongly, and the directory itself
_IS_UTF8: Final = 0x0800
_IS_REPARSE_POINT: Final = 0x0400
_KINDS: Final = frozenset({0, stat.S_IFREG, stat.S_IFDIR})
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_PACKED: Final = frozenset({".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"})
# What zipfile raises at bytes that are no sound ZIP; UnicodeDecodeError is a ValueError.
_BROKEN: Final = (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError, OverflowError, IndexError)

Read = TypeVar("Read")


class Evidence:
    """What the insides of one drop's new files tell."""

    def __init__(self, drop: Drop) -> None:
        self._drop = drop
        self._inside = Inside()

    def gather(self) -> Inside:
        """Look into what is new since the last time, forget what a batch took or a newer file replaced."""
        new = self._drop.new()
        known = self._inside
        manifests = self._each(filter(_is_manifest, new), known.manifests, _manifest)
        archives = self._each(filter(_is_archive, new), known.archives, lambda _, content: tables_in(content))
        contents = self._each(filter(_tells_by_header, new), known.contents, _content)
        read = [manifest for manifest in manifests.values() if manifest]
        sha256 = self._each(unhashed(read, new), known.sha256, _sha256)
        self._inside = Inside(manifests=manifests, archives=archives, contents=contents, sha256=sha256)
        return self._inside

    def _each(
        self, files: Iterable[ArrivedFile], known: Mapping[int, Read], read: Callable[[ArrivedFile, FileIO], Read]
    ) -> dict[int, Read]:
        """What is read of each file, by its generation; one that moves meanwhile comes again as another."""
        found = {}
        for file in files:
            if file.generation in known:
                found[file.generation] = known[file.generation]
                continue
            with self._opened(file) as content:
                if content is not None:
                    found[file.generation] = read(file, content)
        return found

    @contextmanager
    def _opened(self, file: ArrivedFile) -> Iterator[FileIO | None]:
        """The file that arrived; None where another one, or none, stands in its place by now."""
        try:
            content = _Frugal(self._drop.open_for_reading((file.name,)), "rb")
        except FileNotFoundError:
            yield None
            return
        with content:
            same = identity_of(os.fstat(content.fileno())) == FileIdentity(file.size, file.inode, file.mtime_ns)
            yield content if same else None


class _Frugal(FileIO):
    """A file of which nobody reads more at once than a ZIP's directory may have: zipfile believes what a ZIP says."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LARGEST_DIRECTORY + 1:
            raise zipfile.BadZipFile
        return super().read(size)


def _is_manifest(file: ArrivedFile) -> bool:
    return is_manifest(file.name)


def _is_archive(file: ArrivedFile) -> bool:
    return is_archive(file.name)


def _tells_by_header(file: ArrivedFile) -> bool:
    return tells_by_header(file.name)


def _content(file: ArrivedFile, content: FileIO) -> Content | None:
    return content_of(file.name, content.read(START_BYTES))


def _manifest(file: ArrivedFile, content: FileIO) -> Manifest | None:
    return parsed(file.name, content.read(LARGEST + 1))


def tables_in(content: FileIO) -> frozenset[TableName] | None:
    """The tables that a ZIP brings, none where it has other things in it; None where its batch must say what is wrong.

    That is a ZIP of which the directory alone shows that nobody will inflate it: it cannot be read or has too many
    entries; one of them is encrypted, a link, packed by a rare method, an archive itself or under a name that leads
    elsewhere; a table comes twice, or not in one folder with the others. What only inflating shows (a bomb, entries
    that share bytes, another archive under a harmless name) comes out when the ZIP is taken. A test holds this beside
    whoever inflates.
    """
    try:
        with zipfile.ZipFile(content) as archive:
            entries = archive.infolist()
    except _BROKEN:
        return None
    if len(entries) > _MOST_ENTRIES or any(map(_is_odd, entries)):
        return None
    names = [name for entry in entries if (name := _name_of(entry))]
    if len(names) < len(entries) or any(map(_leads_elsewhere, names)):
        return None
    return _tables_among([PurePosixPath(name) for name in names])


def _is_odd(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is anything but a plain file or folder, plainly packed."""
    return bool(
        entry.flag_bits & _IS_ENCRYPTED
        or stat.S_IFMT(entry.external_attr >> 16) not in _KINDS
        or entry.external_attr & _IS_REPARSE_POINT
        or entry.compress_type not in _METHODS
    )


def _name_of(entry: zipfile.ZipInfo) -> str | None:
    """As it was packed; without their flag zipfile takes UTF-8 names, as macOS writes them, for code page 437."""
    if entry.flag_bits & _IS_UTF8:
        return entry.orig_filename
    try:
        return entry.orig_filename.encode("cp437").decode()
    except UnicodeError:
        return None


def _leads_elsewhere(name: str) -> bool:
    """Whether an entry would not come out as a file of its own name, or not as a file that anybody reads."""
    parts = name.removesuffix("/").split("/")
    is_packed = PurePosixPath(folded(name)).suffix in _PACKED
    return is_packed or "\\" in name or name[1:2] == ":" or not all(map(is_sound, parts))


def _tables_among(places: Iterable[PurePosixPath]) -> frozenset[TableName] | None:
    """None where a table comes twice, or not in the one folder, if any, that holds them all."""
    found = [(table, place.parent) for place in places if (table := table_of(place.name))]
    tables = frozenset(table for table, _ in found)
    folders = {folder for _, folder in found}
    together = len(folders) <= 1 and all(len(folder.parts) <= 1 for folder in folders)
    named = tables_named(place.name for place in places)
    return named - ALONGSIDE if together and len(tables) == len(found) else None


def _sha256(_file: ArrivedFile, content: FileIO) -> str:
    return hashlib.file_digest(content, "sha256").hexdigest()
