"""How a request says who asks: a token, an OAuth 1.0a signature, or a token that is fetched first."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final, Literal

import httpx2
from oauthlib import oauth1

from roster_sources.addresses import require_safe
from roster_sources.asking import Answer, Patience, answer_to, patiently
from roster_sources.failures import AccessRefused, PullFailed

_SIGNATURES: Final = {"sha1": oauth1.SIGNATURE_HMAC_SHA1, "sha256": oauth1.SIGNATURE_HMAC_SHA256}
_BAD_REQUEST: Final = "HTTP 400"


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


def fetched_token(url: str, *, key: str, secret: str, scope: str, patience: Patience) -> str:
    """A token for client credentials (RFC 6749, 4.4).

    Raises:
        AccessRefused: key or secret are not known there.
        PullFailed: no token can be had.
    """
    require_safe(url)
    form = {"grant_type": "client_credentials", "scope": scope}
    with httpx2.Client(timeout=patience.silence_s) as client:

        def once() -> Answer[Any]:
            until = time.monotonic() + patience.page_s
            request, credentials = client.build_request("POST", url, data=form), httpx2.BasicAuth(key, secret)
            return answer_to(request, client, credentials, json.loads, patience=patience, until=until)

        try:
            told = patiently(once, patience).document
        except PullFailed as failed:
            if failed.detail == _BAD_REQUEST:  # so invalid_client and invalid_scope may be told (RFC 6749, 5.2)
                raise AccessRefused(_BAD_REQUEST) from failed
            raise
    try:
        return str(told["access_token"])
    except (KeyError, TypeError) as error:
        raise PullFailed("source.unusable", "no token") from error
