"""`rosterdrop source`: rosters that are fetched from Clever, ClassLink or a district's own SFTP site."""

from typing import Final

import click

from config.loading import load_profile, load_profiles
from connect_store.pulls import PullNote, last_pulls
from connect_store.store import open_store
from rosterdrop.console import Console, who

_OUTCOMES: Final = {
    "taken": "taken",
    "unchanged": "nothing new",
    "paused": "the source rests",
    "failed": "failed",
}


@click.group(epilog="\b\nExample:\n  rosterdrop --home home source pull springfield")
def source() -> None:
    """Fetch rosters from Clever, ClassLink or a district's own SFTP site."""


@source.command(
    "list",
    epilog="""\b
Example:
  rosterdrop --home home source list

\b
With --json: {"sources": [{"district": id, "kind": text, "start_time": "HH:MM" or null, "last": {"at": time,
              "outcome": "taken|unchanged|paused|failed", "code": text, "batch": N} or null}]}""",
)
@click.pass_obj
def list_(console: Console) -> None:
    """List the districts whose roster is fetched, and what became of the last pull."""
    profiles = [one for one in load_profiles(console.home).values() if one.source.kind != "none"]
    with open_store(console.home.store_db) as store:
        last = {one.id: next(iter(last_pulls(store, one.id, most=1)), None) for one in profiles}
    starts = {one.id: f"{one.sync.start_time:%H:%M}" if one.sync.start_time else None for one in profiles}
    console.terminal.json(
        {
            "sources": [
                {
                    "district": one.id,
                    "kind": one.source.kind,
                    "start_time": starts[one.id],
                    "last": _as_document(last[one.id]),
                }
                for one in profiles
            ]
        }
    )
    console.terminal.table(
        ["district", "source", "starts", "last pull (UTC)", "what came of it", "batch"],
        [[one.id, one.source.kind, starts[one.id] or "by hand", *_as_cells(last[one.id])] for one in profiles],
    )


@source.command(
    epilog="""\b
Examples:
  rosterdrop --home home source pull springfield
  rosterdrop --home home source pull springfield --replay 42

\b
With --json: the report of the batch; {"district": id, "batch": null, "outcome": text} where there is nothing new."""
)
@click.argument("district")
@click.option("--replay", type=click.IntRange(1, 10**9), metavar="BATCH", help="Read the kept answers of a batch anew.")
@click.option("--only-new", is_flag=True, help="Do nothing where the source says that nothing changed.")
@click.pass_obj
def pull(console: Console, district: str, *, replay: int | None, only_new: bool) -> int:
    """Fetch the roster of DISTRICT now, judge and apply it, and end with the report of its batch.

    A pull that fails changes nothing in Connect; its report says why.
    """
    from rosterdrop.commands.batch import end_with_report
    from rosterdrop.pulls import pull_roster, replay_batch

    if replay is not None:
        return end_with_report(console, district, replay_batch(console.home, district, replay, who=who()))
    with console.terminal.working(f"Fetching the roster of {district}") as say:
        counts: dict[str, int] = {}

        def advance(collection: str, records: int) -> None:
            counts[collection] = counts.get(collection, 0) + records
            say(f"{counts[collection]} {collection.replace('_', ' ')}")

        ended = pull_roster(console.home, district, who=who(), only_new=only_new, advance=advance)
    if ended.batch is None:
        outcome = "paused" if ended.rests else "unchanged"
        console.terminal.json({"district": district, "batch": None, "outcome": outcome})
        until = f" until {ended.until[:10]}" if ended.until else ""
        console.terminal.line(f"The source rests{until}" if ended.rests else "The source has nothing new")
        return 0
    return end_with_report(console, district, ended.batch)


@source.command(
    epilog="""\b
Example:
  rosterdrop --home home source test springfield

\b
With --json: {"district": id, "kind": text, "told": {what: text}}"""
)
@click.argument("district")
@click.pass_obj
def test(console: Console, district: str) -> None:
    """Ask the source of DISTRICT whether it lets us in and what it shows; nothing is fetched or changed."""
    from roster_sources.pulling import look
    from rosterdrop.pulls import NoSource

    profile = load_profile(console.home, district)
    if profile.source.kind == "none":
        raise NoSource(district)
    with console.terminal.working(f"Asking {profile.source.kind}"):
        told = look(profile)
    console.terminal.json({"district": district, "kind": profile.source.kind, "told": told})
    console.terminal.line(f"{district}: {profile.source.kind} lets us in", style="bold")
    console.terminal.table(["what", "told"], [[what, text] for what, text in told.items()])


def _as_document(pull: PullNote | None) -> dict[str, object] | None:
    return None if pull is None else {"at": pull.at, "outcome": pull.outcome, "code": pull.code, "batch": pull.batch}


def _as_cells(pull: PullNote | None) -> list[str | int | None]:
    if pull is None:
        return ["never", "", None]
    told = f"{_OUTCOMES[pull.outcome]}: {pull.code}" if pull.code else _OUTCOMES[pull.outcome]
    return [f"{pull.at:%Y-%m-%d %H:%M}", told, pull.batch]
