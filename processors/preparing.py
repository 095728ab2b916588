"""What a mid-year start is prepared with: where the district stands, and proposed pairs as a CSV to confirm."""

from pathlib import Path
from typing import Final

import polars as pl
import polars.selectors as cs

from config.home import Home
from config.profiles import Profile
from connect_store import ledger, people
from connect_store.events import is_first_sync
from connect_store.ledger import LedgerBatch
from connect_store.merging import PAIRS
from connect_store.schools import IN_SCHOOLS, classrooms_in_schools, people_in_schools
from connect_store.store import Store, open_store
from processors.meaning import roster
from processors.midyear import PROPOSED, Standing, proposed
from processors.reporting.escaping import guarded, unguarded
from processors.reporting.placing import place_file
from processors.rereading import read_again

CONFIRM: Final = "confirm"
_YES: Final = ("yes", "y", "x", "1", "sí", "si")


class NotAProposal(Exception):
    """A file is not one of proposed pairs, or nothing of it is confirmed."""

    exit_code = 2


def standing_of(home: Home, profile: Profile) -> Standing:
    """Where a district stands in the sequence; the newest files that wait are read for it."""
    with open_store(home.store_db) as store:
        is_synced = not is_first_sync(store, profile.id)
        waits = _waiting(store, profile.id)
        old = people_in_schools(store, profile.id, "hand")
        rooms = classrooms_in_schools(store, profile.id, "hand")
        if is_synced or waits is None:
            new, rooms_new = _in_connect(store, profile.id)
        else:
            new, rooms_new = _in_files(home, store, waits)
    schools = [*(profile.schools or new["school"].drop_nulls().unique().sort())]
    old, rooms = (records.filter(pl.col("school").is_in(schools)) for records in (old, rooms))
    students = old.filter(pl.col("kind") == "student", pl.col("status") == "active")
    return Standing(
        district=profile.id,
        is_on=profile.sync.daily,
        has_files=waits is not None,
        is_synced=is_synced,
        schools=students["school"].unique().sort().to_list(),
        proposed=proposed(old, new, rooms, rooms_new),
        students=students["key"].n_unique(),
        guardians=old.filter(pl.col("kind") == "guardian")["key"].n_unique(),
        classrooms=rooms.height,
        coming=(waits.changes if waits else None) or {},
    )


def write_pairs(path: Path, pairs: pl.DataFrame) -> None:
    """Proposed pairs as a CSV for a spreadsheet, for us only: whoever confirms one writes yes into its first cell."""
    rows = pairs.select(pl.lit("").alias(CONFIRM), *PROPOSED).with_columns(guarded(cs.string()))
    place_file(path, rows.write_csv())


def confirmed_in(path: Path) -> pl.DataFrame:
    """The pairs of a file that somebody confirmed: `PAIRS`, one row each.

    Raises:
        NotAProposal: it has other columns, or no row of it is confirmed.
    """
    try:
        rows = pl.read_csv(path, infer_schema=False).with_columns(unguarded(cs.string()))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise NotAProposal(f"{path} cannot be read as a CSV file of proposed pairs") from error
    if missing := [column for column in (CONFIRM, *PAIRS) if column not in rows.columns]:
        raise NotAProposal(f"{path} lacks the columns {', '.join(missing)}; take the file that connect propose wrote")
    found = rows.filter(says_yes(CONFIRM)).select(*PAIRS).drop_nulls().unique(maintain_order=True)
    if found.is_empty():
        raise NotAProposal(
            f"no row of {path} is confirmed: write yes into the column {CONFIRM} of those that are right"
        )
    return found


def says_yes(column: str) -> pl.Expr:
    """Whether a person wrote yes into a cell."""
    return pl.col(column).str.strip_chars().str.to_lowercase().is_in(_YES)


def _waiting(store: Store, district: str) -> LedgerBatch | None:
    """The newest batch, where it waits because nights are not applied."""
    newest = ledger.last(store, district, test=False)
    waits = newest is not None and newest.state == "reported" and (newest.summary or {}).get("paused")
    return newest if waits else None


def _in_connect(store: Store, district: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    return people_in_schools(store, district, "sync"), classrooms_in_schools(store, district, "sync")


def _in_files(home: Home, store: Store, batch: LedgerBatch) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Everybody and every class of a batch's files, as Connect would have them."""
    _, judgement = read_again(home, store, batch)
    records = roster(judgement, people.baseline(store, batch.district)).records
    persons = records["person"].join(records["attachment"].select("kind", "key", "school"), on=("kind", "key"))
    empty = [pl.lit(None, pl.String()).alias(name) for name in IN_SCHOOLS if name not in persons.columns]
    return persons.with_columns(empty).select(*IN_SCHOOLS), records["classroom"].select("key", "title", "school")
