"""`rosterdrop doctor`: what is wrong with this installation."""

from dataclasses import asdict
from typing import Final

import click

from rosterdrop.console import Console

_SICK: Final = 2
_STYLES: Final = {"ok": None, "warning": "yellow", "error": "red"}


@click.command(
    epilog="""\b
Examples:
  rosterdrop --home home doctor
  rosterdrop --home home --json doctor --all-files

\b
With --json: {"worst": "ok", "warning" or "error",
              "findings": [{"check": text, "level": text, "says": text, "todo": text or null}]}

\b
Exit codes: 0 nothing is wrong, or there are warnings only · 2 something is wrong"""
)
@click.option("--all-files", is_flag=True, help="Hash every frozen file, not only those of the newest nights.")
@click.pass_obj
def doctor(console: Console, *, all_files: bool) -> int:
    """Look at home, permissions, disk, settings, keys, service, store, batches, frozen files and locks.

    Nothing is changed, and the service may run. What is not well says what to do.
    """
    from rosterdrop.examining import examine, worst

    home = console.home
    with console.terminal.working("Looking at the installation"):
        found = examine(home, all_files=all_files)
    how = worst(found)
    console.terminal.json({"worst": how, "findings": [asdict(one) for one in found]})
    console.terminal.table(["check", "level", "what is so"], [[one.check, one.level, one.says] for one in found])
    for one in found:
        if one.level != "ok":
            console.terminal.line(f"{one.check}: {one.says}", style=_STYLES[one.level])
            console.terminal.line(f"  {one.todo}")
    return _SICK if how == "error" else 0
