"""The files of a batch as they were frozen: where they lie, whether they still are what they were, who lends them."""

import errno
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from config.home import Home
from connect_store import ledger
from connect_store.ledger import LedgerBatch, LedgerFile
from processors.unpacking import DeliveredFile
from validators.finding import Finding

FOUND: Final = "found.json"
"""Beside the files: what freezing found about them."""

ENTRY: Final = "batch.json"
"""Beside the files: what the ledger says of them, for a ledger that was put back and does not know them."""

# Two volumes, a file system without links or one that has too many of this file already, as exFAT and network shares.
_NO_LINK: Final = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP})


class FileMoved(Exception):
    """A file changed or vanished while it was frozen; nothing was taken, the set must be looked at again."""

    exit_code = 2


class Damaged(Exception):
    """A frozen file is not what it was: the disk lost it, or somebody touched it."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """Files that lie in a batch's folder, and what there is to say about them."""

    files: tuple[LedgerFile, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A batch as its folder tells of it."""

    received: datetime
    test: bool
    origin: str
    files: tuple[LedgerFile, ...]

    def as_json(self) -> str:
        """What stands in the folder."""
        files = [asdict(file) for file in self.files]
        known = {"received": ledger.stamp(self.received), "test": self.test, "origin": self.origin, "files": files}
        return json.dumps(known)

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The entry of a batch's folder.

        Raises:
            FileNotFoundError: it has none, being of an earlier version.
        """
        known = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        return cls(
            received=ledger.moment(known["received"]),
            test=known["test"],
            origin=known["origin"],
            files=tuple(LedgerFile(**file) for file in known["files"]),
        )


def frozen_file(home: Home, batch: LedgerBatch, file: LedgerFile) -> Path:
    """Where a frozen file of a batch lies."""
    return home.batch(batch.district, batch.number) / "files" / file.file


def intact(home: Home, batch: LedgerBatch, file: LedgerFile) -> Path:
    """A frozen file that still is what was frozen.

    Raises:
        Damaged: it is not, or it is gone.
    """
    path = frozen_file(home, batch, file)
    if not path.is_file() or digest(path) != file.sha256:
        raise Damaged(f"{file.file} of batch {batch.number} is not what was frozen; it cannot be worked on")
    return path


def found_in(home: Home, batch: LedgerBatch) -> tuple[Finding, ...]:
    """What freezing found about the files of a batch."""
    try:
        document = (home.batch(batch.district, batch.number) / FOUND).read_text(encoding="utf-8")
    except FileNotFoundError:  # a batch of an earlier version
        return ()
    return tuple(Finding(**found) for found in json.loads(document))


def frozen_profile(home: Home, batch: LedgerBatch) -> Path:
    """The profile as it was when the batch was frozen."""
    return home.batch(batch.district, batch.number) / "profile.toml"


def take(file: DeliveredFile, target: Path) -> LedgerFile:
    """Freeze one delivered file into a folder: linked where nobody writes to it any more, copied otherwise.

    Raises:
        FileMoved: it is not what was seen when its set was complete.
    """
    place = target / file.name
    try:
        if file.link:
            link(file.path, place)
        else:
            copy(file.path, place)
        facts = file.path.stat()
    except FileNotFoundError as error:
        raise FileMoved(f"{file.name} moved while it was taken") from error
    if file.seen is not None and file.seen != (facts.st_size, facts.st_ino, facts.st_mtime_ns):
        raise FileMoved(f"{file.name} changed while it was taken")
    return LedgerFile(
        file=file.name,
        table=file.table,
        bytes=place.stat().st_size,
        sha256=digest(place),
        generation=file.generation,
        arrived=ledger.stamp(file.arrived),
        carried_from=file.carried_from,
    )


def link(path: Path, place: Path) -> None:
    """Link a file that nobody writes to any more; where the file system cannot, copy it."""
    try:
        os.link(path, place, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        copy(path, place)


def copy(path: Path, place: Path) -> None:
    """Copy a file, no link, and wait until it is safe on the disk."""
    with open(path, "rb", opener=_no_link) as source, place.open("wb") as target:
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())


def write(place: Path, content: bytes) -> None:
    """Write a file that nobody delivered as it is, and wait until it is safe on the disk."""
    with place.open("wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def lend(home: Home, lender: LedgerBatch, file: LedgerFile, target: Path) -> LedgerFile:
    """Link a frozen file of one batch into the folder of another; it is carried from the batch where it came.

    Raises:
        Damaged: it is gone, as where a store was put back on a machine without its folders.
    """
    try:
        link(frozen_file(home, lender, file), target / file.file)
    except FileNotFoundError as error:
        raise Damaged(
            f"{file.file} of batch {lender.number} is gone and cannot be carried; send it with the other files"
        ) from error
    return LedgerFile(
        file=file.file,
        table=file.table,
        bytes=file.bytes,
        sha256=file.sha256,
        generation=file.generation,
        arrived=file.arrived,
        carried_from=file.carried_from or lender.number,
    )


def digest(path: Path) -> str:
    """The SHA-256 of a file, as hex."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
