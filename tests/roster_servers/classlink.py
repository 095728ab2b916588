"""ClassLink: a proxy before the OneRoster servers of districts, and the district's server itself.

Source: clever-classlink B and the second paragraph of G. Nobody tried it against the real ClassLink.
"""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

from tests.roster_servers.district import SourceDistrict
from tests.roster_servers.faults import Reply
from tests.roster_servers.oneroster import BASES, OneRosterServer
from tests.roster_servers.oneroster_records import Record, Shape
from tests.roster_servers.serving import Request, document

PARTNER_KEY: Final = "partner-key-of-the-app"
APPLICATION: Final = "AbC%2FdEf%3D"
ELSEWHERE: Final = "https://x-nj-v2.rosterserver.com/ims/oneroster/v1p1"
_LIMIT: Final = 100
_OTHERS: Final = 150  # districts before ours: more than a page


class ClassLinkServer(OneRosterServer):
    """ClassLink with our district among others; through the proxy with a token, or directly with signatures.

    `proxy_url`, `other_proxy_url` and `proxy_1_2_url` are the addresses of the district behind the proxy, `direct_url`
    that of its own server, where `auth="oauth1-sha1"` or `"oauth1-sha256"` says what is signed.

    Attributes:
        partner_key: what `/applications` wants to see.
        tenant_id: the district.
        application: the part of the address that stands for the district; it is escaped and goes there as it is.
        is_listed, enabled, tenant_status: what `/applications` tells of the district.
    """

    partner_key: Final = PARTNER_KEY
    application: Final = APPLICATION

    def __init__(self, district: SourceDistrict, *, shape: Shape | None = None, **told: Any) -> None:
        own = replace(shape or Shape(passwords=True), text_flags=True, href=ELSEWHERE)
        super().__init__(district, shape=own, **told)
        self.tenant_id = "2284"
        self.is_listed = True
        self.enabled = "true"
        self.tenant_status = "Active"
        self.links = False
        self.revision = "41"

    @property
    def proxy_url(self) -> str:
        """The usual one."""
        return f"{self.url}/{self.application}{BASES['1.1']}"

    @property
    def other_proxy_url(self) -> str:
        """With the other prefix."""
        return f"{self.url}/proxy/v1p0/{self.application}{BASES['1.1']}"

    @property
    def proxy_1_2_url(self) -> str:
        """Where 1.2 is served."""
        return f"{self.url}/{self.application}{BASES['1.2']}"

    @property
    def direct_url(self) -> str:
        """The district's own server."""
        return f"{self.url}{BASES['1.1']}"

    def reply(self, request: Request) -> Reply:
        """The answer to a request."""
        steps = request.path.strip("/").split("/")
        if steps[0] != "applications":
            return super().reply(request)
        struck = self.faults.strike("applications", int(request.query.get("offset", 0)) // _LIMIT + 1)
        struck.happen()
        return struck.instead or struck.reply(self._of_partner(request, steps[1:]))

    def _of_partner(self, request: Request, steps: list[str]) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.partner_key}":
            return document({"status": 0, "message": "Unauthorized"}, status=401)
        if not steps:
            return self._applications(request)
        if steps == [self.application, "server"] and self._shares:
            server = {"client_id": self.key, "client_secret": self.secret, "endpoint_url": self.direct_url}
            return document({"status": 1, "server": server, "message": ""})
        return document({"status": 0, "message": "Not found"}, status=404)

    @property
    def _shares(self) -> bool:
        return self.is_listed and not self.is_revoked

    def _applications(self, request: Request) -> Reply:
        limit, offset = int(request.query.get("limit", _LIMIT)), int(request.query.get("offset", 0))
        own_tenant = "9999" if self.faults.other_district else self.tenant_id
        own = [self._entry(own_tenant, self.application, self.token)] if self._shares else []
        listed = [*(self._entry(str(3000 + at), f"other%3D{at}", None) for at in range(_OTHERS)), *own]
        return document({"status": 1, "applications": listed[offset : offset + limit]})

    def _entry(self, tenant: str, application: str, bearer: str | None) -> Record:
        return {
            "id": 7 + int(tenant),
            "application_id": 77,
            "tenant_id": int(tenant),
            "tenant_name": f"Tenant {tenant}",
            "bearer": bearer,
            "enabled": self.enabled if bearer else "true",
            "tenant_status": self.tenant_status if bearer else "Active",
            "oneroster_application_id": application,
            "name": "The app",
            "version": "1.1",
        }

    def _base_of(self, path: str) -> str | None:
        """An ID that was escaped once more, or not at all, is nobody's."""
        assert unquote(self.application) != self.application
        shapes = [(f"/{self.application}", BASES["1.1"]), (f"/proxy/v1p0/{self.application}", BASES["1.1"])]
        shapes += [(f"/{self.application}", BASES["1.2"]), ("", BASES["1.1"])]
        return next((before + base for before, base in shapes if path.startswith(f"{before}{base}/")), None)

    def _is_known(self, request: Request) -> bool:
        """Behind the proxy a token, at the district's own server a signature."""
        if request.path.startswith(BASES["1.1"]):
            return self.auth.startswith("oauth1") and super()._is_known(request)
        return request.headers.get("authorization") == f"Bearer {self.token}"
