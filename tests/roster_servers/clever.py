"""Clever's data API (clever-classlink A, G): v3.0 and v3.1, and the students of v2.1 for old clients."""

import hashlib
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from tests.roster_servers.http_server import Disturbance, Reply, Request, listening
from tests.roster_servers.night import FAMILY, LEADING, STUDENT, TEACHING, Night, Row, ids_in

Record = dict[str, Any]
MOST: Final = 10_000
_DEFAULT: Final = 100
_WINDOW_S: Final = 60
_GRADES: Final = {"KG": "Kindergarten", "PK": "PreKindergarten", "UG": "Ungraded"}
_MODIFIED: Final = "2026-11-23T08:12:44.120Z"


def clever_id(key: str) -> str:
    """An ID as Clever makes them: 24 characters that stay with the record."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


@dataclass
class CleverServer:
    """A district in Clever. `records` may be changed while it is served.

    `limit` requests are answered in a minute; `unknown` are the ways in which Clever tells that it knows nothing.
    """

    records: dict[str, list[Record]]
    token: str = "0123456789abcdef0123456789abcdef01234567"
    url: str = ""
    asked: list[str] = field(default_factory=list)
    disturb: Disturbance | None = None
    limit: int = 1200
    _window: tuple[int, int] = (0, 0)

    @property
    def district_id(self) -> str:
        return str(self.records["districts"][0]["id"])

    def people(self, role: str) -> list[Record]:
        return [one for one in self.records["users"] if one["roles"].get(role)]

    def reply(self, request: Request) -> Reply:
        if refusal := self._refusal(request):
            return refusal
        _, version, *path = request.path.split("/")
        if version == "v2.1":
            return self._old(request, path)
        if version not in {"v3.0", "v3.1"} or len(path) not in {1, 2}:
            return self._not_found()
        return self._list(request, path[0]) if len(path) == 1 else self._single(path[0], path[1], version)

    def _refusal(self, request: Request) -> Reply | None:
        told = request.headers.get("authorization", "")
        if not self._may_ask():
            return Reply(status=429, document={"message": "Too many requests"}, headers=self._limits())
        if told.startswith("Bearer il"):  # the token of a single user
            html = {"Content-Type": "text/html"}
            return Reply(status=401, text="<html><body>Unauthorized</body></html>", headers=html)
        if told != f"Bearer {self.token}":
            return Reply(status=401, document={"message": "Unauthorized"}, headers=self._limits())
        return None

    def _may_ask(self) -> bool:
        """A fixed window that begins anew each minute (A5)."""
        window = int(time.time()) // _WINDOW_S
        self._window = (window, self._window[1] + 1 if self._window[0] == window else 1)
        return self._window[1] <= self.limit

    def _limits(self) -> dict[str, str]:
        window, asked = self._window
        return {
            "X-Ratelimit-Bucket": "bearer",
            "X-Ratelimit-Limit": str(self.limit),
            "X-Ratelimit-Remaining": str(max(self.limit - asked, 0)),
            "X-Ratelimit-Reset": str((window + 1) * _WINDOW_S),
        }

    def _not_found(self) -> Reply:
        return Reply(status=404, document={"message": "Resource not found"}, headers=self._limits())

    def _found(self, collection: str, query: Mapping[str, str]) -> list[Record] | None:
        if collection == "users":
            role = query.get("role")
            return self.people(role) if role else self.records["users"]
        return self.records.get(collection)

    def _list(self, request: Request, collection: str) -> Reply:
        found = self._found(collection, request.query)
        if found is None:
            return self._not_found()
        limit = int(request.query.get("limit", _DEFAULT))
        if limit > MOST:
            return Reply(status=413, document={"message": "limit is too large"}, headers=self._limits())
        found = sorted(found, key=lambda record: str(record["id"]))
        after = request.query.get("starting_after")
        start = bisect_right([str(record["id"]) for record in found], after) if after else 0
        page = found[start : start + limit]
        links = [{"rel": "self", "uri": _link(request, request.query)}]
        if after:
            links.append({"rel": "prev", "uri": _link(request, {**request.query, "ending_before": after})})
        if start + limit < len(found):
            query = {**request.query, "starting_after": str(page[-1]["id"])}
            links.append({"rel": "next", "uri": _link(request, query)})
        listed = [{"data": record, "uri": f"{request.path}/{record['id']}"} for record in page]
        return Reply(document={"data": listed, "links": links}, headers=self._limits())

    def _single(self, collection: str, key: str, version: str) -> Reply:
        for record in self.records.get(collection, []):
            if record["id"] == key:
                links = [{"rel": "self", "uri": f"/{version}/{collection}/{key}"}]
                return Reply(document={"data": record, "links": links}, headers=self._limits())
        return self._not_found()

    def _old(self, request: Request, path: list[str]) -> Reply:
        """Students as version 2.1 had them: flat, with the same envelope."""
        if path != ["students"]:
            return self._not_found()
        listed = self._list(
            Request(path="/v3.0/users", query={**request.query, "role": "student"}, headers={}, url=""), "users"
        )
        flat = [
            {"data": {**entry["data"]["roles"]["student"], "id": entry["data"]["id"], "name": entry["data"]["name"]}}
            for entry in listed.document["data"]
        ]
        return Reply(document={"data": flat, "links": []}, headers=self._limits())


@contextmanager
def clever_server(night: Night) -> Iterator[CleverServer]:
    """Clever with the district of a night."""
    server = CleverServer(records_of(night))
    with listening(server):
        yield server


def records_of(night: Night) -> dict[str, list[Record]]:
    """A night as Clever tells it; what is unknown is null, empty or absent by turns (A3)."""
    members, terms = _members(night), sorted({row["termSourcedIds"] for row in night.classes})
    students = [_student(row, at) for at, row in enumerate(night.of_role(*STUDENT))]
    return {
        "districts": [
            {
                "id": clever_id("district"),
                "name": "Maple Valley Unified",
                "state": "success",
                "last_sync": _MODIFIED,
            }
        ],
        "schools": [
            {"id": clever_id(key), "sis_id": key, "school_number": key.lstrip("0"), "name": name}
            for key, name in night.schools.items()
        ],
        "terms": [{"id": clever_id(term), "name": term} for term in terms],
        "sections": [_section(row, members.get(row["sourcedId"], [])) for row in night.classes],
        "users": [
            *students,
            *(_adult(row, "teacher") for row in night.of_role(*TEACHING)),
            *(_adult(row, "staff") for row in night.of_role(*LEADING)),
            *(_contact(row, night) for row in night.of_role(*FAMILY)),
        ],
    }


def _link(request: Request, query: Mapping[str, str]) -> str:
    return f"{request.path}?{urlencode(query)}"


def _members(night: Night) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in night.enrollments:
        found.setdefault(row["classSourcedId"], []).append(row)
    return found


def _user(row: Row, roles: Record) -> Record:
    return {
        "id": clever_id(row["sourcedId"]),
        "district": clever_id("district"),
        "name": {"first": row["givenName"], "middle": row["middleName"], "last": row["familyName"]},
        "email": row["email"],
        "last_modified": _MODIFIED,
        "roles": roles,
    }


def _student(row: Row, at: int) -> Record:
    schools = [clever_id(school) for school in ids_in(row["orgSourcedIds"])]
    grade = row["grades"]
    role = {
        "school": schools[0],
        "schools": schools,
        "sis_id": row["sourcedId"],
        "student_number": row["identifier"],
        "grade": _GRADES.get(grade, grade.lstrip("0")),
        "credentials": {"district_username": row["username"], "password": "struck-out"},
    }
    unknowns: list[Record] = [{"state_id": None}, {"state_id": ""}, {}]
    unknown = unknowns[at % 3]
    return _user(row, {"student": role | unknown, "teacher": None} if at % 2 else {"student": role | unknown})


def _adult(row: Row, kind: str) -> Record:
    schools = [clever_id(school) for school in ids_in(row["orgSourcedIds"])]
    ids = {"sis_id": row["sourcedId"], "school": schools[0]} if kind == "teacher" else {"staff_id": row["sourcedId"]}
    return _user(row, {kind: {"schools": schools, "title": "", **ids}})


def _contact(row: Row, night: Night) -> Record:
    whose = [
        {"student": clever_id(student["sourcedId"]), "relationship": "Parent", "type": "Primary"}
        for student in night.of_role(*STUDENT)
        if row["sourcedId"] in ids_in(student["agentSourcedIds"])
    ]
    role = {
        "sis_id": row["sourcedId"],
        "phone": row["sms"] or row["phone"],
        "phone_type": "Cell" if row["sms"] else "Home",
        "student_relationships": whose,
    }
    record = _user(row, {"contact": role})
    return record | {"name": {"first": "", "middle": "", "last": f"{row['familyName']}, {row['givenName']}"}}


def _section(row: Row, members: list[Row]) -> Record:
    teachers = [clever_id(one["userSourcedId"]) for one in members if one["role"] != "student"]
    first = [clever_id(one["userSourcedId"]) for one in members if one["primary"] == "true"]
    return {
        "id": clever_id(row["sourcedId"]),
        "sis_id": row["sourcedId"],
        "name": row["title"],
        "school": clever_id(row["schoolSourcedId"]),
        "subject": "homeroom/advisory" if row["classType"] == "homeroom" else "math",
        "grade": _GRADES.get(row["grades"], row["grades"].lstrip("0")),
        "period": row["periods"],
        "section_number": row["classCode"],
        "term_id": clever_id(row["termSourcedIds"]),
        "students": [clever_id(one["userSourcedId"]) for one in members if one["role"] == "student"],
        "teacher": first[0] if first else None,
        "teachers": [*first, *(one for one in teachers if one not in first)],
        "last_modified": _MODIFIED,
    }
