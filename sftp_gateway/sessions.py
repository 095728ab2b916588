"""One SFTP session: what a client asks for, on the places that its account sees."""

import os
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

import asyncssh
from asyncssh import constants

from config.accounts import Account, Right
from config.home import Home
from sftp_gateway import folders
from sftp_gateway.arrivals import Standing, Times, Writing
from sftp_gateway.auditing import Audit, Who
from sftp_gateway.drops import Drop, Names, Shown, refuse_crossing
from sftp_gateway.names import is_sound
from sftp_gateway.paths import (
    REPORTS,
    TEST,
    InDrop,
    InReports,
    Place,
    Top,
    is_ours,
    normalised,
    place_of,
    shown,
    sight_of,
)
from sftp_gateway.statuses import (
    BAD_HANDLE,
    EXISTS,
    IS_FOLDER,
    NO_READING_BACK,
    NO_RIGHT,
    NO_SUCH_FILE,
    NOT_READABLE,
    NOT_WRITABLE,
    READ_ONLY,
    STOPPING,
    Refusal,
)
from sftp_gateway.threads import DiskThreads
from sftp_gateway.uploads import Opening, Upload

_OWNER: Final = "rosterdrop"  # long names never show an account of this machine (reference 2.3, 16)

Held = TypeVar("Held")


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

    def left(self, session: object) -> None:
        """A session is over."""


@dataclass(slots=True)
class OpenUpload:
    """An upload that this session has open."""

    place: InDrop
    drop: Drop
    upload: Upload
    began_s: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class OpenFile:
    """A file that this session reads."""

    place: InDrop | InReports
    descriptor: int
    sent: int = 0
    began_s: float = field(default_factory=time.monotonic)


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
        self._who = who
        self._home = home
        self._desk = desk
        self._threads = threads
        self._audit = audit
        self._open: list[OpenUpload | OpenFile] = []

    # Opening and closing.

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file for reading or for an upload."""
        place = self._place(path)
        if pflags & (constants.FXF_WRITE | constants.FXF_APPEND):
            return await self._open_upload(place, pflags, attrs)
        return await self._open_file(place)

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
        self._note("upload", held.place, bytes=held.upload.size, ms=_ms_since(held.began_s))
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
            self._note("interrupted", held.place, bytes=writing.size, ms=_ms_since(held.began_s))
            if "/" not in writing.path:  # what lies in a sub-folder never counts
                self._desk.interrupted(writing)
        return None

    async def exit(self) -> None:
        """The channel ends; without an exit status scp of OpenSSH 9 reports a failure (reference 2.3, 2)."""
        if not self.channel.is_closing():
            self.channel.exit(0)

    async def end(self) -> None:
        """The session is over, however it ended."""
        for held in tuple(self._open):
            await self.close(held)
        self._desk.left(self)

    async def _open_upload(self, place: Place, pflags: int, attrs: asyncssh.SFTPAttrs) -> OpenUpload:
        writable = self._writable(place)
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
        held = OpenUpload(writable, drop, upload)
        self._open.append(held)
        self._desk.touched(drop, self)
        return held

    async def _open_file(self, place: Place) -> OpenFile:
        if isinstance(place, Top):
            raise Refusal(IS_FOLDER)
        if isinstance(place, InDrop):
            if not self._account.may("files"):
                self._note("refused", place, request="read")
                raise Refusal(NO_READING_BACK)
            descriptor = await self._threads.run(self._desk.drop_at(place).open_for_reading, place.names)
        else:
            descriptor = await self._threads.run(folders.open_for_reading, *self._reports(place))
        held = OpenFile(place, descriptor)
        self._open.append(held)
        return held

    async def _close_file(self, held: OpenFile) -> None:
        if held in self._open:
            self._let_go(held)
            await self._threads.run(os.close, held.descriptor)
            self._note("download", held.place, bytes=held.sent, ms=_ms_since(held.began_s))

    def _let_go(self, held: OpenUpload | OpenFile) -> None:
        with suppress(ValueError):
            self._open.remove(held)

    # Reading and writing.

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Read a part of a file."""
        if not isinstance(file_obj, OpenFile):
            raise Refusal(NOT_READABLE)
        if offset >= 2**63:
            return b""
        data = await self._threads.run(os.pread, file_obj.descriptor, size, offset)
        file_obj.sent += len(data)
        return data

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Take a part of an upload."""
        upload = _upload(file_obj)
        upload.add(offset, data)
        if upload.must_flush:
            await self._threads.run(upload.flush)
        return len(data)

    async def fsync(self, file_obj: object) -> None:
        """Return when what was sent is safe on the disk."""
        await self._threads.run(_upload(file_obj).sync)

    # Attributes.

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """The size, kind and times of a file or folder."""
        return _attrs(await self._shown(self._place(path)))

    async def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """As `stat`: there are no links."""
        return await self.stat(path)

    async def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        """The size and times of an open file."""
        if isinstance(file_obj, OpenFile):
            state = await self._threads.run(os.fstat, file_obj.descriptor)
            times = Times(int(state.st_atime), int(state.st_mtime))
            return _attrs(Shown(is_folder=False, size=state.st_size, times=times))
        return _attrs(_shown_upload(_upload(file_obj)))

    async def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Honour a size; keep times as metadata; take modes and owners and do nothing (reference 2.3, 12 and 18)."""
        place = self._place(path)
        if attrs.size is not None:
            await self._resize(self._writable(place), attrs.size)
        times = _times(attrs)
        if times and isinstance(place, InDrop) and place.names and self._account.may("upload"):
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
        self._note("resize", place, bytes=size)
        self._desk.touched(drop, self)
        if arrival:
            self._desk.arrived(arrival)

    # Folders.

    async def listing(self, path: bytes) -> Sequence[asyncssh.SFTPName]:
        """What a folder holds."""
        entries = await self._entries(self._place(path))
        return [asyncssh.SFTPName(name.encode(), attrs=_attrs(entry)) for name, entry in entries.items()]

    async def realpath(self, path: bytes) -> bytes:
        """The path as we understand it."""
        return shown(normalised(path))

    async def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:  # noqa: ARG002 - modes change nothing
        """Make a folder of the client's own; files in it never count."""
        place = self._place(path)
        if is_ours(place) and not (isinstance(place, InReports) and place.names):
            raise Refusal(EXISTS)
        writable = self._writable(place)
        await self._threads.run(self._desk.drop_at(writable).make_folder, writable.names)
        self._note("mkdir", writable)

    async def rmdir(self, path: bytes) -> None:
        """Remove an empty folder."""
        place = self._place(path)
        if self._spares(place, "rmdir"):
            return
        writable = self._writable(place)
        await self._threads.run(self._desk.drop_at(writable).remove_folder, writable.names)
        self._note("rmdir", writable)

    async def remove(self, path: bytes) -> None:
        """Remove a file."""
        place = self._place(path)
        if self._spares(place, "remove"):
            return
        writable = self._writable(place)
        drop = self._desk.drop_at(writable)
        await self._threads.run(drop.remove, writable.names)
        self._note("remove", writable)
        self._desk.touched(drop, self)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename; never over something that is there."""
        await self._rename(oldpath, newpath, replace=False)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename, atomically over a file that is there."""
        await self._rename(oldpath, newpath, replace=True)

    async def _rename(self, oldpath: bytes, newpath: bytes, *, replace: bool) -> None:
        old, new = self._place(oldpath), self._place(newpath)
        if self._spares(old, "rename"):
            return
        source, target = self._writable(old), self._writable(new)
        drop = self._desk.drop_at(source)
        refuse_crossing(drop.id, self._desk.drop_at(target).id)
        arrival = await self._threads.run(
            drop.rename, source.names, target.names, replace=replace, account=self._account.id
        )
        self._note("rename", source, to="/".join(target.names))
        self._desk.touched(drop, self)
        if arrival:
            self._desk.arrived(arrival)

    def format_user(self, uid: int | None) -> str:  # noqa: ARG002 - the shape is asyncssh's
        """The owner in long names, always the same."""
        return _OWNER

    def format_group(self, gid: int | None) -> str:  # noqa: ARG002 - the shape is asyncssh's
        """The group in long names, always the same."""
        return _OWNER

    # What the account sees and may do.

    def _place(self, path: bytes) -> Place:
        return place_of(self._account, path)

    def _writable(self, place: Place) -> InDrop:
        """The place, if this account may change something there."""
        if not isinstance(place, InDrop):
            self._note("refused", place, request="write")
            raise Refusal(READ_ONLY)
        if not place.names:
            raise Refusal(IS_FOLDER)
        self._need("upload", place)
        return place

    def _need(self, right: Right, place: Place) -> None:
        if not self._account.may(right):
            self._note("refused", place, request=right)
            raise Refusal(NO_RIGHT)

    def _spares(self, place: Place, request: str) -> bool:
        """Whether the place is ours: a client that synchronises is answered OK, and nothing happens."""
        if is_ours(place):
            self._note("spared", place, request=request)
        return is_ours(place)

    def _reports(self, place: InReports) -> tuple[Path, Names]:
        """Where the reports lie that this account sees: a folder, and the names below it, each opened on its own."""
        if place.sight == "values":
            above = (TEST, REPORTS) if place.drop == "test" else (REPORTS,)
            return self._home.drop(place.district), (*above, *place.names)
        if place.sight == "masked":
            return self._home.summaries(place.district, test=place.drop == "test"), place.names
        raise Refusal(NO_SUCH_FILE)

    async def _shown(self, place: Place) -> Shown:
        if isinstance(place, Top):
            return _FOLDER
        if isinstance(place, InReports):
            return _shown_state(await self._threads.run(folders.facts, *self._reports(place)))
        for held in self._open:
            if isinstance(held, OpenUpload) and held.place == place:
                return _shown_upload(held.upload)
        if not place.names:
            return _FOLDER
        return await self._threads.run(self._desk.drop_at(place).shown, place.names)

    async def _entries(self, place: Place) -> Mapping[str, Shown]:
        if isinstance(place, Top):
            return dict.fromkeys(self._account.districts, _FOLDER)
        if isinstance(place, InReports):
            found = await self._threads.run(folders.entries, *self._reports(place))
            return {name: _shown_state(state) for name, state in found.items() if is_sound(name)}
        entries = await self._threads.run(self._desk.drop_at(place).listing, place.names)
        return {**entries, **self._ours_in(place)}

    def _ours_in(self, place: InDrop) -> Mapping[str, Shown]:
        """The folders of ours that stand in a drop beside the client's own."""
        if place.names:
            return {}
        reports = {} if sight_of(self._account) == "none" else {REPORTS: _FOLDER}
        return reports if place.drop == "test" else {**reports, TEST: _FOLDER}

    def _note(self, event: str, place: Place, **facts: str | int) -> None:
        where = {} if isinstance(place, Top) else {"district": place.district, "drop": place.drop}
        names = () if isinstance(place, Top) else place.names
        above = (REPORTS,) if isinstance(place, InReports) else ()
        self._audit.note(event, self._who, **where, path="/".join((*above, *names)), **facts)


def _held(handle: object, kind: type[Held]) -> Held:
    if not isinstance(handle, kind):
        raise Refusal(BAD_HANDLE)
    return handle


def _upload(handle: object) -> Upload:
    if not isinstance(handle, OpenUpload):
        raise Refusal(NOT_WRITABLE)
    return handle.upload


def _shown_state(state: os.stat_result) -> Shown:
    times = Times(int(state.st_atime), int(state.st_mtime))
    return Shown(is_folder=stat.S_ISDIR(state.st_mode), size=state.st_size, times=times)


def _shown_upload(upload: Upload) -> Shown:
    now = int(time.time())
    return Shown(is_folder=False, size=upload.size, times=upload.times or Times(now, now))


def _attrs(entry: Shown) -> asyncssh.SFTPAttrs:
    return asyncssh.SFTPAttrs(
        size=entry.size,
        uid=0,
        gid=0,
        permissions=stat.S_IFDIR | 0o700 if entry.is_folder else stat.S_IFREG | 0o600,
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


# Folders that are only shown have no times of their own.
_SINCE: Final = int(time.time())
_FOLDER: Final = Shown(is_folder=True, size=0, times=Times(_SINCE, _SINCE))
