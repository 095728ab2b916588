"""OneRoster over REST, 1.1 and 1.2: the walk through a server's collections (clever-classlink B4, C)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import httpx2
import polars as pl

from config.profiles import OneRosterApi
from roster_sources.asking import Answer, Asking, Keep, Patience
from roster_sources.facts import Facts, tomorrow
from roster_sources.failures import NothingNew, PullFailed
from roster_sources.pages import Form, Page, listed
from roster_sources.secrets import secret_at
from roster_sources.signing import Bearer, Signed, fetched_token

_SMALLEST_PAGE: Final = 200
_ORGS: Final = "orgs"
_ROSTER: Final = (_ORGS, "academicSessions", "classes", "users", "enrollments")
_DEMOGRAPHICS: Final = "demographics"
_STANDARD: Final = "https://purl.imsglobal.org/"
_OF_DEMOGRAPHICS: Final = "roster-demographics.readonly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A OneRoster server: where its collections are, and how requests to it are signed."""

    url: str
    sign_in: Callable[[], httpx2.Auth]


def server_of(settings: OneRosterApi, patience: Patience) -> Server:
    """The server that a profile names."""
    return Server(url=settings.url, sign_in=lambda: _signature(settings, patience))


def _signature(settings: OneRosterApi, patience: Patience) -> httpx2.Auth:
    secret = secret_at(settings.secret, "oneroster.secret")
    if settings.auth == "bearer":
        return Bearer(secret)
    key = secret_at(settings.key, "oneroster.key")
    if settings.auth == "oauth1":
        return Signed(key, secret, settings.signature)
    scope = scope_of(settings)
    return Bearer(fetched_token(settings.token_url, key=key, secret=secret, scope=scope, patience=patience))


def scope_of(settings: OneRosterApi) -> str:
    """What a token is to be good for: demographics have a scope of their own (clever-classlink C1)."""
    scopes = settings.scope.split()
    if not settings.guardian_columns or any(scope.endswith(_OF_DEMOGRAPHICS) for scope in scopes):
        return settings.scope
    family = next((scope.rpartition("/")[0] for scope in scopes if scope.startswith(_STANDARD)), None)
    return f"{settings.scope} {family}/{_OF_DEMOGRAPHICS}" if family else settings.scope


def walk(
    server: Server,
    form: Callable[[str], Form],
    keep: Keep,
    *,
    demographics: bool,
    known: str | None,
    patience: Patience,
) -> Facts:
    """Every record that a server shows, page by page.

    Args:
        server: which.
        form: what is read of the pages of a collection.
        keep: is given each page.
        demographics: whether guardians stand there.
        known: the version of the data that need not be read again.
        patience: how long the server is waited for.

    Raises:
        PullFailed: it cannot be walked to its end, or changed meanwhile.
        NothingNew: its data are of the known version.
    """
    collections = (*_ROSTER, *([_DEMOGRAPHICS] if demographics else []))
    with Asking(server.url, sign_in=server.sign_in, patience=patience) as asking:
        return _Walk(asking, server.url, form, known).through(collections, keep)


def look(server: Server, *, patience: Patience) -> dict[str, str]:
    """How many records a server shows of each collection, without fetching them.

    Raises:
        PullFailed: it does not let us in, or does not answer.
    """
    told = {}
    with Asking(server.url, sign_in=server.sign_in, patience=patience) as asking:
        for collection in _ROSTER:
            answer = asking.ask(f"{server.url}/{collection}", limit="1", offset="0")
            some = listed(answer.document, Form(collection, {}, bare=True))
            told[collection] = answer.headers.get("x-total-count") or ("shared" if some else "none shared")
    return told


class _Walk:
    """One walk: all pages must be of one version of the data, where the server tells versions."""

    def __init__(self, asking: Asking, url: str, form: Callable[[str], Form], known: str | None) -> None:
        self._asking = asking
        self._url = url
        self._form = form
        self._known = known
        self._version: str | None = None
        self._page = asking.page_records

    def through(self, collections: tuple[str, ...], keep: Keep) -> Facts:
        counts = {}
        newest, until = "", tomorrow()
        districts: list[str] = []
        for collection in collections:
            counts[collection] = 0
            for page in self._pages(collection):
                keep(collection, page)
                if collection == _ORGS:
                    districts += page.records.filter(type="district")["sourcedId"].drop_nulls().to_list()
                counts[collection] += page.records.height
                newest = max(newest, page.newest("dateLastModified", until))
        return Facts(counts=counts, version=self._version, newest=newest or None, districts=districts)

    def _pages(self, collection: str) -> Iterator[Page]:
        """The pages of a collection, to its proven end (clever-classlink C4).

        Where no revision is told, a page begins with the last record of the one before: where that is another one,
        rows moved meanwhile. A record that comes twice did so too, and another one not at all (E 13).
        """
        total: str | None = None
        came = 0
        before: pl.DataFrame | None = None
        all_rows: list[pl.Series] = []
        while True:
            again = 1 if before is not None and before.height > 1 and self._version is None else 0
            answer = self._ask(collection, came - again)
            records = answer.document.records
            told = answer.headers.get("x-total-count")
            self._require_one_version(answer)
            if came and told != total:
                raise PullFailed("source.changed")
            total = told
            if before is not None:
                _require_next(records, before, again)
            before = records
            page = replace(answer.document, records=records.slice(again))
            if page.records.height:
                yield page
            came += page.records.height
            all_rows.append(page.records.hash_rows().unique())
            if not _is_more(answer, page, came, total):
                break
        if total is not None and total.isdecimal() and came != int(total):
            raise PullFailed("source.changed")
        if pl.concat(all_rows).is_duplicated().any():
            raise PullFailed("source.changed")

    def _ask(self, collection: str, offset: int) -> Answer[Page]:
        """A page; where the server cannot make a large one, smaller ones from there on (B4: 502)."""
        while True:
            try:
                return self._asking.page(
                    f"{self._url}/{collection}",
                    self._form(collection),
                    limit=str(self._page),
                    offset=str(offset),
                    sort="sourcedId",
                    orderBy="asc",
                )
            except PullFailed as failed:
                if failed.code != "source.unreachable" or self._page // 5 < _SMALLEST_PAGE:
                    raise
                self._page //= 5

    def _require_one_version(self, answer: Answer[Page]) -> None:
        version = answer.headers.get("x-perm-rev")
        if version is None:
            return
        if self._version is None and version == self._known:
            raise NothingNew(rests=False)
        if self._version not in {None, version}:
            raise PullFailed("source.changed")
        self._version = version


def _require_next(page: pl.DataFrame, before: pl.DataFrame, again: int) -> None:
    """A page begins with so many records at the end of the one before.

    Raises:
        PullFailed: rows moved, or the whole page is the one before.
    """
    if page.height and page.equals(before):
        raise PullFailed("source.endless")
    if not page["sourcedId"].head(again).equals(before["sourcedId"].tail(again)):
        raise PullFailed("source.changed")


def _is_more(answer: Answer[Page], page: Page, came: int, total: str | None) -> bool:
    if not page.records.height:
        return False
    if 'rel="next"' in answer.headers.get("link", "") or total is None or not total.isdecimal():
        return True
    return came < int(total)
