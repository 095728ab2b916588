"""PuTTY's psftp and pscp, whose code FileZilla is built on; on standard error they tell how they log in."""

import re
from pathlib import Path
from typing import ClassVar

from tests.clients.client import Client, Notes, Where, execute, files_in, not_installed


def _options(at: Where) -> list[str]:
    known = [word for fingerprint in at.fingerprints for word in ("-hostkey", fingerprint)]
    return ["-batch", "-P", str(at.port), "-l", at.user, "-pw", at.password, *known]


def _version() -> str:
    found = re.search(r"Release (\S+)", execute(["psftp", "-V"]))
    return found[1] if found else "?"


class Psftp(Client):
    name = "PuTTY psftp"
    repeats = False
    keeps_times = False
    notes: ClassVar[Notes] = {"push_dated": "sets modes, not times", "synchronise": "no synchronisation"}

    def missing(self) -> str | None:
        return not_installed("psftp")

    def version(self) -> str:
        return _version()

    def push(self, at: Where, folder: Path) -> None:
        self._do(at, f"mput {folder}/*")

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        """Its rename replaces nothing, so people remove first."""
        for_each = ((file, file.name) for file in files_in(folder))
        self._do(at, *(f"put {file} {name}.tmp\nrm {name}\nmv {name}.tmp {name}" for file, name in for_each))

    def resume(self, at: Where, file: Path) -> None:
        self._do(at, f"reput {file} {file.name}")

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        self._do(at, f"mkdir {name}", f"cd {name}", f"mput {folder}/*", goes_on=True)

    def push_dated(self, at: Where, folder: Path) -> None:
        self._do(at, f"mput {folder}/*", *(f"chmod 644 {file.name}" for file in files_in(folder)))

    def names_in(self, at: Where, path: str) -> str:
        return self._do(at, f"ls {path}")

    def fetch(self, at: Where, path: str, target: Path) -> None:
        self._do(at, f"get {path} {target}")

    def _do(self, at: Where, *commands: str, goes_on: bool = False) -> str:
        script = at.folder / "commands"
        script.write_text("\n".join(commands) + "\n")
        more = ["-be"] if goes_on else []
        return execute(["psftp", *_options(at), "-b", script, *more, "127.0.0.1"], quiet=False)


class Pscp(Client):
    name = "PuTTY pscp"
    repeats = False
    notes: ClassVar[Notes] = {
        "push_by_temp_names": "no rename",
        "push_into": "makes no folder but a copied one",
        "resume": "sends it whole again",
        "synchronise": "no synchronisation",
    }

    def missing(self) -> str | None:
        return not_installed("pscp")

    def version(self) -> str:
        return _version()

    def push(self, at: Where, folder: Path) -> None:
        self._do(at, *files_in(folder), "127.0.0.1:")

    def resume(self, at: Where, file: Path) -> None:
        self._do(at, file, "127.0.0.1:")

    def push_dated(self, at: Where, folder: Path) -> None:
        self._do(at, "-p", *files_in(folder), "127.0.0.1:")

    def names_in(self, at: Where, path: str) -> str:
        return self._do(at, "-ls", f"127.0.0.1:{path}")

    def fetch(self, at: Where, path: str, target: Path) -> None:
        self._do(at, f"127.0.0.1:{path}", target)

    def _do(self, at: Where, *arguments: str | Path) -> str:
        return execute(["pscp", "-q", *_options(at), *arguments], quiet=False)
