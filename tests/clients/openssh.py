"""OpenSSH's sftp and scp; `ssh_options` also serves the clients that let OpenSSH's ssh make their connection."""

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from tests.clients.client import Client, Notes, Where, execute, files_in, not_installed


def ssh_options(at: Where) -> list[str]:
    """Options that sftp, scp and ssh share."""
    chosen = (
        f"IdentityFile={at.key}",
        f"UserKnownHostsFile={at.known_hosts}",
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
    )
    return ["-F", "/dev/null", *(f"-o{option}" for option in chosen)]


def openssh_version() -> str:
    told = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
    found = re.match(r"OpenSSH_(\S+?)[, ]", told)
    return found[1] if found else told


class OpensshSftp(Client):
    name = "OpenSSH sftp"
    repeats = False
    notes: ClassVar[Notes] = {"synchronise": "no synchronisation"}

    def missing(self) -> str | None:
        return not_installed("sftp")

    def version(self) -> str:
        return openssh_version()

    def push(self, at: Where, folder: Path) -> None:
        self._do(at, f"put {folder}/*")

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        """Its rename is a posix-rename where that is offered, and replaces."""
        for_each = ((file, file.name) for file in files_in(folder))
        self._do(at, *(f"put {file} {name}.tmp\nrename {name}.tmp {name}" for file, name in for_each))

    def resume(self, at: Where, file: Path) -> None:
        self._do(at, f"reput {file} {file.name}")

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        self._do(at, f"-mkdir {name}", f"put {folder}/* {name}/", quiet=False)

    def push_dated(self, at: Where, folder: Path) -> None:
        self._do(at, f"put -p {folder}/*", *(f"chmod 644 {file.name}" for file in files_in(folder)))

    def names_in(self, at: Where, path: str) -> str:
        return self._do(at, f"ls -l {path}")

    def fetch(self, at: Where, path: str, target: Path) -> None:
        self._do(at, f"get {path} {target}")

    def _do(self, at: Where, *commands: str, quiet: bool = True) -> str:
        options = [*ssh_options(at), "-P", str(at.port), "-b", "-"]
        return execute(["sftp", *options, f"{at.user}@127.0.0.1"], given=_lines(commands), quiet=quiet)


class OpensshScp(Client):
    name = "OpenSSH scp"
    repeats = False
    lists = False
    notes: ClassVar[Notes] = {
        "push_by_temp_names": "no rename",
        "push_into": "makes no folder but a copied one",
        "resume": "sends it whole again",
        "fetch": "fetches, cannot list",
        "synchronise": "no synchronisation",
    }

    def missing(self) -> str | None:
        return not_installed("scp")

    def version(self) -> str:
        return openssh_version()

    def push(self, at: Where, folder: Path) -> None:
        self._do(at, *files_in(folder), f"{at.user}@127.0.0.1:")

    def resume(self, at: Where, file: Path) -> None:
        self._do(at, file, f"{at.user}@127.0.0.1:")

    def push_dated(self, at: Where, folder: Path) -> None:
        self._do(at, "-p", *files_in(folder), f"{at.user}@127.0.0.1:")

    def fetch(self, at: Where, path: str, target: Path) -> None:
        self._do(at, f"{at.user}@127.0.0.1:{path}", target)

    def _do(self, at: Where, *arguments: str | Path) -> None:
        execute(["scp", *ssh_options(at), "-P", str(at.port), *arguments])


def _lines(commands: Iterable[str]) -> str:
    return "".join(command + os.linesep for command in commands)
