"""A OneRoster server of rosters, 1.1 and 1.2, as ClassLink and others run them (clever-classlink B, C, G)."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qs, quote

from oauthlib import oauth1

from tests.roster_servers.http_server import Disturbance, Reply, Request, listening
from tests.roster_servers.night import STUDENT, Night, Row, ids_in

Record = dict[str, Any]
Auth = Literal["bearer", "oauth1", "oauth2"]
MOST: Final = 10_000
_DEFAULT: Final = 100
_SINGLE: Final = {
    "orgs": "org",
    "academicSessions": "academicSession",
    "classes": "class",
    "users": "user",
    "enrollments": "enrollment",
    "demographics": "demographics",
}
_ELSEWHERE: Final = "https://x-nj-v2.rosterserver.com/ims/oneroster/v1p1"
KEY, SECRET = "consumer-key", "consumer secret / with signs"
TOKEN = "b7f0c1d2-0000-4000-8000-000000000001"


class _Consumers(oauth1.RequestValidator):
    """The one consumer of a server."""

    enforce_ssl = False

    @property
    def allowed_signature_methods(self) -> tuple[str, ...]:
        return (oauth1.SIGNATURE_HMAC_SHA1, oauth1.SIGNATURE_HMAC_SHA256)

    def check_client_key(self, client_key: str) -> bool:
        return bool(client_key)

    def check_nonce(self, nonce: str) -> bool:
        return bool(nonce)

    def validate_client_key(self, client_key: str, request: Any) -> bool:  # noqa: ARG002 - oauthlib's signature
        return client_key == KEY

    def validate_timestamp_and_nonce(self, *_: Any, **__: Any) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: Any) -> str:  # noqa: ARG002 - oauthlib's signature
        return SECRET

    @property
    def dummy_client(self) -> str:
        return "nobody"


@dataclass
class OneRosterServer:
    """A server with the collections of a night; `records` may be changed while it is served.

    Attributes:
        base: the path before a collection.
        auth: how requests are signed; `oauth2` has `/token`.
        totals: whether counts are told in headers; `links` whether a Link leads on.
        revision: `x-perm-rev`, where the server tells it.
        most: how many records a page has at the most, whatever is asked for.
    """

    records: dict[str, list[Record]]
    base: str = "/ims/oneroster/v1p1"
    auth: Auth = "bearer"
    token: str = TOKEN
    totals: bool = True
    links: bool = False
    revision: str | None = None
    most: int = MOST
    url: str = ""
    asked: list[str] = field(default_factory=list)
    disturb: Disturbance | None = None

    def reply(self, request: Request) -> Reply:
        if request.path == "/token":
            return self._new_token(request)
        if not self._knows(request):
            return _failure(401, "unauthorisedrequest")
        if not request.path.startswith(f"{self.base}/"):
            return _failure(404, "unknownobject")
        collection, _, key = request.path.removeprefix(f"{self.base}/").partition("/")
        if collection not in self.records:
            return _failure(404, "unknownobject")
        return self._single(collection, key) if key else self._list(request, collection)

    def _knows(self, request: Request) -> bool:
        told = request.headers.get("authorization", "")
        if self.auth != "oauth1":
            return told == f"Bearer {self.token}"
        endpoint = oauth1.SignatureOnlyEndpoint(_Consumers())
        valid, _ = endpoint.validate_request(request.url, http_method="GET", headers={"Authorization": told})
        return bool(valid)

    def _new_token(self, request: Request) -> Reply:
        told = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        form = parse_qs(request.body)
        if told != f"{KEY}:{SECRET}" or form.get("grant_type") != ["client_credentials"] or not form.get("scope"):
            return Reply(status=401, document={"error": "invalid_client"})
        return Reply(document={"access_token": self.token, "token_type": "bearer", "expires_in": 3600})

    def _list(self, request: Request, collection: str) -> Reply:
        by = request.query.get("sort", "sourcedId")
        found = sorted(self.records[collection], key=lambda record: str(record[by]))
        if request.query.get("orderBy") == "desc":
            found.reverse()
        limit = min(int(request.query.get("limit", _DEFAULT)), self.most)
        offset = int(request.query.get("offset", 0))
        page = found[offset : offset + limit]
        headers = {"x-perm-rev": self.revision} if self.revision else {}
        if self.totals:
            headers |= {"x-count": str(len(page)), "x-total-count": str(len(found))}
        if self.links and offset + limit < len(found):
            following = f"{self.url}{request.path}?limit={limit}&offset={offset + limit}"
            headers["Link"] = f'<{following}>; rel="next"'
        return Reply(document={collection: page}, headers=headers)

    def _single(self, collection: str, key: str) -> Reply:
        for record in self.records[collection]:
            if record["sourcedId"] == key:
                return Reply(document={_SINGLE[collection]: record})
        return _failure(404, "unknownobject")


@dataclass
class ClassLinkServer(OneRosterServer):
    """ClassLink's proxy before it: the applications, and the district's server behind an ID that comes escaped."""

    partner_key: str = "partner-key"
    tenant_id: str = "2284"
    application: str = "AbC%2FdEf%3D"
    enabled: str = "true"
    listed: bool = True

    def reply(self, request: Request) -> Reply:
        if request.path == "/applications":
            return self._applications(request)
        return super().reply(request)

    def _applications(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.partner_key}":
            return Reply(status=401, document={"status": 0})
        others = [self._entry(str(number), f"other%3D{number}") for number in range(3000, 3150)]
        own = [self._entry(self.tenant_id, self.application)] if self.listed else []
        limit, offset = int(request.query.get("limit", 100)), int(request.query.get("offset", 0))
        return Reply(document={"status": 1, "applications": [*others, *own][offset : offset + limit]})

    def _entry(self, tenant: str, application: str) -> Record:
        return {
            "id": 1,
            "application_id": 77,
            "tenant_id": int(tenant),
            "bearer": self.token if tenant == self.tenant_id else None,
            "enabled": self.enabled,
            "tenant_status": "Active",
            "oneroster_application_id": application,
        }


@contextmanager
def oneroster_server(
    night: Night, version: Literal["1.1", "1.2"] = "1.1", auth: Auth = "oauth2"
) -> Iterator[OneRosterServer]:
    """A OneRoster server with the district of a night."""
    base = "/ims/oneroster/v1p1" if version == "1.1" else "/ims/oneroster/rostering/v1p2"
    server = OneRosterServer(records_of(night, version), base=base, auth=auth)
    with listening(server):
        yield server


@contextmanager
def classlink_server(night: Night) -> Iterator[ClassLinkServer]:
    """ClassLink with the district of a night."""
    server = ClassLinkServer(records_of(night, "1.1"), revision="41")
    server.base = f"/{server.application}/ims/oneroster/v1p1"
    with listening(server):
        yield server


def records_of(night: Night, version: Literal["1.1", "1.2"]) -> dict[str, list[Record]]:
    """A night as a OneRoster server tells it."""
    orgs = [{"sourcedId": "2", "name": "District", "type": "district"}]
    orgs += [{"sourcedId": key, "name": name, "type": "school"} for key, name in night.schools.items()]
    terms = sorted({row["termSourcedIds"] for row in night.classes})
    return {
        "orgs": orgs,
        "academicSessions": [{"sourcedId": term, "title": term, "type": "schoolYear"} for term in terms],
        "classes": [_class(row) for row in night.classes],
        "users": [_user(row, version) for row in night.users],
        "enrollments": [_enrollment(row) for row in night.enrollments],
        "demographics": [{"sourcedId": row["sourcedId"], "metadata": {}} for row in night.of_role(*STUDENT)],
    }


def _failure(status: int, minor: str) -> Reply:
    """What the standard says that a failure looks like (C6)."""
    document = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": minor,
        "imsx_CodeMinor": {
            "imsx_codeMinorField": [{"imsx_codeMinorFieldName": "Server", "imsx_codeMinorFieldValue": minor}]
        },
    }
    return Reply(status=status, document=document)


def _ref(kind: str, key: str) -> Record:
    """References lead to another host, which must not be followed (B5)."""
    return {"href": f"{_ELSEWHERE}/{kind}s/{quote(key, safe='')}", "sourcedId": key, "type": kind}


def _common(row: Row) -> Record:
    return {"sourcedId": row["sourcedId"], "status": "active", "dateLastModified": "2026-11-20T19:35:01.000Z"}


def _user(row: Row, version: str) -> Record:
    orgs = [_ref("org", key) for key in ids_in(row["orgSourcedIds"])]
    plain = ("username", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone")
    record = {
        **_common(row),
        **{key: row[key] for key in plain},
        "enabledUser": "true",
        "grades": ids_in(row["grades"]),
        "agents": [_ref("user", key) for key in ids_in(row["agentSourcedIds"])],
        "metadata": {"language": row["language"]},
        "password": "struck-out",
    }
    if version == "1.1":
        return record | {"role": row["role"], "orgs": orgs}
    role = "siteAdministrator" if row["role"] == "administrator" else row["role"]
    kinds = ["primary", *["secondary"] * len(orgs)]
    return record | {
        "roles": [{"roleType": kind, "role": role, "org": org} for kind, org in zip(kinds, orgs, strict=False)]
    }


def _class(row: Row) -> Record:
    return {
        **_common(row),
        **{key: row[key] for key in ("title", "classCode", "classType", "location")},
        "grades": ids_in(row["grades"]),
        "subjects": ids_in(row["subjects"]),
        "periods": ids_in(row["periods"]),
        "school": _ref("org", row["schoolSourcedId"]),
        "terms": [_ref("academicSession", row["termSourcedIds"])],
    }


def _enrollment(row: Row) -> Record:
    return {
        **_common(row),
        **{key: row[key] for key in ("role", "primary", "beginDate", "endDate")},
        "class": _ref("class", row["classSourcedId"]),
        "school": _ref("org", row["schoolSourcedId"]),
        "user": _ref("user", row["userSourcedId"]),
    }
