"""One drop on the disk: everything that changes what stands under a name in it, and the journal with it.

All of it waits for the disk and belongs into a thread. A lock keeps changes of names and the reconciling scan apart,
so that no file is seen between its rename and its entry in the journal. Nothing that another process of the gateway
must know is kept in memory: who writes what stands in the journal, and the lock holds between processes.
"""

import os
import shutil
import stat
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from config.home import Home
from config.profiles import Quota
from sftp_gateway import folders
from sftp_gateway.drops.arrivals import UNWRITTEN, FileIdentity, Journal, Origin, Standing, Times, Writing
from sftp_gateway.drops.locks import DropLock
from sftp_gateway.drops.partials import Partials
from sftp_gateway.drops.quotas import Grant
from sftp_gateway.drops.reconciling import Found, Scan
from sftp_gateway.drops.room import Room, Space
from sftp_gateway.drops.uploads import Opening, Upload, identity_of
from sftp_gateway.names import REPORTS, TEST, is_sound, is_temporary
from sftp_gateway.receiving import ArrivedFile, DropId, Interruption
from sftp_gateway.statuses import EXISTS, IN_USE, IS_FOLDER, NO_FOLDERS, NO_SUCH_FILE, OTHER_DROP, TOP_ONLY, Refusal

Names = tuple[str, ...]

_SLICE: Final = 500  # names that are recorded while clients wait
_ROOM_FOR_OTHERS_S: Final = 0.01  # who waits for a lock of the system does not get it from one who takes it at once


@dataclass(frozen=True, slots=True)
class Shown:
    """What a client is shown of a file or folder."""

    is_folder: bool
    size: int
    times: Times
    read_only: bool = False


class Drop:
    """One drop of one district.

    `quota` is asked at each step of an upload; `reserve_bytes` of the disk are left for reports.
    """

    def __init__(
        self,
        home: Home,
        drop_id: DropId,
        journal: Journal,
        *,
        max_file_bytes: int,
        quota: Callable[[], Quota] = Quota,
        reserve_bytes: int = 0,
    ) -> None:
        self.id = drop_id
        self._home = home
        self._base = home.drop(drop_id.district)
        self._above: Names = (TEST,) if drop_id.drop == "test" else ()
        self._ours = frozenset({REPORTS} if self._above else {REPORTS, TEST})
        self._journal = journal
        self._max_file_bytes = max_file_bytes
        self._lock = DropLock(home.drop_lock(drop_id.district, drop_id.drop))
        self._unwritten: list[tuple[Writing, int | None]] = []
        self._room = Room(home, drop_id, journal, quota, reserve_bytes)
        self._partials = Partials(home, drop_id, journal)
        self._scan = Scan(
            self._base, self._above, self._ours, drop_id=drop_id, journal=journal, partials=self._partials
        )

    def make_folders(self) -> None:
        """Make the drop and the folders for its reports where they are missing."""
        test = self.id.drop == "test"
        district = self.id.district
        folders.make_private(
            self._base.joinpath(*self._above),
            self._home.reports(district, test=test),
            self._home.summaries(district, test=test),
        )

    # Uploads.

    def open_for_writing(self, names: Names, opening: Opening, account: str) -> Upload:
        """Open an upload: a new file, the rest of one that was cut off, or a change to a copy of what stands there."""
        path = _at_top(names)
        with self._lock.held():
            self._refuse_open(path)
            standing = self._standing_file(names)
            partial = self._partials.under(path)
            if standing and opening.exclusive:
                raise Refusal(EXISTS)
            if not (standing or partial or opening.creates):
                raise Refusal(NO_SUCH_FILE)
            self._room.refuse_upload(path)
            if partial and not self._goes_on(partial, opening):
                partial = None
            copied = bool(standing) and not opening.truncates
            opaque = copied and not self.is_still_of(names, account)
            # Either is the claim on the path: one writer in all processes.
            writing = (
                self._resume(partial, account) if partial else self._begin(path, account, copied=copied, opaque=opaque)
            )
            of_taken = copied and self._is_taken(path)
        if partial:
            return self._resumed(writing, partial, opening)
        return self._begun(writing, names, opening, of_taken=of_taken)

    def publish(self, upload: Upload) -> Standing | None:
        """The client closed its upload properly: it becomes visible under its name, and an arrival.

        Returns: the arrival; None for a temp name, which never counts, or where nothing was changed.
        """
        upload.refuse_broken()
        if not upload.changed:
            self._discard(upload)
            return None
        upload.sync()
        upload.refuse_repeated()
        name = upload.writing.path
        with self._lock.held(), folders.opened(self._base, self._above) as folder:
            if _is_folder(folder, name):
                raise Refusal(IS_FOLDER)
            if upload.continues and self._is_taken(name):
                upload.refuse_continued()
            identity = upload.identity()
            os.rename(upload.staging, name, dst_dir_fd=folder)
            # Should the journal fail from here on, the file stays as it is and the scan finds it.
            upload.close()
            os.fsync(folder)
            repaired = self._partials.made_good_by(name)
            arrival = self._journal.arrive(
                self.id,
                name,
                identity,
                at=_now(),
                origin=Origin(by_gateway=True, account=upload.writing.account, opaque=upload.writing.opaque),
                ended=[upload.over, *repaired],
            )
            if upload.times:
                self._journal.set_client_times(self.id, name, upload.times)
        self._partials.unlink(repaired)
        return arrival if arrival.is_news else None

    def secure(self, upload: Upload) -> None:
        """Bring what was sent to the disk, and the name of the hidden file with it."""
        upload.sync()
        with folders.opened(self._home.uploads) as uploads:
            os.fsync(uploads)

    def interrupt(self, upload: Upload) -> Writing | None:
        """The upload ended without its proper close: its bytes stay hidden, so that the client can go on.

        Returns: what was cut off; None where nothing had been changed.
        """
        if upload.closed:  # in the drop already, where the scan finds it
            return self._enter_end(upload.over, None)
        if not upload.changed:
            self._discard(upload)
            return None
        with suppress(OSError):  # a full disk was the reason, perhaps; what is there is there
            upload.flush()
        size = upload.cut_to_solid()
        upload.close()
        over = upload.over
        if over.repeated:  # each try is the same again: the last one is enough to look at
            self._partials.forget(*(one for one in self._partials.left_of(over.path) if one.repeated))
        return self._enter_end(over, size)

    def _goes_on(self, partial: Writing, opening: Opening) -> bool:
        """Whether a client goes on with an upload that was cut off; where it begins anew that one is forgotten."""
        if opening.truncates:
            self._partials.forget(partial)
            return False
        if self._partials.is_lost(partial):
            # The client goes on where there is nothing: it is told so once, and then begins anew.
            self._partials.forget(partial)
            raise Refusal(NO_SUCH_FILE)
        return True

    def _begin(self, path: str, account: str, *, copied: bool, opaque: bool) -> Writing:
        with folders.opened(self._base, self._above):
            pass  # the folder must be there before a client sends a gigabyte
        staging = uuid.uuid4().hex
        return self._journal.begin_writing(
            self.id, path, staging, account=account, at=_now(), copied=copied, opaque=opaque
        )

    def _begun(self, writing: Writing, names: Names, opening: Opening, *, of_taken: bool) -> Upload:
        try:
            if writing.copied:
                self._copy(names, writing)
            return self._upload(writing, opening, resumed=False, of_taken=of_taken)
        except BaseException:
            self._partials.unlink([writing])
            self._enter_end(writing, None)
            raise

    def _resume(self, partial: Writing, account: str) -> Writing:
        return self._journal.resume_writing(partial, account, _now())

    def _resumed(self, writing: Writing, partial: Writing, opening: Opening) -> Upload:
        try:
            return self._upload(writing, opening, resumed=True)
        except BaseException:
            self._journal.interrupt_writing(writing, partial.size, _now())
            raise

    def _upload(self, writing: Writing, opening: Opening, *, resumed: bool, of_taken: bool = False) -> Upload:
        file = self._home.uploads / writing.staging
        return Upload(
            file,
            writing,
            opening,
            resumed=resumed,
            of_taken=of_taken,
            limit=self._max_file_bytes,
            granting=lambda wanted, growth: self._room.grant(writing, wanted, growth),
        )

    def _copy(self, names: Names, writing: Writing) -> None:
        """Work on a copy, because a batch may hold a link to what stands there."""
        target = self._home.uploads / writing.staging
        descriptor = folders.open_for_reading(self._base, self._below(names))
        with os.fdopen(descriptor, "rb") as source:
            size = os.fstat(descriptor).st_size
            self._room.grant(writing, Grant(size), growth=size)
            with target.open("xb") as copy:
                target.chmod(0o600)
                shutil.copyfileobj(source, copy, 1024 * 1024)

    def _discard(self, upload: Upload) -> None:
        """Nothing was changed: as if the file had never been opened."""
        upload.close()
        upload.staging.unlink(missing_ok=True)
        self._enter_end(upload.writing, None)

    # Names.

    def rename(self, names: Names, new_names: Names, *, replace: bool, account: str) -> Standing | None:
        """Rename to a name at the top of the drop; the rename away from a temp name is the arrival of the target.

        Returns: the arrival, None where nothing arrived by it.
        """
        path, new_name = _path(names), _at_top(new_names)
        with self._lock.held():
            self._refuse_open(path, new_name)
            source = folders.facts(self._base, self._below(names))
            if len(names) > 1:
                self._room.refuse_file(new_name, source.st_size)
            with (
                folders.opened(self._base, self._below(names[:-1])) as folder,
                folders.opened(self._base, self._above) as top,
            ):
                _move(folder, names[-1], top, new_name, replace=replace)
                os.fsync(top)
                if len(names) > 1:
                    os.fsync(folder)
            self._journal.move_client_times(self.id, path, new_name)
            if stat.S_ISDIR(source.st_mode):
                return None
            repaired = self._partials.made_good_by(new_name)
            arrival = self._record_rename(names, new_name, identity_of(source), account, repaired)
        self._partials.unlink(repaired)
        return arrival if arrival.is_news else None

    def _record_rename(
        self, names: Names, new_name: str, identity: FileIdentity, account: str, repaired: list[Writing]
    ) -> Standing:
        before = self._journal.current_of(self.id, names[0]) if len(names) == 1 else None
        # A file from a folder was not watched: somebody else may still write to it.
        known = before if before and before.identity == identity else None
        origin = Origin(
            by_gateway=bool(known and known.file.by_gateway),
            account=account,
            opaque=not (known and self.is_still_of(names, account)),
        )
        return self._journal.arrive(
            self.id,
            new_name,
            identity,
            at=_now(),
            origin=origin,
            ended=repaired,
            renamed_from=names[0] if len(names) == 1 else None,
        )

    def remove(self, names: Names) -> None:
        """Remove a file, or what is left of one that was cut off.

        This is how a client makes room on a full disk: it must work where the journal cannot be written, and what it
        frees comes first. What is not entered then is found by the next look.
        """
        path = _path(names)
        with self._lock.held():
            with suppress(*UNWRITTEN):
                self._enter_late()
            self._refuse_under_way(path)
            left = self._partials.left_of(path)
            if standing := self._standing_file(names):
                with folders.opened(self._base, self._below(names[:-1])) as folder:
                    os.unlink(names[-1], dir_fd=folder)
                    os.fsync(folder)
            self._partials.unlink(left)
            with suppress(*UNWRITTEN), self._journal.together():
                self._journal.forget_client_times(self.id, path)
                if standing and len(names) == 1:
                    self._journal.gone(self.id, names[0], _now())
            for writing in left:
                with suppress(*UNWRITTEN):
                    self._enter_end(writing, None)
            if not (standing or left):
                raise Refusal(NO_SUCH_FILE)

    def refuse_folder(self, names: Names) -> None:
        """Make no folder: files in it would never count, and their vendor would wait in vain."""
        raise Refusal(EXISTS if folders.facts_or_none(self._base, self._below(names)) else NO_FOLDERS)

    def remove_folder(self, names: Names) -> None:
        """Remove an empty folder that was made by other means."""
        with self._lock.held(), folders.opened(self._base, self._below(names[:-1])) as folder:
            os.rmdir(names[-1], dir_fd=folder)
            os.fsync(folder)

    def resize(self, names: Names, size: int, account: str) -> Standing | None:
        """Cut or lengthen what stands there, on a copy: a new generation."""
        upload = self.open_for_writing(names, Opening(), account)
        try:
            upload.truncate(size)
            if not upload.resumed:
                return self.publish(upload)
        except BaseException:
            self.interrupt(upload)
            raise
        self.interrupt(upload)
        return None

    # Looking.

    def shown(self, names: Names) -> Shown:
        """What a client is shown of a file or folder: of an upload that was cut off, what has come of it."""
        if partial := self._partials.under(_path(names)):
            return self._shown_partial(partial)
        state = folders.facts(self._base, self._below(names))
        return _shown(state, self._journal.client_times_of(self.id, _path(names)))

    def listing(self, names: Names = ()) -> Mapping[str, Shown]:
        """What a client is shown of a folder, without what is ours."""
        times = self._journal.client_times(self.id)
        shown = {
            name: _shown(state, times.get(_path((*names, name))))
            for name, state in folders.entries(self._base, self._below(names)).items()
            if is_sound(name) and (names or name not in self._ours)
        }
        if not names:
            shown |= {partial.path: self._shown_partial(partial) for partial in self._partials.resumable()}
        return shown

    def open_for_reading(self, names: Names) -> int:
        """The descriptor of a file that stands in the drop."""
        return folders.open_for_reading(self._base, self._below(names))

    def is_still_of(self, names: Names, account: str) -> bool:
        """Whether the account sent all of the file that stands there, and no batch has taken it yet."""
        standing = self._journal.current_of(self.id, _path(names))
        return standing is not None and standing.file.account == account and not (standing.taken or standing.opaque)

    def _is_taken(self, name: str) -> bool:
        standing = self._journal.current_of(self.id, name)
        return standing is not None and standing.taken

    def set_times(self, names: Names, times: Times) -> None:
        """Keep the times that a client gives a file; they never reach the disk."""
        with self._lock.held():
            if self._partials.under(_path(names)) is None:
                folders.facts(self._base, self._below(names))
            self._journal.set_client_times(self.id, _path(names), times)

    def space(self) -> Space:
        """What the drop may hold, and what is left of that."""
        return self._room.space()

    # What waits.

    def new(self) -> tuple[ArrivedFile, ...]:
        """The newest generation of each name that no batch has taken; temp names are not among them."""
        current = self._journal.current(self.id)
        return tuple(one.file for one in current if not one.taken and not is_temporary(one.file.name))

    def interrupted(self) -> tuple[Writing, ...]:
        """Uploads that were cut off and have not come again."""
        return tuple(self._partials.all())

    def unfinished(self) -> tuple[Interruption, ...]:
        """Uploads that are not whole, with what has come of each: those that were cut off, and those under way."""
        cut_off = [writing.as_interruption() for writing in self.interrupted()]
        under_way = [self._as_if_cut_off(writing) for writing in self._journal.under_way(self.id)]
        return (*cut_off, *under_way)

    def _as_if_cut_off(self, writing: Writing) -> Interruption:
        size = 0
        with suppress(FileNotFoundError):  # it is being made, or has become an arrival
            size = (self._home.uploads / writing.staging).stat().st_size
        return replace(replace(writing, interrupted_at=_now(), size=size).as_interruption(), under_way=True)

    @property
    def open_uploads(self) -> int:
        """How many uploads are open, in all processes."""
        return len(self._journal.under_way(self.id))

    def reconcile(self) -> Found:
        """Compare the folder with the journal; no name changes while it looks, nor while it records what it found."""
        with self._lock.held():
            self._enter_late()
            names = self._scan.look()
        arrivals = []
        for start in range(0, len(names), _SLICE):
            with self._lock.held():
                arrivals += self._scan.record(names[start : start + _SLICE])
            time.sleep(_ROOM_FOR_OTHERS_S)
        return self._scan.found(arrivals)

    # Places and locks.

    def _shown_partial(self, partial: Writing) -> Shown:
        assert partial.interrupted_at is not None
        at = int(partial.interrupted_at.timestamp())
        return Shown(is_folder=False, size=partial.size, times=Times(at, at))

    def _standing_file(self, names: Names) -> os.stat_result | None:
        state = folders.facts_or_none(self._base, self._below(names))
        if state and stat.S_ISDIR(state.st_mode):
            raise Refusal(IS_FOLDER)
        return state

    def _below(self, names: Names) -> Names:
        return (*self._above, *names)

    def _enter_end(self, writing: Writing, size: int | None) -> Writing | None:
        """Enter that an upload is over: cut off `size` bytes in, or gone where None.

        What cannot be entered now is later; until then the upload counts as open, and the drop waits for it.
        """
        try:
            return self._entered(writing, size)
        except UNWRITTEN:
            self._unwritten.append((writing, size))
            raise

    def _entered(self, writing: Writing, size: int | None) -> Writing | None:
        if size is not None:
            return self._journal.interrupt_writing(writing, size, _now())
        self._journal.end_writing(writing)
        return None

    def _enter_late(self) -> None:
        """What a full disk kept from the journal; a restart would find it as well."""
        while self._unwritten:
            self._entered(*self._unwritten[0])
            self._unwritten.pop(0)

    def _refuse_open(self, *paths: str) -> None:
        """Refuse where an upload to one of these names is not finished."""
        self._enter_late()
        self._refuse_under_way(*paths)

    def _refuse_under_way(self, *paths: str) -> None:
        if any(writing.path in paths for writing in self._journal.under_way(self.id)):
            raise Refusal(IN_USE)


def refuse_crossing(source: DropId, target: DropId) -> None:
    """A rename never crosses drops (INTERFACES, "The drop")."""
    if source != target:
        raise Refusal(OTHER_DROP)


def _move(folder: int, name: str, new_folder: int, new_name: str, *, replace: bool) -> None:
    """Rename atomically; without `replace` never over something (reference 2.3, 17)."""
    if _is_folder(new_folder, new_name) and not (replace and _is_folder(folder, name)):
        raise Refusal(EXISTS)
    if replace or _is_folder(folder, name):
        os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder)
        return
    os.link(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder, follow_symlinks=False)
    os.unlink(name, dir_fd=folder)


def _is_folder(folder: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return False


def _shown(state: os.stat_result, times: Times | None) -> Shown:
    own = Times(int(state.st_atime), int(state.st_mtime))
    return Shown(is_folder=stat.S_ISDIR(state.st_mode), size=state.st_size, times=times or own)


def _path(names: Names) -> str:
    return "/".join(names)


def _at_top(names: Names) -> str:
    """The name of a file that is to come; it comes to the top of the drop or not at all."""
    if len(names) > 1:
        raise Refusal(TOP_ONLY)
    return names[0]


def _now() -> datetime:
    return datetime.now(UTC)
