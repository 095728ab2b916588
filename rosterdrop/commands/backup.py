"""`rosterdrop backup` and `rosterdrop restore`: the store, settings and keys in one file, and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from connect_store.ledger import stamp
from rosterdrop.console import Console, who

if TYPE_CHECKING:
    from processors.restoring import LostNight, Restored

_NOT_INSIDE: Final = "batches/, drops/ and audit/ are not in it: copy them as files"


@click.command(
    epilog="""\b
Examples:
  rosterdrop --home home backup /var/backups/rosterdrop
  rosterdrop --home home backup before-the-move.tar

\b
With --json: {"backup": path, "made": moment, "bytes": count, "newest": number of the newest batch, "files": [path]}"""
)
@click.argument("place", metavar="FILE_OR_DIR", type=click.Path(path_type=Path))
@click.pass_obj
def backup(console: Console, place: Path) -> None:
    """Write a backup to FILE_OR_DIR, while the service goes on; in a folder its name has the date.

    In it: the Connect store with its ledger, settings, accounts, profiles and keys. Frozen files, drops, reports and
    the audit are not: nobody changes them once they are there, so copy them as files. It holds personal data and keys.
    """
    from processors.backing_up import back_up

    made = back_up(console.home, place.absolute(), now=datetime.now(UTC))
    console.terminal.json(
        {
            "backup": str(made.file),
            "made": stamp(made.made),
            "bytes": made.file.stat().st_size,
            "newest": made.newest,
            "files": sorted(made.files),
        }
    )
    console.terminal.line(f"{made.file}: the store up to batch {made.newest}, settings, accounts, profiles and keys")
    console.terminal.note(f"It was read again and is whole. {_NOT_INSIDE}.")


@click.command(
    epilog="""\b
Examples:
  rosterdrop --home home restore /var/backups/rosterdrop/rosterdrop-20261128T021100Z.tar
  rosterdrop init new && rosterdrop --home new restore --whole rosterdrop-20261128T021100Z.tar

\b
With --json: {"restored": path, "made": moment, "newest": number, "aside": path or null,
              "nights": [{"batch": N, "district": id, "received": moment, "test": true or false,
              "newest": true or false}], "by_hand": count or null, "next_event": ID, "differing": [path],
              "without_profile": [district]}; without FILE: {"finished": true}"""
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--whole", is_flag=True, help="Put back settings, accounts, profiles and keys too, as they were then.")
@click.pass_obj
def restore(console: Console, file: Path | None, *, whole: bool) -> None:
    """Put the store of the backup FILE in the place of the one that is there; stop the service first.

    What was there is moved aside. Nights that came after the backup are no longer in Connect: they are listed, and
    `batch requeue` brings in the newest of a district from its frozen files, where they are still in batches/.

    A restore that was interrupted is finished first; without FILE that is all.
    """
    from processors.restoring import restore as put_back

    was_unfinished = finish_restore(console)
    if file is None:
        if not was_unfinished:
            raise click.UsageError("Missing argument 'FILE'.")
        console.terminal.json({"finished": True})
        return
    done = put_back(console.home, file.absolute(), who=who(), now=datetime.now(UTC), whole=whole)
    console.terminal.json(_as_document(done))
    say = console.terminal.line
    say(f"The store is that of {stamp(done.backup.made)}, up to batch {done.backup.newest}", style="bold")
    if done.aside:
        say(f"What was there is now in {done.aside}; remove it once nobody needs it, it holds personal data")
    console.terminal.table(
        ["batch", "district", "received (UTC)", "what to do"],
        [[night.number, night.district, f"{night.received:%Y-%m-%d %H:%M}", _to_do(night)] for night in done.nights],
        title="Nights after the backup, not in Connect",
    )
    if done.by_hand != 0:
        times = "What" if done.by_hand is None else f"{done.by_hand} times, what"
        say(f"{times} people did by hand or undid after the backup is gone; they must do it again")
    say(f"Programs go on reading events after {done.next_event}; what they read after the backup may not hold any more")
    for name in done.differing:
        say(f"{name} differs from the backup; it stayed as it is here (--whole puts back the other)")
    for district in done.without_profile:
        say(f"{district} has no profile here: restore --whole, or rosterdrop district remove {district}")


def finish_restore(console: Console) -> bool:
    """Finish a restore of the home that was interrupted, and say so; whether there was one."""
    home = console.home_as_it_is
    if not home.restoring.is_file():
        return False
    from processors.restoring import finish

    aside = finish(home)
    console.terminal.line("A restore that was interrupted is finished: all that it puts back is in its place")
    if aside:
        console.terminal.line(f"What was there is now in {aside}; remove it once nobody needs it")
    return True


def _to_do(night: "LostNight") -> str:
    if night.test:
        return "nothing: it came into test/"
    return f"rosterdrop batch requeue {night.number}" if night.newest else "nothing: a newer one came"


def _as_document(done: "Restored") -> dict[str, object]:
    return {
        "restored": str(done.backup.file),
        "made": stamp(done.backup.made),
        "newest": done.backup.newest,
        "aside": str(done.aside) if done.aside else None,
        "nights": [
            {
                "batch": night.number,
                "district": night.district,
                "received": stamp(night.received),
                "test": night.test,
                "newest": night.newest,
            }
            for night in done.nights
        ],
        "by_hand": done.by_hand,
        "next_event": done.next_event,
        "differing": list(done.differing),
        "without_profile": list(done.without_profile),
    }
