"""The script of the README for a vendor's night ends as it says, with OpenSSH's own client."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from config.accounts import PRESETS, Account
from config.home import Home
from config.writing import add_account
from tests.promises.pages import Page
from tests.stories.springfield import PATIENCE_S, Running, settled_home
from tests.stories.test_dying import night

pytestmark = pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's client is missing")
(SCRIPT,) = Page.of("README.md").blocks("bash")


@dataclass
class Vendor:
    """A vendor's machine: the script, a key, and an `sftp` that knows both; nights come quickly one after the other."""

    folder: Path
    home: Home

    def __post_init__(self) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(self.folder / "key")
        (self.folder / "key").chmod(0o600)
        (self.folder / "push.sh").write_text(SCRIPT)
        line = key.export_public_key().decode().strip()
        add_account(
            self.home,
            Account(
                id="acme-sis",
                districts=("springfield",),
                layout="single",
                rights=PRESETS["vendor"],
                public_keys=(line,),
            ),
        )
        options = f"-F none -i {self.folder}/key -o StrictHostKeyChecking=no -o UserKnownHostsFile={self.folder}/known"
        self._program("sftp", f'{shutil.which("sftp")} {options} "$@"')
        self._program("sleep", f"{shutil.which('sleep')} 0.1")

    def _program(self, name: str, command: str) -> None:
        program = self.folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\nexec {command}\n")
        program.chmod(0o700)

    def pushes(self, running: Running, files: dict[str, bytes]) -> int:
        """The exit code of one night."""
        place = self.folder / "night"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for name, content in files.items():
            (place / name).write_bytes(content)
        environment = {
            **os.environ,
            "PATH": f"{self.folder}/bin{os.pathsep}{os.environ['PATH']}",
            "DROP": f"sftp://acme-sis@127.0.0.1:{running.port}",
        }
        return subprocess.run(
            ["sh", "push.sh", str(place)],
            cwd=self.folder,
            env=environment,
            timeout=PATIENCE_S,
            capture_output=True,
            check=False,
        ).returncode


def test_a_vendors_script_tells_how_the_night_went(tmp_path: Path) -> None:
    home = settled_home(tmp_path / "home")
    (tmp_path / "vendor").mkdir()
    vendor = Vendor(tmp_path / "vendor", home)
    good = night()
    with_a_fault = good["users.csv"] + good["users.csv"].splitlines(keepends=True)[1].replace(b"student", b"studnt")
    with Running(home) as running:
        ends = [vendor.pushes(running, files) for files in (good, {"users.csv": with_a_fault}, {"users.csv": b""}, {})]

    assert ends == [0, 3, 4, 1]
