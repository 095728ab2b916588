"""The shapes that leave this room, and what the service does with them.

Errors of this room:

    GatewayError               the gateway cannot run; `remedy` says what an operator does about it
        PortTaken              another program listens there
        NoHostKeys             HOME/keys holds no key that can be used
    FilesChanged               raised by the service inside `Receiver.complete`: wait and look again
    NotYet                     likewise: the set stays as it is, and its turn comes
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from config.profiles import Arrival as ArrivalRule
from config.profiles import Profile, Quota
from config.tables import TableName

DropName = Literal["main", "test"]

FileKind = Literal["table", "archive", "repair", "clever", "manifest", "trigger", "other"]
"""What a file is in its set: a table's CSV, a ZIP, repaired rows, one of Clever's, what says that the set is whole, or
none of these."""

Fault = Literal["missing", "size", "sha256", "too_large", "not_json", "schema"]
"""What is wrong between a manifest and the drop; the last three tell of the manifest itself."""


class GatewayError(Exception):
    """The gateway cannot run."""

    exit_code = 2  # settings or the machine: an operator must act

    def __init__(self, sentence: str, *, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy


class PortTaken(GatewayError):
    """Another program listens on our port."""


class NoHostKeys(GatewayError):
    """There is no host key that clients could recognise us by."""


class FilesChanged(Exception):
    """A file of a complete set moved while it was frozen: nothing was taken, the gateway waits and looks again."""


class NotYet(Exception):
    """A complete set cannot be frozen before the batch that is worked on is done: nothing was taken, ask again soon."""


@dataclass(frozen=True, slots=True)
class DropId:
    """One drop: a district's own, or the `test/` folder inside it."""

    district: str
    drop: DropName


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """What the gateway needs to know of a district's profile."""

    time_zone: ZoneInfo
    arrival: ArrivalRule = field(default_factory=ArrivalRule)
    quota: Quota = field(default_factory=Quota)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedFile:
    """One file that was received whole.

    `inode`, `size` and `mtime_ns` are what the journal saw: whoever freezes the file compares them with what was
    frozen and raises `FilesChanged` where they differ. What the gateway wrote (`by_gateway`) is never written to
    again and may be linked; other files must be copied. `generation` is our own count: higher is newer.
    """

    name: str  # as delivered, "Users.CSV" stays so
    table: TableName | None  # None: a file that nothing takes; it travels along so that the report can name it
    path: Path
    size: int
    inode: int
    mtime_ns: int
    generation: int
    by_gateway: bool
    arrived_at: datetime  # aware, UTC
    account: str | None = None  # None: put there by other means
    kind: FileKind = "other"  # told once a set is looked at: the name of a trigger is the profile's choice
    unexpected: bool = False  # nothing takes it: it is none of the kinds, or a newer set came beside it

    def is_still(self, now: os.stat_result) -> bool:
        """Whether what lies there now is the file that arrived."""
        return (now.st_ino, now.st_size, now.st_mtime_ns) == (self.inode, self.size, self.mtime_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One thing that a manifest says and that is not so.

    Attributes:
        manifest: its name, as delivered.
        file: the file of which it tells, by the name that it uses; its own where nobody can read it.
        fault: what is wrong.
        promised: the size in bytes or the SHA-256 in hex that it names; None where it names none.
        found: the size or the SHA-256 of what is there, None where nothing is; for `schema` the key that is wrong.
    """

    manifest: str
    file: str
    fault: Fault
    promised: int | str | None = None
    found: int | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A file has been received whole and is visible under its name."""

    district: str
    drop: DropName
    file: ArrivedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """An upload that ended without its proper close; `size` bytes had been received.

    `repeated` where it was closed and yet is no arrival, because its content came twice; `under_way` where it may still
    end properly.
    """

    district: str
    drop: DropName
    name: str
    size: int
    at: datetime  # aware, UTC
    account: str
    repeated: bool = False
    under_way: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Why what came is not taken.

    Attributes:
        because: what made us tell it: the deadline of a day has passed, or a manifest or a trigger says that the set
            is whole, it has been quiet for long, and it is not so.
        present: what came since the last batch, `kind` and `unexpected` told.
        missing: expected tables that are not among it; none where a whole set waits for an upload to end, or where
            all is there and a manifest says otherwise.
        interrupted: uploads that were cut off, and those that are still under way with what has come of them.
        mismatches: what a manifest says and what is not so.
        left_over: temp names in the drop that nobody has touched for a day; each is told once.
    """

    because: Literal["deadline", "manifest", "trigger"]
    present: tuple[ArrivedFile, ...]
    missing: frozenset[TableName]
    interrupted: tuple[Interruption, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    left_over: tuple[str, ...] = ()


class Receiver(Protocol):
    """What the service does with what the gateway received. Every method may take its time; none may block the loop.

    What a method raises is logged; `complete` is tried again later, the others are not.
    """

    async def arrived(self, arrival: Arrival) -> None:
        """Write the receipt of an arrival. Temp names never come here, the rename away from one does."""

    async def interrupted(self, interruption: Interruption) -> None:
        """Write the receipt of an upload that was cut off."""

    async def complete(
        self, district: str, drop: DropName, files: tuple[ArrivedFile, ...], carried: frozenset[TableName]
    ) -> int:
        """Freeze a complete set into a batch and return the batch's number.

        When this returns, the journal marks these generations as taken and they never come again. Raise
        `FilesChanged` where a file is not what the set says, `NotYet` where it builds on a batch that is not judged;
        raise anything else and the same set is tried again, less and less often.

        Args:
            district: whose drop it is.
            drop: the main drop, or the `test/` folder inside it.
            files: what is taken, and beside it the `unexpected` files, which the report names. What is taken is one
                `archive` alone, to be inflated, or tables, or files of Clever's; manifests and triggers have done their
                work and are only consumed. Two files that are not unexpected may claim one table (`users.csv` and
                `USERS.csv`): nobody can tell which is right, so the batch is refused with an error that names both.
            carried: expected tables that are to be carried from the last judged batch.
        """

    async def carriable(self, district: str, drop: DropName) -> frozenset[TableName]:
        """Tables that a batch can lend now, or once it is judged (not older than `carry_hours`)."""

    async def incomplete(self, district: str, drop: DropName, shortage: Shortage) -> None:
        """Tell once that what came cannot be taken: at the deadline, or when a manifest or trigger is not kept.

        A deadline is only ever told of the main drop.
        """


Districts = Mapping[str, Receiving]


def receiving_of(profiles: Mapping[str, Profile]) -> dict[str, Receiving]:
    """What the gateway needs to know of each district."""
    return {
        district: Receiving(time_zone=profile.time_zone, arrival=profile.arrival, quota=profile.quota)
        for district, profile in profiles.items()
    }
