"""`rosterdrop status`: every district at a glance."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import click

from config.districts import district_ids
from config.loading import Configuration, Live
from config.mistakes import InvalidConfig
from config.settings import Settings
from connect_store import ledger
from connect_store.directory import headcount
from connect_store.ledger import Pause
from connect_store.store import Store, open_store
from processors.locks import service_holder
from rosterdrop.console import Console
from sftp_gateway import processes_present

_NOTHING_KNOWN: Final = Configuration(settings=Settings(), profiles={}, accounts={})


@click.command(
    epilog="""\b
Example:
  rosterdrop --home home status

\b
With --json: {"service": who runs it or null, "processes": count of those that serve clients, "mistakes": [text],
              "districts": [{"district": id, "name": text, "batch": number or null, "received": moment or null,
              "state": text or null, "verdict": text or null, "students": count, "guardians": count, "staff": count,
              "waiting": count of batches, "paused": {"since": moment, "who": text, "why": text} or null}]}"""
)
@click.option("--serving", is_flag=True, help="Exit 1 where no service runs: for health checks.")
@click.pass_obj
def status(console: Console, *, serving: bool) -> int:
    """Show for each district the last batch, its verdict, who is in Connect and what waits; who is paused or failed.

    And whether we serve.
    """
    home = console.home
    known = Live(home, _NOTHING_KNOWN).now
    holder, mistakes = service_holder(home), _told(known)
    with open_store(home.store_db) as store:
        pauses = ledger.pauses(store)
        districts = [
            _district(store, district, _name(known, district), pauses.get(district)) for district in district_ids(home)
        ]
    processes = processes_present(home)
    console.terminal.json({"service": holder, "processes": processes, "mistakes": mistakes, "districts": districts})
    console.terminal.line(f"Service: {_service(holder, processes)}")
    for mistake in mistakes:
        console.terminal.line(f"Not valid: {mistake}", style="red")
    for district in districts:
        if district["state"] == "failed":
            console.terminal.line(_failure(district), style="red")
        if district["paused"]:
            console.terminal.line(_pause(district))
    console.terminal.table(
        ["district", "name", "last batch", "received (UTC)", "verdict", "students", "guardians", "staff", "waiting"],
        [_as_row(district) for district in districts],
        spare=["name", "staff", "guardians"],
    )
    return 1 if serving and holder is None else 0


def _service(holder: str | None, processes: int) -> str:
    if holder is None:
        return "not running"
    return holder if processes == 1 else f"{holder}, {processes} processes serve clients"


def _failure(district: Mapping[str, Any]) -> str:
    number = district["batch"]
    return (
        f"Failed: batch {number} of {district['district']}, on our side; its files are kept: "
        f"rosterdrop batch show {number}, and batch requeue {number} runs it again"
    )


def _pause(district: Mapping[str, Any]) -> str:
    name, pause = district["district"], district["paused"]
    return (
        f"Paused: {name} since {pause['since'][:10]}, by {pause['who']} ({pause['why']}); nothing is applied until: "
        f"rosterdrop district resume {name}"
    )


def _as_row(district: Mapping[str, Any]) -> list[str | int | None]:
    received = district["received"]
    return [
        district["district"],
        district["name"],
        district["batch"],
        received and f"{ledger.moment(received):%Y-%m-%d %H:%M}",
        _what_became_of_it(district),
        *(district[key] for key in ("students", "guardians", "staff", "waiting")),
    ]


def _what_became_of_it(district: Mapping[str, Any]) -> str:
    told = (district["verdict"] or district["state"] or "nothing yet").replace("_", " ")
    if district["state"] == "scheduled":
        told += ", not applied yet"
    return f"{told}; paused" if district["paused"] else told


def _name(known: Configuration, district: str) -> str:
    return known.profiles[district].name if district in known.profiles else "(profile is not valid)"


def _told(known: Configuration) -> list[str]:
    return str(InvalidConfig(known.mistakes)).splitlines() if known.mistakes else []


def _district(store: Store, district: str, name: str, pause: Pause | None) -> dict[str, Any]:
    last = ledger.last(store, district, test=False)
    people = headcount(store, district)
    return {
        "district": district,
        "name": name,
        "batch": last.number if last else None,
        "received": ledger.stamp(last.received) if last else None,
        "state": last.state if last else None,
        "verdict": last.verdict if last else None,
        "students": people.get("student", 0),
        "guardians": people.get("guardian", 0),
        "staff": people.get("staff", 0),
        "waiting": len(ledger.open_work(store, district, datetime.now(UTC))),
        "paused": asdict(pause) if pause else None,
    }
