"""`rosterdrop demo`: a whole week of nights in a minute."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import click

from config.home import Home
from processors.verdicts import EXIT_CODES
from rosterdrop.console import Console
from rosterdrop.demo import DISTRICT, DemoFailed, Morning, Week, live, prepare


@click.command(epilog="\b\nExamples:\n  rosterdrop demo\n  rosterdrop demo --keep week --from my-nights/")
@click.option("--keep", type=click.Path(path_type=Path), help="Work in this new folder, and keep it.")
@click.option(
    "--from", "nights", type=click.Path(path_type=Path), help="Push your own files: a folder with one folder a night."
)
@click.pass_obj
def demo(console: Console, keep: Path | None, nights: Path | None) -> None:
    """Watch a district's week: a real service, a real SFTP client, real reports, in a throw-away home."""
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise DemoFailed(f"{keep} is not empty; name a new folder")
    folder = keep.absolute() if keep else Path(tempfile.mkdtemp(prefix="rosterdrop-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    week = prepare(folder, say=console.terminal.note, own_nights=nights)
    mornings = asyncio.run(_watch(console, week))
    console.terminal.json({"home": str(week.home.root), "nights": [dict(morning.report) for morning in mornings]})
    _show_week(console, mornings)
    _show_places(console, week.home)


async def _watch(console: Console, week: Week) -> list[Morning]:
    mornings: list[Morning] = []
    console.terminal.note(f"The service listens on 127.0.0.1:{week.port}")
    async for morning in live(week):
        mornings.append(morning)
        console.terminal.line()
        console.terminal.line(f"Night {len(mornings)}: {morning.evening.title}", style="bold")
        console.terminal.note(
            f"{len(morning.evening.files)} files pushed over SFTP; the report was back after {morning.seconds:.1f} s"
        )
        for line in morning.summary:
            console.terminal.line(f"  {line}")
    return mornings


def _show_week(console: Console, mornings: list[Morning]) -> None:
    console.terminal.line()
    console.terminal.table(
        [
            "night",
            "what",
            "verdict",
            "exit",
            "rows",
            "rejected",
            "created",
            "updated",
            "archived",
            "withheld",
            "report after",
        ],
        [_as_row(number, morning) for number, morning in enumerate(mornings, 1)],
        title="The week",
    )


def _as_row(number: int, morning: Morning) -> list[Any]:
    report = morning.report
    changes = report["changes"] or {}
    return [
        number,
        morning.evening.title,
        report["verdict"],
        EXIT_CODES[report["verdict"]],
        sum(file["rows"] for file in report["files"]),
        sum(file["rejected"] for file in report["files"]),
        *(_total(changes, action) for action in ("created", "updated", "archived", "withheld")),
        f"{morning.seconds:.1f} s",
    ]


def _total(changes: dict[str, dict[str, int]], action: str) -> int:
    return sum(counts.get(action, 0) for counts in changes.values())


def _show_places(console: Console, home: Home) -> None:
    console.terminal.line()
    console.terminal.line(f"The drop, as the district sees it:  {home.drop(DISTRICT)}")
    console.terminal.line(f"The newest report, for a browser:   {home.reports(DISTRICT) / 'latest.html'}")
    console.terminal.line(f"Look around with:                   rosterdrop --home {home.root} batch list {DISTRICT}")
