"""One SFTP session: what a client asks for, done on the places that its account sees and answered in attributes."""

import logging
import os
import stat
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

import asyncssh
from asyncssh import constants

from config.accounts import Account
from config.home import Home
from sftp_gateway.audit.auditing import Audit, Who
from sftp_gateway.drops.arrivals import Standing, Times, Writing
from sftp_gateway.drops.drops import Drop, Shown, refuse_crossing
from sftp_gateway.drops.uploads import Opening, Upload
from sftp_gateway.sftp.paths import InDrop, InReports, Place, Top, is_ours, normalised, shown
from sftp_gateway.sftp.sight import Sight, shown_state
from sftp_gateway.statuses import (
    BAD_HANDLE,
    EXISTS,
    NOT_READABLE,
    NOT_WRITABLE,
    STOPPING,
    UNSUPPORTED,
    Refusal,
    Status,
)
from sftp_gateway.threads import DiskThreads

_AHEAD: Final = 1024 * 1024  # bytes; 256 KiB, which newer clients ask for at once, would go to a thread each time
_MOST_BLOCKS: Final = 4
_OWNER: Final = "rosterdrop"  # long names never show an account of this machine (reference 2.3, 16)
_BLOCK: Final = 512

Held = TypeVar("Held")
log = logging.getLogger(__name__)


class Desk(Protocol):
    """Where a session reports what it did, and finds the drops."""

    stopping: bool

    def drop_at(self, place: InDrop) -> Drop:
        """The drop of a place."""

    def arrived(self, arrival: Standing) -> None:
        """A file arrived."""

    def interrupted(self, writing: Writing) -> None:
        """An upload was cut off."""

    def touched(self, drop: Drop, session: object) -> None:
        """A session changed something in a drop; from now on the drop knows that it is there."""

    def left(self, session: "Session") -> None:
        """A session is over."""


@dataclass(slots=True, eq=False)
class OpenUpload:
    """An upload that this session has open."""

    place: InDrop
    drop: Drop
    upload: Upload
    readable: bool = False  # opened for reading too, by somebody who may see what is in it
    began_s: float = field(default_factory=time.monotonic)


@dataclass(slots=True, eq=False)
class OpenFile:
    """A file that this session reads."""

    place: Place
    descriptor: int
    sent: int = 0
    began_s: float = field(default_factory=time.monotonic)
    _block: bytes = b""
    _block_at: int = 0
    _expected_at: int = 0

    def at_hand(self, offset: int, size: int) -> bytes | None:
        """What was read ahead, if all that is asked for is in it."""
        start = offset - self._block_at
        if not 0 <= start <= len(self._block) - size:
            return None
        self._expected_at = offset + size
        return self._block[start : start + size]

    def forget_block(self) -> None:
        """Keep nothing of what was read ahead."""
        self._block = b""

    def read(self, offset: int, size: int) -> bytes:
        """Read from the disk; from a client that reads on and on, enough for its next requests too."""
        reads_on = offset == self._expected_at
        self._block = os.pread(self.descriptor, max(size, _AHEAD) if reads_on else size, offset)
        self._block_at, self._expected_at = offset, offset + size
        return self._block[:size]


class Session(asyncssh.SFTPServer):
    """What one client does on one SFTP channel. Modes and owners that it sends are taken and change nothing."""

    def __init__(
        self,
        channel: "asyncssh.SSHServerChannel[bytes]",
        account: Account,
        who: Who,
        *,
        home: Home,
        desk: Desk,
        threads: DiskThreads,
        audit: Audit,
    ) -> None:
        super().__init__(channel)
        self._account = account
        self._desk = desk
        self._threads = threads
        self._sight = Sight(account, who, home=home, drop_at=desk.drop_at, threads=threads, audit=audit)
        self._open: list[OpenUpload | OpenFile] = []
        self._read_last: deque[OpenFile] = deque()

    @property
    def handles(self) -> int:
        """How many files it has open."""
        return len(self._open)

    @property
    def uploads(self) -> int:
        """How many uploads it has open."""
        return sum(isinstance(held, OpenUpload) for held in self._open)

    # Opening and closing.

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file for reading or for an upload."""
        if pflags & (constants.FXF_WRITE | constants.FXF_APPEND):
            return await self._open_upload(self._sight.place_to_make(path), pflags, attrs)
        return await self._open_file(self._sight.place(path))

    async def finish(self, handle: object) -> None:
        """The client closed a handle with a CLOSE packet: an upload is whole."""
        if isinstance(handle, OpenFile):
            return await self._close_file(handle)
        held = _held(handle, OpenUpload)
        try:
            arrival = await self._threads.run(held.drop.publish, held.upload)
        except BaseException:
            await self.close(held)
            raise
        self._let_go(held)
        facts = {"bytes": held.upload.size, "ms": _ms_since(held.began_s)}
        self._sight.note("upload", held.place, arrival, **facts)
        self._desk.touched(held.drop, self)
        if arrival:
            self._desk.arrived(arrival)
        return None

    async def close(self, file_obj: object) -> None:
        """A handle is given up without a CLOSE packet: an upload is interrupted."""
        if isinstance(file_obj, OpenFile):
            return await self._close_file(file_obj)
        held = _held(file_obj, OpenUpload)
        if held not in self._open:
            return None
        self._let_go(held)
        writing = await self._threads.run(held.drop.interrupt, held.upload)
        self._desk.touched(held.drop, self)
        if writing:
            facts = {"bytes": writing.size, "ms": _ms_since(held.began_s), "reason": held.upload.refused}
            self._sight.note("interrupted", held.place, **facts)
            self._desk.interrupted(writing)
        elif held.upload.refused:  # and nothing is left of it
            self._sight.note("refused", held.place, request="write", reason=held.upload.refused)
        return None

    async def exit(self) -> None:
        """The channel ends; without an exit status scp of OpenSSH 9 reports a failure (reference 2.3, 2)."""
        if not self.channel.is_closing():
            self.channel.exit(0)

    def refused(self, request: str, status: Status) -> None:
        """The client was told that it does not get what it asked for."""
        self._sight.refused(request, status)

    async def end(self) -> None:
        """The session is over, however it ended."""
        for held in tuple(self._open):
            try:
                await self.close(held)
            except Exception:  # the other handles must be closed too
                log.exception("A handle could not be given up as it should")
        self._desk.left(self)

    async def _open_upload(self, place: Place, pflags: int, attrs: asyncssh.SFTPAttrs) -> OpenUpload:
        writable = self._sight.writable(place)
        if self._desk.stopping:
            raise Refusal(STOPPING)
        opening = Opening(
            creates=bool(pflags & constants.FXF_CREAT),
            truncates=bool(pflags & constants.FXF_TRUNC),
            exclusive=bool(pflags & constants.FXF_EXCL),
            appends=bool(pflags & constants.FXF_APPEND),
        )
        drop = self._desk.drop_at(writable)
        upload = await self._threads.run(drop.open_for_writing, writable.names, opening, self._account.id)
        upload.times = _times(attrs)
        readable = bool(pflags & constants.FXF_READ) and self._sight.may_read_upload(upload)
        held = OpenUpload(writable, drop, upload, readable)
        self._open.append(held)
        self._desk.touched(drop, self)
        return held

    async def _open_file(self, place: Place) -> OpenFile:
        held = OpenFile(place, await self._sight.opened(place))
        self._open.append(held)
        return held

    async def _close_file(self, held: OpenFile) -> None:
        if held in self._open:
            self._let_go(held)
            await self._threads.run(os.close, held.descriptor)
            self._sight.note("download", held.place, bytes=held.sent, ms=_ms_since(held.began_s))

    def _let_go(self, held: OpenUpload | OpenFile) -> None:
        with suppress(ValueError):
            self._open.remove(held)
        if isinstance(held, OpenFile) and held in self._read_last:
            self._read_last.remove(held)

    # Reading and writing.

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Read a part of a file."""
        if offset >= 2**63:
            return b""
        if isinstance(file_obj, OpenUpload) and file_obj.readable:
            return await self._threads.run(file_obj.upload.read, offset, size)
        if not isinstance(file_obj, OpenFile):
            raise Refusal(NOT_READABLE)
        data = file_obj.at_hand(offset, size)
        if data is None:
            self._keep_block_of(file_obj)
            data = await self._threads.run(file_obj.read, offset, size)
        file_obj.sent += len(data)
        return data

    def _keep_block_of(self, file: OpenFile) -> None:
        """Of the files that are read in turn only the last few keep a block in memory, however many are open."""
        if file not in self._read_last:
            if len(self._read_last) == _MOST_BLOCKS:
                self._read_last.popleft().forget_block()
            self._read_last.append(file)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Take a part of an upload."""
        upload = _writable(file_obj).upload
        upload.begin_write(offset, len(data))
        if upload.outgrows(offset, len(data)):
            await self._threads.run(upload.get_room, offset, len(data))
        upload.add(offset, data)
        if upload.must_flush:
            await self._threads.run(upload.flush)
        return len(data)

    async def fsync(self, file_obj: object) -> None:
        """Return when what was sent is safe on the disk."""
        held = _writable(file_obj)
        await self._threads.run(held.drop.secure, held.upload)

    # Attributes.

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """The size, kind and times of a file or folder."""
        place = self._sight.place(path)
        for held in self._open:
            if isinstance(held, OpenUpload) and held.place == place:
                return _attrs(_shown_upload(held.upload))
        return _attrs(await self._sight.shown(place))

    async def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """As `stat`: there are no links."""
        return await self.stat(path)

    async def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        """The size and times of an open file."""
        if isinstance(file_obj, OpenFile):
            return _attrs(shown_state(await self._threads.run(os.fstat, file_obj.descriptor), file_obj.place))
        return _attrs(_shown_upload(_writable(file_obj).upload))

    async def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Honour a size; keep times as metadata; take modes and owners and do nothing (reference 2.3, 12 and 18)."""
        place = self._sight.place(path)
        if attrs.size is not None:
            await self._resize(self._sight.writable(place), attrs.size)
        times = _times(attrs)
        if times and isinstance(place, InDrop) and self._sight.may_date(place):
            await self._threads.run(self._desk.drop_at(place).set_times, place.names, times)

    async def lsetstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """As `setstat`: there are no links."""
        await self.setstat(path, attrs)

    async def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """As `setstat`, on an open upload."""
        if not isinstance(file_obj, OpenUpload):
            return
        if attrs.size is not None:
            await self._threads.run(file_obj.upload.truncate, attrs.size)
        file_obj.upload.times = _times(attrs) or file_obj.upload.times

    async def _resize(self, place: InDrop, size: int) -> None:
        drop = self._desk.drop_at(place)
        arrival = await self._threads.run(drop.resize, place.names, size, self._account.id)
        self._sight.note("resize", place, arrival, bytes=size)
        self._desk.touched(drop, self)
        if arrival:
            self._desk.arrived(arrival)

    async def statvfs(self, path: bytes) -> asyncssh.SFTPVFSAttrs:
        """The quota of a drop as a file system, whose parts have no size of their own."""
        place = self._sight.place(path)
        if isinstance(place, Top):
            raise Refusal(UNSUPPORTED)
        drop = self._desk.drop_at(InDrop(place.district, place.drop, ()))
        space = await self._threads.run(drop.space)
        free = space.free_bytes // _BLOCK
        return asyncssh.SFTPVFSAttrs(
            bsize=_BLOCK,
            frsize=_BLOCK,
            blocks=max(space.bytes // _BLOCK, 1),  # clients divide by it
            bfree=free,
            bavail=free,
            files=space.files,
            ffree=space.free_files,
            favail=space.free_files,
            namemax=255,
        )

    # Folders.

    async def listing(self, path: bytes) -> Iterable[asyncssh.SFTPName]:
        """What a folder holds, name by name: 100,000 made at once would let everybody wait (reference 2.3, 19)."""
        entries = await self._sight.entries(self._sight.place(path))
        return (asyncssh.SFTPName(name.encode(), attrs=_attrs(entry)) for name, entry in entries.items())

    async def realpath(self, path: bytes) -> bytes:
        """The path as we understand it."""
        return shown(normalised(path))

    async def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:  # noqa: ARG002 - modes change nothing
        """Make no folder, and say so: with the one code that clients who make folders blindly ignore."""
        place = self._sight.place_to_make(path)
        if is_ours(place) and not (isinstance(place, InReports) and place.names):
            raise Refusal(EXISTS)
        writable = self._sight.writable(place)
        await self._threads.run(self._desk.drop_at(writable).refuse_folder, writable.names)

    async def rmdir(self, path: bytes) -> None:
        """Remove an empty folder."""
        place = self._sight.place(path)
        if self._sight.spares(place, "rmdir"):
            return
        writable = self._sight.writable(place)
        await self._threads.run(self._desk.drop_at(writable).remove_folder, writable.names)
        self._sight.note("rmdir", writable)

    async def remove(self, path: bytes) -> None:
        """Remove a file."""
        place = self._sight.place(path)
        if self._sight.spares(place, "remove"):
            return
        writable = self._sight.writable(place)
        drop = self._desk.drop_at(writable)
        await self._threads.run(drop.remove, writable.names)
        self._sight.note("remove", writable)
        self._desk.touched(drop, self)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename; never over something that is there."""
        await self._rename(oldpath, newpath, replace=False)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename, atomically over a file that is there."""
        await self._rename(oldpath, newpath, replace=True)

    async def _rename(self, oldpath: bytes, newpath: bytes, *, replace: bool) -> None:
        old, new = self._sight.place(oldpath), self._sight.place_to_make(newpath)
        if self._sight.spares(old, "rename"):
            return
        source, target = self._sight.writable(old), self._sight.writable(new)
        drop = self._desk.drop_at(source)
        refuse_crossing(drop.id, self._desk.drop_at(target).id)
        arrival = await self._threads.run(
            drop.rename, source.names, target.names, replace=replace, account=self._account.id
        )
        self._sight.note("rename", source, arrival, to="/".join(target.names))
        self._desk.touched(drop, self)
        if arrival:
            self._desk.arrived(arrival)

    def format_user(self, uid: int | None) -> str:  # noqa: ARG002 - the shape is asyncssh's
        """The owner in long names, always the same."""
        return _OWNER

    def format_group(self, gid: int | None) -> str:  # noqa: ARG002 - the shape is asyncssh's
        """The group in long names, always the same."""
        return _OWNER


def _held(handle: object, kind: type[Held]) -> Held:
    if not isinstance(handle, kind):
        raise Refusal(BAD_HANDLE)
    return handle


def _writable(handle: object) -> OpenUpload:
    if not isinstance(handle, OpenUpload):
        raise Refusal(NOT_WRITABLE)
    return handle


def _shown_upload(upload: Upload) -> Shown:
    now = int(time.time())
    return Shown(is_folder=False, size=upload.size, times=upload.times or Times(now, now))


def _attrs(entry: Shown) -> asyncssh.SFTPAttrs:
    mode = stat.S_IFDIR | 0o700 if entry.is_folder else stat.S_IFREG | 0o600
    return asyncssh.SFTPAttrs(
        size=entry.size,
        uid=0,
        gid=0,
        permissions=mode & ~0o222 if entry.read_only else mode,
        atime=entry.times.atime,
        mtime=entry.times.mtime,
    )


def _times(attrs: asyncssh.SFTPAttrs) -> Times | None:
    """The times that a client sends; SFTP v3 has both or none."""
    if attrs.mtime is None:
        return None
    return Times(attrs.mtime if attrs.atime is None else attrs.atime, attrs.mtime)


def _ms_since(began_s: float) -> int:
    return round((time.monotonic() - began_s) * 1000)
