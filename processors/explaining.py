"""Why somebody is in Connect as they are, or is not: from a name, an ID or a contact to file, line, rule and record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from typing import Final

import polars as pl

from config.home import Home
from config.origins import FILE as SENT_FILE
from config.origins import LINE as SENT_LINE
from config.tables import TABLES, TableName
from connect_store import ledger
from connect_store.directory import Person, find_people
from connect_store.history import ids_of
from connect_store.ledger import LedgerBatch
from connect_store.retention import purged
from connect_store.store import Store, open_store
from processors.file_sets import FileSet
from processors.rereading import read_again
from validators import Judgement
from validators.catalogue import described
from validators.tables import LINE, Table

_PEOPLE: Final[Mapping[TableName, tuple[str, ...]]] = {
    "users": ("sourcedId", "identifier"),
    "enrollments": ("userSourcedId",),
    "guardians": ("guardianSourcedId", "studentSourcedId"),
    "student_attributes": ("studentSourcedId",),
}
_CONTACTS: Final = ("email", "sms", "phone")
_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a file that speaks of somebody, what became of it, and why.

    `fate` is `accepted`, `rejected`, or why it was set aside. `reasons` are messages of findings with their codes.
    """

    file: str
    line: int
    key: str | None
    fate: str
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a night said of somebody; no rows where its files do not name them.

    `not_kept` says since when its files are gone, so that nobody can look; null where they are there.
    """

    batch: int
    received: str
    origin: str
    verdict: str | None
    rows: tuple[Row, ...]
    not_kept: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """People in Connect that match, and what each of the last nights said of them, newest first."""

    people: tuple[Person, ...]
    nights: tuple[Told, ...]


def why(
    home: Home,
    district: str,
    *,
    name: str | None = None,
    key: str | None = None,
    contact: str | None = None,
    nights: int = 3,
) -> Why:
    """Explain somebody of a district.

    Args:
        home: where the batches lie.
        district: whose people are looked at.
        name: a part of the name, without regard to case.
        key: the SIS ID, or the identifier.
        contact: an e-mail address or a phone number as the files or Connect write it.
        nights: how many batches are looked through, newest first.
    """
    with open_store(home.store_db) as store:
        people = tuple(find_people(store, district, name=name, key=key, contact=contact))
        ids = (called.key for one in people for called in ids_of(store, district, one.kind, one.key))
        keys = frozenset([*([key] if key else []), *ids])
        wanted = _Wanted(name=name, contact=contact, keys=keys)
        newest = islice(ledger.judged(store, district, test=False), nights)
        told = tuple(_told(home, store, batch, wanted) for batch in newest)
    return Why(people=people, nights=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    name: str | None
    contact: str | None
    keys: frozenset[str]


def _told(home: Home, store: Store, batch: LedgerBatch, wanted: _Wanted) -> Told:
    gone = purged(store, batch.number).get(batch.number, {}).get("files")
    return Told(
        batch=batch.number,
        received=ledger.stamp(batch.received),
        origin=batch.origin,
        verdict=batch.verdict,
        rows=() if gone else _rows_in(home, store, batch, wanted),
        not_kept=str(gone) if gone else None,
    )


def _rows_in(home: Home, store: Store, batch: LedgerBatch, wanted: _Wanted) -> tuple[Row, ...]:
    files, judgement = read_again(home, store, batch)
    named = _with_newcomers(files, wanted)
    rows = (row for name in TABLES if name in files.tables for row in _rows(files.tables[name], judgement, named))
    return tuple(islice(rows, _MOST))


def _with_newcomers(files: FileSet, wanted: _Wanted) -> _Wanted:
    """Whoever the night's users.csv calls so has an ID, by which the other files name them."""
    users = files.tables.get("users")
    if users is None or "sourcedId" not in users.rows.columns:
        return wanted
    found = users.rows.filter(_speaks_of(users, wanted)).get_column("sourcedId").drop_nulls()
    return replace(wanted, keys=wanted.keys | frozenset(found.head(_MOST)))


def _rows(table: Table, judgement: Judgement, wanted: _Wanted) -> Iterator[Row]:
    found = table.rows.filter(_speaks_of(table, wanted)).head(_MOST)
    if found.is_empty():
        return
    file = table.facts.file
    of_file = judgement.findings.filter(pl.col("file") == file).join(found.select(LINE), on=LINE, how="semi")
    messages = described(of_file, masked=False, language="en")
    reasons: dict[int, list[tuple[str, str]]] = {}
    for line, code, message in messages.select(LINE, "code", "message").iter_rows():
        reasons.setdefault(line, []).append((code, message))
    rejected = frozenset(judgement.rejected.filter(pl.col("file") == file).get_column(LINE))
    aside = dict(judgement.set_aside.filter(pl.col("file") == file).select(LINE, "reason").iter_rows())
    keys = next((column for column in _PEOPLE.get(table.name, ()) if column in found.columns), None)
    for row in found.iter_rows(named=True):
        line = row[LINE]
        yield Row(
            file=row.get(SENT_FILE) or file,
            line=int(row.get(SENT_LINE) or line),
            key=row[keys] if keys else None,
            fate="rejected" if line in rejected else aside.get(line, "accepted"),
            reasons=tuple(reasons.get(line, ())),
        )


def _speaks_of(table: Table, wanted: _Wanted) -> pl.Expr:
    has = frozenset(table.rows.columns)
    tests = [pl.col(column).is_in(list(wanted.keys)) for column in _PEOPLE.get(table.name, ()) if column in has]
    if wanted.contact:
        contact = wanted.contact.casefold()
        tests += [_bare(column) == _bare_text(contact) for column in _CONTACTS if column in has]
    if wanted.name and {"givenName", "familyName"} <= has:
        full = pl.concat_str("givenName", "familyName", separator=" ", ignore_nulls=True).str.to_lowercase()
        tests.append(full.str.contains(wanted.name.lower(), literal=True))
    return reduce(pl.Expr.or_, (test.fill_null(value=False) for test in tests), pl.lit(value=False))


def _bare(column: str) -> pl.Expr:
    """A contact as it is compared: addresses without case, numbers by their last ten digits."""
    text = pl.col(column).str.to_lowercase()
    digits = pl.col(column).str.replace_all(r"[^0-9]", "").str.tail(10)
    return pl.when(text.str.contains("@", literal=True)).then(text).otherwise(digits)


def _bare_text(contact: str) -> str:
    return contact if "@" in contact else "".join(letter for letter in contact if letter.isdigit())[-10:]
