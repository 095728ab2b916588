"""lftp, by single files and as a mirror. OpenSSH's ssh makes its connection."""

import re
from pathlib import Path
from typing import ClassVar

from tests.clients.client import Client, Notes, Where, execute, files_in, not_installed
from tests.clients.openssh import ssh_options


class LftpPut(Client):
    name = "lftp put"
    notes: ClassVar[Notes] = {"synchronise": "by lftp mirror"}

    def missing(self) -> str | None:
        return not_installed("lftp", "ssh")

    def version(self) -> str:
        found = re.search(r"Version (\S+)", execute(["lftp", "--version"]))
        return found[1] if found else "?"

    def push(self, at: Where, folder: Path) -> None:
        self._do(at, f"mput {folder}/*")

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        """It writes `.in.<name>`, removes the target and renames."""
        self._do(at, "set xfer:use-temp-file yes", f"mput {folder}/*")

    def resume(self, at: Where, file: Path) -> None:
        self._do(at, f"put -c {file}")

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        self._do(at, f"mkdir -f {name}", f"mput -O {name} {folder}/*")

    def push_dated(self, at: Where, folder: Path) -> None:
        """It keeps the times by itself."""
        self._do(at, f"mput {folder}/*", *(f"chmod 644 {file.name}" for file in files_in(folder)))

    def names_in(self, at: Where, path: str) -> str:
        return self._do(at, f"cls -l {path}/")

    def fetch(self, at: Where, path: str, target: Path) -> None:
        self._do(at, f"get {path} -o {target}")

    def _do(self, at: Where, *commands: str) -> str:
        ssh = " ".join(["ssh", "-a", "-x", *ssh_options(at)])
        opening = (
            "set cmd:fail-exit yes",
            "set net:max-retries 1",
            f'set sftp:connect-program "{ssh}"',
            f"open -u {at.user},unused -p {at.port} sftp://127.0.0.1",
        )
        return execute(["lftp", "--norc", "-c", "; ".join((*opening, *commands))])


class LftpMirror(LftpPut):
    name = "lftp mirror"
    notes: ClassVar[Notes] = {"resume": "by mirror --continue", "fetch": "as lftp put"}

    def push(self, at: Where, folder: Path) -> None:
        self._do(at, f"mirror -R {folder} .")

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        self._do(at, "set xfer:use-temp-file yes", f"mirror -R {folder} .")

    def resume(self, at: Where, file: Path) -> None:
        self._do(at, f"mirror -R --continue {file.parent} .")

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        """It makes the folder first, and expects an error."""
        self._do(at, f"mirror -R {folder} {name}")

    def push_dated(self, at: Where, folder: Path) -> None:
        """It sets the times, and after all closes the modes."""
        self._do(at, f"mirror -R {folder} .")

    def synchronise(self, at: Where, folder: Path) -> None:
        self._do(at, f"mirror -R --delete {folder} .")
