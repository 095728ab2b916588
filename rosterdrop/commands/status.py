"""`rosterdrop status`: every district at a glance."""

from typing import Any

import click

from config.home import Home
from config.loading import ConfigError, load_accounts, load_profiles, load_settings
from connect_store import ledger
from connect_store.people import headcount
from connect_store.store import Store, open_store
from processors.locks import service_holder
from rosterdrop.console import Console


@click.command(epilog="\b\nExample:\n  rosterdrop --home home status")
@click.option("--serving", is_flag=True, help="Exit 1 where no service runs: for health checks.")
@click.pass_obj
def status(console: Console, *, serving: bool) -> int:
    """Show for each district the last batch, its verdict, who is in Connect and what waits; and whether we serve."""
    home = console.home
    holder, mistakes = service_holder(home), _mistakes(home)
    with open_store(home.store_db) as store:
        districts = [_district(store, district, name) for district, name in _names(home).items()]
    console.terminal.json({"service": holder, "mistakes": mistakes, "districts": districts})
    console.terminal.line(f"Service: {holder or 'not running'}")
    for mistake in mistakes:
        console.terminal.line(f"Not valid: {mistake}", style="red")
    console.terminal.table(
        ["district", "name", "last batch", "received (UTC)", "verdict", "students", "guardians", "staff", "waiting"],
        [[district[key] for key in _COLUMNS] for district in districts],
    )
    return 1 if serving and holder is None else 0


_COLUMNS = ("district", "name", "batch", "received", "verdict", "students", "guardians", "staff", "waiting")


def _names(home: Home) -> dict[str, str]:
    try:
        return {district: profile.name for district, profile in load_profiles(home).items()}
    except ConfigError:
        return {file.stem: "(profile is not valid)" for file in sorted(home.profiles.glob("*.toml"))}


def _mistakes(home: Home) -> list[str]:
    found = []
    for load in (load_settings, load_profiles, load_accounts):
        try:
            load(home)
        except ConfigError as error:
            found.extend(str(error).splitlines())
    return found


def _district(store: Store, district: str, name: str) -> dict[str, Any]:
    last = ledger.last(store, district, test=False)
    people = headcount(store, district)
    return {
        "district": district,
        "name": name,
        "batch": last.number if last else None,
        "received": last.received.strftime("%Y-%m-%d %H:%M") if last else None,
        "verdict": (last.verdict or last.state) if last else "nothing yet",
        "students": people.get("student", 0),
        "guardians": people.get("guardian", 0),
        "staff": people.get("staff", 0),
        "waiting": len(ledger.open_work(store, district)),
    }
