"""The OneRoster servers of our tests say what clever-classlink B, C and G say that theirs do."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import httpx2
import pytest
from oauthlib import oauth1

from tests.roster_servers.asking import get, post
from tests.roster_servers.classlink import ClassLinkServer
from tests.roster_servers.district import SourceDistrict
from tests.roster_servers.oneroster import Auth, OneRosterServer
from tests.roster_servers.oneroster_records import LISTS, Shape, Side

SCOPE = "https://purl.imsglobal.org/spec/or/v1p1/scope/roster.readonly"


@pytest.fixture
def server(district: SourceDistrict) -> Iterator[OneRosterServer]:
    with OneRosterServer(district) as running:
        yield running


@pytest.fixture
def classlink(district: SourceDistrict) -> Iterator[ClassLinkServer]:
    with ClassLinkServer(district, auth="oauth1-sha256") as running:
        yield running


def ask(server: OneRosterServer, path: str) -> httpx2.Response:
    return get(server.api_url + path, token=server.token)


def records(server: OneRosterServer, path: str) -> list[dict[str, Any]]:
    separator = "&" if "?" in path else "?"
    [listed] = ask(server, f"{path}{separator}limit=10000").json().values()
    return list(listed)


def minor(answer: httpx2.Response) -> str:
    [field] = answer.json()["imsx_CodeMinor"]["imsx_codeMinorField"]
    return str(field["imsx_codeMinorFieldValue"])


@pytest.mark.parametrize("collection", LISTS)
def test_an_answer_is_named_after_the_type_of_its_records(server: OneRosterServer, collection: str) -> None:
    assert list(ask(server, f"/{collection}").json()) == [LISTS[collection]]


def test_pages_are_counted_and_linked(server: OneRosterServer, district: SourceDistrict) -> None:
    link, ids = f"{server.api_url}/users?limit=70&sort=sourcedId&orderBy=asc", []
    while link:
        answer = get(link, token=server.token)
        listed = answer.json()["users"]
        assert (answer.headers["x-count"], answer.headers["x-total-count"]) == (str(len(listed)), "209")
        ids += [one["sourcedId"] for one in listed]
        link = answer.links.get("next", {}).get("url", "")
    assert ids == sorted(person.id for person in district.people)


def test_each_header_can_be_left_out(server: OneRosterServer) -> None:
    server.counts = server.totals = server.links = False
    assert not {"x-count", "x-total-count", "x-perm-rev", "link"} & set(ask(server, "/users").headers)
    server.revision = "42"
    assert ask(server, "/users").headers["x-perm-rev"] == "42"


def test_a_large_limit_is_cut_without_a_word(server: OneRosterServer) -> None:
    server.largest = 50
    assert len(ask(server, "/users?limit=10000").json()["users"]) == 50
    assert len(ask(server, "/users?limit=20&offset=200").json()["users"]) == 9
    assert ask(server, "/users?limit=none").status_code == 400


def test_descending_is_the_mirror_and_nonsense_is_ignored(server: OneRosterServer) -> None:
    up, down, odd = (records(server, f"/users?sort=familyName&orderBy={order}") for order in ("asc", "desc", "odd"))
    assert down == up[::-1]
    assert odd == up


@pytest.mark.parametrize(
    ("filter_", "holds"),
    [
        ("role='teacher'", lambda user: user["role"] == "teacher"),
        ("role!='teacher'", lambda user: user["role"] != "teacher"),
        ("role='teacher' OR role='guardian'", lambda user: user["role"] in {"teacher", "guardian"}),
        (
            "role='student' AND sourcedId>'000150'",
            lambda user: user["role"] == "student" and user["sourcedId"] > "000150",
        ),
        ("familyName~'UNDER'", lambda user: "under" in user["familyName"].lower()),
        ("grades~'08'", lambda user: "08" in user["grades"]),
        ("dateLastModified>'2027-01-01T00:00:00Z'", lambda _: False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_filters(server: OneRosterServer, filter_: str, holds: Any) -> None:
    everybody = records(server, "/users")
    assert records(server, f"/users?filter={quote(filter_)}") == [user for user in everybody if holds(user)]


def test_fields_are_chosen(server: OneRosterServer) -> None:
    assert {tuple(one) for one in records(server, "/users?fields=sourcedId,role")} == {("sourcedId", "role")}


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/users?filter=shoeSize%3D'9'", 400, "invalid_filter_field"),
        ("/users?sort=shoeSize", 400, "invalid_sort_field"),
        ("/users?fields=shoeSize", 400, "invalid_selection_field"),
        ("/guardians", 404, "unknownobject"),
        ("/users/nobody", 404, "unknownobject"),
        ("/schools/nowhere/classes", 404, "unknownobject"),
    ],
)
def test_failures_are_told_in_the_words_of_the_standard(
    server: OneRosterServer, path: str, status: int, said: str
) -> None:
    answer = ask(server, path)
    assert (answer.status_code, minor(answer)) == (status, said)


def test_what_belongs_to_a_record(server: OneRosterServer, district: SourceDistrict) -> None:
    room = district.classrooms[0]
    members = district.members_of[room.id]
    students = {one.person for one in members if one.role == "student"}
    for path in (f"/classes/{room.id}/students", f"/schools/{room.school}/classes/{room.id}/students"):
        assert {one["sourcedId"] for one in records(server, path)} == students
    assert {one["sourcedId"] for one in records(server, f"/classes/{room.id}/teachers")} <= set(district.classes_of)
    assert room.id in {one["sourcedId"] for one in records(server, f"/courses/{room.course}/classes")}
    assert room.id in {one["sourcedId"] for one in records(server, f"/terms/{room.terms[0]}/classes")}
    assert room.id in {one["sourcedId"] for one in records(server, f"/users/{members[0].person}/classes")}


def test_1_2_has_roles_with_their_organisations(district: SourceDistrict) -> None:
    with OneRosterServer(district, version="1.2") as server:
        assert server.api_url.endswith("/ims/oneroster/rostering/v1p2")
        users = records(server, "/users")
    assert not any("role" in user or "orgs" in user for user in users)
    assert {user["enabledUser"] for user in users} == {"true"}
    assert all(user["roles"][0]["roleType"] == "primary" and user["roles"][0]["org"] for user in users)


@pytest.mark.parametrize("auth", ["oauth1-sha1", "oauth1-sha256"])
def test_a_signature_is_judged_once_by_one_method_and_the_clock(district: SourceDistrict, auth: Auth) -> None:
    with OneRosterServer(district, auth=auth) as server:
        query = quote_plus("role='guardian' AND status='active'").replace("+", "%20")
        url = f"{server.api_url}/users?filter={query}&limit=5"
        good, other = ("HMAC-SHA1", "HMAC-SHA256") if auth == "oauth1-sha1" else ("HMAC-SHA256", "HMAC-SHA1")
        signed = oauth1.Client(server.key, server.secret, signature_method=good).sign(url)[1]
        assert httpx2.get(url, headers=signed).status_code == 200
        assert httpx2.get(url, headers=signed).status_code == 401  # the same nonce again
        otherwise = oauth1.Client(server.key, server.secret, signature_method=other).sign(url)[1]
        assert httpx2.get(url, headers=otherwise).status_code == 401
        wrong = oauth1.Client(server.key, "wrong", signature_method=good).sign(url)[1]
        assert httpx2.get(url, headers=wrong).status_code == 401
        server.faults.skew_s = 3600.0
        late = oauth1.Client(server.key, server.secret, signature_method=good).sign(url)[1]
        assert httpx2.get(url, headers=late).status_code == 401


def test_client_credentials_become_a_token_with_scopes(district: SourceDistrict) -> None:
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    with OneRosterServer(district, auth="oauth2") as server:
        told = post(server.token_url, form, auth=(server.key, server.secret)).json()
        assert (told["token_type"], told["expires_in"], told["access_token"]) == ("bearer", 3600, server.token)
        assert ask(server, "/users").status_code == 200
        assert ask(server, "/demographics").status_code == 403
        assert post(server.token_url, form, auth=(server.key, "wrong")).status_code == 401
        assert (
            post(server.token_url, {**form, "scope": "everything"}, auth=(server.key, server.secret)).status_code == 400
        )


def test_classlink_lists_districts_without_counting_them(classlink: ClassLinkServer) -> None:
    first, second = (
        get(f"{classlink.url}/applications?limit=100&offset={offset}", token=classlink.partner_key)
        for offset in (0, 100)
    )
    assert not {"x-count", "x-total-count"} & set(first.headers)
    own = second.json()["applications"][-1]
    assert (own["tenant_id"], own["enabled"], own["bearer"]) == (2284, "true", classlink.token)
    assert own["oneroster_application_id"] == "AbC%2FdEf%3D"
    assert get(f"{classlink.url}/applications", token=classlink.token).status_code == 401


def test_classlink_has_four_addresses_for_a_district(classlink: ClassLinkServer) -> None:
    for url in (classlink.proxy_url, classlink.other_proxy_url, classlink.proxy_1_2_url):
        assert get(f"{url}/users?limit=1", token=classlink.token).status_code == 200
        assert get(f"{url}/users?limit=1", token="wrong").status_code == 401
    assert "roles" in get(f"{classlink.proxy_1_2_url}/users?limit=1", token=classlink.token).json()["users"][0]
    told = get(f"{classlink.url}/applications/{classlink.application}/server", token=classlink.partner_key)
    server = told.json()["server"]
    url = f"{server['endpoint_url']}/users?limit=1"
    signing = oauth1.Client(server["client_id"], server["client_secret"], signature_method="HMAC-SHA256")
    assert httpx2.get(url, headers=signing.sign(url)[1]).status_code == 200
    assert get(url, token=classlink.token).status_code == 401


@pytest.mark.parametrize("application", ["AbC%252FdEf%253D", "AbC/dEf="])
def test_an_application_that_is_escaped_again_or_not_at_all_is_nobodys(
    classlink: ClassLinkServer, application: str
) -> None:
    answer = get(classlink.proxy_url.replace(classlink.application, application) + "/users", token=classlink.token)
    assert answer.status_code == 404


def test_classlink_says_true_in_words_and_leads_to_another_host(classlink: ClassLinkServer) -> None:
    user = get(f"{classlink.proxy_url}/students?limit=1", token=classlink.token).json()["users"][0]
    assert (user["enabledUser"], user["password"]) == ("true", f"invented-{user['sourcedId']}")
    assert user["orgs"][0]["href"].startswith("https://x-nj-v2.rosterserver.com/")


@pytest.mark.parametrize(
    ("linked", "sides"),
    [("students", {"student"}), ("guardians", {"guardian"}), ("both", {"student", "guardian"}), ("neither", set())],
)
def test_guardians_are_linked_from_either_side(district: SourceDistrict, linked: Side, sides: set[str]) -> None:
    with ClassLinkServer(district, shape=Shape(linked=linked)) as server:
        users = get(f"{server.proxy_url}/users?limit=1000", token=server.token).json()["users"]
    kin = {person.id: person.kin for person in district.people}
    assert {kin[user["sourcedId"]] for user in users if user["agents"]} == sides


def test_guardians_can_belong_to_the_district_or_stand_in_demographics(district: SourceDistrict) -> None:
    with ClassLinkServer(district, shape=Shape(guardians_at_district=True)) as server:
        url = f"{server.proxy_url}/users?limit=1000&filter=role%3D'guardian'"
        users = get(url, token=server.token).json()["users"]
    assert users
    assert {org["sourcedId"] for user in users for org in user["orgs"]} == {district.id}
    with ClassLinkServer(district, shape=Shape(guardians_in_demographics=True)) as server:
        users = get(f"{server.proxy_url}/users?limit=1000", token=server.token).json()["users"]
        told = get(f"{server.proxy_url}/demographics?limit=1000", token=server.token).json()["demographics"]
    assert not {user["role"] for user in users} & {"guardian", "parent", "relative"}
    assert any(one["metadata"].get("Guardian2FullName") for one in told)


def test_references_can_be_flat_and_roles_stand_beside(district: SourceDistrict) -> None:
    with OneRosterServer(district, shape=Shape(flat_references=True, roles_beside_role=True)) as server:
        enrollment, user = records(server, "/enrollments")[0], records(server, "/users")[0]
    assert {"classSourcedId", "userSourcedId", "schoolSourcedId"} <= set(enrollment)
    assert user["roles"][0]["role"] == user["role"]


def test_a_rotated_token_is_listed_and_a_revoked_one_is_not(classlink: ClassLinkServer) -> None:
    old, new = classlink.token, classlink.rotate_token()
    assert get(f"{classlink.proxy_url}/users", token=old).status_code == 401
    listed = get(f"{classlink.url}/applications?limit=1000", token=classlink.partner_key).json()["applications"]
    assert listed[-1]["bearer"] == new
    classlink.revoke()
    assert get(f"{classlink.proxy_url}/users", token=new).status_code == 401
    listed = get(f"{classlink.url}/applications?limit=1000", token=classlink.partner_key).json()["applications"]
    assert {one["bearer"] for one in listed} == {None}


def test_rows_that_come_or_go_between_pages_shift_the_others(
    classlink: ClassLinkServer, district: SourceDistrict
) -> None:
    first, *_ = sorted(person.id for person in district.people)
    classlink.faults.then("users", 2, lambda: setattr(classlink, "district", district.without_person(first)))
    classlink.faults.then("users", 2, lambda: setattr(classlink, "revision", "42"))
    pages = [get(f"{classlink.proxy_url}/users?limit=100&offset={at}", token=classlink.token) for at in (0, 100, 200)]
    assert [page.headers["x-perm-rev"] for page in pages] == ["41", "42", "42"]
    assert [page.headers["x-total-count"] for page in pages] == ["209", "208", "208"]
    found = [one["sourcedId"] for page in pages for one in page.json()["users"]]
    assert len(set(found)) == 208  # one who left, and one whom nobody was shown
    assert first in found


def test_faults_strike_the_pages_of_a_list(classlink: ClassLinkServer) -> None:
    classlink.faults.fail("enrollments", 2, status=502, times=1)
    url = f"{classlink.proxy_url}/enrollments?limit=100"
    answers = [get(f"{url}&offset={offset}", token=classlink.token).status_code for offset in (0, 100, 100)]
    assert answers == [200, 502, 200]
    classlink.faults.loop("users", 1)
    classlink.links = True
    assert "offset=0" in get(f"{classlink.proxy_url}/users", token=classlink.token).links["next"]["url"]


def test_a_server_ignores_where_a_page_begins_or_sends_a_bare_list(classlink: ClassLinkServer) -> None:
    url = f"{classlink.proxy_url}/users?limit=20&offset="
    classlink.faults.first_page_only = True
    assert get(f"{url}0", token=classlink.token).content == get(f"{url}40", token=classlink.token).content
    classlink.faults.bare("users")
    assert len(get(f"{url}0", token=classlink.token).json()) == 20


def test_who_is_leaving_says_so(district: SourceDistrict) -> None:
    student = district.students[0].id
    with OneRosterServer(district, shape=Shape(leaving=frozenset({student}))) as server:
        assert ask(server, f"/users/{student}").json()["user"]["status"] == "tobedeleted"
