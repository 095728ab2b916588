"""`rosterdrop generate`: a synthetic district, night after night."""

from pathlib import Path
from typing import Any, Final

import click

from config.oneroster import VERSIONS, Version
from rosterdrop.console import Console
from rosterdrop.generating import ALL_FAULTS, EVENTS, GROUPS, Generated, GeneratingError, plantable
from rosterdrop.generating import generate as write_district

ALL: Final = "all"

_NAMES_WIDTH: Final = max(map(len, ALL_FAULTS))


def _list_faults(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click passes it so
    """Every fault by what it is about, instead of a district."""
    if not wanted or context.resilient_parsing:
        return
    for group, faults in GROUPS.items():
        click.echo(f"{group[0].upper()}{group[1:]}:")
        for fault in faults:
            limits = [f"guardians in {fault.needs}.csv"] if fault.needs else []
            limits += ["alone in its night"] if fault.alone else []
            end = f" ({', '.join(limits)})" if limits else ""
            click.echo(f"  {fault.name:<{_NAMES_WIDTH}}  {fault.description}{end}")
    click.echo("Nights of another kind, from the second on (name@night):")
    for event in EVENTS:
        click.echo(f"  {event.name:<{_NAMES_WIDTH}}  {event.description}")
    context.exit()


@click.command(
    epilog="""\b
Examples:
  rosterdrop generate demo-district --students 1000
  rosterdrop generate demo-district --students 1000 --nights 3 --faults role_unknown id_conflict@2
  rosterdrop generate demo-district --students 1000 --faults all
  rosterdrop generate demo-district --students 1000 --version 1.2
  rosterdrop generate --list-faults

\b
With --json: {"folder": path, "nights": [path], "name": text, "time_zone": text, "schools": {ID: name},
              "rows": {file: rows of the last night}, "planted": how many places were made wrong}"""
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("more_faults", metavar="", nargs=-1)
@click.option(
    "--students", type=click.IntRange(1, 5_000_000), required=True, help="How many students on the first night."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which of all districts of this size.")
@click.option("--nights", type=click.IntRange(1, 1000), default=1, show_default=True, help="How many nights of files.")
@click.option(
    "--faults",
    multiple=True,
    metavar="NAME...",
    help="Faults to plant in the last night, NAME@2 in the second; 'all' plants all that can stand together.",
)
@click.option("--separate-guardians", is_flag=True, help="Write guardians into guardians.csv instead of users.csv.")
@click.option(
    "--version",
    type=click.Choice(VERSIONS),
    help="Write every file of this version of OneRoster instead of those that Connect asks for.",
)
@click.option(
    "--list-faults", is_flag=True, is_eager=True, expose_value=False, callback=_list_faults, help="List the faults."
)
@click.pass_obj
def generate(  # noqa: PLR0913 - each is an option of the command
    console: Console,
    folder: Path,
    more_faults: tuple[str, ...],
    students: int,
    seed: int,
    nights: int,
    faults: tuple[str, ...],
    *,
    separate_guardians: bool,
    version: Version | None,
) -> None:
    """Write a synthetic district into DIR: a folder a night, planted.json with every planted fault, district.json.

    The same seed writes the same bytes on every machine. All people are invented.
    """
    if more_faults and not faults:
        raise click.UsageError(f"{more_faults[0]!r} stands alone; faults are named after --faults.")
    named = [name for several in (*faults, *more_faults) for name in several.split(",") if name]
    wanted = plantable(separate_guardians=separate_guardians) if ALL in named else named
    try:
        with console.terminal.working("generating") as step:
            made = write_district(
                folder,
                students=students,
                seed=seed,
                nights=nights,
                faults=tuple(wanted),
                separate_guardians=separate_guardians,
                version=version,
                progress=step,
            )
    except GeneratingError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        error.filename = error.filename or str(folder)  # of a file that is open already Python does not tell the name
        raise
    _tell(console, made)


def _tell(console: Console, made: Generated) -> None:
    console.terminal.json(as_document(made))
    console.terminal.table(("file", "rows"), list(made.rows.items()), title=f"{made.name}, {made.nights[-1]}")
    for planted in made.planted:
        place = ", ".join([planted.file or "the set", *([f"line {planted.line}"] if planted.line else [])])
        console.terminal.line(f"night {planted.night}, {place}: {planted.fault}")


def as_document(made: Generated) -> dict[str, Any]:
    """What was written, as --json shows it."""
    return {
        "folder": str(made.folder),
        "nights": [str(night) for night in made.nights],
        "name": made.name,
        "time_zone": made.time_zone,
        "schools": dict(made.schools),
        "rows": dict(made.rows),
        "planted": len(made.planted),
    }
