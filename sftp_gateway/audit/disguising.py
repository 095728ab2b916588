"""What the audit may say of words that a client chose: file names, user names and the banner of its program.

Any of them may be a person's name, and a mistyped user name may be a password. So a word is written as it is only
where we know it: names of tables, manifests and reports, dates, ids of accounts, names and versions of programs. Of
every other word stand its kind and length and a seal, by which `account access --file` finds it again: a keyed hash,
so that nobody without the key can find out by trying.
"""

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest
from typing import Final

from config.masking import masked
from config.tables import TABLES, table_of
from sftp_gateway.names import final_name

_LONGEST_PATH: Final = 512  # with the two below a line of the audit stays under 4 KiB
_LONGEST_BANNER: Final = 200
_SEAL_DIGITS: Final = 12

# The other files of OneRoster, and what vendors and we call files that tell nothing of a person.
_WORDS: Final = frozenset(
    {
        *TABLES,
        *("user", "class", "enrollment", "guardian", "manifest", "orgs", "courses", "academicsessions", "demographics"),
        *("categories", "lineitems", "results", "resources", "classresources", "courseresources", "userresources"),
        *("roles", "userprofiles", "scorescales", "students", "teachers", "staff", "parents", "contacts", "schools"),
        *("sections", "roster", "rosters", "rostering", "oneroster", "rosterdrop", "export", "upload", "full", "bulk"),
        *("delta", "daily", "nightly", "batch", "done", "ready", "complete", "trigger", "ok", "go", "sis", "copy"),
        *("reports", "report", "receipts", "rejected", "findings", "latest", "readme", "test"),
    }
)
_EXTENSIONS: Final = frozenset(
    "csv tsv txt zip json xml xlsx xls html pdf done ok trg filepart part partial tmp writing in bak old gz".split()  # noqa: SIM905 - as below
)
_DATE: Final = r"(?:19|20)\d\d[-_.]?\d\d[-_.]?\d\d(?:[-_.T ]?\d\d[-_.:]?\d\d(?:[-_.:]?\d\d(?:\.\d{3}Z?)?)?)?"
_HARMLESS_NUMBERS: Final = re.compile(rf"(?<!\d){_DATE}(?!\d)|(?<=batch-)\d{{1,9}}|\((?:\d{{1,3}})\)")
_EXTENSION: Final = re.compile(r"(?<=.)\.([A-Za-z]{2,8})$")

_PROGRAMS: Final = frozenset(
    """
    ssh openssh windows debian ubuntu freebsd raspbian putty release snapshot psftp winscp filezilla paramiko asyncssh
    libssh libssh2 jsch go rclone sshlib sshj net ruby perl php phpseclib ssh2js srv twisted dropbear lftp curl sshfs
    linux x x86 aarch mac os openssl gmp apache mina sshd core java maverick j2ssh edtftpj renci sshnet sshclient
    cyberduck bitvise tectia client for cuteftp
    globalscape moveit goanywhere ipworks nsoftware rebex chilkat wolfssh russh erlang teraterm xshell securecrt
    vandyke securefx completeftp serv u ws ftp flowssh secureblackbox axway biztalk mulesoft boomi sterling
    """.split()  # noqa: SIM905 - a word a program reads better than a list of strings
)
_VERSION: Final = re.compile(
    r"(?:v|r|rc|b|p|u|deb|ubuntu|build|beta)?\d{1,8}(?:(?:[a-z]|p|rc|ubuntu|u|deb)\d{0,4}){0,3}"
)
_RUN: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Seal:
    """Recognises a word that it must not tell; `key` stays in the home."""

    key: bytes

    def of(self, word: str) -> str:
        """Twelve hex digits; spelling in capitals or composed letters makes no difference."""
        return digest(self.key, _folded(word).encode("utf-8", "backslashreplace"), sha256).hex()[:_SEAL_DIGITS]

    def path(self, path: str, ids: Container[str] = ()) -> str:
        """A path with every name in it that we do not know disguised: `reports/latest.html`, `[8 characters].csv#…`."""
        return "/".join(self.file_name(name, ids) for name in path.split("/"))[:_LONGEST_PATH]

    def file_name(self, name: str, ids: Container[str] = ()) -> str:
        """One name of a path; `ids` of districts are harmless parts of it."""
        if not name or _is_known_file(name, ids):
            return name
        extension = _extension_of(name)
        return f"[{masked(name.removesuffix(extension))}]{extension}#{self.of(final_name(name))}"

    def is_same_file(self, shown: str, name: str) -> bool:
        """Whether a name that the audit shows is this file's, under its own or a temp name."""
        wanted, (known, mark, seal) = final_name(name), shown.rpartition("#")
        return (
            seal == self.of(wanted) if mark and known.startswith("[") else _folded(final_name(shown)) == _folded(wanted)
        )

    def user_name(self, name: str, accounts: Container[str]) -> str:
        """A name that somebody tried to log in with: accounts as they are."""
        return name if name in accounts else f"[{masked(name)}]#{self.of(name)}"


def client_shown(banner: str) -> str:
    """What a client's program calls itself, with every word in it masked that is no program and no version."""
    return _RUN.sub(lambda found: found[0] if _is_program(found[0]) else f"[{masked(found[0])}]", banner)[
        :_LONGEST_BANNER
    ]


def _folded(word: str) -> str:
    return unicodedata.normalize("NFC", word).casefold()


def _is_known_file(name: str, ids: Container[str]) -> bool:
    whole = final_name(name)
    if not name.isascii():
        return False
    if table_of(whole):
        return True
    words = re.split(r"[-_. ~()]+", _HARMLESS_NUMBERS.sub("", _apart_from_ids(whole, ids)).casefold())
    return all(word in _WORDS or word in _EXTENSIONS or not word for word in words)


def _apart_from_ids(name: str, ids: Container[str]) -> str:
    """The name without a first part that is the id of a district, as in `springfield_users.csv`."""
    first = re.split(r"[_. ]", name, maxsplit=1)[0]
    return name.removeprefix(first) if first in ids else name


def _extension_of(name: str) -> str:
    found = _EXTENSION.search(name)
    return found[0] if found and found[1].casefold() in _EXTENSIONS else ""


def _is_program(word: str) -> bool:
    small = word.casefold()
    return small in _PROGRAMS or small.rstrip("0123456789") in _PROGRAMS or _VERSION.fullmatch(small) is not None
