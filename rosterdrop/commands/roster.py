"""`rosterdrop roster`: what is in Connect, as it was after any night."""

from datetime import datetime, time, timedelta
from pathlib import Path

import click

from config.loading import load_profile
from config.profiles import Profile
from connect_store import ledger
from connect_store.store import Store, open_store
from rosterdrop.console import Console


@click.command(
    epilog="""\b
Examples:
  rosterdrop --home home roster springfield --out today/
  rosterdrop --home home roster springfield --as-of 42 --out after-42/
  rosterdrop --home home roster springfield --as-of 2026-11-24 --out that-day/

\b
With --json: {"district": ID, "as_of": N, "people": [...], "schools": [...], "classrooms": [...],
              "memberships": [...], "guardianships": [...], "attributes": [...]}"""
)
@click.argument("district")
@click.option("--as-of", metavar="BATCH|DATE", help="After this batch, or at the end of this day of the district's.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the tables into this new folder.")
@click.pass_obj
def roster(console: Console, district: str, as_of: str | None, out: Path | None) -> None:
    """Show people, classrooms and their links as they were in Connect; manual work and undone nights are counted in.

    As far back as undo records are kept (retention.undo_days). The tables hold personal data: they are for the support
    of this district.
    """
    from connect_store.as_of import roster_as_of
    from processors.reporting.roster_tables import NAMES, write_roster

    profile = load_profile(console.home, district)
    with open_store(console.home.store_db) as store:
        batch = _batch_of(store, profile, as_of)
        found = roster_as_of(store, district, batch)
    if out is not None:
        write_roster(out, found)
    if console.json:
        tables = {NAMES[name]: records.to_dicts() for name, records in found.items()}
        console.terminal.json({"district": district, "as_of": batch, **tables})
    console.terminal.table(
        ["table", "records", "active"],
        [
            [NAMES[name], records.height, records.filter(records["status"] == "active").height]
            for name, records in found.items()
        ],
        title=f"{district} as of batch {batch}",
    )


def _batch_of(store: Store, profile: Profile, as_of: str | None) -> int:
    """The batch that a person names, or the last one of a day."""
    from connect_store.as_of import last_batch_before

    if as_of is not None and as_of.isdecimal():
        if ledger.require(store, int(as_of)).district != profile.id:
            raise click.UsageError(f"batch {as_of} is of another district")
        return int(as_of)
    try:
        day = datetime.now(profile.time_zone).date() if as_of is None else datetime.fromisoformat(as_of).date()
    except ValueError:
        raise click.UsageError(f"{as_of} is neither a batch nor a day such as 2026-11-24") from None
    return last_batch_before(store, profile.id, datetime.combine(day + timedelta(days=1), time(), profile.time_zone))
