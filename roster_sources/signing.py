"""How a request says who asks: a token, an OAuth 1.0a signature, or a token that is fetched first."""

from collections.abc import Iterator
from typing import Final, Literal

import httpx2
import stamina
from oauthlib import oauth1

from roster_sources.addresses import require_safe
from roster_sources.failures import AccessRefused, PullFailed, spoken

_SIGNATURES: Final = {"sha1": oauth1.SIGNATURE_HMAC_SHA1, "sha256": oauth1.SIGNATURE_HMAC_SHA256}
_TRIES: Final = 3
_WAIT_S: Final = 30.0


class Bearer(httpx2.Auth):
    """A token in the header of each request."""

    def __init__(self, token: str) -> None:
        self.token = token

    def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]  # no answer is needed
        """The request with its token."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


class Signed(httpx2.Auth):
    """A signature of each request by OAuth 1.0a without a token (clever-classlink B3)."""

    def __init__(self, key: str, secret: str, signature: Literal["sha1", "sha256"]) -> None:
        self._client = oauth1.Client(key, client_secret=secret, signature_method=_SIGNATURES[signature])

    def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]  # no answer is needed
        """The request with its signature."""
        _, headers, _ = self._client.sign(str(request.url), http_method="GET")
        request.headers["Authorization"] = headers["Authorization"]
        yield request


def fetched_token(url: str, *, key: str, secret: str, scope: str) -> str:
    """A token for client credentials (RFC 6749, 4.4).

    Raises:
        AccessRefused: key or secret are not known there.
        PullFailed: no token can be had.
    """
    require_safe(url)
    form = {"grant_type": "client_credentials", "scope": scope}
    try:
        for attempt in stamina.retry_context(on=httpx2.TransportError, attempts=_TRIES, timeout=None):
            with attempt:
                answer = httpx2.post(url, data=form, auth=(key, secret), timeout=_WAIT_S)
    except httpx2.TransportError as error:
        raise PullFailed("source.unreachable", spoken(error)) from error
    if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS or answer.is_server_error:
        raise PullFailed("source.unreachable", f"HTTP {answer.status_code}")
    if answer.is_client_error:
        raise AccessRefused(f"HTTP {answer.status_code}")
    try:
        return str(answer.json()["access_token"])
    except (ValueError, KeyError, TypeError) as error:
        raise PullFailed("source.unusable", f"HTTP {answer.status_code}") from error
