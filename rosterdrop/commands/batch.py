"""`rosterdrop batch`: the history of batches, and what a support engineer does with one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from config.districts import require_district, time_zone_in
from config.home import Home
from config.languages import DEFAULT
from config.mistakes import InvalidConfig
from config.tables import file_of
from connect_store import ledger
from connect_store.ledger import LedgerBatch, LedgerEvent, State
from connect_store.retention import NAMES, Purged, What, purged
from connect_store.store import open_store
from rosterdrop.console import Console, who

if TYPE_CHECKING:
    from processors.archives import Limits

_NUMBER: Final = click.IntRange(1, 10**9)


@click.group(epilog="\b\nExample:\n  rosterdrop --home home batch list springfield")
def batch() -> None:
    """See the history of batches, send files by hand, run a batch again."""


@batch.command("list", epilog="\b\nExample:\n  rosterdrop --home home batch list springfield --most 7")
@click.argument("district", required=False)
@click.option("--most", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many, newest first.")
@click.option("--before", type=_NUMBER, default=None, help="Only batches with a lower number: to page on.")
@click.pass_obj
def list_batches(console: Console, district: str | None, most: int, before: int | None) -> None:
    """List batches, newest first; of one DISTRICT or of all."""
    home = console.home
    if district is not None:
        require_district(home, district)
    with open_store(home.store_db) as store:
        found = ledger.history(store, district, most=most, **({} if before is None else {"before": before}))
        gone = purged(store, found[-1].number, found[0].number) if found else {}
    console.terminal.json(
        {"batches": [{**as_document(entry), **_not_kept(gone.get(entry.number, {}))} for entry in found]}
    )
    columns = ["batch", "district", "received (UTC)", "from", "verdict", "rows", "rejected", "what changed"]
    rows = [[*_as_row(entry), ", ".join(NAMES[what] for what in gone.get(entry.number, {}))] for entry in found]
    console.terminal.table(
        [*columns, "not kept"] if gone else columns,
        rows if gone else [row[: len(columns)] for row in rows],
        spare=["from", "rejected", "rows"],
    )


@batch.command(epilog="\b\nExample:\n  rosterdrop --home home batch show 42")
@click.argument("number", type=_NUMBER)
@click.pass_obj
def show(console: Console, number: int) -> None:
    """Show one batch: its files, what they changed, what was found, and who did what."""
    home = console.home
    with open_store(home.store_db) as store:
        found = ledger.require(store, number)
        events = ledger.events(store, number)
        gone = purged(store, number).get(number, {})
    facts = _facts(home, found)
    console.terminal.json(
        {**as_document(found), **facts, **_not_kept(gone), "events": [_event(event) for event in events]}
    )
    terminal = console.terminal
    terminal.line(f"Batch {found.number} of {found.district}: {_what_became_of(found)}", style="bold")
    for line in _about(found, facts):
        terminal.line(line)
    for what, one in gone.items():
        terminal.line(f"Not kept: {NAMES[what]}, removed on {one}")
    terminal.table(
        ["file", "bytes", "rows", "accepted", "rejected", "set aside", "carried from"], _file_rows(found), title="Files"
    )
    actions = _RENUMBERING if _gives_ids(found) else _ACTIONS
    terminal.table(["type", *actions], _change_rows(found, actions), title=_title_of_changes(found))
    codes = (found.summary or {}).get("findings", {})
    terminal.table(["finding", "rows"], [[code, count] for code, count in codes.items()], title="Findings")
    terminal.table(
        ["when (UTC)", "what", "who", "detail"],
        [[_to_the_second(event.at), event.event, event.who, event.detail] for event in events],
        title="History",
    )


def _not_kept(gone: Mapping[What, Purged]) -> dict[str, Any]:
    """What retention removed of a batch, as JSON."""
    return {"not_kept": [{"what": what, "at": one.at, "days": one.days} for what, one in gone.items()]}


def _facts(home: Home, entry: LedgerBatch) -> dict[str, str | None]:
    """When the batch came by the district's clock, and where its report lies; null where there is none yet."""
    zone = _time_zone(home, entry)
    folder = report_folder(home, entry.district, entry.number, entry.received, zone, test=entry.test)
    return {
        "received_local": entry.received.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"),
        "time_zone": zone,
        "report": str(folder) if folder.is_dir() else None,
    }


def _time_zone(home: Home, entry: LedgerBatch) -> str:
    """The one that the batch was frozen with: its report's folder is dated by it."""
    try:
        return time_zone_in(home.batch(entry.district, entry.number) / "profile.toml")
    except (InvalidConfig, OSError):  # gone, or never there
        return "UTC"


def report_folder(home: Home, district: str, number: int, received: datetime, time_zone: str, *, test: bool) -> Path:
    """Where the report of a batch lies, with values, in the drop."""
    from processors.reporting.folders import folder_name

    return home.reports(district, test=test) / folder_name(received, time_zone, f"batch-{number}")


def _about(entry: LedgerBatch, facts: Mapping[str, str | None]) -> Iterator[str]:
    from config.wording import forms_of

    came = {
        "sftp": "SFTP",
        "upload": "batch upload",
        "pull": "the source of the roster",
        "requeue": f"batch {entry.requeue_of}, run again",
        "schedule": f"batch {entry.requeue_of}, whose time had come",
        "approve": f"batch {entry.requeue_of}, approved",
        "once": f"batch {entry.requeue_of}, synced once",
        "undo": f"batch {entry.requeue_of}, undone",
        "switch": "a switch to the IDs of another source",
        "restore": "a backup that was put back",
        "remove": "a district that was removed",
    }
    yield f"Received: {forms_of(DEFAULT).time(entry.received, str(facts['time_zone']))}"
    yield f"From:     {came.get(entry.origin, entry.origin)}{', into test/' if entry.test else ''}"
    until = entry.waits_until
    waits = f", until {forms_of(DEFAULT).time(until, str(facts['time_zone']))}" if until else ""
    yield f"State:    {entry.state}{waits}"
    yield f"Report:   {facts['report'] or 'none yet'}"


def _to_the_second(stamped: str) -> str:
    return f"{ledger.moment(stamped):%Y-%m-%d %H:%M:%S}"


@batch.command(epilog="\b\nExample:\n  rosterdrop --home home batch upload springfield night1/ --wait")
@click.argument("district")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--wait", is_flag=True, help="Judge and apply now, and end with the report of the batch.")
@click.pass_obj
def upload(console: Console, district: str, paths: tuple[Path, ...], *, wait: bool) -> int:
    """Take a folder, a ZIP or single files as if they had come by SFTP.

    Needs no running service; beside one, it works under the same locks.
    """
    from config.loading import load_profile
    from processors import deliveries
    from processors.freezing import deliver
    from processors.lending import NotJudgedYet
    from processors.pipeline import work

    home = console.home
    profile = load_profile(home, district)
    files = deliveries.files_at(paths)

    def freeze() -> int:
        with open_store(home.store_db) as store:
            delivery = deliveries.upload(store, profile, files, who=who(), limits=_limits(home))
        return deliver(home, delivery)

    try:
        number = freeze()
    except NotJudgedYet:
        if not wait:
            raise
        work(home, district, who=who())
        number = freeze()
    return _hand_over(console, home, district, number, wait=wait)


@batch.command(epilog="\b\nExample:\n  rosterdrop --home home batch requeue 42 --wait")
@click.argument("number", type=_NUMBER)
@click.option("--wait", is_flag=True, help="Judge and apply now, and end with the report of the batch.")
@click.pass_obj
def requeue(console: Console, number: int, *, wait: bool) -> int:
    """Run batch NUMBER again from its frozen files, with today's profile, as a new batch.

    Refused when a newer batch was applied: the older files would undo it.
    """
    from processors import deliveries
    from processors.freezing import deliver

    home = console.home
    with open_store(home.store_db) as store:
        again = ledger.require(store, number)
        delivery = deliveries.again(home, store, again, who=who(), limits=_limits(home))
    return _hand_over(console, home, delivery.district, deliver(home, delivery), wait=wait)


_why = click.option("--why", required=True, help="The reason, for the history.")


@batch.command(
    epilog="""\b
Example:
  rosterdrop --home home batch approve 42 --why "two classes moved to the new school"

\b
With --json: the report of the batch that applies it."""
)
@click.argument("number", type=_NUMBER)
@_why
@click.pass_obj
def approve(console: Console, number: int, why: str) -> int:
    """Apply all of batch NUMBER, which was held or withheld.

    It must be the newest of its district. A new batch applies it, with the settings that it was judged by.
    """
    from processors import steering

    approving = steering.approve(console.home, number, who=who(), why=why)
    district = _district_of(console.home, approving)
    return end_with_report(console, district, approving)


@batch.command(epilog='\b\nExample:\n  rosterdrop --home home batch discard 42 --why "half of the rows were lost"')
@click.argument("number", type=_NUMBER)
@_why
@click.pass_obj
def discard(console: Console, number: int, why: str) -> None:
    """Say that batch NUMBER, which is held or waits for its start time, shall never be applied."""
    from processors import steering

    steering.discard(console.home, number, who=who(), why=why)
    console.terminal.json({"batch": number, "state": "discarded"})
    console.terminal.line(f"Batch {number} is discarded; Connect stays as it was")


@batch.command(
    epilog="""\b
Example:
  rosterdrop --home home batch undo 42 --why "wrong school year exported"

\b
With --json: {"undone": NUMBER, "batch": its own number, "changes": {type: {action: count}}, "kept": {type: count}}"""
)
@click.argument("number", type=_NUMBER)
@_why
@click.pass_obj
def undo(console: Console, number: int, why: str) -> None:
    """Give back what batch NUMBER found in Connect, field by field, and pause its district.

    It must be the newest that was applied. What people changed since stays, and is counted. The undo is a batch of its
    own: undoing that one gives the night back.
    """
    from processors import steering

    done = steering.undo(console.home, number, who=who(), why=why)
    district = _district_of(console.home, number)
    kept = {name: count for name, count in done.kept.items() if count}
    console.terminal.json(
        {"undone": number, "batch": done.number, "changes": done.changes, "kept": kept, "paused": district}
    )
    console.terminal.line(f"Batch {number} is undone, as batch {done.number}; {district} is paused", style="bold")
    console.terminal.table(
        ["type", *_UNDOING],
        [[kind, *(told.get(action, 0) for action in _UNDOING)] for kind, told in done.changes.items()],
        title="Given back",
    )
    for name, count in kept.items():
        console.terminal.line(f"{count} {name} changed by people since stayed as people made them")
    console.terminal.line(f"Nothing more is applied until: rosterdrop district resume {district}")


@batch.command(
    epilog="""\b
Examples:
  rosterdrop --home home batch diff 41 42
  rosterdrop --home home --json batch diff 40 42 --show-values

\b
With --json: {"before": N, "after": N, "differences": [{"type": text, "key": ID, "action": text, "field": text,
              "before": text, "after": text}]}"""
)
@click.argument("before", type=_NUMBER)
@click.argument("after", type=_NUMBER)
@click.option("--show-values", is_flag=True, help="Show values too: personal data, for the support of this district.")
@click.pass_obj
def diff(console: Console, before: int, after: int, *, show_values: bool) -> None:
    """Show what of Connect differs between batch BEFORE and batch AFTER of one district, record by record."""
    from config.masking import masked
    from connect_store.undo_record import differences
    from processors.differing import differences_in

    if before >= after:
        raise click.UsageError("name the older batch first")
    with open_store(console.home.store_db) as store:
        district = ledger.require(store, after).district
        if ledger.require(store, before).district != district:
            raise click.UsageError(f"batch {before} is of another district than batch {after}")
        found = differences_in(differences(store, district, before, after)).to_dicts()
    if not show_values:
        found = [{**one, "before": masked(one["before"]), "after": masked(one["after"])} for one in found]
    console.terminal.json({"before": before, "after": after, "differences": found})
    console.terminal.table(
        ["type", "id", "what", "field", "before", "after"],
        [[one[name] for name in ("type", "key", "action", "field", "before", "after")] for one in found],
        title=f"{district}: what differs between batch {before} and batch {after}",
    )


_UNDOING: Final = ("removed", "updated", "created", "renumbered")


def _district_of(home: Home, number: int) -> str:
    with open_store(home.store_db) as store:
        return ledger.require(store, number).district


def _limits(home: Home) -> "Limits":
    """An archive may not bring more than one file may have, nor touch what is kept for reports."""
    from config.loading import load_settings
    from processors.archives import Limits

    settings = load_settings(home)
    return Limits(most_bytes=settings.server.max_file_bytes, reserve_bytes=settings.limits.reserve_bytes)


def _hand_over(console: Console, home: Home, district: str, number: int, *, wait: bool) -> int:
    if not wait:
        console.terminal.json({"batch": number, "district": district, "state": "frozen"})
        console.terminal.line(_waits(home, number))
        return 0
    return end_with_report(console, district, number)


def end_with_report(console: Console, district: str, number: int) -> int:
    """Finish a batch and show its report; the exit code of its verdict."""
    from processors.pipeline import finish
    from processors.reporting.json_document import as_json
    from processors.reporting.text_page import summary_lines
    from processors.reporting.wording import say_in
    from processors.verdicts import EXIT_CODES

    home = console.home
    outcome = finish(home, district, number, who=who())
    console.terminal.json_text(as_json(outcome.report, masked=True))
    for line in summary_lines(outcome.report):
        console.terminal.line(line)
    report = outcome.report
    assert report.received is not None
    folder = report_folder(home, district, number, report.received, report.time_zone, test=report.test)
    console.terminal.line(say_in(report.language)("text.whole", path=str(folder / "report.html")))
    return EXIT_CODES[outcome.verdict]


def _waits(home: Home, number: int) -> str:
    from processors.locks import service_holder

    if service_holder(home) is None:
        return f"Batch {number} waits, and no service runs: `rosterdrop serve` works on it once it is started"
    return f"Batch {number} waits; the service works on it; `rosterdrop batch show {number}` tells when it is done"


def as_document(entry: LedgerBatch) -> dict[str, Any]:
    """A batch of the history as JSON: counts and codes only."""
    return {
        "batch": entry.number,
        "district": entry.district,
        "test": entry.test,
        "origin": entry.origin,
        "received": ledger.stamp(entry.received),
        "state": entry.state,
        "verdict": entry.verdict,
        "waits_until": ledger.stamp(entry.waits_until) if entry.waits_until else None,
        "requeue_of": entry.requeue_of,
        "files": [
            {"file": file.file, "bytes": file.bytes, "sha256": file.sha256, "carried_from": file.carried_from}
            for file in entry.files
        ],
        "changes": entry.changes,
        "summary": entry.summary,
    }


_ACTIONS = ("created", "updated", "archived", "restored", "unchanged", "withheld")
_RENUMBERING = ("renumbered",)
_TOLD = (*_ACTIONS, *_RENUMBERING)


def _as_row(entry: LedgerBatch) -> list[str | int | None]:
    files = (entry.summary or {}).get("files", [])
    return [
        entry.number,
        entry.district,
        entry.received.strftime("%Y-%m-%d %H:%M"),
        f"{entry.origin}, test" if entry.test else entry.origin,
        _what_became_of(entry),
        sum(file["rows"] for file in files),
        sum(file["rejected"] for file in files),
        _what_changed(entry),
    ]


_NOT_IN_CONNECT: Final[frozenset[State]] = frozenset({"superseded", "discarded", "undone"})


def _what_became_of(entry: LedgerBatch) -> str:
    """The verdict, and whether it is in Connect where that does not follow from it."""
    told = (entry.verdict or entry.state).replace("_", " ")
    if entry.state == "scheduled":
        return f"{told}, not applied yet"
    return f"{told}, {entry.state}" if entry.verdict and entry.state in _NOT_IN_CONNECT else told


def _title_of_changes(entry: LedgerBatch) -> str:
    if entry.changed_nothing:
        return "Changes that were to come, and did not"
    return "Changes to come" if entry.waits_until else "Changes in Connect"


def _what_changed(entry: LedgerBatch) -> str:
    if entry.changed_nothing:
        return "nothing"
    totals = {action: sum(counts.get(action, 0) for counts in (entry.changes or {}).values()) for action in _TOLD}
    said = [f"{totals[action]} {action}" for action in _TOLD if action != "unchanged" and totals[action]]
    changes = ", ".join(said) or "nothing"
    until = entry.waits_until
    return f"nothing yet, at {until:%Y-%m-%d %H:%M}: {changes}" if until else changes


def _file_rows(entry: LedgerBatch) -> list[list[str | int | None]]:
    counted = {file["file"]: file for file in (entry.summary or {}).get("files", [])}
    rows: list[list[str | int | None]] = []
    for file in entry.files:
        counts = counted.get(file_of(file.table), {}) if file.table else {}
        aside = sum(counts.get("set_aside", {}).values()) if counts else None
        known = [counts.get("rows"), counts.get("accepted"), counts.get("rejected")]
        rows.append([file.file, file.bytes, *known, aside, file.carried_from])
    return rows


def _gives_ids(entry: LedgerBatch) -> bool:
    """Whether it is a switch to other IDs, or the undo of one, which changes nothing else."""
    return any(counts.keys() & set(_RENUMBERING) for counts in (entry.changes or {}).values())


def _change_rows(entry: LedgerBatch, actions: Sequence[str]) -> list[list[str | int | None]]:
    return [[kind, *(counts.get(action, 0) for action in actions)] for kind, counts in (entry.changes or {}).items()]


def _event(event: LedgerEvent) -> dict[str, str | None]:
    return {"at": event.at, "event": event.event, "who": event.who, "detail": event.detail}
