"""The journal and the disk brought together: files that came or went without us, and what a crash left open."""

import os
import stat
import time
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.home import Home
from sftp_gateway import folders
from sftp_gateway.drops.arrivals import FileIdentity, Journal, Origin, Standing, Writing
from sftp_gateway.drops.partials import Partials
from sftp_gateway.drops.uploads import identity_of, solid_on_disk
from sftp_gateway.names import is_sound, is_temporary
from sftp_gateway.receiving import DropId

_STABLE_S: Final = 1.0  # two looks this far apart must agree before a file from elsewhere counts


@dataclass(frozen=True, slots=True)
class Found:
    """What a reconciling scan found.

    Attributes:
        arrivals: what came by other means and is whole, as far as anybody can tell.
        unreadable: names that nobody can use.
        growing: files that may still grow, with their sizes; they must be looked at again.
    """

    arrivals: tuple[Standing, ...] = ()
    unreadable: frozenset[str] = frozenset()
    growing: Mapping[str, int] = field(default_factory=dict)


class Scan:
    """The scan of one drop; it remembers its last look. Nobody may change a name while it looks or records.

    What it found is recorded in slices: a hundred thousand files that were copied into a drop do not keep a client from
    its names for as long as that takes.

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
        self._stable: dict[str, FileIdentity] = {}
        self._repaired: list[Writing] = []
        self._unreadable: frozenset[str] = frozenset()

    def look(self) -> tuple[str, ...]:
        """Compare the folder with the journal; the names of which something is to be recorded."""
        on_disk = self._files_on_disk()
        known = {one.file.name: one.identity for one in self._journal.current(self._drop_id)}
        unknown = {name: identity for name, identity in on_disk.items() if known.get(name) != identity}
        self._stable = {name: identity for name, identity in unknown.items() if self._is_stable(name, identity)}
        self._looks = {name: look for name, look in self._looks.items() if name in unknown and name not in self._stable}
        return (*(name for name in known if name not in on_disk), *self._stable)

    def record(self, names: Iterable[str]) -> list[Standing]:
        """Record what vanished as gone and what is unknown and stable as arrived, unless it has changed since the look.

        Returns: the arrivals.
        """
        with self._journal.together():
            arrivals = [arrival for name in names if (arrival := self._recorded(name))]
        self._partials.unlink(self._repaired)
        self._repaired = []
        return arrivals

    def found(self, arrivals: Iterable[Standing]) -> Found:
        """What is told of the last look."""
        growing = {name: identity.size for name, (identity, _) in self._looks.items()}
        return Found(tuple(arrival for arrival in arrivals if arrival.is_news), self._unreadable, growing)

    def _recorded(self, name: str) -> Standing | None:
        standing = self._journal.current_of(self._drop_id, name)
        state = folders.facts_or_none(self._base, (*self._above, name))
        if state is None or not stat.S_ISREG(state.st_mode):
            self._journal.gone(self._drop_id, name, datetime.now(UTC))
            return None
        identity = identity_of(state)
        if self._stable.get(name) != identity or (standing and standing.identity == identity):
            return None
        return self._arrived_elsewhere(name, identity)

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
        self._repaired += repaired
        return self._journal.arrive(
            self._drop_id, name, identity, at=datetime.now(UTC), origin=Origin(), ended=repaired
        )


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
