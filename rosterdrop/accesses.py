"""Who read or wrote which file, and when: the audit's lines as values, with the batch that took each file.

Only the files of the days that are asked for are opened, and the day after, on which a batch may have taken what came
before midnight. A line that a crash left torn is passed over and counted.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Any, Final

from config.home import Home
from sftp_gateway.audit.audit_files import day_files
from sftp_gateway.audit.disguising import Seal

Line = Mapping[str, Any]

WHAT: Final[Mapping[str, str]] = {
    "upload": "wrote",
    "interrupted": "wrote a part",
    "resize": "resized",
    "rename": "renamed",
    "remove": "removed",
    "download": "read",
    "arrived_elsewhere": "put there by other means",
}
_LOOKED_AT: Final = re.compile(rb'"event": "(?:%s|taken)"' % "|".join(WHAT).encode())
_BATCH_FOLDER: Final = re.compile(r"reports/\d{4}-\d\d-\d\d-batch-(\d+)/")
_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
_FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One file read or changed, by whom and from where; it ended at `at` and took `ms`.

    `path` as the account saw it in its drop. `batch` took the file, or is the one whose report was read.
    """

    at: datetime
    event: str
    account: str | None
    address: str | None
    client: str | None
    district: str
    path: str
    to: str | None
    bytes: int | None
    ms: int | None
    generation: int | None
    batch: int | None = None

    @property
    def began(self) -> datetime:
        """When the file was opened."""
        return self.at - timedelta(milliseconds=self.ms or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which accesses are asked for; None and the widest times: all."""

    account: str | None = None
    district: str | None = None
    file: str | None = None
    source: IPv4Network | IPv6Network | None = None
    since: datetime = _ALWAYS
    until: datetime = _FOR_EVER

    def fits(self, access: Access, seal: Seal) -> bool:
        """Whether this access is asked for; one that was under way at the time is."""
        return (
            (access.began <= self.until and access.at >= self.since)
            and self.account in {None, access.account}
            and self.district in {None, access.district}
            and (self.source is None or _is_in(self.source, access.address))
            and (self.file is None or any(_ends_in(path, self.file, seal) for path in (access.path, access.to) if path))
        )


@dataclass(slots=True)
class Answer:
    """What the audit says: the accesses, the newest last, who is in it at all, and how many lines were torn."""

    accesses: list[Access] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)
    districts: set[str] = field(default_factory=set)
    torn: int = 0


def _is_in(source: IPv4Network | IPv6Network, address: str | None) -> bool:
    return bool(address) and ip_address(str(address).partition("%")[0]) in source


def files_to_read(home: Home, question: Question) -> list[Path]:
    """The files of the audit in which the answer stands, the oldest first."""
    first = question.since.astimezone(UTC).date()
    last = question.until.astimezone(UTC).date()
    return [
        one.file for one in day_files(home.audit) if first <= one.day and one.day.toordinal() <= last.toordinal() + 1
    ]


def answer(home: Home, question: Question, read: Callable[[int], None]) -> Answer:
    """Who read or wrote what is asked for; `read` is told how many bytes more were looked through."""
    seal = Seal(home.audit_key.read_bytes() if home.audit_key.exists() else b"")
    found, batches, standing = Answer(), dict[object, int](), _Standing()
    for line in _lines(files_to_read(home, question), found, read):
        if line["event"] == "taken":
            batches[line["district"], line.get("generation")] = line["batch"]
            continue
        access = standing.with_generation(_access(line))
        found.accounts.add(access.account or "")
        found.districts.add(access.district)
        if question.fits(access, seal):
            found.accesses.append(access)
    found.accesses = sorted((_with_batch(one, batches) for one in found.accesses), key=lambda one: one.at)
    return found


def _lines(files: list[Path], found: Answer, read: Callable[[int], None]) -> Iterator[Line]:
    for file in files:
        with file.open("rb") as lines:
            for line in lines:
                read(len(line))
                if not _LOOKED_AT.search(line):
                    continue
                if parsed := _parsed(line):
                    yield parsed
                else:
                    found.torn += line.endswith(b"\n")  # else it is being written


def _parsed(line: bytes) -> Line | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) and {"at", "event", "district"} <= document.keys() else None


def _access(line: Line) -> Access:
    above = "test/" if line.get("drop") == "test" else ""
    return Access(
        at=datetime.fromisoformat(line["at"]),
        event=line["event"],
        account=line.get("account"),
        address=line.get("from"),
        client=line.get("client"),
        district=line["district"],
        path=above + line.get("path", ""),
        to=above + line["to"] if "to" in line else None,
        bytes=line.get("bytes"),
        ms=line.get("ms"),
        generation=line.get("generation"),
    )


class _Standing:
    """What stands under each name of a drop while the lines go by: a file that is read is the one written last."""

    def __init__(self) -> None:
        self._generations: dict[tuple[str, str], int] = {}

    def with_generation(self, access: Access) -> Access:
        """The access with the generation of the file that it was about."""
        place = access.district, access.path
        if access.event == "download":
            return replace(access, generation=self._generations.get(place))
        if access.event in {"rename", "remove"}:
            self._generations.pop(place, None)
        if access.generation is not None:
            self._generations[access.district, access.to or access.path] = access.generation
        return access


def _with_batch(access: Access, batches: Mapping[object, int]) -> Access:
    if report := _BATCH_FOLDER.search(access.path):
        return replace(access, batch=int(report[1]))
    return replace(access, batch=batches.get((access.district, access.generation)))


@lru_cache(maxsize=4096)  # the same few names come every night
def _ends_in(path: str, wanted: str, seal: Seal) -> bool:
    """Whether a path of the audit is this file's, or ends in it: `users.csv` is also `test/users.csv`."""
    names = wanted.strip("/").split("/")
    last = path.split("/")[-len(names) :]
    return len(last) == len(names) and all(map(seal.is_same_file, last, names))
