"""ClassLink's proxy: which of its servers is the district's, and with which token (clever-classlink B1, B2)."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from config.profiles import ClassLink
from roster_sources.asking import Asking, Patience
from roster_sources.failures import PullFailed
from roster_sources.oneroster import Server
from roster_sources.secrets import secret_at
from roster_sources.signing import Bearer

_PAGE: Final = 100


def server_of(settings: ClassLink, patience: Patience) -> Server:
    """The district's server behind the proxy; with a partner key its address and token are those of this moment.

    Raises:
        PullFailed: ClassLink does not name the district among those that share with us.
    """
    if not settings.partner_key:
        return Server(
            url=_address(settings, settings.application_id),
            sign_in=lambda: Bearer(secret_at(settings.token, "classlink.token")),
        )
    listed = _application(settings, patience)

    def sign_in() -> httpx2.Auth:
        return Bearer(str(_application(settings, patience).get("bearer") or ""))

    return Server(url=_address(settings, str(listed["oneroster_application_id"])), sign_in=sign_in)


def _address(settings: ClassLink, application_id: str) -> str:
    """The ID comes escaped and goes into the address as it is (B2)."""
    return settings.url.replace("{application_id}", application_id)


def _application(settings: ClassLink, patience: Patience) -> Mapping[str, Any]:
    """What ClassLink tells of the district's application; the list ends with a short page (B2)."""
    scheme, host = urlsplit(settings.url)[:2]
    with Asking(
        f"{scheme}://{host}",
        sign_in=lambda: Bearer(secret_at(settings.partner_key, "classlink.partner_key")),
        patience=patience,
        keep_secrets=True,
    ) as asking:
        for offset in range(0, patience.pages * _PAGE, _PAGE):
            listed = _listed(asking.ask("/applications", limit=str(_PAGE), offset=str(offset)).document)
            for one in listed:
                if str(one.get("tenant_id")) == settings.tenant_id:
                    return _shared(one)
            if len(listed) < _PAGE:
                break
    raise PullFailed("source.access", "not listed")


def _listed(document: Any) -> list[Mapping[str, Any]]:
    listed = document.get("applications") if isinstance(document, dict) else None
    listed = [listed] if isinstance(listed, dict) else listed  # an older page of theirs shows one alone
    if not isinstance(listed, list):
        raise PullFailed("source.unusable", "no list of records")
    return listed


def _shared(application: Mapping[str, Any]) -> Mapping[str, Any]:
    is_enabled = str(application.get("enabled")).lower() == "true"
    if not is_enabled or application.get("tenant_status") not in {None, "", "Active"}:
        raise PullFailed("source.access", "not enabled")
    return application
