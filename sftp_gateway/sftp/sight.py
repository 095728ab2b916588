"""What one account sees of the drops and may do in them: its rights, the folders of ours, and the audit of both."""

import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from config.accounts import Account, Right
from config.home import Home
from sftp_gateway import folders
from sftp_gateway.audit.auditing import Audit, Who
from sftp_gateway.drops.arrivals import Standing, Times
from sftp_gateway.drops.drops import Drop, Names, Shown
from sftp_gateway.drops.uploads import Upload
from sftp_gateway.names import REPORTS, TEST, is_sound
from sftp_gateway.sftp.paths import InDrop, InReports, Place, Top, is_ours, place_of, refuse_beside_districts, sight_of
from sftp_gateway.statuses import IS_FOLDER, NO_READING_BACK, NO_RIGHT, NO_SUCH_FILE, READ_ONLY, Refusal, Status
from sftp_gateway.threads import DiskThreads

_BY_PATH: Final = frozenset(
    {"open", "opendir", "remove", "rename", "posix_rename", "mkdir", "rmdir", "setstat", "lsetstat"}
)
_MOST_REFUSALS: Final = 1000  # of a session are told; a client that asks on and on shall not fill the disk


class Sight:
    """The drops as one account sees them, for one session of it."""

    def __init__(
        self,
        account: Account,
        who: Who,
        *,
        home: Home,
        drop_at: Callable[[InDrop], Drop],
        threads: DiskThreads,
        audit: Audit,
    ) -> None:
        self._account = account
        self._who = who
        self._home = home
        self._drop_at = drop_at
        self._threads = threads
        self._audit = audit
        self._refusals = 0
        self._asked: Place | None = None  # by the request that is being answered; there is one at a time

    def place(self, path: bytes) -> Place:
        """Where a client's path leads."""
        self._asked = None
        self._asked = place_of(self._account, path)
        return self._asked

    def place_to_make(self, path: bytes) -> Place:
        """Where something is to be made."""
        self._asked = None
        refuse_beside_districts(self._account, path)
        return self.place(path)

    def refused(self, request: str, status: Status) -> None:
        """Write down that the account asked for something and did not get it; `request` as SFTP calls it."""
        self._refusals += 1
        if self._refusals > _MOST_REFUSALS:
            self._audit.count("refused", request=request)
            return
        asked = self._asked if request in _BY_PATH else None
        self.note("refused", asked or Top(), request=request, reason=status.text)

    def note(self, event: str, place: Place, arrival: Standing | None = None, /, **facts: str | int | None) -> None:
        """Write down what the account did, where, and which generation of a file arrived by it."""
        where = {} if isinstance(place, Top) else {"district": place.district, "drop": place.drop}
        names = () if isinstance(place, Top) else place.names
        above = (REPORTS,) if isinstance(place, InReports) else ()
        generation = arrival.file.generation if arrival else None
        path = "/".join((*above, *names)) or None
        self._audit.note(event, self._who, **where, path=path, generation=generation, **facts)

    # What it may do.

    def writable(self, place: Place) -> InDrop:
        """The place, if this account may change something there."""
        if not isinstance(place, InDrop):
            raise Refusal(READ_ONLY)
        if not place.names:
            raise Refusal(IS_FOLDER)
        self._need("upload")
        return place

    def may_date(self, place: Place) -> bool:
        """Whether the account may give the file there its times."""
        return isinstance(place, InDrop) and bool(place.names) and self._account.may("upload")

    def may_read_back(self, place: InDrop) -> bool:
        """Whether it may read the file there: by its right, or because it sent it and no batch has taken it."""
        return self._account.may("files") or self._drop_at(place).is_still_of(place.names, self._account.id)

    def may_read_upload(self, upload: Upload) -> bool:
        """Whether it may read what is in an upload of its own: by its right, or because all of it is its own."""
        return self._account.may("files") or not upload.writing.opaque

    def spares(self, place: Place, request: str) -> bool:
        """Whether the place is ours: a client that synchronises is answered OK, and nothing happens."""
        if is_ours(place):
            self.note("spared", place, request=request)
        return is_ours(place)

    def _need(self, right: Right) -> None:
        if not self._account.may(right):
            raise Refusal(NO_RIGHT)

    # What it sees.

    async def opened(self, place: Place) -> int:
        """The descriptor of a file that the account may read."""
        if isinstance(place, Top):
            raise Refusal(IS_FOLDER)
        if isinstance(place, InReports):
            return await self._threads.run(folders.open_for_reading, *self._reports(place))
        if not await self._threads.run(self.may_read_back, place):
            raise Refusal(NO_READING_BACK)
        return await self._threads.run(self._drop_at(place).open_for_reading, place.names)

    async def shown(self, place: Place) -> Shown:
        """What the account is shown of a file or folder."""
        if isinstance(place, Top):
            return _READ_ONLY
        if isinstance(place, InReports):
            return shown_state(await self._threads.run(folders.facts, *self._reports(place)), place)
        if not place.names:
            return _FOLDER
        return await self._threads.run(self._drop_at(place).shown, place.names)

    async def entries(self, place: Place) -> Mapping[str, Shown]:
        """What the account is shown of what a folder holds."""
        if isinstance(place, Top):
            return dict.fromkeys(self._account.districts, _FOLDER)
        if isinstance(place, InReports):
            return await self._threads.run(_entries_of_reports, place, *self._reports(place))
        entries = await self._threads.run(self._drop_at(place).listing, place.names)
        return {**entries, **self._ours_in(place)}

    def _reports(self, place: InReports) -> tuple[Path, Names]:
        """Where the reports lie that this account sees: a folder, and the names below it, each opened on its own."""
        if any(_hidden(name) for name in place.names):
            raise Refusal(NO_SUCH_FILE)
        if place.sight == "values":
            above = (TEST, REPORTS) if place.drop == "test" else (REPORTS,)
            return self._home.drop(place.district), (*above, *place.names)
        if place.sight == "masked":
            return self._home.summaries(place.district, test=place.drop == "test"), place.names
        raise Refusal(NO_SUCH_FILE)

    def _ours_in(self, place: InDrop) -> Mapping[str, Shown]:
        """The folders of ours that stand in a drop beside the client's own."""
        if place.names:
            return {}
        reports = {} if sight_of(self._account) == "none" else {REPORTS: _READ_ONLY}
        return reports if place.drop == "test" else {**reports, TEST: _FOLDER}


def shown_state(state: os.stat_result, place: Place) -> Shown:
    """What is shown of a file or folder on the disk."""
    times = Times(int(state.st_atime), int(state.st_mtime))
    return Shown(
        is_folder=stat.S_ISDIR(state.st_mode), size=state.st_size, times=times, read_only=isinstance(place, InReports)
    )


def _entries_of_reports(place: InReports, base: Path, names: Names) -> Mapping[str, Shown]:
    found = folders.entries(base, names)
    return {name: shown_state(state, place) for name, state in found.items() if is_sound(name) and not _hidden(name)}


def _hidden(name: str) -> bool:
    """Whether it is a report that is still being written: it gets its name when it is whole."""
    return name.startswith(".")


# Folders that are only shown have no times of their own.
_SINCE: Final = Times(int(time.time()), int(time.time()))
_FOLDER: Final = Shown(is_folder=True, size=0, times=_SINCE)
_READ_ONLY: Final = Shown(is_folder=True, size=0, times=_SINCE, read_only=True)
