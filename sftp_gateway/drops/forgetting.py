"""A district that leaves for good: its drop, its uploads, and every name of it in the journal."""

import shutil

from config.home import Home
from sftp_gateway.drops.arrivals import Journal


def forget_district(home: Home, district: str) -> None:
    """Remove a district's drop and uploads, and what the journal knows of them; only while no gateway runs."""
    if home.gateway_db.is_file():
        journal = Journal(home.gateway_db, home.drops)
        try:
            for staging in journal.forget(district):
                (home.uploads / staging).unlink(missing_ok=True)
        finally:
            journal.close()
    shutil.rmtree(home.drop(district), ignore_errors=True)
    for lock in home.locks.glob(f"drop-{district}-*.lock"):
        lock.unlink(missing_ok=True)
