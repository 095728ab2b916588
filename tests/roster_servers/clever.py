"""Clever as our tests need it: the data API 3.0 and 3.1, and as much of 2.1 as an older client asks for.

Source: clever-classlink A and the first paragraph of G. Nobody tried it against the real Clever.
"""

import base64
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from tests.roster_servers.clever_records import Collections, Record, Shape, clever_id
from tests.roster_servers.district import SourceDistrict
from tests.roster_servers.faults import Page, Reply
from tests.roster_servers.serving import LocalServer, Request, document

TOKEN: Final = "0123456789abcdef0123456789abcdef01234567"
_NEW_TOKEN: Final = "89abcdef0123456789abcdef0123456789abcdef"
_VERSIONS: Final = frozenset({"v3.0", "v3.1"})
_LIMIT: Final = 100
_LARGEST_LIMIT: Final = 10_000
_ROLES: Final = frozenset({"contact", "district_admin", "staff", "student", "teacher"})
_MANY: Final = {
    "student": "students",
    "teacher": "teachers",
    "staff": "staff",
    "district_admin": "district_admins",
    "contact": "contacts",
}
_KINDS: Final = ("schools", "terms", "courses", "sections", "users")
_ONE_OF: Final = {"course": "course", "term": "term_id", "school": "school"}
_EVENT_DAYS: Final = 30
_HTML: Final = b"<!DOCTYPE html>\n<html><body>Clever | Log in</body></html>\n"


@dataclass(slots=True)
class RateLimit:
    """A window that begins anew every `window_s`, whatever was asked before (A5); `refused` counts over all of them."""

    limit: int = 1200
    window_s: float = 60.0
    used: int = 0
    ends: float = 0.0
    refused: int = 0

    def take(self, now: float) -> bool:
        """Whether one more request fits."""
        if now >= self.ends:
            self.used, self.ends = 0, now + self.window_s
        self.used += 1
        self.refused += self.used > self.limit
        return self.used <= self.limit

    def headers(self) -> Mapping[str, str]:
        """As Clever writes them on the wire."""
        return {
            "X-Ratelimit-Bucket": "bearer",
            "X-Ratelimit-Limit": str(self.limit),
            "X-Ratelimit-Remaining": str(max(self.limit - self.used, 0)),
            "X-Ratelimit-Reset": str(int(self.ends)),
        }


class CleverServer(LocalServer):
    """Clever with one district that shares everything with one app.

    Pages of faults are those of `schools`, `terms`, `courses`, `sections`, `users`, `students`, `teachers`, `staff`,
    `district_admins`, `contacts` (a walk of the users of one role), `districts` and `events`.

    Attributes:
        district: what there is now; a test may set another at any time.
        token: what the app shows; changes with `rotate_token`.
        district_id: Clever's ID of the district.
        state, last_sync, pause_end: what `/districts` tells (A6).
        shape: what the SIS and the app do their own way; may be set.
        rate: the window of requests; its `limit` may be set.
        client: ID and secret of the app, for `/oauth/tokens`.
    """

    client: Final = ("client-of-the-app", "secret-of-the-app")

    def __init__(self, district: SourceDistrict, *, shape: Shape | None = None) -> None:
        super().__init__()
        self.token = TOKEN
        self.district_id = clever_id("district", district.id)
        self.state = "success"
        self.last_sync = "2026-11-23T08:12:44.120Z"
        self.pause_end = ""
        self.rate = RateLimit()
        self.is_revoked = False
        self.shape = shape or Shape()
        self._district = district
        self._events: list[tuple[float, Record]] = []
        self._views: dict[tuple[object, ...], Collections] = {}

    @property
    def district(self) -> SourceDistrict:
        """What there is."""
        return self._district

    @district.setter
    def district(self, district: SourceDistrict) -> None:
        before = self._collections("v3.1") if self._views else None
        self._district = district
        self._views.clear()
        if before:
            self._note_events(before, self._collections("v3.1"))

    def rotate_token(self) -> str:
        """The old token is refused from now on; the new one stands in the list of tokens (E 2)."""
        self.token = _NEW_TOKEN if self.token == TOKEN else TOKEN
        return self.token

    def revoke(self) -> None:
        """The district withdrew its leave (E 1)."""
        self.is_revoked = True

    def prepare(self, version: str = "v3.1") -> None:
        """Make every record now, so that answering costs no more than sending."""
        for kind in (*_KINDS, *_ROLES):
            self._collections(version).ids(kind)

    def reply(self, request: Request) -> Reply:
        """The answer to a request."""
        if request.path.startswith("/oauth/"):
            return self._oauth(request)
        steps = request.path.strip("/").split("/")
        asked = _Asked(request, steps[0], tuple(steps[1:]))
        struck = self.faults.strike(*self._place(asked))
        struck.happen()
        if struck.instead:
            return replace(struck.instead, headers={**self.rate.headers(), **struck.instead.headers})
        refusal = self._refusal(request)
        if refusal:
            return refusal
        reply = self._answer(asked, struck.page)
        return struck.reply(replace(reply, headers={**self.rate.headers(), **reply.headers}))

    def _refusal(self, request: Request) -> Reply | None:
        if not self.rate.take(self.now()):
            return _message(429, "rate limit exceeded", self.rate.headers())
        shown = request.headers.get("authorization", "")
        if shown.startswith("Bearer il"):  # a token of a person who signs on (A1, A5)
            return Reply(status=401, body=_HTML, content_type="text/html; charset=utf-8")
        if self.is_revoked or shown != f"Bearer {self.token}":
            return _message(401, "invalid token", self.rate.headers())
        return None

    def _collections(self, version: str) -> Collections:
        shape = replace(self.shape, version=version, issue=self.faults.reissued)
        view = (shape, self.faults.view)
        if view not in self._views:
            self._views[view] = Collections(self.faults.seen(self._district), shape)
        return self._views[view]

    def _place(self, asked: "_Asked") -> tuple[str, int]:
        """Which page of which collection is asked."""
        name = asked.collection
        limit = asked.limit or _LIMIT
        after = asked.request.query.get("starting_after")
        if after is None or asked.version not in _VERSIONS or len(asked.steps) != 1:
            return name, 1
        ids = self._listed(asked)
        return name, (bisect_right(ids, after) if ids else 0) // limit + 1

    def _answer(self, asked: "_Asked", change: Callable[[Page], Page]) -> Reply:
        way = self._way(asked)
        if way is None:
            return _message(404, "not found")
        return asked.complaint or way(asked, change)

    def _way(self, asked: "_Asked") -> Callable[["_Asked", Callable[[Page], Page]], Reply] | None:
        if asked.version == "v2.1":
            return self._older
        if asked.version not in _VERSIONS or not asked.steps:
            return None
        ways = {"districts": self._districts, "events": self._events_listed, **dict.fromkeys(_KINDS, self._records)}
        return ways.get(asked.steps[0])  # contacts are users since 3.0 (A2)

    def _records(self, asked: "_Asked", change: Callable[[Page], Page]) -> Reply:
        if len(asked.steps) == 1:
            return self._page(asked, self._listed(asked) or (), change)
        return self._below(asked, change)

    def _below(self, asked: "_Asked", change: Callable[[Page], Page]) -> Reply:
        """A single record, or what belongs to it."""
        collections = self._collections(asked.version)
        kind, id_ = asked.steps[:2]
        if id_ not in set(collections.ids(kind)):
            return _message(404, "not found")
        record = collections.record(id_)
        if len(asked.steps) == 2:
            return _single(asked, kind, record)
        if asked.steps[2] == "district":
            return _single(asked, "districts", self._district_record())
        if asked.steps[2] in _ONE_OF and kind == "sections":
            other = record.get(_ONE_OF[asked.steps[2]])
            return _single(asked, asked.steps[2], collections.record(other)) if other else _message(404, "not found")
        belonging = _Belonging(collections).ids(kind, record, asked.steps[2], asked.request.query)
        return _message(404, "not found") if belonging is None else self._page(asked, belonging, change)

    def _listed(self, asked: "_Asked") -> Sequence[str] | None:
        kind = asked.request.query.get("role") or asked.steps[0]
        if kind not in _KINDS and kind not in _ROLES:
            return None
        if _MANY.get(kind, kind) in self.faults.hidden_collections:
            return ()
        return self._collections(asked.version).ids(kind)

    def _page(self, asked: "_Asked", ids: Sequence[str], change: Callable[[Page], Page]) -> Reply:
        query = asked.request.query
        limit = asked.limit or _LIMIT
        before, after = query.get("ending_before"), query.get("starting_after")
        if before is not None:
            end = bisect_left(ids, before)
            begin = max(end - limit, 0)
        else:
            begin = bisect_right(ids, after) if after is not None else 0
            end = min(begin + limit, len(ids))
        some = ids[begin:end]
        rows = self._collections(asked.version).rows
        links = {"self": asked.request.target}
        if before is not None or end < len(ids):  # a page before another always names it (A3)
            links["next"] = asked.link(starting_after=some[-1] if some else before or "")
        if after is not None or (before is not None and begin > 0):
            links["prev"] = asked.link(ending_before=some[0] if some else after or "")
        page = Page([rows[id_] for id_ in some], "data", links["self"], links.get("next"))
        return _written(change(page), links, len(ids) if query.get("count") == "true" else None)

    def _districts(self, asked: "_Asked", change: Callable[[Page], Page]) -> Reply:
        record = self._district_record()
        if len(asked.steps) == 2:
            return _single(asked, "districts", record) if asked.steps[1] == record["id"] else _message(404, "not found")
        if len(asked.steps) > 2:
            return _message(404, "not found")
        uri = f"/{asked.version}/districts/{record['id']}"
        links = {"self": asked.request.target}
        page = Page([document({"data": record, "uri": uri}).body], "data", links["self"])
        return _written(change(page), links, 1 if asked.request.query.get("count") == "true" else None)

    def _district_record(self) -> Record:
        other = self.faults.other_district
        return {
            "id": clever_id("district", "another") if other else self.district_id,
            "name": "Another District" if other else self._district.name,
            "sis_type": "powerschool",
            "launch_date": "2026-08-17",
            "portal_url": "https://clever.example.org/in/maple",
            "login_methods": ["Google"],
            "last_sync": self.last_sync,
            "state": self.state,
            "error": "",
            "pause_start": "2026-06-15" if self.pause_end else None,
            "pause_end": self.pause_end or None,
            "nces_id": None,
        }

    def _oauth(self, request: Request) -> Reply:
        if request.path == "/oauth/tokeninfo":
            known = request.headers.get("authorization") == f"Bearer {self.token}" and not self.is_revoked
            return (
                document({"client_id": self.client[0], "scopes": ["read:sis"]}) if known else _message(401, "unknown")
            )
        if request.path != "/oauth/tokens":
            return _message(404, "not found")
        basic = base64.b64encode(":".join(self.client).encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return _message(401, "unauthorized")
        asked = request.query.get("district", self.district_id)
        if "district" not in request.query and request.query.get("owner_type") != "district":
            return _message(400, "owner_type is missing")
        listed = [] if self.is_revoked or asked != self.district_id else [self._token_record()]
        return document({"data": listed, "links": [{"rel": "self", "uri": request.target}]})

    def _token_record(self) -> Record:
        return {
            "id": clever_id("token", self.token),
            "created": "2026-08-17T07:00:00.000Z",
            "owner": {"type": "district", "id": self.district_id},
            "access_token": self.token,
            "scopes": ["read:sis"],
        }

    def _note_events(self, before: Collections, after: Collections) -> None:
        """What changed, in the words of the events (A7)."""
        old, new = before.rows, after.rows
        for id_ in [*old, *(id_ for id_ in new if id_ not in old)]:
            if old.get(id_) == new.get(id_):
                continue
            what = "created" if id_ not in old else "deleted" if id_ not in new else "updated"
            where = after if id_ in new else before
            kind = next(kind for kind in _KINDS if id_ in set(where.ids(kind)))
            self._events.append((self.now(), self._event(kind, what, where.record(id_))))

    def _event(self, kind: str, what: str, record: Record) -> Record:
        now = self.now()
        moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now))
        event = {
            "id": f"{int(now):08x}{len(self._events):016x}",
            "created": moment,
            "type": f"{kind}.{what}",
            "data": {"object": record},
        }
        return {**event, "previous_attributes": {}} if what == "updated" else event

    def _events_listed(self, asked: "_Asked", change: Callable[[Page], Page]) -> Reply:
        oldest = self.now() - _EVENT_DAYS * 86400
        wanted = asked.request.query.get("record_type")
        kept = [
            event
            for at, event in self._events
            if at >= oldest and (wanted is None or event["type"].startswith(f"{wanted}."))
        ]
        if len(asked.steps) == 2:
            found = next((event for event in kept if event["id"] == asked.steps[1]), None)
            return _single(asked, "events", found) if found else _message(404, "not found")
        after = asked.request.query.get("starting_after", "")
        left = [event for event in kept if event["id"] > after]
        some = left[: asked.limit or _LIMIT]
        links = {"self": asked.request.target}
        if len(some) < len(left):
            links["next"] = asked.link(starting_after=some[-1]["id"])
        rows = [document({"data": event, "uri": f"/{asked.version}/events/{event['id']}"}).body for event in some]
        return _written(change(Page(rows, "data", links["self"], links.get("next"))), links, None)

    def _older(self, asked: "_Asked", change: Callable[[Page], Page]) -> Reply:
        """Students and teachers of their own lists, flat, as 2.1 had them."""
        kind = asked.steps[0] if asked.steps else ""
        if kind not in {"students", "teachers"} or len(asked.steps) != 1:
            return _message(404, "not found")
        collections = self._collections("v3.1")
        role = kind.removesuffix("s")
        ids = collections.ids(role)
        begin = bisect_right(ids, asked.request.query.get("starting_after", ""))
        some = ids[begin : begin + (asked.limit or _LIMIT)]
        rows = [
            document({"data": _flat(collections.record(id_), role), "uri": f"/v2.1/{kind}/{id_}"}).body for id_ in some
        ]
        links = {"self": asked.request.target}
        if begin + len(some) < len(ids):
            links["next"] = asked.link(starting_after=some[-1])
        return _written(change(Page(rows, "data", links["self"], links.get("next"))), links, None)


def _flat(record: Record, role: str) -> Record:
    return {**{key: value for key, value in record.items() if key != "roles"}, **record["roles"][role]}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, read."""

    request: Request
    version: str
    steps: tuple[str, ...]

    @property
    def collection(self) -> str:
        role = self.request.query.get("role", "")
        first = self.steps[0] if self.steps else ""
        return _MANY.get(role, first) if first == "users" else first

    @property
    def limit(self) -> int | None:
        told = self.request.query.get("limit", "")
        return int(told) if told.isdecimal() and int(told) else None

    @property
    def complaint(self) -> Reply | None:
        query = self.request.query
        if "limit" in query and self.limit is None:
            return _message(400, "limit is no number")
        if self.limit and self.limit > _LARGEST_LIMIT:
            return _message(413, f"limit is above {_LARGEST_LIMIT}")
        if query.get("role", "student") not in _ROLES:
            return _message(400, "there is no such role")
        return None

    def link(self, **changed: str) -> str:
        query = {
            key: value for key, value in self.request.query.items() if key not in {"starting_after", "ending_before"}
        }
        return f"{self.request.path}?{urlencode({**query, **changed})}"


@dataclass(frozen=True)
class _Belonging:
    """What belongs to a record (A2)."""

    collections: Collections

    def ids(self, kind: str, record: Record, what: str, query: Mapping[str, str]) -> Sequence[str] | None:
        ways: Mapping[tuple[str, str], Callable[[], set[str]]] = {
            ("schools", "users"): lambda: self._of_school(record["id"], primary=query.get("primary") == "true"),
            ("schools", "sections"): lambda: self._sections("school", record["id"]),
            ("schools", "courses"): lambda: self._named(record["id"], "course"),
            ("schools", "terms"): lambda: self._named(record["id"], "term_id"),
            ("courses", "sections"): lambda: self._sections("course", record["id"]),
            ("terms", "sections"): lambda: self._sections("term_id", record["id"]),
            ("courses", "schools"): lambda: self._schools_of("course", record["id"]),
            ("terms", "schools"): lambda: self._schools_of("term_id", record["id"]),
            ("sections", "users"): lambda: {*record["students"], *record["teachers"]},
            ("users", "schools"): lambda: _schools(record, primary=query.get("primary") == "true"),
            ("users", "sections"): lambda: self._sections_of(record["id"]),
            ("users", "mycontacts"): lambda: self._contacts(record["id"]),
            ("users", "mystudents"): lambda: self._students(record),
            ("users", "myteachers"): lambda: self._teachers(record["id"]),
        }
        way = ways.get((kind, what))
        if way is None:
            return None
        found = way()
        target = what if what in _KINDS else "users"
        role = query.get("role", target) if target == "users" else target
        return [id_ for id_ in self.collections.ids(role) if id_ in found]

    def _all(self, kind: str) -> list[Record]:
        return [self.collections.record(id_) for id_ in self.collections.ids(kind)]

    def _of_school(self, school: str, *, primary: bool) -> set[str]:
        return {user["id"] for user in self._all("users") if school in _schools(user, primary=primary)}

    def _sections(self, key: str, id_: str) -> set[str]:
        return {section["id"] for section in self._all("sections") if section.get(key) == id_}

    def _named(self, school: str, key: str) -> set[str]:
        return {one[key] for one in self._all("sections") if one["school"] == school and one.get(key)}

    def _schools_of(self, key: str, id_: str) -> set[str]:
        return {one["school"] for one in self._all("sections") if one.get(key) == id_}

    def _sections_of(self, user: str) -> set[str]:
        return {one["id"] for one in self._all("sections") if user in one["students"] or user in one["teachers"]}

    def _contacts(self, student: str) -> set[str]:
        return {one["id"] for one in self._all("contact") if student in _students_of(one)}

    def _students(self, user: Record) -> set[str]:
        taught = {
            one for section in self._all("sections") if user["id"] in section["teachers"] for one in section["students"]
        }
        return taught | _students_of(user)

    def _teachers(self, student: str) -> set[str]:
        return {
            one for section in self._all("sections") if student in section["students"] for one in section["teachers"]
        }


def _students_of(user: Record) -> set[str]:
    contact = user["roles"].get("contact") or {}
    return {one["student"] for one in contact.get("student_relationships", ())}


def _schools(user: Record, *, primary: bool) -> set[str]:
    roles = [role for role in user["roles"].values() if role]
    if primary:
        return {role["school"] for role in roles if role.get("school")}
    return {school for role in roles for school in role.get("schools", ())}


def _single(asked: _Asked, kind: str, record: Record) -> Reply:
    canonical = f"/{asked.version}/{kind}/{record['id']}"
    links = [{"rel": "self", "uri": asked.request.target}, {"rel": "canonical", "uri": canonical}]
    return document({"data": record, "links": links})


def _written(page: Page, links: Mapping[str, str], count: int | None) -> Reply:
    told: dict[str, Any] = {**links}
    told.pop("next", None)
    if page.next_link:
        told["next"] = page.next_link
    tail = document([{"rel": rel, "uri": uri} for rel, uri in told.items()]).body
    counted = b"" if count is None else f',"count":{count}'.encode()
    body = b'{"%s":[%s],"links":%s%s}' % (page.key.encode(), b",".join(page.rows), tail, counted)
    return Reply(body=body)


def _message(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    return document({"message": text}, status=status, headers=headers)
