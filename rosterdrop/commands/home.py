"""`rosterdrop init`: make a home."""

from pathlib import Path

import click

from config.home import Home
from config.mistakes import ConfigError
from config.writing import accounts_template, settings_template, write_atomically
from rosterdrop.console import Console, is_home
from rosterdrop.folders import make_private


class NotEmpty(ConfigError):
    """A home would be made among files that have nothing to do with it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds files and is no rosterdrop home; name an empty folder or a new one")


class NoFolder(ConfigError):
    """Where the home should be is something else than a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not a folder")


@click.command(
    epilog="""\b
Example:
  rosterdrop init home

\b
With --json: {"home": path, "made": true or false}; false where it was a home already."""
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_obj
def init(console: Console, folder: Path) -> None:
    """Make a home in DIR: settings, accounts, host keys, and the folders of drops and batches.

    A folder that is a home already stays as it is.
    """
    home = Home(folder.absolute())
    made = not is_home(home)
    if made:
        make_home(home)
    console.terminal.json({"home": str(home.root), "made": made})
    if not made:
        console.terminal.line(f"{folder} is a rosterdrop home already; nothing was changed")
        return
    console.terminal.line(f"{folder} is now a rosterdrop home")
    console.terminal.note(f"Settings: {home.settings_file}")
    console.terminal.note(f"Next: rosterdrop --home {folder} district add --help")


def make_home(home: Home) -> None:
    """Make a home in a new or empty folder. The settings come last: they are what makes it a home."""
    from sftp_gateway.ssh.host_keys import make_host_keys

    if home.root.exists() and not home.root.is_dir():
        raise NoFolder(home.root)
    if home.root.is_dir() and any(home.root.iterdir()):
        raise NotEmpty(home.root)
    make_private(home.root)
    home.root.chmod(0o700)
    for folder in _folders(home):
        make_private(folder)
    make_host_keys(home)
    write_atomically(home.accounts_file, accounts_template())
    write_atomically(home.settings_file, settings_template())


def _folders(home: Home) -> tuple[Path, ...]:
    return (
        home.profiles,
        home.keys,
        home.drops,
        home.uploads,
        home.batches,
        home.store_db.parent,
        home.audit,
        home.locks,
    )
