"""rclone: the current one of its Python package, and Debian's old one."""

import os
import re
import sys
from pathlib import Path
from typing import ClassVar

from tests.clients.client import DEFAULT, LEGACY, STRICT, Client, Notes, Where, execute, files_in


class Rclone(Client):
    name = "rclone"
    connects = frozenset({STRICT, DEFAULT, LEGACY})
    program = Path(sys.executable).with_name("rclone")
    notes: ClassVar[Notes] = {"resume": "sends it whole again", "push_dated": "keeps times, sets no modes"}

    def missing(self) -> str | None:
        return None if self.program.exists() else f"not installed: {self.name}"

    def version(self) -> str:
        found = re.search(r"rclone v(\S+)", execute([self.program, "version", "--config", os.devnull]))
        return found[1] if found else "?"

    def push(self, at: Where, folder: Path) -> None:
        self.tell(at, "copy", folder, "drop:")

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        for file in files_in(folder):
            self.tell(at, "copyto", file, f"drop:{file.name}.tmp")
            self.tell(at, "moveto", f"drop:{file.name}.tmp", f"drop:{file.name}")

    def resume(self, at: Where, file: Path) -> None:
        self.tell(at, "copy", file, "drop:")

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        self.tell(at, "mkdir", f"drop:{name}")
        self.tell(at, "copy", folder, f"drop:{name}")

    def push_dated(self, at: Where, folder: Path) -> None:
        self.tell(at, "copy", folder, "drop:")

    def names_in(self, at: Where, path: str) -> str:
        return self.tell(at, "lsl", f"drop:{path}")

    def fetch(self, at: Where, path: str, target: Path) -> None:
        self.tell(at, "copyto", f"drop:{path}", target)

    def synchronise(self, at: Where, folder: Path) -> None:
        self.tell(at, "sync", folder, "drop:")

    def tell(self, at: Where, *arguments: str | Path) -> str:
        """Run a command on the remote `drop:`; a notice is a complaint, as is a retry that succeeds."""
        config = at.folder / "rclone.conf"
        config.write_text(
            f"[drop]\ntype = sftp\nhost = 127.0.0.1\nport = {at.port}\nuser = {at.user}\nkey_file = {at.key}\n"
            f"known_hosts_file = {at.known_hosts}\n"
        )
        return execute([self.program, "--config", config, "--retries", "1", "--low-level-retries", "2", *arguments])


class DebianRclone(Rclone):
    name = "rclone (Debian's)"
    connects = frozenset({DEFAULT, LEGACY})
    program = Path("/usr/bin/rclone")
