"""`rosterdrop source`: rosters that are fetched from Clever, ClassLink or a district's own SFTP site."""

from typing import Any, Final

import click

from config.loading import load_profile, load_profiles
from connect_store.pulls import PullNote, last_pulls, last_taken_pull
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
  rosterdrop --home home source pull springfield --anyway

\b
With --json: the report of the batch; {"district": id, "batch": null, "outcome": text} where there is nothing new."""
)
@click.argument("district")
@click.option("--replay", type=click.IntRange(1, 10**9), metavar="BATCH", help="Read the kept answers of a batch anew.")
@click.option("--only-new", is_flag=True, help="Do nothing where the source says that nothing changed.")
@click.option("--anyway", is_flag=True, help="Take it though it lacks what the last pull had, or is older.")
@click.pass_obj
def pull(console: Console, district: str, *, replay: int | None, only_new: bool, anyway: bool) -> int:
    """Fetch the roster of DISTRICT now, judge and apply it, and end with the report of its batch.

    A pull that fails changes nothing in Connect; its report says why. Where it fails because a part seems to be missing
    and is meant to be, --anyway takes it; it is guarded like any other, and the history says who did so.
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

        ended = pull_roster(console.home, district, who=who(), only_new=only_new, anyway=anyway, advance=advance)
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


def _answers(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    from roster_sources.advising import QUESTIONS

    told = {}
    for value in values:
        name, _, answer = value.partition("=")
        if name not in QUESTIONS or answer not in {"yes", "no", "unknown"}:
            raise click.BadParameter(
                f"{value!r} is no answer; allowed: {', '.join(QUESTIONS)}, each =yes, =no, =unknown."
            )
        told[name] = answer
    return told


@source.command(
    epilog="""\b
Examples:
  rosterdrop source advise
  rosterdrop source advise --answer clever=yes --answer contacts=no --answer exports=yes
  rosterdrop --home home source advise springfield

\b
With --json: {"answers": {question: "yes|no|unknown"}, "way": "clever|classlink|oneroster|site|files|hand",
              "guardians": "same|file|hand", "reasons": [text], "losses": [text], "first": [text]}"""
)
@click.argument("district", required=False)
@click.option(
    "--answer", "answers", multiple=True, callback=_answers, metavar="NAME=YES", help="Answer a question ahead."
)
@click.pass_obj
def advise(console: Console, district: str | None, answers: dict[str, str]) -> None:
    """Say which way of rostering suits a district, why, what is given up with it, and what to mend first.

    What the last pull of DISTRICT shows is looked up; in a terminal the other questions are asked.
    """
    from dataclasses import asdict

    from roster_sources.advising import QUESTIONS, advise

    told = {**(_observed(console, district) if district else {}), **answers}
    for name, question in QUESTIONS.items():
        if name not in told and console.terminal.asks:
            told[name] = click.prompt(
                question, type=click.Choice(["yes", "no", "unknown"]), default="unknown", err=True
            )
    if not any(answer in {"yes", "no"} for answer in told.values()):
        raise click.UsageError(
            f"nothing is known of the district; answer with --answer NAME=yes or =no: {', '.join(QUESTIONS)}."
        )
    advice = advise(told)
    console.terminal.json({"answers": told, **asdict(advice)})
    terminal = console.terminal
    terminal.line(f"{_WAY_IN_WORDS[advice.way]}; guardians: {_GUARDIANS_IN_WORDS[advice.guardians]}", style="bold")
    for title, lines in (("Why", advice.reasons), ("What is given up", advice.losses), ("First", advice.first)):
        if lines:
            terminal.line(f"{title}:")
        for line in lines:
            terminal.line(f"  - {line}")


_WAY_IN_WORDS: Final = {
    "clever": "Fetch the roster from Clever",
    "classlink": "Fetch the roster from ClassLink",
    "oneroster": "Fetch the roster from the OneRoster server of the information system",
    "site": "Let us fetch OneRoster files from the district's own SFTP site",
    "files": "Send OneRoster files over SFTP",
    "hand": "Keep the roster up by hand",
}
_GUARDIANS_IN_WORDS: Final = {
    "same": "from the same source",
    "file": "from guardians.csv on top of it",
    "hand": "by hand or by join codes",
}


def _observed(console: Console, district: str) -> dict[str, Any]:
    """What the files of the last pull show; nothing where there is none any more."""
    from polars.exceptions import PolarsError

    from roster_sources.observing import observed

    profile = load_profile(console.home, district)
    with open_store(console.home.store_db) as store:
        taken = last_taken_pull(store, district)
    folder = console.home.batch(district, taken.batch) / "files" if taken and taken.batch else None
    if folder is None or not (folder / "users.csv").is_file():
        return {}
    try:
        return dict(observed(folder, profile.source.kind))
    except PolarsError:  # a district's own files may have headers, or an encoding, of their own
        return {}


def _as_document(pull: PullNote | None) -> dict[str, object] | None:
    return None if pull is None else {"at": pull.at, "outcome": pull.outcome, "code": pull.code, "batch": pull.batch}


def _as_cells(pull: PullNote | None) -> list[str | int | None]:
    if pull is None:
        return ["never", "", None]
    told = f"{_OUTCOMES[pull.outcome]}: {pull.code}" if pull.code else _OUTCOMES[pull.outcome]
    return [f"{pull.at:%Y-%m-%d %H:%M}", told, pull.batch]
