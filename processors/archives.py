"""A ZIP inflated so that nothing but its own files can come of it.

The standard library reads the ZIP; the limits are ours. What its headers say is only used to refuse: sizes are counted
while the bytes come, and a ZIP of which anything is wrong brings nothing at all.
"""

import errno
import os
import re
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from itertools import pairwise
from pathlib import Path
from typing import Final, Never

from config.tables import table_of
from validators.finding import Finding

MOST_ENTRIES: Final = 64
MOST_BYTES: Final = 4 * 1024**3
MOST_TIMES: Final = 100
"""How many times its size an entry may inflate to; export files stay below twenty."""

ALWAYS_ALLOWED: Final = 1024**2
"""So many bytes an entry may inflate to at whatever ratio: a small file of commas is no bomb."""

_PIECE: Final = 256 * 1024
_LARGEST_READ: Final = 1024**2  # also of the directory: 64 entries with the longest sensible names take a tenth of it
_LONGEST_NAME: Final = 255
_LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
_IS_ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000  # by password, strongly, and the directory itself
_IS_REPARSE_POINT: Final = 0x0400
_KINDS: Final = frozenset({0, stat.S_IFREG, stat.S_IFDIR})
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_JUNK: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_JUNK_FOLDER: Final = "__MACOSX"
_PACKED_NAME: Final = re.compile(
    r"\.(zip|zipx|jar|gz|tgz|bz2|tbz2?|xz|txz|zst|lz4|lzma|7z|rar|tar|cab|iso)$", re.IGNORECASE
)
_PACKED_START: Final = re.compile(
    rb"PK\x03\x04|PK\x05\x06|\x1f\x8b\x08|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\xfd7zXZ\x00|\x28\xb5\x2f\xfd|BZh[1-9]1AY&SY"
)
# What zipfile and zlib raise at bytes that are no sound ZIP; UnicodeDecodeError is a ValueError.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    IndexError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a ZIP may bring: `most_bytes` in all, and nothing of what the disk keeps for reports."""

    most_bytes: int = MOST_BYTES
    reserve_bytes: int = 0


WITHOUT_RESERVE: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a ZIP brings nothing.

    Attributes:
        code: as in the catalogue, `archive.*`.
        entry: the name of the entry that it is about, as the ZIP has it; None where it is about the whole.
        number: which entry that is, counted from 1.
        limit: what was exceeded, as people read it.
    """

    code: str
    entry: str | None = None
    number: int | None = None
    limit: str | None = None

    def as_finding(self, file: str) -> Finding:
        """What the report says of it; `file` is the ZIP's own name."""
        number = None if self.number is None else str(self.number)
        return Finding(code=self.code, file=file, detail=self.entry, hint=self.limit or number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inflated:
    """What came of a ZIP: its files by name, in its order, and how many leavings of operating systems were skipped.

    `folder`: the one that all files lay in, None where they lay at the top.
    """

    names: tuple[str, ...]
    skipped: int = 0
    folder: str | None = None


class NoArchive(Exception):
    """A file is no ZIP, or what is left of one."""

    exit_code = 2


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of the directory; `path` are the parts of its name."""

    info: zipfile.ZipInfo
    number: int
    path: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def is_junk(self) -> bool:
        return self.path[0] == _JUNK_FOLDER or self.name.casefold() in _JUNK

    def refuse(self, code: str) -> Never:
        raise _Refused(Refusal(code=code, entry=self.info.orig_filename, number=self.number))


def inflate(archive: Path, into: Path, limits: Limits = WITHOUT_RESERVE) -> Inflated | Refusal:
    """Inflate a ZIP into a new folder.

    A folder around all files is left out, for many people zip a folder and not its files; any other folder refuses the
    ZIP. Leavings of macOS and Windows are skipped.

    Args:
        archive: the ZIP; nobody may write to it meanwhile.
        into: a folder that does not exist yet. It is there afterwards only if the ZIP was sound.
        limits: how much may come of it.

    Raises:
        OSError: the disk failed, or is full but for its reserve.
    """
    into.mkdir(mode=0o700)
    try:
        inflated = _inflate(archive, into, limits)
    except _Refused as refused:
        shutil.rmtree(into)
        return refused.refusal
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise
    return inflated


def names_in(archive: Path) -> tuple[str, ...] | Refusal:
    """The names that the files of a ZIP would have, from its directory alone."""
    try:
        with _opened(archive) as (_, zipped):
            return tuple(entry.name for entry in _files(_entries(zipped)))
    except _Refused as refused:
        return refused.refusal


def require_archive(archive: Path) -> None:
    """Raise NoArchive where a file does not end as a ZIP does, whatever its name says."""
    if not zipfile.is_zipfile(archive):
        raise NoArchive(f"{archive.name} is no ZIP archive, or only a part of one; nothing was done")


def _inflate(archive: Path, into: Path, limits: Limits) -> Inflated:
    with _opened(archive) as (source, zipped):
        entries = _entries(zipped)
        files = _files(entries)
        _refuse_overlaps(source, zipped, entries)
        left = limits.most_bytes
        for entry in files:
            left -= _inflate_entry(zipped, entry, into / entry.name, left, limits)
        return Inflated(
            names=tuple(entry.name for entry in files),
            skipped=sum(entry.is_junk for entry in entries),
            folder="/".join(files[0].path[:-1]) or None,
        )


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[FileIO, zipfile.ZipFile]]:
    with _Cautious(archive) as source:
        try:
            zipped = zipfile.ZipFile(source)
        except _BROKEN as error:
            raise _Refused(Refusal(code="archive.broken")) from error
        with zipped:
            yield source, zipped


class _Cautious(FileIO):
    """A ZIP's bytes, read only where they are, and never so many at once as its headers may ask for."""

    def __init__(self, archive: Path) -> None:
        super().__init__(archive, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW))
        self._size = os.fstat(self.fileno()).st_size

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_SET and not 0 <= offset <= self._size:
            raise zipfile.BadZipFile("a place outside of the file")
        return super().seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        left = self._size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > _LARGEST_READ:
            raise _Refused(Refusal(code="archive.entries", limit=str(MOST_ENTRIES)))
        return super().read(wanted)


def _entries(zipped: zipfile.ZipFile) -> list[_Entry]:
    """The entries of the directory that are no folders; everything that can be wrong with one of them refuses all."""
    infos = zipped.infolist()
    if len(infos) > MOST_ENTRIES:
        raise _Refused(Refusal(code="archive.entries", limit=str(MOST_ENTRIES)))
    entries = [_entry(info, number) for number, info in enumerate(infos, start=1)]
    for entry in entries:
        _refuse_unsound(entry)
    return [entry for entry in entries if not entry.info.orig_filename.endswith("/")]


def _entry(info: zipfile.ZipInfo, number: int) -> _Entry:
    name = _decoded(info)
    sound = name is not None and _is_sound(name)
    entry = _Entry(info, number, tuple(name.removesuffix("/").split("/")) if name is not None and sound else ("",))
    if not sound:
        entry.refuse("archive.name")
    return entry


def _decoded(info: zipfile.ZipInfo) -> str | None:
    """The name of an entry; zipfile takes it for code page 437 where the flag is not set, and macOS never sets it."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return None


def _is_sound(name: str) -> bool:
    parts = name.removesuffix("/").split("/")
    return (
        "\\" not in name
        and name[1:2] != ":"  # a drive
        and all(part not in {"", ".", ".."} and len(part.encode()) <= _LONGEST_NAME for part in parts)
        and not any(unicodedata.category(character)[0] == "C" for character in name)
        and not {"\u2028", "\u2029"} & set(name)
    )


def _refuse_unsound(entry: _Entry) -> None:
    info = entry.info
    if info.flag_bits & _IS_ENCRYPTED:
        entry.refuse("archive.encrypted")
    if stat.S_IFMT(info.external_attr >> 16) not in _KINDS or info.external_attr & _IS_REPARSE_POINT:
        entry.refuse("archive.link")
    if info.compress_type not in _METHODS:
        entry.refuse("archive.method")
    if _PACKED_NAME.search(entry.name):
        entry.refuse("archive.nested")


def _files(entries: Sequence[_Entry]) -> list[_Entry]:
    """The entries that are delivered files, each under a name and for a table of its own."""
    files = [entry for entry in entries if not entry.is_junk]
    if not files:
        raise _Refused(Refusal(code="archive.empty"))
    folder = files[0].path[:-1]
    taken: set[str] = set()
    for entry in files:
        if entry.path[:-1] != folder or len(folder) > 1:
            entry.refuse("archive.folders")
        name = table_of(entry.name) or unicodedata.normalize("NFC", entry.name).casefold()
        if name in taken:
            entry.refuse("archive.twice")
        taken.add(name)
    return files


def _refuse_overlaps(source: FileIO, zipped: zipfile.ZipFile, entries: Sequence[_Entry]) -> None:
    """Entries that share bytes are how a small ZIP becomes a large bomb, or two readers see two contents."""
    spans = sorted((_span(source, entry), entry.number) for entry in entries)
    by_number = {entry.number: entry for entry in entries}
    for ((_, end), _), ((start, _), number) in pairwise(spans):
        if start < end:
            by_number[number].refuse("archive.overlap")
    (_, end), number = spans[-1]
    if end > zipped.start_dir:
        by_number[number].refuse("archive.overlap")


def _span(source: FileIO, entry: _Entry) -> tuple[int, int]:
    start = entry.info.header_offset
    try:
        source.seek(start)
        mark, name_length, extra_length = _LOCAL_HEADER.unpack(source.read(_LOCAL_HEADER.size))
    except _BROKEN:
        entry.refuse("archive.broken")
    if mark != b"PK\x03\x04":
        entry.refuse("archive.broken")
    return start, start + _LOCAL_HEADER.size + name_length + extra_length + entry.info.compress_size


def _inflate_entry(zipped: zipfile.ZipFile, entry: _Entry, place: Path, left: int, limits: Limits) -> int:
    """Inflate one entry; how many bytes it has."""
    size = 0
    allowed = max(ALWAYS_ALLOWED, MOST_TIMES * entry.info.compress_size)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for piece in _pieces(zipped, entry):
            if not size and _PACKED_START.match(piece):
                entry.refuse("archive.nested")
            size += len(piece)
            if size > allowed:
                entry.refuse("archive.bomb")
            if size > left:
                raise _Refused(Refusal(code="archive.size", limit=_as_size(limits.most_bytes)))
            _keep_reserve(target.fileno(), len(piece), limits.reserve_bytes)
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    if size != entry.info.file_size:
        entry.refuse("archive.broken")
    return size


def _keep_reserve(descriptor: int, growth: int, reserve_bytes: int) -> None:
    """A full disk is our trouble and not the ZIP's: the set waits and is tried again."""
    disk = os.fstatvfs(descriptor)
    if reserve_bytes and disk.f_bavail * disk.f_frsize - growth < reserve_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _pieces(zipped: zipfile.ZipFile, entry: _Entry) -> Iterator[bytes]:
    """What an entry holds, its checksum proved at the end; only errors of reading are met here, not of writing."""
    try:
        with zipped.open(entry.info) as source:
            while piece := source.read(_PIECE):
                yield piece
    except _BROKEN:
        entry.refuse("archive.broken")


def _as_size(count: int) -> str:
    for unit, size in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count} bytes"
