"""`rosterdrop connect`, the commands by which a sync begins, ends, or runs once; and with them the whole group."""

from collections.abc import Callable
from typing import Any, Final

import click

from config.loading import load_profile
from config.writing import set_values
from connect_store.store import open_store
from rosterdrop.commands.connect import connect
from rosterdrop.console import Console, who

__all__ = ["connect"]

_WHY: Final = click.option("--why", required=True, help="The reason, for the history.")


def _command(name: str, *examples: str, json: str) -> Callable[[Callable[..., Any]], click.Command]:
    def make(function: Callable[..., Any]) -> click.Command:
        typed = (f"  rosterdrop --home home connect {name} springfield {example}".rstrip() for example in examples)
        heading = "Examples" if len(examples) > 1 else "Example"
        epilog = "\n".join(("\b", f"{heading}:", *typed, "", "\b", f"With --json: {json}"))
        return connect.command(name, epilog=epilog)(click.pass_obj(click.argument("district")(function)))

    return make


@_command("sync-once", '--why "files of the first week, then by hand"', json="the report of the batch that was applied")
@_WHY
def sync_once(console: Console, district: str, why: str) -> int:
    """Apply the newest files of DISTRICT once, while its daily sync is off.

    Files that come while it is off are judged, reported and held; this applies the newest of them, as a batch of its
    own, guarded as a night is. Nothing more comes by itself: from then on people manage what it brought.
    """
    from processors import steering
    from rosterdrop.commands.batch import end_with_report

    number = steering.sync_once(console.home, district, who=who(), why=why)
    return end_with_report(console, district, number)


@_command("stop-sync", "", json='{"district": id, "enabled": false, "manual": {kind of record: how many}}')
def stop_sync(console: Console, district: str) -> None:
    """Turn the daily sync of DISTRICT off, and tell what people manage from now on.

    All that it brought stays as it is and becomes manual: students can be enrolled, archived and merged by hand, and
    classrooms filled. Files that come are judged and reported, and nothing of them is applied. start-sync takes all of
    it up again: what people changed meanwhile stays where the SIS says nothing new.
    """
    load_profile(console.home, district)
    set_values(console.home, district, {"sync.daily": "false"})
    manual = _brought(console, district)
    console.terminal.json({"district": district, "enabled": False, "manual": manual})
    console.terminal.line(f"The daily sync of {district} is off; files are judged, reported and held")
    console.terminal.table(["what the sync brought, now managed by people", "active"], list(manual.items()))
    console.terminal.line(f"To go on: rosterdrop connect start-sync {district}")


@_command("start-sync", "", json='{"district": id, "enabled": true, "taken_up": {kind of record: how many}}')
def start_sync(console: Console, district: str) -> None:
    """Turn the daily sync of DISTRICT on: from the next files on nights are applied."""
    load_profile(console.home, district)
    set_values(console.home, district, {"sync.daily": "true"})
    taken_up = _brought(console, district)
    console.terminal.json({"district": district, "enabled": True, "taken_up": taken_up})
    console.terminal.line(f"The daily sync of {district} is on: nights are applied from the next files on")


def _brought(console: Console, district: str) -> dict[str, int]:
    """How many active records the sync manages, by kind."""
    from connect_store.directory import managed_by_sync

    with open_store(console.home.store_db) as store:
        return managed_by_sync(store, district)
