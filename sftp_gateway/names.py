"""File names: which a client may use, what they stand for, and which stand for a file that is still on its way."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from config.tables import roster_table_of

OUR_MANIFEST: Final = "rosterdrop-manifest.json"
ONEROSTER_MANIFEST: Final = "manifest.csv"
REPORTS: Final = "reports"
TEST: Final = "test"
_MAX_NAME_BYTES: Final = 255
_UNWANTED: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, surrogates, line and paragraph separators

# Temp names of real clients, measured or read in their sources (reference 2.5, 3.2).
_TEMPORARY: Final = (
    re.compile(r"(?P<final>.+)\.[0-9a-f]{8}\.partial", re.IGNORECASE),  # rclone 1.75
    re.compile(r"(?P<final>.+)\(\d+\)\.tmp", re.IGNORECASE),  # Net::SFTP::Foreign
    re.compile(r"(?P<final>.+)\.(?:filepart|part|partial|tmp|writing)", re.IGNORECASE),  # WinSCP, Spring, others
    re.compile(r"\.in\.(?P<final>.+?)\.?", re.IGNORECASE),  # lftp; ProFTPD's own ends in a dot
    re.compile(r"(?P<final>.+)~"),
)


def folded(name: str) -> str:
    """What two names have in common that people take for one: the same letters, composed, without regard to case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_sound(name: str) -> bool:
    """Whether a name can be shown, logged and stored everywhere: no control characters, at most 255 bytes."""
    if not name or name in {".", ".."} or "/" in name:
        return False
    if any(unicodedata.category(character) in _UNWANTED for character in name):
        return False
    return len(name.encode()) <= _MAX_NAME_BYTES


def is_temporary(name: str) -> bool:
    """Whether a client will rename this file when it is whole; such a file never counts."""
    return final_name(name) != name


def final_name(name: str) -> str:
    """The name that a file will have when it is whole: `users.csv` for `users.csv.filepart`, else the name itself."""
    for pattern in _TEMPORARY:
        if matched := pattern.fullmatch(name):
            return matched["final"]
    return name


def is_manifest(name: str) -> bool:
    """Whether a file of this name may be a manifest."""
    return folded(name) in {OUR_MANIFEST, ONEROSTER_MANIFEST}


def is_archive(name: str) -> bool:
    """Whether a file of this name is a ZIP."""
    return folded(name).endswith(".zip")


def tells_by_header(name: str) -> bool:
    """Whether the header of a file of this name tells what it holds: repaired rows, one of Clever's files, a table."""
    return folded(name).endswith(".csv") and not is_manifest(name)


def blocked_by(interrupted: Iterable[str]) -> frozenset[str]:
    """Tables and manifests whose upload was cut off, under their own or a temp name: no set goes without their retry.

    A ZIP is none of them: many are named after their day, so that no other name ever is the retry of one.
    """
    return frozenset(stopped for name in interrupted if (stopped := _blocks(final_name(name))))


def makes_good(name: str, interrupted: str) -> bool:
    """Whether the arrival of `name` is the retry of an upload that was cut off.

    That is its own name, the one that it would have had when whole, or another spelling of what `blocked_by` waits for.
    """
    if name in {interrupted, final_name(interrupted)}:
        return True
    return _blocks(name) is not None and blocked_by([interrupted]) == {_blocks(name)}


def _blocks(name: str) -> str | None:
    return roster_table_of(name) or (folded(name) if is_manifest(name) else None)
