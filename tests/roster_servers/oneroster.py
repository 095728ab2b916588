"""A OneRoster server, 1.1 or 1.2, as districts and their vendors run them.

Source: clever-classlink B4, C and the second paragraph of G. Nobody tried it against a server of theirs; signatures
are judged by oauthlib, which is not ours.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args
from urllib.parse import parse_qs, unquote, urlencode

from oauthlib import oauth1

from tests.roster_servers.district import SourceDistrict
from tests.roster_servers.faults import Page, Reply, Struck
from tests.roster_servers.oneroster_queries import QueryRefused, filtered, ordered, selected
from tests.roster_servers.oneroster_records import LISTS, SINGLES, Collections, Record, Shape, Version
from tests.roster_servers.serving import LocalServer, Request, document

Auth = Literal["bearer", "oauth1-sha1", "oauth1-sha256", "oauth2"]

KEY: Final = "consumer-key"
SECRET: Final = "consumer secret / with signs & all"
TOKEN: Final = "b7f0c1d2-0000-4000-8000-000000000001"
BASES: Final[Mapping[Version, str]] = {"1.1": "/ims/oneroster/v1p1", "1.2": "/ims/oneroster/rostering/v1p2"}
_LIMIT: Final = 100
_SIGNATURES: Final = {"oauth1-sha1": oauth1.SIGNATURE_HMAC_SHA1, "oauth1-sha256": oauth1.SIGNATURE_HMAC_SHA256}
_CLOCK_S: Final = 300
_CORE: Final = "roster-core.readonly"
_ALL: Final = "roster.readonly"
_DEMOGRAPHICS: Final = "roster-demographics.readonly"


class _Consumer(oauth1.RequestValidator):
    """What oauthlib asks about the one consumer of a server."""

    enforce_ssl = False
    timestamp_lifetime = 10 * 365 * 86400  # the server's own clock decides below

    def __init__(self, server: "OneRosterServer") -> None:
        super().__init__()
        self._server = server
        self._seen: set[tuple[str, str]] = set()

    @property
    def allowed_signature_methods(self) -> tuple[str, ...]:
        return (_SIGNATURES[self._server.auth],)

    @property
    def dummy_client(self) -> str:
        return "nobody"

    def check_client_key(self, client_key: str) -> bool:
        return bool(client_key)

    def check_nonce(self, nonce: str) -> bool:
        return bool(nonce)

    def validate_client_key(self, client_key: str, request: Any) -> bool:  # noqa: ARG002 - oauthlib's own
        return client_key == self._server.key

    def validate_timestamp_and_nonce(
        self,
        client_key: str,  # noqa: ARG002 - oauthlib's own
        timestamp: str,
        nonce: str,
        *_: Any,
        **__: Any,
    ) -> bool:
        is_new = (timestamp, nonce) not in self._seen
        self._seen.add((timestamp, nonce))
        return is_new and abs(int(timestamp) - self._server.now()) < _CLOCK_S

    def get_client_secret(self, client_key: str, request: Any) -> str:  # noqa: ARG002 - oauthlib's own
        return self._server.secret


class OneRosterServer(LocalServer):
    """A server with one district.

    Pages of faults are those of `orgs`, `users`, `enrollments` and so on, by the last word of the address.

    Attributes:
        district: what there is now; a test may set another at any time.
        shape: what this server does its own way; may be set.
        base: the path before a list.
        auth: how a request says who asks. `oauth2` has `/token` at `token_url`.
        token, key, secret: what it has to say.
        counts, totals, links: `x-count`, `x-total-count`, and `Link` on or off.
        revision: `x-perm-rev`, where the server tells it.
        largest: how many records a page has at the most, whatever is asked for.
        expires_in: seconds, of a token of OAuth 2.
    """

    def __init__(
        self, district: SourceDistrict, *, version: Version = "1.1", auth: Auth = "bearer", shape: Shape | None = None
    ) -> None:
        super().__init__()
        assert auth in get_args(Auth)
        self.auth: Auth = auth
        self.version: Version = version
        self.shape = shape or Shape()
        self.base = BASES[version]
        self.token = TOKEN
        self.key = KEY
        self.secret = SECRET
        self.counts = True
        self.totals = True
        self.links = True
        self.revision: str | None = None
        self.largest = 10_000
        self.expires_in = 3600
        self.is_revoked = False
        self._district = district
        self._scopes = frozenset({_CORE, _ALL, _DEMOGRAPHICS})
        self._rotations = 0
        self._views: dict[tuple[object, ...], Collections] = {}
        self._queried: dict[tuple[object, ...], tuple[list[Record], list[bytes]]] = {}
        self._endpoint = oauth1.SignatureOnlyEndpoint(_Consumer(self))

    @property
    def district(self) -> SourceDistrict:
        """What there is."""
        return self._district

    @district.setter
    def district(self, district: SourceDistrict) -> None:
        self._district = district
        self._views.clear()
        self._queried.clear()

    @property
    def token_url(self) -> str:
        """Where client credentials become a token."""
        return f"{self.url}/token"

    @property
    def api_url(self) -> str:
        """What a client is told: the address before the lists."""
        return f"{self.url}{self.base}"

    def rotate_token(self) -> str:
        """The old token is refused from now on (E 2)."""
        self._rotations += 1
        self.token = f"{TOKEN[:-3]}{self._rotations + 1:03}"
        return self.token

    def revoke(self) -> None:
        """The district withdrew its leave (E 1)."""
        self.is_revoked = True

    def prepare(self) -> None:
        """Make every record now, so that answering costs no more than sending."""
        for collection in SINGLES:
            self._collections(self.version).listed(collection)

    def reply(self, request: Request) -> Reply:
        """The answer to a request."""
        if request.path == "/token" and request.method == "POST":
            return self._new_token(request)
        base = self._base_of(request.path)
        if base is None:
            return failure(404, "unknownobject")
        version: Version = "1.2" if base.endswith(BASES["1.2"]) else "1.1"
        asked = _Asked(request, version, tuple(request.path.removeprefix(f"{base}/").split("/")))
        struck = self.faults.strike(*asked.place)
        struck.happen()
        if struck.instead:
            return struck.instead
        refusal = self._refusal(request) or self._forbidden(asked)
        return struck.reply(refusal or self._answer(asked, struck))

    def _base_of(self, path: str) -> str | None:
        """The part of an address before the lists."""
        return self.base if path.startswith(f"{self.base}/") else None

    def _refusal(self, request: Request) -> Reply | None:
        if self.is_revoked or not self._is_known(request):
            return failure(401, "unauthorisedrequest")
        return None

    def _is_known(self, request: Request) -> bool:
        shown = request.headers.get("authorization", "")
        if self.auth not in _SIGNATURES:
            return shown == f"Bearer {self.token}"
        if not shown.startswith("OAuth "):
            return False  # oauthlib takes it for a fault of ours
        is_valid, _ = self._endpoint.validate_request(
            f"{self.url}{request.target}", http_method=request.method, headers={"Authorization": shown}
        )
        return bool(is_valid)

    def _forbidden(self, asked: "_Asked") -> Reply | None:
        """What the scopes of a token do not cover (C1)."""
        if self.auth != "oauth2":
            return None
        wanted = {_ALL} if len(asked.steps) > 2 else {_CORE, _ALL}
        if asked.steps[0] == "demographics":
            wanted = {_DEMOGRAPHICS}
        return None if wanted & self._scopes else failure(403, "forbidden")

    def _new_token(self, request: Request) -> Reply:
        shown = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        form = parse_qs(request.body.decode())
        if request.headers.get("authorization") != f"Basic {shown}" or self.is_revoked:
            return document({"error": "invalid_client"}, status=401)
        if form.get("grant_type") != ["client_credentials"]:
            return document({"error": "unsupported_grant_type"}, status=400)
        scopes = form.get("scope", [""])[0].split()
        self._scopes = frozenset(scope.rpartition("/")[2] for scope in scopes)
        if not self._scopes <= {_CORE, _ALL, _DEMOGRAPHICS} or not scopes:
            return document({"error": "invalid_scope"}, status=400)
        told = {"access_token": self.token, "token_type": "bearer", "expires_in": self.expires_in}
        return document({**told, "scope": " ".join(scopes)})

    def _collections(self, version: Version) -> Collections:
        shape = replace(self.shape, version=version, href=self.shape.href or self.api_url)
        view = (shape, self.faults.view)
        if view not in self._views:
            self._views[view] = Collections(self.faults.seen(self._district), shape)
        return self._views[view]

    def _answer(self, asked: "_Asked", struck: Struck) -> Reply:
        steps = asked.steps
        if steps[-1] == "" or len(steps) > 5:
            return failure(404, "unknownobject")
        try:
            if len(steps) == 1:
                return self._list(asked, struck, ())
            if len(steps) == 2:
                return self._single(asked, *steps)
            return self._below(asked, struck)
        except QueryRefused as refused:
            return failure(400, refused.minor)

    def _single(self, asked: "_Asked", collection: str, id_: str) -> Reply:
        record = self._collections(asked.version).record(collection, unquote(id_)) if collection in LISTS else None
        return document({SINGLES[LISTS[collection]]: record}) if record else failure(404, "unknownobject")

    def _below(self, asked: "_Asked", struck: Struck) -> Reply:
        """`/schools/{id}/classes`, `/schools/{id}/classes/{id}/students`, and so on (C2)."""
        owners = [(asked.steps[at], unquote(asked.steps[at + 1])) for at in range(0, len(asked.steps) - 1, 2)]
        for collection, id_ in owners:
            if collection not in LISTS or self._collections(asked.version).record(collection, id_) is None:
                return failure(404, "unknownobject")
        return self._list(asked, struck, owners)

    def _list(self, asked: "_Asked", struck: Struck, owners: Sequence[tuple[str, str]]) -> Reply:
        collection = asked.steps[-1]
        if collection not in LISTS:
            return failure(404, "unknownobject")
        if asked.limit is None or asked.offset is None:
            return failure(400, "invaliddata")
        rows = [] if collection in self.faults.hidden_collections else self._rows(asked, collection, owners)
        limit = min(asked.limit, self.largest)
        begin = 0 if self.faults.first_page_only else asked.offset
        some = rows[begin : begin + limit]
        links = self._links(asked, limit, len(rows))
        page = struck.page(Page(some, LISTS[collection], links["self"], links.get("next")))
        if page.next_link:
            links["next"] = page.next_link
        else:
            links.pop("next", None)
        listed = b"[%s]" % b",".join(page.rows)
        body = b'{"%s":%s}' % (page.key.encode(), listed) if page.key else listed
        return Reply(body=body, headers=self._headers(len(page.rows), len(rows), links))

    def _links(self, asked: "_Asked", limit: int, total: int) -> dict[str, str]:
        offset = asked.offset or 0
        links = {"self": asked.link(self.url, limit, offset), "first": asked.link(self.url, limit, 0)}
        if offset + limit < total:
            links["next"] = asked.link(self.url, limit, offset + limit)
        if offset:
            links["prev"] = asked.link(self.url, limit, max(offset - limit, 0))
        return links

    def _headers(self, count: int, total: int, links: Mapping[str, str]) -> dict[str, str]:
        headers = {"x-perm-rev": self.revision} if self.revision else {}
        if self.counts:
            headers["x-count"] = str(count)
        if self.totals:
            headers["x-total-count"] = str(total)
        told = [f'<{address}>; rel="{rel}"' for rel, address in links.items() if rel != "self"]
        return headers | ({"Link": ", ".join(told)} if self.links else {})

    def _rows(self, asked: "_Asked", collection: str, owners: Sequence[tuple[str, str]]) -> Sequence[bytes]:
        query = asked.request.query
        collections = self._collections(asked.version)
        is_plain = not owners and "filter" not in query and "fields" not in query
        if is_plain and query.get("sort", "sourcedId") == "sourcedId":
            rows = collections.listed(collection)[1]
            return rows[::-1] if query.get("orderBy") == "desc" else rows
        wanted = tuple(query.get(name, "") for name in ("filter", "sort", "orderBy", "fields"))
        view = (id(collections), collection, tuple(owners), wanted)
        if view not in self._queried:
            records = _Belonging(collections).of(owners, collection)
            self._queried[view] = records, [document(one).body for one in _asked_for(records, query)]
        return self._queried[view][1]


def _asked_for(records: list[Record], query: Mapping[str, str]) -> list[Record]:
    if told := query.get("filter"):
        records = filtered(records, told)
    records = ordered(records, query.get("sort", "sourcedId"), descending=query.get("orderBy") == "desc")
    return selected(records, query["fields"]) if query.get("fields") else records


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, read; each step of the path still as it came."""

    request: Request
    version: Version
    steps: tuple[str, ...]

    @property
    def limit(self) -> int | None:
        told = self.request.query.get("limit", str(_LIMIT))
        return int(told) if told.isdecimal() and int(told) else None

    @property
    def offset(self) -> int | None:
        told = self.request.query.get("offset", "0")
        return int(told) if told.isdecimal() else None

    @property
    def place(self) -> tuple[str, int]:
        """Which page of which list."""
        return self.steps[-1], (self.offset or 0) // (self.limit or _LIMIT) + 1

    def link(self, url: str, limit: int, offset: int) -> str:
        query = {**self.request.query, "limit": str(limit), "offset": str(offset)}
        return f"{url}{self.request.path}?{urlencode(query)}"


@dataclass(frozen=True)
class _Belonging:
    """The records of a list that belong to others."""

    collections: Collections

    def of(self, owners: Sequence[tuple[str, str]], collection: str) -> list[Record]:
        records = self.collections.records(collection)
        for kind, id_ in owners:
            ids = self._ids(LISTS[kind], id_, collection)
            records = [record for record in records if record["sourcedId"] in ids]
        return records

    def _ids(self, kind: str, id_: str, collection: str) -> set[str]:
        district = self.collections.district
        target = LISTS[collection]
        if kind == "users":
            return set(district.classes_of.get(id_, ()))
        if kind == "classes":
            members = district.members_of.get(id_, ())
            return {one.id for one in members} if target == "enrollments" else {one.person for one in members}
        if kind == "orgs":
            return self._of_school(id_, target)
        named = "course" if kind == "courses" else "terms"
        return {one["sourcedId"] for one in self.collections.records(collection) if _names(one, named, id_)}

    def _of_school(self, school: str, target: str) -> set[str]:
        district = self.collections.district
        if target == "users":
            return {one.id for one in district.people if school in one.schools}
        if target == "enrollments":
            return {one.id for one in district.enrollments if one.school == school}
        rooms = [one for one in district.classrooms if one.school == school]
        if target == "classes":
            return {one.id for one in rooms}
        if target == "courses":
            return {one.course for one in rooms}
        return {term for one in rooms for term in one.terms}


def _names(record: Record, name: str, id_: str) -> bool:
    told = record.get(name) or record.get("parent") or []
    return any(one["sourcedId"] == id_ for one in (told if isinstance(told, list) else [told]))


def failure(status: int, minor: str) -> Reply:
    """What the standard says that a failure looks like (C6)."""
    told = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_messageRefIdentifier": "m-1",
        "imsx_description": f"HTTP {status}",
        "imsx_CodeMinor": {
            "imsx_codeMinorField": [
                {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor},
            ]
        },
    }
    return document(told, status=status)
