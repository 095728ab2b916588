"""`rosterdrop demo`: a whole week of nights in a minute."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from config.home import Home
from config.tables import REQUIRED_BY_DEFAULT, file_of, table_of
from processors.verdicts import EXIT_CODES
from rosterdrop.console import Console
from rosterdrop.demo import DISTRICT, Evening, Morning, Week, live, own_evenings, prepare
from rosterdrop.folders import make_private


@click.command(epilog="\b\nExamples:\n  rosterdrop demo\n  rosterdrop demo --keep week --from my-nights/")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    callback=lambda _context, _parameter, folder: _new_folder(folder),
    help="Work in this new folder, and keep it.",
)
@click.option(
    "--from",
    "own",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    callback=lambda _context, _parameter, folder: _nights_in(folder),
    help="Push your own files: a folder with one folder a night. You see the masked reports; without --keep, nothing "
    "of it stays.",
)
@click.pass_obj
def demo(console: Console, keep: Path | None, own: Sequence[Evening]) -> None:
    """Watch a district's week: a real service, a real SFTP client, real reports, in a throw-away home."""
    with _workplace(keep, stays=not own) as folder:
        week = prepare(folder, say=console.terminal.note, own_evenings=own)
        mornings = asyncio.run(_watch(console, week))
    stays = week.home if folder.exists() else None
    reports = [dict(morning.report) for morning in mornings]
    console.terminal.json({"home": stays and str(stays.root), "nights": reports})
    _show_week(console, mornings)
    if stays:
        _show_places(console, stays)
    else:
        console.terminal.note("The home with your files was removed; with --keep DIR it stays")


def _new_folder(folder: Path | None) -> Path | None:
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise click.BadParameter(f"{folder} is not empty; name a new folder.")
    return folder


def _nights_in(folder: Path | None) -> Sequence[Evening]:
    if folder is None:
        return ()
    found = own_evenings(folder)
    if not found:
        raise click.BadParameter(f"{folder} holds no folders with .csv files; each folder is one night.")
    missing = set(REQUIRED_BY_DEFAULT) - {table_of(file.name) for file in found[0].files}
    if missing:
        files = ", ".join(file_of(table) for table in sorted(missing))
        raise click.BadParameter(f"the first night, {found[0].title}, lacks {files}; it must be a whole set.")
    return found


@contextmanager
def _workplace(keep: Path | None, *, stays: bool) -> Iterator[Path]:
    """The folder that was named, or a new one that goes when the demo fails, and at its end unless it `stays`."""
    if keep:
        make_private(keep.absolute())
        yield keep.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="rosterdrop-demo-"))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if not stays:
        shutil.rmtree(folder)


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
        spare=["exit", "created", "updated", "report after", "what"],
    )


def _as_row(number: int, morning: Morning) -> list[Any]:
    report = morning.report
    changes = report["changes"] or {}
    return [
        number,
        morning.evening.title,
        report["verdict"].replace("_", " "),
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
