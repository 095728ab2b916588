"""What a batch changes, kept in its folder before anything is written, so that its report can be made again."""

from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from config.home import Home
from connect_store.ledger import LedgerBatch
from processors.reporting.placing import place

CHANGES_FILE: Final = "changes.parquet"


def keep_changes(home: Home, batch: LedgerBatch, differences: pl.DataFrame) -> None:
    """Write the differences that a batch makes into its folder, whole or not at all."""
    place(_file(home, batch), partial(_write, differences))


def kept_changes(home: Home, batch: LedgerBatch) -> pl.DataFrame | None:
    """What `keep_changes` wrote; None where there is nothing, as of a batch that was refused."""
    file = _file(home, batch)
    return pl.read_parquet(file) if file.exists() else None


def _file(home: Home, batch: LedgerBatch) -> Path:
    return home.batch(batch.district, batch.number) / CHANGES_FILE


def _write(differences: pl.DataFrame, path: Path) -> None:
    with path.open("wb") as file:
        differences.write_parquet(file)
