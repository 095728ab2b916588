"""OneRoster over REST, 1.1 and 1.2: the walk through a server's collections (clever-classlink B4, C)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from config.profiles import OneRosterApi
from roster_sources.asking import Answer, Asking, Keep, Patience
from roster_sources.facts import Facts
from roster_sources.failures import NothingNew, PullFailed
from roster_sources.secrets import secret_at
from roster_sources.signing import Bearer, Signed, fetched_token

_SMALLEST_PAGE: Final = 200
_ROSTER: Final = ("orgs", "academicSessions", "classes", "users", "enrollments")
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


def walk(server: Server, keep: Keep, *, demographics: bool, known: str | None, patience: Patience) -> Facts:
    """Every record that a server shows, page by page.

    Args:
        server: which.
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
        return _Walk(asking, server.url, known).through(collections, keep)


def look(server: Server, *, patience: Patience) -> dict[str, str]:
    """How many records a server shows of each collection, without fetching them.

    Raises:
        PullFailed: it does not let us in, or does not answer.
    """
    told = {}
    with Asking(server.url, sign_in=server.sign_in, patience=patience) as asking:
        for collection in _ROSTER:
            answer = asking.ask(f"{server.url}/{collection}", limit="1", offset="0")
            some = _records(answer.document, collection)
            told[collection] = answer.headers.get("x-total-count") or ("shared" if some else "none shared")
    return told


class _Walk:
    """One walk: all pages must be of one version of the data, where the server tells versions."""

    def __init__(self, asking: Asking, url: str, known: str | None) -> None:
        self._asking = asking
        self._url = url
        self._known = known
        self._version: str | None = None
        self._page = asking.page_records

    def through(self, collections: tuple[str, ...], keep: Keep) -> Facts:
        counts = {}
        newest = ""
        for collection in collections:
            counts[collection] = 0
            for records in self._pages(collection):
                keep(collection, records)
                counts[collection] += len(records)
                newest = max([newest, *(str(record.get("dateLastModified") or "") for record in records)])
        return Facts(counts=counts, version=self._version, newest=newest or None)

    def _pages(self, collection: str) -> Iterator[list[dict[str, Any]]]:
        """The pages of a collection, to its proven end (clever-classlink C4)."""
        total: str | None = None
        came = 0
        before: dict[str, Mapping[str, Any]] = {}
        while True:
            answer = self._ask(collection, came)
            records = _records(answer.document, collection)
            told = answer.headers.get("x-total-count")
            self._require_one_version(answer)
            if came and told != total:
                raise PullFailed("source.changed")
            total = told
            before = _require_other(records, before)
            if records:
                yield records
            came += len(records)
            if not _is_more(answer, records, came, total):
                break
        if total is not None and total.isdecimal() and came != int(total):
            raise PullFailed("source.changed")

    def _ask(self, collection: str, offset: int) -> Answer:
        """A page; where the server cannot make a large one, smaller ones from there on (B4: 502)."""
        while True:
            try:
                return self._asking.ask(
                    f"{self._url}/{collection}",
                    limit=str(self._page),
                    offset=str(offset),
                    sort="sourcedId",
                    orderBy="asc",
                )
            except PullFailed as failed:
                if failed.code != "source.unreachable" or self._page // 5 < _SMALLEST_PAGE:
                    raise
                self._page //= 5

    def _require_one_version(self, answer: Answer) -> None:
        version = answer.headers.get("x-perm-rev")
        if version is None:
            return
        if self._version is None and version == self._known:
            raise NothingNew(rests=False)
        if self._version not in {None, version}:
            raise PullFailed("source.changed")
        self._version = version


def _require_other(
    records: list[dict[str, Any]], before: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """The records of a page by ID; one of the page before comes again where rows moved, and another not at all (E 13).

    Raises:
        PullFailed: rows moved, or the whole page is the one before.
    """
    page: dict[str, Mapping[str, Any]] = {str(one.get("sourcedId")): one for one in records}
    if page and page == before:
        raise PullFailed("source.endless")
    if any(before.get(key) == one for key, one in page.items()):
        raise PullFailed("source.changed")
    return page


def _records(document: Any, collection: str) -> list[dict[str, Any]]:
    """The records of a list; a body without it is never an empty list, whatever its status says (B8, C6)."""
    listed = document.get(collection) if isinstance(document, Mapping) else document
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise PullFailed("source.unusable", "no list of records")
    return listed


def _is_more(answer: Answer, records: list[dict[str, Any]], came: int, total: str | None) -> bool:
    if not records:
        return False
    if 'rel="next"' in answer.headers.get("link", "") or total is None or not total.isdecimal():
        return True
    return came < int(total)
