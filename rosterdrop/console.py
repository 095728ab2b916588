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


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The options before the command. `home` is looked at only by commands that ask for it."""

    folder: Path | None = None
    json: bool = False
    quiet: bool = False
    terminal: Terminal = field(default_factory=Terminal)

    @property
    def home(self) -> Home:
        """The home that this command works on."""
        if self.folder is None:
            raise NoHome
        home = Home(self.folder.absolute())
        if not is_home(home):
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
