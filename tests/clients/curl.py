"""curl, as Debian builds it with libssh2."""

import re
from pathlib import Path
from typing import ClassVar

from tests.clients.client import Client, Notes, Where, execute, files_in, not_installed


class Curl(Client):
    name = "curl"
    repeats = False
    notes: ClassVar[Notes] = {"synchronise": "no synchronisation"}

    def missing(self) -> str | None:
        return not_installed("curl")

    def version(self) -> str:
        return " ".join(re.findall(r"^curl (\S+)|(libssh2?/\S+)", execute(["curl", "--version"]))[0][:1])

    def push(self, at: Where, folder: Path) -> None:
        self._do(at, "/", "-T", _all(folder))

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        """Its rename replaces nothing, so people remove first."""
        for file in files_in(folder):
            after = (f"-rm /{file.name}", f"-rename /{file.name}.tmp /{file.name}")
            self._do(at, f"/{file.name}.tmp", "-T", file, *_quoted(*after))

    def resume(self, at: Where, file: Path) -> None:
        self._do(at, "/", "-C", "-", "-T", file)

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        self._do(at, f"/{name}/", "--ftp-create-dirs", "-T", _all(folder))

    def push_dated(self, at: Where, folder: Path) -> None:
        for file in files_in(folder):
            moment = f"@{int(file.stat().st_mtime)}"
            date = execute(["date", "--utc", "--date", moment, "+%Y%m%d %H:%M:%S"]).strip()
            after = (f'-mtime "{date}" /{file.name}', f"-chmod 644 /{file.name}")
            self._do(at, "/", "-T", file, *_quoted(*after))

    def names_in(self, at: Where, path: str) -> str:
        return self._do(at, f"/{path}/")

    def fetch(self, at: Where, path: str, target: Path) -> None:
        self._do(at, f"/{path}", "-o", target)

    def _do(self, at: Where, path: str, *arguments: str | Path) -> str:
        who = f"{at.user}:{at.password}"
        address = f"sftp://127.0.0.1:{at.port}{path}"
        return execute(["curl", "--silent", "--show-error", "--insecure", "--user", who, *arguments, address])


def _all(folder: Path) -> str:
    return f"{{{','.join(map(str, files_in(folder)))}}}"


def _quoted(*commands: str) -> list[str]:
    return [word for command in commands for word in ("--quote", command)]
