"""What a client is to the tests: what it can be asked for, how it is started, and what counts as a complaint."""

import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from config.settings import Algorithms

PATIENCE_S = 60.0
STRICT: Final = "strict-2026-11"
DEFAULT: Final = "default-2026-11"
LEGACY: Final = "legacy-2026-11"
PROFILES: Final[tuple[Algorithms, ...]] = (STRICT, DEFAULT, LEGACY)

Notes = Mapping[str, str]


class Complaint(Exception):
    """A client did not like what it met; the text is what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What a client is told about the gateway, and a folder for what it needs on disk."""

    port: int
    user: str
    password: str
    key: Path  # as OpenSSH writes it
    known_hosts: Path
    fingerprints: tuple[str, ...]  # of the host keys
    folder: Path


class Client(ABC):
    """One client. What it lacks it does not override, and then it is not in that part of the matrix."""

    name: ClassVar[str]
    connects: ClassVar[frozenset[Algorithms]] = frozenset({DEFAULT, LEGACY})
    notes: ClassVar[Notes] = {}  # by verb, where a client does a thing in its own way or not at all
    has_own_connection: ClassVar[bool] = True
    system: ClassVar[bool] = True  # it is not installed with the Python packages
    keeps_times: ClassVar[bool] = True
    lists: ClassVar[bool] = True
    repeats: ClassVar[bool] = True  # it shows the server's own sentence where something is refused

    @abstractmethod
    def missing(self) -> str | None:
        """Why it cannot run on this machine."""

    @abstractmethod
    def version(self) -> str:
        """As it tells itself."""

    @property
    def algorithms(self) -> Algorithms:
        """The strongest profile but `strict` that it can speak."""
        return DEFAULT if DEFAULT in self.connects else LEGACY

    def can(self, verb: str) -> bool:
        """Whether this client has a way to do a thing."""
        return getattr(type(self), verb) is not getattr(Client, verb)

    def push(self, at: Where, folder: Path) -> None:
        """Send the files of a folder over those of the same names."""
        raise NotImplementedError

    def push_by_temp_names(self, at: Where, folder: Path) -> None:
        """Send them under other names first and rename them over those that are there."""
        raise NotImplementedError

    def resume(self, at: Where, file: Path) -> None:
        """Go on with an upload that was cut off."""
        raise NotImplementedError

    def push_into(self, at: Where, folder: Path, name: str) -> None:
        """Make a folder, which is there already, and send files into it."""
        raise NotImplementedError

    def push_dated(self, at: Where, folder: Path) -> None:
        """Send files with their times, and set their modes."""
        raise NotImplementedError

    def names_in(self, at: Where, path: str) -> str:
        """What it tells of a folder."""
        raise NotImplementedError

    def fetch(self, at: Where, path: str, target: Path) -> None:
        """Bring a file."""
        raise NotImplementedError

    def synchronise(self, at: Where, folder: Path) -> None:
        """Make the drop like a folder, and delete what is not in it."""
        raise NotImplementedError


def execute(
    command: Sequence[str | Path], *, given: str = "", env: Mapping[str, str] | None = None, quiet: bool = True
) -> str:
    """The output of a command.

    Args:
        command: what is run.
        given: its standard input.
        env: its environment, where not ours.
        quiet: whether a word on its standard error is a complaint, as an exit code always is.

    Raises: Complaint.
    """
    done = subprocess.run(
        list(map(str, command)), input=given, capture_output=True, text=True, timeout=PATIENCE_S, env=env, check=False
    )
    if done.returncode or (quiet and done.stderr.strip()):
        raise Complaint(f"exit {done.returncode}: {done.stderr.strip()} {done.stdout.strip()}")
    return done.stdout


def not_installed(*programs: str) -> str | None:
    """Which of these programs this machine has not."""
    lacking = [program for program in programs if not shutil.which(program)]
    return f"not installed: {', '.join(lacking)}" if lacking else None


def files_in(folder: Path) -> list[Path]:
    """The files that a push is to send."""
    return sorted(folder.iterdir())
