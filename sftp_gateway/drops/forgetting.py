"""A district that leaves for good: its drop, its uploads, and every name of it in the journal."""

import shutil
from contextlib import suppress

from config.home import Home
from sftp_gateway.drops.arrivals import Journal


def forget_district(home: Home, district: str) -> None:
    """Remove a district's drop and uploads, and what the journal knows of them; only while no gateway runs.

    Raises:
        OSError: something could not be removed.
    """
    if home.gateway_db.is_file():
        journal = Journal(home.gateway_db, home.drops)
        try:
            for staging in journal.stagings_of(district):  # before their names go: whoever is interrupted starts again
                (home.uploads / staging).unlink(missing_ok=True)
            journal.forget(district)
        finally:
            journal.close()
    with suppress(FileNotFoundError):
        shutil.rmtree(home.drop(district))
    for lock in home.locks.glob(f"drop-{district}-*.lock"):
        lock.unlink(missing_ok=True)
