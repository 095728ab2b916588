"""The only texts that a client can ever read: no server path, no traceback, no text of a library (reference 2.3, 14).

SFTP v3 knows few codes; whatever is finer than them stands in the text.
"""

import errno
from dataclasses import dataclass
from typing import Final

_NO_SUCH_FILE, _PERMISSION_DENIED, _FAILURE, _BAD_MESSAGE, _OP_UNSUPPORTED = 2, 3, 4, 5, 8


@dataclass(frozen=True, slots=True)
class Status:
    """One answer that is not OK: the code of SFTP v3 and our text."""

    code: int
    text: str


NO_SUCH_FILE: Final = Status(_NO_SUCH_FILE, "No such file or folder")
NO_RIGHT: Final = Status(_PERMISSION_DENIED, "This account may not do that")
READ_ONLY: Final = Status(_PERMISSION_DENIED, "This folder is read-only")
NO_READING_BACK: Final = Status(_PERMISSION_DENIED, "This account may not read roster files back")
# Many clients make folders blindly and ignore FAILURE, but no other code (reference 2.5).
EXISTS: Final = Status(_FAILURE, "It exists already")
_TOP_ONLY: Final = "Put files at the top of the drop; nothing takes them from folders"
TOP_ONLY: Final = Status(_PERMISSION_DENIED, _TOP_ONLY)
NO_FOLDERS: Final = Status(_FAILURE, _TOP_ONLY)
IN_A_DISTRICT: Final = Status(_PERMISSION_DENIED, "Put files into the folder of their district; nothing is taken here")
IN_USE: Final = Status(_FAILURE, "The file is in use: another upload to this name is not finished")
IS_FOLDER: Final = Status(_FAILURE, "It is a folder")
NOT_EMPTY: Final = Status(_FAILURE, "The folder is not empty")
OTHER_DROP: Final = Status(_FAILURE, "A rename stays inside one drop")
BAD_NAME: Final = Status(_FAILURE, "The name has characters that are not allowed, or is too long")
TOO_LARGE: Final = Status(_FAILURE, "The file is larger than this server takes")
TOO_MANY_HANDLES: Final = Status(_FAILURE, "Too many files are open in this session")
NO_SPACE: Final = Status(_FAILURE, "There is no space left; the upload is not complete")
REPEATED: Final = Status(
    _FAILURE, "The upload was resumed wrongly and holds its content twice; nothing was taken, send it from its start"
)
TAKEN: Final = Status(_FAILURE, "A batch has taken this file already: send it whole, without resuming")
NOT_WRITABLE: Final = Status(_FAILURE, "The file was not opened for writing")
NOT_READABLE: Final = Status(_FAILURE, "The file was not opened for reading")
BAD_HANDLE: Final = Status(_FAILURE, "There is no such open file")
STOPPING: Final = Status(_FAILURE, "The server is stopping; try again later")
FAILED: Final = Status(_FAILURE, "The server could not do that")
BAD_MESSAGE: Final = Status(_BAD_MESSAGE, "The request could not be understood")
UNSUPPORTED: Final = Status(_OP_UNSUPPORTED, "This server does not offer that")

_ROOM: Final = "remove files that are not needed or ask for a larger quota, then send again"


def full_of_bytes(most: int) -> Status:
    """Of a drop that may hold no more bytes, uploads that are not finished among them."""
    return Status(_FAILURE, f"The drop is full, it may hold {_in_megabytes(most)}: {_ROOM}")


def full_of_files(most: int) -> Status:
    """Of a drop that may hold no more files."""
    return Status(_FAILURE, f"The drop is full, it may hold {most:,} files: {_ROOM}")


def full_for_today(most: int) -> Status:
    """Of a drop that has taken what it may take in a day."""
    return Status(
        _FAILURE, f"The drop takes {_in_megabytes(most)} a day: send again after midnight UTC or ask for a larger quota"
    )


def _in_megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB" if size >= 1_000_000 else f"{size:,} bytes"


_BY_ERRNO: Final = {
    errno.ENOENT: NO_SUCH_FILE,
    errno.ENOTDIR: NO_SUCH_FILE,
    errno.ELOOP: NO_SUCH_FILE,  # a link that somebody planted on disk; we follow none
    errno.ENXIO: NO_SUCH_FILE,  # a socket or a pipe
    errno.EACCES: NO_RIGHT,
    errno.EPERM: NO_RIGHT,
    errno.EEXIST: EXISTS,
    errno.EISDIR: IS_FOLDER,
    errno.ENOTEMPTY: NOT_EMPTY,
    errno.ENOSPC: NO_SPACE,
    errno.EDQUOT: NO_SPACE,
    errno.EFBIG: TOO_LARGE,
    errno.ENAMETOOLONG: BAD_NAME,
}


class Refusal(Exception):
    """A request that is answered with a status."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.text)
        self.status = status


def status_of(error: OSError) -> Status:
    """What a client reads where the disk refused.

    What a client named is opened below a descriptor, under its name alone. A whole path is one of our own folders:
    that it is gone is our fault, and no client may take it for an answer about its file.
    """
    if error.errno == errno.ENOENT and str(error.filename or "").startswith("/"):
        return FAILED
    return _BY_ERRNO.get(error.errno or 0, FAILED)


# What stands before the SSH protocol (RFC 4253, 4.2), in a disconnect or in the refusal of a channel.
TOO_MANY_CONNECTIONS: Final = "Too many connections from your address; try again later"
TOO_QUICK: Final = "Too many new connections from your address; try again in a second"
BANNED: Final = "Too many failed logins from your address; try again later"
TOO_CROWDED: Final = "Too many logins are under way; try again later"
TOO_MANY_OF_ACCOUNT: Final = "This account has too many connections; close one and try again"
TOO_MANY_LOGINS: Final = "Too many failed logins"
TOO_MANY_CHANNELS: Final = "Too many sessions on this connection"
IDLE_TOO_LONG: Final = "No request came for too long"
