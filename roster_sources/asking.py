"""One page after the other over HTTP: patience, limits, and answers that cannot be taken for "nothing there"."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, Generic, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx2
import stamina

from roster_sources.addresses import require_safe
from roster_sources.failures import AccessRefused, PullFailed, spoken
from roster_sources.pages import Form, Page, read_page
from roster_sources.striking import read_without_secrets

stamina.instrumentation.set_on_retry_hooks([])  # its own prints each retry to stdout, where --json stands

_TOO_MANY: Final = 429
_SHORTEST_WAIT_S: Final = 1.0
_SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a source is waited for, and how much it may send."""

    tries: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 120.0
    silence_s: float = 60.0  # without a byte; clever-classlink B4: slowness rather than refusal
    page_s: float = 300.0
    pull_s: float = 4 * 3600.0
    page_records: int = 2000  # 10,000 are allowed, and a page that fails is asked for again
    page_bytes: int = 64 * 1024**2
    pages: int = 100_000


PATIENT: Final = Patience()
"""What suits the real services."""

Keep = Callable[[str, Page], None]
"""Is given one page, and the collection that it is of."""

T = TypeVar("T")


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What an answer holds, and the headers that came with it, by their names in lower case."""

    document: T
    headers: Mapping[str, str]


class Asking:
    """A source, asked page by page. Nothing is followed to another host, where the token does not belong.

    `sign_in` gives what requests are signed with; it is asked again once for a page that is refused, for a token may
    have been changed meanwhile (clever-classlink E 1, 2). `keep_secrets` is for answers that tell such tokens; these
    are kept nowhere.
    """

    def __init__(
        self, url: str, *, sign_in: Callable[[], httpx2.Auth], patience: Patience, keep_secrets: bool = False
    ) -> None:
        require_safe(url)
        self._base = url
        self._patience = patience
        self.page_records = patience.page_records
        self._until = time.monotonic() + patience.pull_s
        self._asked = 0
        self._sign_in = sign_in
        self._read_document = json.loads if keep_secrets else read_without_secrets
        self._auth = _let_in(sign_in)
        self._client = httpx2.Client(timeout=patience.silence_s, headers={"User-Agent": "rosterdrop"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def address(self, link: str) -> str:
        """A link of the source as an address of the source.

        Raises:
            PullFailed: it leads elsewhere.
        """
        address = urljoin(self._base, link)
        if urlsplit(address)[:2] != urlsplit(self._base)[:2]:
            raise PullFailed("source.elsewhere")
        return address

    def ask(self, link: str, **parameters: str) -> Answer[Any]:
        """The document that answers one request, tried again as long as that may help.

        Raises:
            PullFailed: there is no answer that can be used, or the source does not know us.
        """
        return self._ask(link, parameters, self._read_document)

    def page(self, link: str, form: Form, **parameters: str) -> Answer[Page]:
        """The same of a page of records, which may be large.

        Raises:
            PullFailed: there is no answer that can be used, or no list of records, or the source does not know us.
        """
        return self._ask(link, parameters, lambda body: read_page(body, form))

    def _ask(self, link: str, parameters: Mapping[str, str], read: Callable[[bytes], T]) -> Answer[T]:
        self._asked += 1
        if self._asked > self._patience.pages:
            raise PullFailed("source.endless")
        address = self.address(link)
        try:
            return self._patiently(address, parameters, read)
        except AccessRefused:
            self._auth = _let_in(self._sign_in)
        try:
            return self._patiently(address, parameters, read)
        except AccessRefused as refused:
            raise PullFailed("source.access", refused.detail) from refused

    def _patiently(self, address: str, parameters: Mapping[str, str], read: Callable[[bytes], T]) -> Answer[T]:
        def once() -> Answer[T]:
            request = self._client.build_request("GET", address, params=dict(parameters) or None)
            return answer_to(request, self._client, self._auth, read, patience=self._patience, until=self._until)

        return patiently(once, self._patience)


def patiently(once: Callable[[], Answer[T]], patience: Patience) -> Answer[T]:
    """An answer, asked for again as long as that may help.

    Raises:
        AccessRefused: the source does not know us.
        PullFailed: there is no answer that can be used.
    """
    try:
        for attempt in stamina.retry_context(
            on=_wait,
            attempts=patience.tries,
            timeout=None,
            wait_initial=patience.first_wait_s,
            wait_max=patience.longest_wait_s,
            wait_jitter=patience.first_wait_s,
        ):
            with attempt:
                return once()
    except _NotNow as last:
        raise PullFailed(last.code, last.detail) from last
    raise AssertionError  # the loop ends by an answer or by an exception


def answer_to(
    request: httpx2.Request,
    client: httpx2.Client,
    auth: httpx2.Auth,
    read: Callable[[bytes], T],
    *,
    patience: Patience,
    until: float,
) -> Answer[T]:
    """The answer to one request, asked once; `until` is when it must be there at the latest."""
    try:
        with closing(client.send(request, auth=auth, stream=True)) as response:
            _require_fine(response, longest_wait_s=patience.longest_wait_s)
            body = _read(response, patience, until)
            headers = {name.lower(): value for name, value in response.headers.items()}
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        raise _NotNow("source.unreachable", spoken(error)) from error
    try:
        return Answer(read(body), headers)
    except (ValueError, RecursionError) as error:  # a gateway's page of HTML, a body that was cut
        raise _NotNow("source.unusable", "no JSON") from error


def _read(response: httpx2.Response, patience: Patience, until: float) -> bytes:
    """The body, as long as it comes in time and is no larger than a page may be."""
    until = min(time.monotonic() + patience.page_s, until)
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > patience.page_bytes:
            raise PullFailed("source.endless")
        if time.monotonic() > until:
            raise _NotNow("source.unreachable", "too slow")
    return bytes(body)


class _NotNow(Exception):
    """What may be different at the next try, after `wait_s` where the source says so."""

    def __init__(self, code: str, detail: str, wait_s: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.wait_s = wait_s


def _let_in(sign_in: Callable[[], httpx2.Auth]) -> httpx2.Auth:
    try:
        return sign_in()
    except AccessRefused as refused:
        raise PullFailed("source.access", refused.detail) from refused


def _wait(error: Exception) -> bool | float:
    """Whether to try again, and after how many seconds where that is known."""
    if not isinstance(error, _NotNow):
        return False
    return True if error.wait_s is None else error.wait_s


def _require_fine(response: httpx2.Response, *, longest_wait_s: float) -> None:
    status = response.status_code
    if status == httpx2.codes.OK:
        return
    told = f"HTTP {status}"
    if response.is_redirect:
        raise PullFailed("source.elsewhere")
    if status in {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN}:
        raise AccessRefused("clock" if _is_clock_wrong(response) else told)
    if status == _TOO_MANY:
        wait_s = min(max(told_wait_s(response.headers, time.time()), _SHORTEST_WAIT_S), longest_wait_s)
        raise _NotNow("source.busy", told, wait_s)
    if response.is_server_error and status != httpx2.codes.NOT_IMPLEMENTED:
        raise _NotNow("source.unreachable", told)
    raise PullFailed("source.not_found" if status == httpx2.codes.NOT_FOUND else "source.unusable", told)


def told_wait_s(headers: Mapping[str, str], now: float) -> float:
    """How long a source asks to wait: seconds, or the second of the epoch at which it takes requests again.

    Args:
        headers: by their names in lower case.
        now: seconds of the epoch.
    """
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.isdecimal():
        return float(after)
    return float(reset) - now if reset.isdecimal() else 0.0


def _is_clock_wrong(response: httpx2.Response) -> bool:
    """Whether the source's clock and ours are far apart, which makes signatures worthless (OAuth 1.0a)."""
    try:
        theirs = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return False
    return abs(datetime.now(UTC) - theirs.astimezone(UTC)) > _SKEW
