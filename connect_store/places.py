"""Where the store of a home is: in its own SQLite file, or in the PostgreSQL database that somebody named."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from config.home import Home
from config.mistakes import InvalidConfig, Mistake
from connect_store.failures import StoreError

VARIABLE: Final = "ROSTERDROP_STORE_URL"

_FORM: Final = "postgresql://user@host:5432/database"
_Generation = tuple[int, int, int]
_read: dict[Path, tuple[_Generation, str | None]] = {}


def url_of(store_db: Path) -> str | None:
    """The address of the PostgreSQL database that holds a home's store; None where its SQLite file does.

    The environment counts before the settings, so that a password need not stand in a file. A process that has read
    good settings once keeps to them while somebody edits them into no TOML: a store never changes its place by mistake.

    Raises:
        InvalidConfig: the settings cannot be read.
        StoreError: what is named is no such address.
    """
    url = os.environ.get(VARIABLE) or _in_settings(_home(store_db).settings_file)
    if url is not None:
        _split(url)
    return url


def has_batches(store_db: Path) -> bool:
    """Whether a home has had batches: then its store is never made anew."""
    return any(_home(store_db).batches.glob("*/[0-9]*"))


def must_be_a_file(store_db: Path) -> None:
    """Go on where a home's store is a SQLite file.

    Raises:
        StoreError: it is in PostgreSQL, whose own programs copy it and put it back.
    """
    if url := url_of(store_db):
        raise StoreError(
            f"the Connect store is {without_secrets(url)}: copy it with pg_dump and put it back with pg_restore, "
            "together with the folders of the home"
        )


def without_secrets(url: str) -> str:
    """An address as messages may show it: who, where and which database; no password and no options."""
    parts = _split(url)
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return f"postgresql://{user}{parts.hostname or ''}{port}{parts.path}"


def _home(store_db: Path) -> Home:
    return Home(store_db.absolute().parent.parent)


def _in_settings(file: Path) -> str | None:
    try:
        stat = file.stat()
    except OSError:  # replaced by an editor just now: a store never changes its place by mistake
        return _read[file][1] if file in _read else None
    generation = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    if file not in _read or _read[file][0] != generation:
        try:
            settings = tomllib.loads(file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
        except (OSError, ValueError) as error:  # no UTF-8, no TOML
            if file not in _read:
                raise InvalidConfig([_unreadable(file)]) from error
        else:
            _read[file] = (generation, _url_in(settings))
    return _read[file][1]


def _url_in(settings: Mapping[str, Any]) -> str | None:
    store = settings.get("store")
    url = store.get("url") if isinstance(store, Mapping) else None
    return url or None


def _unreadable(file: Path) -> Mistake:
    return Mistake(file=file.name, key=None, says="the file cannot be read, so nobody knows where the store is")


def _split(url: object) -> SplitResult:
    """The parts of an address; one whose password is not encoded would show pieces of it as host or path."""
    try:
        parts = urlsplit(str(url))
        is_good = parts.scheme in {"postgresql", "postgres"} and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good or parts.fragment or "@" in f"{parts.path}{parts.query}":
        raise StoreError(
            f"the address of the store is not like {_FORM}; characters such as / ? # @ : in a password are written as "
            "%2F %3F %23 %40 %3A"
        )
    return parts
