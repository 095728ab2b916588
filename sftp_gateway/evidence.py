"""What the insides of new files tell about their set: manifests, the directories of ZIPs, hashes that a manifest names.

This is the gateway's only look into files. Each generation is looked into once; all of it waits for the disk and
belongs into a thread.
"""

import hashlib
import os
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import PurePosixPath
from typing import Final, TypeVar

from config.tables import TableName, table_of
from sftp_gateway.arrivals import FileIdentity
from sftp_gateway.completeness import Inside, is_archive
from sftp_gateway.drops import Drop
from sftp_gateway.manifests import LARGEST, Manifest, is_manifest, parsed, unhashed
from sftp_gateway.receiving import ArrivedFile
from sftp_gateway.uploads import identity_of

_LARGEST_DIRECTORY: Final = 1024**2
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
        archives = self._each(filter(_is_archive, new), known.archives, _tables_in)
        read = [manifest for manifest in manifests.values() if manifest]
        sha256 = self._each(unhashed(read, new), known.sha256, _sha256)
        self._inside = Inside(manifests=manifests, archives=archives, sha256=sha256)
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


def _manifest(file: ArrivedFile, content: FileIO) -> Manifest | None:
    return parsed(file.name, content.read(LARGEST + 1))


def _tables_in(_file: ArrivedFile, content: FileIO) -> frozenset[TableName] | None:
    """The tables that a ZIP brings; None for one that is broken or packed in itself: the batch will say why."""
    try:
        with zipfile.ZipFile(content) as archive:
            names = [PurePosixPath(name).name for name in archive.namelist()]
    except _BROKEN:
        return None
    tables = frozenset(table for name in names if (table := table_of(name)))
    return None if not tables and any(map(is_archive, names)) else tables


def _sha256(_file: ArrivedFile, content: FileIO) -> str:
    return hashlib.file_digest(content, "sha256").hexdigest()
