"""Clients that others wrote read our servers: what we took for Clever's and OneRoster's ways is theirs too.

`oneroster` is a client of ClassLink and of Clever 2.1, `strongmind-oneroster-client` is made from the official
description of OneRoster 1.1 and refuses what that does not allow, `requests-oauthlib` signs and fetches tokens.
"""

import importlib
import importlib.util
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.roster_servers.asking import get
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.district import SourceDistrict
from tests.roster_servers.oneroster import Auth, OneRosterServer
from tests.roster_servers.oneroster_records import Shape

pytestmark = pytest.mark.clients

SCOPE = "https://purl.imsglobal.org/spec/or/v1p1/scope/roster.readonly"
TEXT_FLAGS = Shape(text_flags=True)  # it reads "false", and stumbles over false
COLLECTIONS = (
    ("AcademicSessions", "academic_sessions"),
    ("Courses", "courses"),
    ("Classes", "classes"),
    ("Enrollments", "enrollments"),
    ("Orgs", "orgs"),
    ("Students", "students"),
    ("Teachers", "teachers"),
    ("Users", "users"),
)


def peer(name: str) -> Any:
    """A package of others, or a skip where it is absent."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of their code, not of ours
        return importlib.import_module(name)


@pytest.fixture(autouse=True)
def _their_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def ids_of(people: Any) -> list[str]:
    return sorted(person.id for person in people)


@pytest.mark.parametrize("kind", ["students", "teachers"])
def test_oneroster_walks_clever_until_an_empty_page(district: SourceDistrict, kind: str) -> None:
    connector = peer("oneroster").CleverConnector
    with CleverServer(district) as server:
        client = connector(host=f"{server.url}/v2.1/", access_token=server.token, page_size=15)
        found = client.get_users(user_filter=kind)
        last = ids_of(district.students) if kind == "students" else ids_of(district.teachers)
        assert sorted(one["sis_id"] for one in found if one["sis_id"] in set(last)) == last
        assert {"givenName", "familyName"} <= set(found[0])
        assert len(server.requests) == -(-len(found) // 15) + 1


@pytest.mark.parametrize("kind", ["users", "students", "teachers"])
def test_oneroster_walks_classlink_by_links_and_signs_each_page(district: SourceDistrict, kind: str) -> None:
    connector = peer("oneroster").ClasslinkConnector
    with OneRosterServer(district, auth="oauth1-sha256") as server:
        server.secret = "secret-of-the-app"  # it escapes a blank as a plus, which no standard says
        client = connector(f"{server.api_url}/", client_id=server.key, client_secret=server.secret, page_size=40)
        found = client.get_users(user_filter=kind)
    people = {"users": district.people, "students": district.students, "teachers": district.teachers}[kind]
    assert sorted(one["sourcedId"] for one in found) == ids_of(people)


@pytest.mark.parametrize(("group", "list_"), COLLECTIONS, ids=[list_ for _, list_ in COLLECTIONS])
def test_every_record_is_what_the_official_description_allows(district: SourceDistrict, group: str, list_: str) -> None:
    client = peer("oneroster_client")
    with OneRosterServer(district, shape=TEXT_FLAGS) as server:
        api = getattr(client, f"{group}ManagementApi")(_api_client(client, server))
        answer = getattr(api, f"get_{list_}")(limit=10000, offset=0)
        total = get(f"{server.api_url}/{group[0].lower()}{group[1:]}", token=server.token).headers["x-total-count"]
    found = getattr(answer, "users" if list_ in {"students", "teachers"} else list_)
    assert len(found) == int(total) > 0
    assert all(one.sourced_id for one in found)


def test_a_filter_of_another_client_is_understood(district: SourceDistrict) -> None:
    client = peer("oneroster_client")
    with OneRosterServer(district, shape=TEXT_FLAGS) as server:
        api = client.UsersManagementApi(_api_client(client, server))
        found = api.get_users(limit=1000, offset=0, filter="role='guardian' AND status='active'").users
    assert [one.sourced_id for one in found] == ids_of(one for one in district.people if one.role == "guardian")


def _api_client(client: Any, server: OneRosterServer) -> Any:
    settings = client.Configuration()
    settings.host = server.api_url
    settings.access_token = server.token
    return client.ApiClient(settings)


@pytest.mark.parametrize(("auth", "method"), [("oauth1-sha1", "HMAC-SHA1"), ("oauth1-sha256", "HMAC-SHA256")])
def test_requests_oauthlib_signs_filters_with_quotes_and_blanks(
    district: SourceDistrict, auth: Auth, method: str
) -> None:
    signing, requests = peer("requests_oauthlib"), peer("requests")
    with OneRosterServer(district, auth=auth) as server:
        signed = signing.OAuth1(server.key, server.secret, signature_method=method)
        query = {"filter": "role='guardian' AND familyName>'M'", "limit": "1000"}
        answer = requests.get(f"{server.api_url}/users", params=query, auth=signed, timeout=10)
        assert answer.status_code == 200
        wrong = signing.OAuth1(server.key, "another", signature_method=method)
        assert requests.get(f"{server.api_url}/users", params=query, auth=wrong, timeout=10).status_code == 401
    expected = ids_of(one for one in district.people if one.role == "guardian" and one.family > "M")
    assert [one["sourcedId"] for one in answer.json()["users"]] == expected


def test_requests_oauthlib_fetches_a_token(district: SourceDistrict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    peer("requests_oauthlib")
    oauthlib, sessions = importlib.import_module("oauthlib.oauth2"), importlib.import_module("requests_oauthlib")
    with OneRosterServer(district, version="1.2", auth="oauth2") as server:
        session = sessions.OAuth2Session(client=oauthlib.BackendApplicationClient(client_id=server.key, scope=[SCOPE]))
        session.fetch_token(server.token_url, auth=(server.key, server.secret))
        assert len(session.get(f"{server.api_url}/users?limit=1000").json()["users"]) == len(district.people)
        assert session.get(f"{server.api_url}/demographics").status_code == 403
