"""What every command gets: the home it works on and how to print. Passed with `@click.pass_obj`."""

import getpass
import os
from dataclasses import dataclass, field
from pathlib import Path

from config.home import Home
from config.mistakes import ConfigError, NotAHome
from rosterdrop.terminal import Terminal


class NoHome(ConfigError):
    """A command needs a home, and none was named."""

    def __init__(self) -> None:
        super().__init__("this command needs a home: rosterdrop --home DIR COMMAND, or set ROSTERDROP_HOME")


class UnfinishedRestore(ConfigError):
    """A restore died before all of it stood in its place."""

    def __init__(self, home: Home) -> None:
        super().__init__(
            f"a restore of {home.root} was interrupted, and a part of it is not in its place yet; to finish it: "
            f"rosterdrop --home {home.root} restore"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The options before the command. `home` is looked at only by commands that ask for it."""

    folder: Path | None = None
    json: bool = False
    quiet: bool = False
    terminal: Terminal = field(default_factory=Terminal)

    @property
    def home(self) -> Home:
        """The home that this command works on.

        Raises:
            ConfigError: none was named, what was named is none, or a restore of it must be finished first.
        """
        home = self.home_as_it_is
        if home.restoring.is_file():
            raise UnfinishedRestore(home)
        return home

    @property
    def home_as_it_is(self) -> Home:
        """The home, also where a restore died half way: for who finishes that first."""
        if self.folder is None:
            raise NoHome
        home = Home(self.folder.absolute())
        if not is_home(home) and not home.restoring.is_file():
            raise NotAHome(self.folder)
        return home


def is_home(home: Home) -> bool:
    """Whether somebody made a home there: it holds settings."""
    return home.settings_file.is_file()


def who() -> str:
    """Who runs the command, for the ledger."""
    return f"{_user()}, command line"


def _user() -> str:
    """Who runs the command; a container may run it as a number that has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # KeyError until Python 3.12, OSError from 3.13 on
        return str(os.getuid())
