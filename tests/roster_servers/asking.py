"""One question to a server of our tests."""

import ssl
from typing import Any, Final

import httpx2

_NO_AUTHORITIES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # there is no TLS here, and reading them takes 0.1 s


def get(url: str, *, token: str | None = None, timeout_s: float = 5.0, auth: Any = None) -> httpx2.Response:
    """The answer, whatever its status."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx2.get(url, headers=headers, timeout=timeout_s, auth=auth, verify=_NO_AUTHORITIES)


def post(url: str, data: dict[str, str], *, auth: tuple[str, str] | None = None) -> httpx2.Response:
    """The answer to a form."""
    return httpx2.post(url, data=data, auth=auth, timeout=5.0, verify=_NO_AUTHORITIES)
