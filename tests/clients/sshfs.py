"""sshfs: the drop as a folder of this machine. OpenSSH's ssh makes its connection."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from tests.clients.client import Client, Complaint, Notes, Where, execute, files_in, not_installed
from tests.clients.openssh import ssh_options


class Sshfs(Client):
    name = "sshfs"
    repeats = False
    notes: ClassVar[Notes] = {"synchronise": "by rsync --delete"}

    def missing(self) -> str | None:
        if not Path("/dev/fuse").exists():
            return "this machine has no /dev/fuse"
        return not_installed("sshfs", "fusermount3", "rsync")

    def version(self) -> str:
        found = re.search(r"SSHFS version (\S+)", execute(["sshfs", "--version"]))
        return found[1] if found else "?"

    def push(self, at: Where, folder: Path) -> None:
        with _mounted(at) as drop, _complaining():
            for file in files_in(folder):
                shutil.copyfile(file, drop / file.name)

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        with _mounted(at) as drop, _complaining():
            for file in files_in(folder):
                temporary = drop / f"{file.name}.tmp"
                shutil.copyfile(file, temporary)
                temporary.replace(drop / file.name)

    def resume(self, at: Where, file: Path) -> None:
        with _mounted(at) as drop, _complaining(), (drop / file.name).open("ab") as rest:
            rest.write(file.read_bytes()[rest.tell() :])

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        with _mounted(at) as drop, _complaining():
            (drop / name).mkdir(exist_ok=True)
            for file in files_in(folder):
                shutil.copyfile(file, drop / name / file.name)

    def push_dated(self, at: Where, folder: Path) -> None:
        with _mounted(at) as drop, _complaining():
            for file in files_in(folder):
                shutil.copy2(file, drop / file.name)

    def names_in(self, at: Where, path: str) -> str:
        with _mounted(at) as drop:
            return execute(["ls", "-l", drop / path])

    def fetch(self, at: Where, path: str, target: Path) -> None:
        with _mounted(at) as drop, _complaining():
            shutil.copyfile(drop / path, target)

    def synchronise(self, at: Where, folder: Path) -> None:
        with _mounted(at) as drop:
            execute(["rsync", "--archive", "--delete", f"{folder}/", f"{drop}/"])


@contextmanager
def _mounted(at: Where) -> Iterator[Path]:
    drop = at.folder / "mounted"
    drop.mkdir(exist_ok=True)
    execute(["sshfs", "-p", str(at.port), *ssh_options(at), f"{at.user}@127.0.0.1:/", drop])
    try:
        yield drop
        # It sends a CLOSE and waits for no answer: who unmounts at once may cut off the last file. What is asked after
        # it is answered after it.
        os.statvfs(drop)
    finally:
        _unmount(drop)


def _unmount(drop: Path) -> None:
    """The kernel may hold a folder for a moment after its last user."""
    for _ in range(50):
        try:
            execute(["fusermount3", "-u", drop])
        except Complaint:
            time.sleep(0.1)
        else:
            return


@contextmanager
def _complaining() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Complaint(str(error)) from error
