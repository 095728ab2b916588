"""The journal and the disk brought together: files that came or went without us, and what a crash left open."""

import os
import stat
import time
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.home import Home
from sftp_gateway import folders
from sftp_gateway.arrivals import DropId, FileIdentity, Journal, Standing, Writing
from sftp_gateway.names import is_sound, is_temporary
from sftp_gateway.partials import Partials
from sftp_gateway.uploads import identity_of, solid_on_disk

_STABLE_S: Final = 1.0  # two looks this far apart must agree before a file from elsewhere counts


@dataclass(frozen=True, slots=True)
class Found:
    """What a reconciling scan found: arrivals, names that nobody can use, whether something must be looked at again."""

    arrivals: tuple[Standing, ...] = ()
    unreadable: frozenset[str] = frozenset()
    unstable: bool = False


class Scan:
    """The scan of one drop; it remembers its last look, and nobody may change a name while it looks.

    `above` leads from `base` to the drop, `ours` are the names in it that are no vendor's.
    """

    def __init__(
        self,
        base: Path,
        above: tuple[str, ...],
        ours: Container[str],
        *,
        drop_id: DropId,
        journal: Journal,
        partials: Partials,
    ) -> None:
        self._base = base
        self._above = above
        self._ours = ours
        self._drop_id = drop_id
        self._journal = journal
        self._partials = partials
        self._looks: dict[str, tuple[FileIdentity, float]] = {}
        self._unreadable: frozenset[str] = frozenset()

    def compare(self) -> Found:
        """Compare the folder with the journal: what vanished is gone, what is unknown and stable has arrived."""
        on_disk = self._files_on_disk()
        known = {}
        for standing in self._journal.current(self._drop_id):
            if standing.file.name in on_disk:
                known[standing.file.name] = standing.identity
            else:
                self._journal.gone(self._drop_id, standing.file.name, datetime.now(UTC))
        unknown = {name: found for name, found in on_disk.items() if known.get(name) != found}
        stable = [name for name, identity in unknown.items() if self._is_stable(name, identity)]
        self._looks = {name: look for name, look in self._looks.items() if name in unknown and name not in stable}
        arrivals = [self._arrived_elsewhere(name, unknown[name]) for name in stable]
        return Found(tuple(arrival for arrival in arrivals if arrival.is_news), self._unreadable, bool(self._looks))

    def _files_on_disk(self) -> dict[str, FileIdentity]:
        found = folders.entries(self._base, self._above)
        self._unreadable = frozenset(name for name in found if not is_sound(name))
        return {
            name: identity_of(state)
            for name, state in found.items()
            if stat.S_ISREG(state.st_mode) and name not in self._unreadable and name not in self._ours
        }

    def _is_stable(self, name: str, identity: FileIdentity) -> bool:
        if is_temporary(name):
            return False
        before, since_s = self._looks.get(name, (None, 0.0))
        if before != identity:
            self._looks[name] = (identity, time.monotonic())
            return False
        return time.monotonic() - since_s >= _STABLE_S

    def _arrived_elsewhere(self, name: str, identity: FileIdentity) -> Standing:
        repaired = self._partials.made_good_by(name)
        arrival = self._journal.arrive(
            self._drop_id, name, identity, at=datetime.now(UTC), by_gateway=False, account=None, ended=repaired
        )
        self._partials.unlink(repaired)
        return arrival


def take_up_open_writes(home: Home, journal: Journal, process: int | None = None) -> list[Writing]:
    """After a crash: what was open is interrupted at what is there of it, and hidden files that nobody knows go.

    `process` is the one of the gateway's processes that died while others go on; None at the start of all.

    Returns: what was interrupted.
    """
    interrupted = []
    for writing in journal.left_open(process):
        staging = home.uploads / writing.staging
        if not staging.exists():
            journal.end_writing(writing)  # it had been renamed into the drop; the scan finds it there
            continue
        # Of a copy nobody remembers what was old and what was new.
        size = 0 if writing.copied else solid_on_disk(staging)
        os.truncate(staging, size)
        interrupted.append(journal.interrupt_writing(replace(writing, received=size), size, datetime.now(UTC)))
    # Looked for before the journal is asked: it knows each upload before its hidden file is made.
    hidden = list(home.uploads.iterdir())
    known = journal.stagings()
    for file in hidden:
        if file.name not in known:
            file.unlink(missing_ok=True)
    return interrupted
