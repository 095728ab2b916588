"""File names: which a client may use, and which only stand for a file that is still on its way."""

import re
import unicodedata
from typing import Final

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
