"""The commands, one module a noun; each is imported only when it runs.

`rosterdrop --help` and a misspelt command answer from the table below, so they are as fast as Python starts.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Final, NamedTuple

import click


class Place(NamedTuple):
    """Where a command is, as `module:function` of this package, and what `--help` says about it in a line."""

    target: str
    summary: str

    def load(self) -> click.Command:
        """The command itself."""
        module, _, name = self.target.partition(":")
        command = getattr(import_module(f"{__name__}.{module}"), name)
        assert isinstance(command, click.Command)
        return command


PLACES: Final[Mapping[str, Place]] = {
    "demo": Place("demo:demo", "A whole week of nights in a minute, in a throw-away home."),
    "init": Place("home:init", "Make a home: the folder of settings, drops and batches."),
    "serve": Place("serve:serve", "Run the service: SFTP, judging, applying, reporting."),
    "status": Place("status:status", "Every district at a glance."),
    "doctor": Place("doctor:doctor", "What is wrong with this installation, and what to do."),
    "backup": Place("backup:backup", "The store, settings and keys in one file, while the service runs."),
    "restore": Place("backup:restore", "Put the store of a backup back."),
    "check": Place("check:check", "Judge files offline, as the service would."),
    "rules": Place("rules:rules", "The rule catalogue, and the schemas of tables and documents."),
    "generate": Place("generate:generate", "Make a synthetic district, night after night."),
    "district": Place("district:district", "Districts and their settings."),
    "account": Place("account:account", "Who may log in over SFTP."),
    "host-key": Place("host_key:host_key", "The keys by which clients recognise the server."),
    "batch": Place("batch:batch", "The history of batches, and what can be done with one."),
    "person": Place("person:person", "Find a person of a district in Connect, and explain them."),
    "roster": Place("roster:roster", "What is in Connect, as it was after any night."),
    "source": Place("switching:source", "Rosters that are fetched: Clever, ClassLink, an SFTP site."),
    "connect": Place("setting_up:connect", "What people may do by hand beside the sync."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that runs."""

    def __init__(self, *args: object, **attributes: object) -> None:
        super().__init__(*args, **attributes)  # type: ignore[arg-type]  # handed through to click as they came
        self.commands = {name: click.Command(name, short_help=place.summary) for name, place in PLACES.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """In the order in which people meet them, not by the alphabet."""
        return list(PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """The command, imported now."""
        return PLACES[cmd_name].load() if cmd_name in PLACES else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The summaries of the table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, PLACES[name].summary) for name in self.list_commands(ctx)])
