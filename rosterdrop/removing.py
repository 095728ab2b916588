"""A district that leaves for good: what there is of it, and its removal from every place."""

import shutil
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from config.districts import district_ids
from config.home import Home
from config.ids import is_id
from config.loading import load_profile
from config.mistakes import ConfigError, UnknownDistrict
from config.writing import accounts_of, remove_district
from connect_store import ledger, removing
from connect_store.directory import headcount
from connect_store.store import open_store
from processors.locks import district_lock, service_lock
from sftp_gateway import forget_district

_LOCK_WAIT_S: Final = 5.0
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)  # what waits for its time ends with its district


class HasWork(Exception):
    """A district cannot be removed while something of it is unfinished."""

    exit_code = 2


class NotRemoved(Exception):
    """Files of a district could not be removed; running the removal again goes on."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What there is of a district: its name, active people by kind, batches, and the accounts that see it."""

    district: str
    name: str
    people: dict[str, int]
    batches: int
    accounts: tuple[str, ...]

    def __str__(self) -> str:
        people = ", ".join(f"{count} {kind}" for kind, count in self.people.items()) or "nobody"
        return f"{self.district} ({self.name}): {people} active in Connect, {self.batches} batches"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What was removed: the entry in the ledger, and accounts that are gone since they saw no other district."""

    number: int
    accounts: tuple[str, ...]


def holding(home: Home, district: str) -> Holding:
    """What there is of a district, with a profile or without one.

    Raises:
        UnknownDistrict: there is nothing of it.
    """
    with open_store(home.store_db) as store:
        known = removing.batches_of(store, district)
        people = headcount(store, district)
    folders = (home.drop(district), home.batches / district, home.root / "summaries" / district)
    is_there = is_id(district) and (district in district_ids(home) or any(folder.exists() for folder in folders))
    if not (known or is_there):
        raise UnknownDistrict(district, district_ids(home))
    accounts = accounts_of(home, district)
    return Holding(district=district, name=_name(home, district), people=people, batches=known, accounts=accounts)


def remove(home: Home, what: Holding, *, who: str, why: str | None, now: datetime) -> Removed:
    """Remove everything of a district but the audit: whoever is interrupted runs it again.

    First nobody can log in any more, then the store forgets, then the files go.

    Raises:
        Held: the service runs, or somebody works on the district.
        HasWork: a batch of it is unfinished.
        NotRemoved: its files could not be removed.
    """
    district = what.district
    with ExitStack() as locks:
        locks.enter_context(service_lock(home, who="a removal"))
        locks.enter_context(district_lock(home, district, who="a removal", wait_s=_LOCK_WAIT_S))
        with open_store(home.store_db) as store:
            if unfinished := ledger.open_work(store, district, _NEVER):
                raise HasWork(
                    f"batch {unfinished[0]} of {district} is not finished, and nothing was removed; it is once the "
                    f"service has worked on it: rosterdrop batch show {unfinished[0]}"
                )
            accounts = remove_district(home, district)
            reason = f"{what}; {why}" if why else str(what)
            number = removing.remove_district(store, district, at=now, who=who, why=reason)
        _remove_files(home, district)
    (home.locks / f"district-{district}.lock").unlink(missing_ok=True)
    return Removed(number=number, accounts=accounts)


def _remove_files(home: Home, district: str) -> None:
    try:
        forget_district(home, district)
        for folder in (home.batches / district, home.root / "summaries" / district):
            with suppress(FileNotFoundError):
                shutil.rmtree(folder)
    except OSError as error:
        raise NotRemoved(
            f"files of {district} are still there, since they could not be removed ({error}); mend that (do the "
            f"folders {district} below {home.root} belong to the user of rosterdrop?) and run the removal again"
        ) from error


def _name(home: Home, district: str) -> str:
    try:
        return load_profile(home, district).name
    except ConfigError:
        return "no valid profile"
