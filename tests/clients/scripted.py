"""Libraries of other languages, each behind a script of `scripts/`, which reads commands.

A script is started with port, user, password, key file and known hosts, and reads from its standard input lines of
words that are separated by tabs: `put FILE NAME`, `temp FILE NAME` (under a temp name, then renamed over NAME),
`resume FILE NAME`, `mkdir NAME` (which may be there already), `date NAME SECONDS MODE`, `list PATH`, `get PATH FILE`.
It ends at the first error, with what the library says on standard error and an exit code. With `version` as its only
argument it tells the library's.
"""

import os
from functools import cache
from pathlib import Path
from typing import ClassVar

from tests.clients.client import LEGACY, Client, Complaint, Notes, Where, execute, files_in, not_installed

SCRIPTS = Path(__file__).with_name("scripts")
INSTALLED = Path(__file__).parents[2] / ".venv" / "clients"  # by make .venv/system
JSCH = Path("/usr/share/java/jsch.jar")


class Scripted(Client):
    """A library behind its script."""

    program: ClassVar[tuple[str | Path, ...]]
    notes: ClassVar[Notes] = {"synchronise": "no synchronisation"}

    def missing(self) -> str | None:
        try:
            return not_installed(str(self.program[0])) or (self.version() and None)
        except Complaint:
            return f"not installed: {self.name}"

    def version(self) -> str:
        return _version_of(self.program)

    def push(self, at: Where, folder: Path) -> None:
        self._do(at, *(("put", file, file.name) for file in files_in(folder)))

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        self._do(at, *(("temp", file, file.name) for file in files_in(folder)))

    def resume(self, at: Where, file: Path) -> None:
        self._do(at, ("resume", file, file.name))

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        self._do(at, ("mkdir", name), *(("put", file, f"{name}/{file.name}") for file in files_in(folder)))

    def push_dated(self, at: Where, folder: Path) -> None:
        for file in files_in(folder):
            self._do(at, ("put", file, file.name), ("date", file.name, str(int(file.stat().st_mtime)), "0644"))

    def names_in(self, at: Where, path: str) -> str:
        return self._do(at, ("list", path))

    def fetch(self, at: Where, path: str, target: Path) -> None:
        self._do(at, ("get", path, target))

    def _do(self, at: Where, *commands: tuple[str | Path, ...]) -> str:
        lines = "".join("\t".join(map(str, words)) + "\n" for words in commands)
        where = (str(at.port), at.user, at.password, at.key, at.known_hosts)
        return execute([*self.program, *where], given=lines, env=_environment())


@cache
def _version_of(program: tuple[str | Path, ...]) -> str:
    return execute([*program, "version"], env=_environment()).strip()


def _environment() -> dict[str, str]:
    return os.environ | {"NODE_PATH": str(INSTALLED / "node_modules"), "LC_ALL": "C.UTF-8"}


class NodeSftp(Scripted):
    name = "ssh2-sftp-client"
    program = ("node", SCRIPTS / "push.cjs")


class Jsch(Scripted):
    name = "JSch"
    connects = frozenset({LEGACY})
    program = ("java", "-XX:TieredStopAtLevel=1", "-cp", f"{JSCH}:{INSTALLED}", "Push")


class Phpseclib(Scripted):
    name = "phpseclib"
    program = ("php", SCRIPTS / "push.php")


class NetSftpForeign(Scripted):
    name = "Net::SFTP::Foreign"
    program = ("perl", SCRIPTS / "push.pl")


class RubyNetSftp(Scripted):
    name = "Ruby Net::SFTP"
    repeats = False
    connects = frozenset({LEGACY})
    program = ("ruby", SCRIPTS / "push.rb")
