"""One open upload: its bytes go to a hidden file, which becomes an arrival only at a proper close.

A WRITE is kept in memory until a megabyte is together, then written in a thread: the event loop never waits for the
disk, and a thread is asked once for 32 packets of the usual 32 KiB and not once for each.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sftp_gateway.drops.arrivals import FileIdentity, Times, Writing
from sftp_gateway.drops.quotas import Grant
from sftp_gateway.drops.repeating import is_repeated
from sftp_gateway.folders import open_ours
from sftp_gateway.statuses import FAILED, REPEATED, TAKEN, TOO_LARGE, Refusal, Status, status_of

Granting = Callable[[Grant, int], Grant]

_TOGETHER: Final = 1024 * 1024
_MOST_ISLANDS: Final = 4096  # parallel writers have some dozens of packets under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a client opens a file for writing: the flags of SFTP v3."""

    creates: bool = False
    truncates: bool = False
    exclusive: bool = False
    appends: bool = False


class Extent:
    """How much of a file is there from its first byte on without a hole, while packets come in any order.

    A client resumes at the size that we show. Parallel writers leave holes when they are cut off, and a resume behind
    a hole would bring a file with zeros in it.
    """

    def __init__(self, solid: int) -> None:
        self.solid = solid
        self._islands: dict[int, int] = {}  # start to end, behind a hole
        self._untouched = True

    def add(self, start: int, end: int) -> None:
        """Bytes were written."""
        if self._untouched:
            # What the file held before is only as good as the place where the client goes on.
            self.solid = min(self.solid, start)
            self._untouched = False
        if start > self.solid:
            if len(self._islands) < _MOST_ISLANDS:
                self._islands[start] = max(end, self._islands.get(start, 0))
            return
        self.solid = max(self.solid, end)
        self._join()

    def cut(self, size: int) -> None:
        """The file was cut or lengthened to `size`."""
        self._untouched = False
        self.solid = min(self.solid, size)
        self._islands = {start: min(end, size) for start, end in self._islands.items() if start < size}

    def _join(self) -> None:
        for start in sorted(self._islands):
            if start > self.solid:
                break
            self.solid = max(self.solid, self._islands.pop(start))


class Upload:
    """An upload that a client has open.

    `add` costs no disk and may be called on the event loop; everything else belongs into a thread.
    """

    def __init__(
        self,
        file: Path,
        writing: Writing,
        opening: Opening,
        *,
        resumed: bool,
        limit: int,
        granting: Granting,
        of_taken: bool = False,
    ) -> None:
        self.writing = writing
        self.resumed = resumed
        self.continues = writing.copied and not resumed  # what stands there; no longer so once that is written over
        self._of_taken = of_taken
        self.times: Times | None = None
        self._received = 0
        self._file = file
        self._appends = opening.appends
        self._limit = limit
        self._granting = granting
        self._descriptor = open_ours(file, os.O_RDWR)
        self.size = os.fstat(self._descriptor).st_size
        # A file that was made, emptied or continued is a delivery; one opened and left alone is none.
        self.changed = resumed or opening.truncates or self.size == 0
        self._granted = Grant(self.size)
        self._extent = Extent(self.size)
        self._held = self.size  # before the client wrote
        self._lowest: int | None = None  # the first place that it wrote to
        self._buffer: list[tuple[int, bytes]] = []
        self._buffered = 0
        self._broken: Status | None = None

    @property
    def staging(self) -> Path:
        """The hidden file."""
        return self._file

    @property
    def over(self) -> Writing:
        """What the journal is told of it at its end."""
        return replace(self.writing, received=self._received, repeated=self._broken == REPEATED)

    @property
    def refused(self) -> str | None:
        """What the client was told when it was refused, and the upload broken with that."""
        return self._broken.text if self._broken else None

    @property
    def must_flush(self) -> bool:
        """Whether enough is together to go to the disk."""
        return self._buffered >= _TOGETHER

    @property
    def closed(self) -> bool:
        """Whether the hidden file is let go of."""
        return self._descriptor < 0

    def outgrows(self, offset: int, length: int) -> bool:
        """Whether the bytes of a WRITE need more room than was granted; they must get it before they are added."""
        end = self._start(offset) + length
        return end > self._granted.place or self._received + length > self._granted.amount

    def get_room(self, offset: int, length: int) -> None:
        """Get room for the bytes of a WRITE.

        By place and not by amount: one byte far out makes a huge file of one block (reference 2.3, 13).
        """
        self.refuse_broken()
        self._get_room(self._start(offset) + length, self._received + length)

    def begin_write(self, offset: int, length: int) -> None:
        """A WRITE has come, in the order of the client's packets; one that continues a taken file is refused.

        A batch has judged that file. Who resumes it has another night's, and nobody may judge a mix of both.
        """
        self.refuse_broken()
        if not (self.continues and length):
            return
        self.continues = self._start(offset) >= self._held
        if self._of_taken:
            self.refuse_continued()

    def refuse_continued(self) -> None:
        """Refuse an upload that only adds to a taken file; nothing of it is kept."""
        if self.continues:
            self.changed = False
            self._broken = TAKEN
            self.refuse_broken()

    def add(self, offset: int, data: bytes) -> None:
        """Take the bytes of a WRITE, for which there must be room."""
        self.refuse_broken()
        assert not self.outgrows(offset, len(data))
        if not data:
            return  # no byte makes no hole before it either
        start = self._start(offset)
        end = start + len(data)
        self._buffer.append((start, data))
        self._buffered += len(data)
        self._received += len(data)
        self._extent.add(start, end)
        self._lowest = start if self._lowest is None else min(self._lowest, start)
        self.size = max(self.size, end)
        self.changed = True

    def flush(self) -> None:
        """Bring what is together to the file."""
        buffer, self._buffer, self._buffered = self._buffer, [], 0
        pieces = list(_joined(buffer))
        for number, (start, data) in enumerate(pieces):
            try:
                _write_whole(self._descriptor, data, start)
            except OSError as error:
                self._broken = status_of(error)
                self._extent.cut(min(start for start, _ in pieces[number:]))  # those behind it are lost as well
                raise

    def read(self, offset: int, size: int) -> bytes:
        """A part of what has come so far."""
        self.flush()
        return os.pread(self._descriptor, size, offset)

    def truncate(self, size: int) -> None:
        """Cut or lengthen the file, as scp does after writing over a longer one."""
        if self._broken == TAKEN:  # OpenSSH cuts to nothing what it could not resume
            self.refuse_broken()
        if size > self._granted.place:
            self._get_room(size, self._received)
        self.flush()
        self.continues = self.continues and size >= self._held
        os.ftruncate(self._descriptor, size)
        self._extent.cut(size)
        self.changed = self.changed or size != self.size
        self.size = size

    def sync(self) -> None:
        """Return only when everything is safe on the disk."""
        self.refuse_broken()
        self.flush()
        os.fsync(self._descriptor)

    def refuse_repeated(self) -> None:
        """Refuse what was sent a second time behind what had been there; it is never an arrival either."""
        if self._held and self._lowest == self._held and is_repeated(self._descriptor, self._held):
            self._broken = REPEATED
            self.refuse_broken()

    def cut_to_solid(self) -> int:
        """Keep what came without a hole, so that a resume goes on at the right place; its size."""
        solid = min(self._extent.solid, os.fstat(self._descriptor).st_size)  # a full disk took less than we were sent
        os.ftruncate(self._descriptor, solid)
        return solid

    def _start(self, offset: int) -> int:
        """Where a WRITE goes; one that appends goes to the end, whatever its offset says (as sshd does)."""
        return self.size if self._appends else offset

    def _get_room(self, end: int, amount: int) -> None:
        try:
            if end > self._limit:
                raise Refusal(TOO_LARGE)  # noqa: TRY301 - refused as by the quota
            growth = max(end - self.size, 0)
            granted = self._granting(Grant(max(end, self.size), amount), growth)
            self._granted = replace(granted, place=min(granted.place, self._limit))
        except Refusal as refusal:
            self._broken = refusal.status
            raise
        except Exception as error:
            self._broken = status_of(error) if isinstance(error, OSError) else FAILED
            raise

    def refuse_broken(self) -> None:
        """After a WRITE that was refused the file lacks bytes; however the client goes on, it never is an arrival."""
        if self._broken:
            raise Refusal(self._broken)

    def identity(self) -> FileIdentity:
        """The state of the hidden file; a rename changes nothing of it."""
        return identity_of(os.fstat(self._descriptor))

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        if not self.closed:
            os.close(self._descriptor)
            self._descriptor = -1


def identity_of(state: os.stat_result) -> FileIdentity:
    """What tells this state of a file from another."""
    return FileIdentity(state.st_size, state.st_ino, state.st_mtime_ns)


def solid_on_disk(file: Path) -> int:
    """How much of a hidden file is there without a hole after a crash, when nobody remembers the packets.

    The disk knows holes by whole blocks: one that begins inside a block shows only at its end.
    """
    with file.open("rb") as descriptor:
        state = os.fstat(descriptor.fileno())
        hole = os.lseek(descriptor.fileno(), 0, os.SEEK_HOLE) if state.st_size else 0
    return hole if hole >= state.st_size else max(hole - state.st_blksize, 0)


def _joined(buffer: list[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Neighbouring packets as one write; the order stays, so that a later write over an earlier one wins."""
    start, end, parts = 0, 0, list[bytes]()
    for offset, data in buffer:
        if offset != end:
            yield start, b"".join(parts)
            start, end, parts = offset, offset, []
        parts.append(data)
        end += len(data)
    yield start, b"".join(parts)


def _write_whole(descriptor: int, data: bytes, offset: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
