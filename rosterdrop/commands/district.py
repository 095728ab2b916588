"""`rosterdrop district`: districts and their settings."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import click

from config.documents import as_toml
from config.home import Home
from config.ids import ID_ALLOWED, is_id
from config.loading import load_profile, load_profiles, settings_in_force
from config.profiles import Profile
from rosterdrop.console import Console, who
from rosterdrop.folders import make_private

AUTO: Final = "auto"


@click.group(epilog="\b\nExample:\n  rosterdrop --home home district show springfield")
def district() -> None:
    """Add districts, see and change their settings."""


def _is_district_id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not is_id(value):
        raise click.BadParameter(f"{value!r} cannot be a district's id; allowed: {ID_ALLOWED}.")
    return value


def _schools(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> dict[str, str] | None:
    """`0042=Lincoln High`, or `0043` for a school that is called by its ID; None for auto."""
    if AUTO in values:
        if len(values) > 1:
            raise click.BadParameter("auto takes every school of the first batch; name schools or auto, not both.")
        return None
    schools: dict[str, str] = {}
    for value in values:
        school, _, name = (part.strip() for part in value.partition("="))
        if not school or school in schools:
            raise click.BadParameter(f"{value!r} has no ID of a school, or one that was named before.")
        schools[school] = name or school
    return schools


def _tables(_context: click.Context, _parameter: click.Parameter, value: str | None) -> list[str] | None:
    return [table.strip().removesuffix(".csv") for table in value.split(",")] if value else None


@district.command(
    epilog="""\b
Examples:
  rosterdrop --home home district add springfield --name "Springfield Unified" \\
      --time-zone America/Chicago --school 0042="Lincoln High" --school 0043
  rosterdrop --home home district add shelby --name Shelby --time-zone America/Denver --school auto

\b
With --json: {"district": id, "name": text, "time_zone": text, "schools": {ID: name} or "auto",
              "expected": [table], "profile": path, "drop": path}"""
)
@click.argument("id_", metavar="ID", callback=_is_district_id)
@click.option("--name", required=True, help="The district's name, as its reports print it.")
@click.option("--time-zone", required=True, help="Its time zone, such as America/Chicago.")
@click.option(
    "--school",
    "schools",
    multiple=True,
    required=True,
    callback=_schools,
    metavar="ID[=NAME]",
    help="A school that is brought in, by its SIS ID; may be repeated. 'auto' takes those of the first batch.",
)
@click.option(
    "--expect",
    callback=_tables,
    metavar="TABLES",
    help="The files that make a whole set.  [default: users,classes,enrollments]",
)
@click.pass_obj
def add(
    console: Console, id_: str, name: str, time_zone: str, schools: dict[str, str] | None, expect: list[str] | None
) -> None:
    """Add the district ID (1 to 40 of a-z, 0-9 and -): its profile and its drop."""
    from config.writing import add_district, profile_text

    home = console.home
    add_district(home, id_, profile_text(name, time_zone, schools, expect))
    for folder in _folders(home, id_):
        make_private(folder)
    profile = load_profile(home, id_)
    console.terminal.json({**_summary(profile), "profile": str(home.profile_file(id_)), "drop": str(home.drop(id_))})
    console.terminal.line(f"{name} is now the district {id_}")
    console.terminal.note(f"Settings: {home.profile_file(id_)}")
    if schools is None:
        console.terminal.note("Its schools will be those of the first batch that is not refused.")


def _folders(home: Home, district: str) -> Iterator[Path]:
    for test in (False, True):
        yield home.test_drop(district) if test else home.drop(district)
        yield home.reports(district, test=test)
        yield home.summaries(district, test=test)


@district.command(
    "list",
    epilog="""\b
Example:
  rosterdrop --home home district list

\b
With --json: {"districts": [{"district": id, "name": text, "time_zone": text,
              "schools": {ID: name} or "auto", "expected": [table]}]}""",
)
@click.pass_obj
def list_(console: Console) -> None:
    """List all districts."""
    profiles = load_profiles(console.home).values()
    console.terminal.json({"districts": [_summary(profile) for profile in profiles]})
    rows = [
        (profile.id, profile.name, profile.time_zone.key, AUTO if profile.schools is None else len(profile.schools))
        for profile in profiles
    ]
    console.terminal.table(("district", "name", "time zone", "schools"), rows)


def _summary(profile: Profile) -> Mapping[str, Any]:
    return {
        "district": profile.id,
        "name": profile.name,
        "time_zone": profile.time_zone.key,
        "schools": AUTO if profile.schools is None else dict(profile.schools),
        "expected": list(profile.arrival.expected),
    }


@district.command(
    epilog="""\b
Example:
  rosterdrop --home home district show springfield

\b
With --json: {"district": id, "settings": [{"key": text, "value": value, "source": "profile" or "default",
              "connect": the setting's name in Connect or null, "says": text}]}"""
)
@click.argument("id_", metavar="ID")
@click.pass_obj
def show(console: Console, id_: str) -> None:
    """Show the settings of district ID that are in force, and where each comes from."""
    settings = settings_in_force(console.home, id_)
    console.terminal.json(
        {
            "district": id_,
            "settings": [
                {name: getattr(setting, name) for name in ("key", "value", "source", "connect", "says")}
                for setting in settings
            ],
        }
    )
    rows = [(setting.key, _shown(setting.value), setting.source, setting.connect) for setting in settings]
    console.terminal.table(("setting", "value", "from", "in Connect"), rows, title=f"District {id_}")


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, Mapping):
        return ", ".join(f"{school} {name}" if name != school else school for school, name in value.items())
    return as_toml(value)


def _settings(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"{value!r} is not of the form KEY=VALUE.")
    return {key.strip(): text.strip() for key, _, text in (value.partition("=") for value in values)}


@district.command(
    "set",
    epilog="""\b
Examples:
  rosterdrop --home home district set springfield guard.limit_percent=100
  rosterdrop --home home district set springfield schools.0044="Adams Middle" arrival.deadline=06:00
  rosterdrop --home home district set springfield guard.limit_percent=      (back to the default)
  rosterdrop --home home district set springfield guard.limit_percent=60 --until 2026-12-04

\b
With --json: {"district": id, "changed": {KEY: the value now in force}}; a school counts as "schools".""",
)
@click.argument("id_", metavar="ID")
@click.argument("settings", metavar="KEY=VALUE...", nargs=-1, required=True, callback=_settings)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only for guard.limit_percent: the last day of this limit, written into guard.calendar; the usual one stays.",
)
@click.pass_obj
def set_(console: Console, id_: str, settings: dict[str, str], until: datetime | None) -> None:
    """Change settings of district ID, all or none; they count from the next batch on.

    An empty value takes the default back. `rosterdrop district show ID` lists the keys. What people wrote into the
    profile, comments too, is kept.
    """
    from config.writing import set_values

    if until:
        settings = _for_a_while(load_profile(console.home, id_), settings, until.date())
    set_values(console.home, id_, settings)
    keys = {"schools" if key.startswith("schools.") else key for key in settings}
    changed = {setting.key: setting.value for setting in settings_in_force(console.home, id_) if setting.key in keys}
    console.terminal.json({"district": id_, "changed": changed})
    for key, value in changed.items():
        console.terminal.line(f"{key} is now {_shown(value)}")


def _for_a_while(profile: Profile, settings: Mapping[str, str], last: date) -> dict[str, str]:
    """A limit that ends by itself, as one more exception in the guard's calendar."""
    today = datetime.now(profile.time_zone).date()
    if settings.keys() != {"guard.limit_percent"}:
        raise click.UsageError("--until goes with guard.limit_percent alone.")
    if last < today:
        raise click.BadParameter(f"{last} is over; today is {today} in the district.", param_hint="--until")
    exception = f"{today}/{last}={settings['guard.limit_percent']}"
    return {"guard.calendar": as_toml([*map(str, profile.guard.calendar), exception])}


@district.command(
    epilog='\b\nExample:\n  rosterdrop --home home district pause springfield --why "rollover in the SIS"'
)
@click.argument("id_", metavar="ID")
@click.option("--why", required=True, help="The reason, for the history and for status.")
@click.pass_obj
def pause(console: Console, id_: str, why: str) -> None:
    """Judge and report what comes for district ID, and apply nothing until it is resumed."""
    from processors import steering

    load_profile(console.home, id_)
    steering.pause(console.home, id_, who=who(), why=why)
    console.terminal.json({"district": id_, "paused": True})
    console.terminal.line(f"{id_} is paused: files are judged and reported, and nothing is applied")
    console.terminal.line(f"To go on: rosterdrop district resume {id_}")


@district.command(epilog="\b\nExample:\n  rosterdrop --home home district resume springfield")
@click.argument("id_", metavar="ID")
@click.pass_obj
def resume(console: Console, id_: str) -> None:
    """Apply nights of district ID again, the newest that waited first."""
    from processors import pipeline, steering

    load_profile(console.home, id_)
    number = steering.resume(console.home, id_, who=who())
    if number is not None:
        pipeline.finish(console.home, id_, number, who=who())
    console.terminal.json({"district": id_, "paused": False, "batch": number})
    console.terminal.line(f"{id_} is resumed")
    if number is not None:
        console.terminal.line(f"Batch {number} applies the newest files: rosterdrop batch show {number}")


@district.command(
    epilog="""\b
Examples:
  rosterdrop --home home district remove springfield
  rosterdrop --home home district remove springfield --yes --why "contract ended"

\b
With --json, which needs --yes: {"removed": id, "batch": number of the entry in the history, "accounts": [id]}"""
)
@click.argument("id_", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--why", help="The reason, for the history.")
@click.pass_obj
def remove(console: Console, id_: str, *, yes: bool, why: str | None) -> None:
    """Remove district ID for good; stop the service first, and let it finish what it has begun.

    Gone are: its people, classes and history in Connect, frozen files, reports, its drop and profile, and accounts that
    see no other district. What stays: a line in the history of all batches, the audit, and backups.
    """
    from rosterdrop import removing

    home = console.home
    what = removing.holding(home, id_)
    if not yes:
        if console.json:
            raise click.UsageError("--json does not ask; say --yes.")
        console.terminal.line(f"This removes for good: {what}", style="red")
        if click.prompt("Type the district's ID to go on") != id_:
            raise click.UsageError(f"that is not {id_}; nothing was removed.")
    done = removing.remove(home, what, who=who(), why=why, now=datetime.now(UTC))
    console.terminal.json({"removed": id_, "batch": done.number, "accounts": list(done.accounts)})
    console.terminal.line(f"{id_} is removed (batch {done.number} says so)")
    if done.accounts:
        console.terminal.line(f"Accounts that saw nothing else are gone: {', '.join(done.accounts)}")
    for folder in sorted(home.store_db.parent.glob("before-restore-*")):
        console.terminal.line(f"{folder} still holds what it had; remove it too")
    console.terminal.note("Backups still hold it. To have it there no more, remove those of before today.")
