"""The room of one drop: its quota and the disk, asked before anything is written. All of it belongs into a thread."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from config.home import Home
from config.profiles import Quota
from sftp_gateway.drops.arrivals import Journal, Writing
from sftp_gateway.drops.quotas import Grant, grant, refuse_new_name
from sftp_gateway.folders import disk_of
from sftp_gateway.receiving import DropId
from sftp_gateway.statuses import NO_SPACE, Refusal


@dataclass(frozen=True, slots=True)
class Space:
    """What a client is told of the room of a drop."""

    bytes: int
    free_bytes: int
    files: int
    free_files: int


@dataclass(frozen=True, slots=True)
class Room:
    """What a drop may hold and what is left of that; what several processes take of it meets in the journal.

    Attributes:
        home: where uploads lie.
        drop_id: the drop.
        journal: what it holds.
        quota: asked each time, so that an edit of the profile counts at once.
        reserve_bytes: of the disk, kept for reports.
    """

    home: Home
    drop_id: DropId
    journal: Journal
    quota: Callable[[], Quota]
    reserve_bytes: int

    def grant(self, writing: Writing, wanted: Grant, growth: int) -> Grant:
        """Room for an upload; what it was granted counts as taken until it is over."""
        quota, free = self.quota(), self.free_bytes()
        return self.journal.grant(
            writing, lambda held: grant(quota, held, wanted, growth=growth, free=free), datetime.now(UTC)
        )

    def refuse_upload(self, path: str) -> None:
        """Refuse an upload before its first byte, where one cannot be: of a name too many, or on a full disk."""
        if self.free_bytes() < 0:
            raise Refusal(NO_SPACE)
        refuse_new_name(self.quota(), self.journal.holding(self.drop_id, path, datetime.now(UTC)))

    def refuse_file(self, path: str, size: int) -> None:
        """Refuse a file that comes to the top of the drop from a folder, which nobody had counted."""
        quota, held = self.quota(), self.journal.holding(self.drop_id, path, datetime.now(UTC))
        refuse_new_name(quota, held)
        grant(quota, held, Grant(place=size), growth=0, free=0)

    def space(self) -> Space:
        """The quota and what is left of it; of bytes no more than the disk has."""
        quota, held = self.quota(), self.journal.holding(self.drop_id, "", datetime.now(UTC))
        left = min(quota.bytes - held.bytes, self.free_bytes())
        return Space(quota.bytes, max(left, 0), quota.files, max(quota.files - held.names, 0))

    def free_bytes(self) -> int:
        """What uploads may take of the disk; less than nothing where the reserve is touched."""
        disk = disk_of(self.home.uploads)
        return disk.f_bavail * disk.f_frsize - self.reserve_bytes
