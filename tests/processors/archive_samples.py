"""ZIPs as vendors and attackers make them."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

USERS: Final = b"sourcedId,orgSourcedIds,role,givenName,familyName\nana,0042,student,Ana,Gray\n"
CLASSES: Final = b"sourcedId,title,schoolSourcedId\nmath,Math 5,0042\n"
_DIRECTORY_ENTRY: Final = b"PK\x01\x02"


def zipped(files: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An ordinary ZIP; a name that ends in a slash is a folder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return made.getvalue()


def with_entry(
    name: str, content: bytes = b"", *, mode: int = stat.S_IFREG | 0o644, flags: int = 0, method: int = 0
) -> bytes:
    """A ZIP of which the second entry is special, in its directory and in its own header."""
    made = io.BytesIO()
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("users.csv", USERS)
        archive.writestr(info, content)
    data = bytearray(made.getvalue())
    if flags:
        for start, place in ((b"PK\x03\x04", 6), (_DIRECTORY_ENTRY, 8)):
            data[data.rindex(start) + place] |= flags
    if method:
        struct.pack_into("<H", data, data.rindex(b"PK\x03\x04") + 8, method)
        struct.pack_into("<H", data, data.rindex(_DIRECTORY_ENTRY) + 10, method)
    return bytes(data)


def with_raw_name(name: bytes) -> bytes:
    """A ZIP of which the second entry has this name, byte by byte, which zipfile itself would not write."""
    stand_in = b"n" * len(name)
    return with_entry(stand_in.decode(), b"x").replace(stand_in, name)


def overlapping() -> bytes:
    """Two entries of the directory that are the same bytes."""
    data = bytearray(zipped({"users.csv": USERS, "other.csv": USERS}))
    second = data.rindex(_DIRECTORY_ENTRY)
    struct.pack_into("<L", data, second + 42, 0)
    return bytes(data)


def twice(first: str, second: str) -> bytes:
    """Two entries with names that are the same to us; zipfile would warn of equal ones."""
    made = zipped({"x" * len(first): USERS, second: CLASSES})
    return made.replace(b"x" * len(first), first.encode())


def lying_about_its_size(content: bytes, claimed: int) -> bytes:
    """An entry whose headers claim another size than it has."""
    data = bytearray(zipped({"users.csv": content}))
    struct.pack_into("<L", data, 22, claimed)
    struct.pack_into("<L", data, data.rindex(_DIRECTORY_ENTRY) + 24, claimed)
    return bytes(data)


@dataclass(frozen=True, slots=True)
class Bad:
    """A ZIP that must be refused, by which code, and for which entry."""

    code: str
    data: Callable[[], bytes]
    entry: str | None = None


def _bytes_flipped() -> bytes:
    data = bytearray(zipped({"users.csv": USERS}, method=zipfile.ZIP_STORED))
    data[60] ^= 0xFF
    return bytes(data)


LINK: Final = stat.S_IFLNK | 0o777
BAD: Final[Mapping[str, Bad]] = {
    "no zip at all": Bad("archive.broken", lambda: USERS),
    "cut short": Bad("archive.broken", lambda: zipped({"users.csv": USERS})[:-30]),
    "a flipped byte": Bad("archive.broken", _bytes_flipped, "users.csv"),
    "a size that is not so": Bad("archive.broken", lambda: lying_about_its_size(USERS, 5_000), "users.csv"),
    "encrypted": Bad("archive.encrypted", lambda: with_entry("classes.csv", CLASSES, flags=0x1), "classes.csv"),
    "an encrypted directory": Bad("archive.encrypted", lambda: with_entry("c.csv", b"", flags=0x40), "c.csv"),
    "up and out": Bad("archive.name", lambda: zipped({"users.csv": USERS, "../evil.csv": b""}), "../evil.csv"),
    "out in the middle": Bad("archive.name", lambda: zipped({"a/../../evil.csv": b""}), "a/../../evil.csv"),
    "absolute": Bad("archive.name", lambda: zipped({"users.csv": USERS, "/etc/evil.csv": b""}), "/etc/evil.csv"),
    "a drive": Bad("archive.name", lambda: zipped({"C:/evil.csv": b""}), "C:/evil.csv"),
    "backslashes": Bad("archive.name", lambda: with_raw_name(b"..\\evil.csv"), "..\\evil.csv"),
    "a control character": Bad("archive.name", lambda: zipped({"a\x1b[2J.csv": b""}), "a\x1b[2J.csv"),
    "a null": Bad("archive.name", lambda: with_raw_name(b"users.csv\x00.txt"), "users.csv\x00.txt"),
    "not UTF-8": Bad("archive.name", lambda: with_raw_name(b"\xff\xfe.csv")),
    "said to be UTF-8, and is not": Bad("archive.broken", lambda: zipped({"é.csv": b""}).replace(b"\xc3", b"\xff")),
    "a name that no disk takes": Bad("archive.name", lambda: zipped({"a" * 300: b""}), "a" * 300),
    "a link": Bad("archive.link", lambda: with_entry("classes.csv", b"/etc/passwd", mode=LINK), "classes.csv"),
    "a device": Bad("archive.link", lambda: with_entry("classes.csv", mode=stat.S_IFCHR), "classes.csv"),
    "nested by name": Bad("archive.nested", lambda: zipped({"users.csv": USERS, "more.ZIP": b"x"}), "more.ZIP"),
    "nested by content": Bad("archive.nested", lambda: zipped({"users.csv": zipped({"a": b"a"})}), "users.csv"),
    "a rare method": Bad("archive.method", lambda: with_entry("classes.csv", CLASSES, method=12), "classes.csv"),
    "two folders": Bad("archive.folders", lambda: zipped({"a/users.csv": USERS, "b/classes.csv": CLASSES})),
    "a folder in a folder": Bad("archive.folders", lambda: zipped({"a/b/users.csv": USERS}), "a/b/users.csv"),
    "one name twice": Bad("archive.twice", lambda: twice("users.csv", "users.csv"), "users.csv"),
    "two cases of a name": Bad("archive.twice", lambda: zipped({"a.csv": b"", "A.csv": b""}), "A.csv"),
    "one table twice": Bad("archive.twice", lambda: zipped({"users.csv": USERS, "user.csv": USERS}), "user.csv"),
    "overlapping": Bad("archive.overlap", overlapping),
    "65 entries": Bad("archive.entries", lambda: zipped({f"{place}.csv": b"" for place in range(65)})),
    "100,000 entries": Bad("archive.entries", lambda: zipped(dict.fromkeys(map(str, range(100_000)), b""))),
    "a bomb": Bad("archive.bomb", lambda: zipped({"users.csv": b"," * 20_000_000}), "users.csv"),
    "nothing in it": Bad("archive.empty", lambda: zipped({})),
    "only folders": Bad("archive.empty", lambda: zipped({"night/": b""})),
}  # fmt: skip
