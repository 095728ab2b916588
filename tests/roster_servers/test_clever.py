"""The Clever of our tests says what clever-classlink A and G say that Clever does."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.roster_servers.asking import get
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.clever_records import Shape
from tests.roster_servers.district import SourceDistrict


@pytest.fixture
def server(district: SourceDistrict) -> Iterator[CleverServer]:
    with CleverServer(district) as running:
        yield running


def ask(server: CleverServer, path: str, token: str | None = None) -> httpx2.Response:
    return get(server.url + path, token=token or server.token)


def records(server: CleverServer, path: str) -> list[dict[str, Any]]:
    return [one["data"] for page in pages(server, path) for one in page["data"]]


def pages(server: CleverServer, path: str) -> Iterator[dict[str, Any]]:
    link: str | None = path
    while link:
        page = ask(server, link).json()
        yield page
        link = links(page).get("next")


def links(page: dict[str, Any]) -> dict[str, str]:
    return {link["rel"]: link["uri"] for link in page["links"]}


def test_a_walk_brings_everybody_once_in_the_order_of_ids(server: CleverServer, district: SourceDistrict) -> None:
    found = [record["id"] for record in records(server, "/v3.1/users?limit=30")]
    assert found == sorted(set(found))
    assert len(found) == len(district.people)


def test_a_last_page_names_no_next_one(server: CleverServer) -> None:
    *others, last = pages(server, "/v3.0/users?role=student&limit=50")
    assert len(others) == 1
    assert set(links(others[0])) == {"self", "next"}
    assert set(links(last)) == {"self", "prev"}
    assert links(others[0])["next"].startswith("/v3.0/users?role=student&limit=50&starting_after=")


def test_after_the_end_there_is_nothing_but_a_way_back(server: CleverServer) -> None:
    page = ask(server, f"/v3.1/users?starting_after={'f' * 24}").json()
    assert page["data"] == []
    assert set(links(page)) == {"self", "prev"}


def test_pages_can_be_walked_backwards(server: CleverServer) -> None:
    ids = [record["id"] for record in records(server, "/v3.1/sections")]
    page = ask(server, f"/v3.1/sections?limit=5&ending_before={ids[20]}").json()
    assert [one["data"]["id"] for one in page["data"]] == ids[15:20]
    assert set(links(page)) == {"self", "next", "prev"}


def test_a_page_has_a_hundred_records_and_never_more_than_ten_thousand(server: CleverServer) -> None:
    assert len(ask(server, "/v3.1/users").json()["data"]) == 100
    assert ask(server, "/v3.1/users?limit=10000").status_code == 200
    assert ask(server, "/v3.1/users?limit=10001").status_code == 413
    assert ask(server, "/v3.1/users?limit=many").status_code == 400


def test_who_has_two_roles_is_in_both_lists(server: CleverServer) -> None:
    lists = {role: {one["id"] for one in records(server, f"/v3.1/users?role={role}")} for role in ("teacher", "staff")}
    both = lists["teacher"] & lists["staff"]
    assert both
    for id_ in both:
        record = ask(server, f"/v3.1/users/{id_}").json()["data"]
        assert {"teacher", "staff"} <= {role for role, held in record["roles"].items() if held}


def test_what_is_not_known_is_absent_null_or_empty(server: CleverServer) -> None:
    students = [record["roles"]["student"] for record in records(server, "/v3.1/users?role=student")]
    assert {student.get("gender", "absent") for student in students} == {"absent", None, ""}


@pytest.mark.parametrize("path", ["/v3.1/contacts", "/v3.1/students", "/v4.0/users", "/", "/v3.1/users/none"])
def test_what_is_not_there_is_told_in_json(server: CleverServer, path: str) -> None:
    answer = ask(server, path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"message"}


def test_a_wrong_token_is_refused_in_json_and_a_persons_in_html(server: CleverServer) -> None:
    wrong, persons = ask(server, "/v3.1/users", "wrong"), ask(server, "/v3.1/users", "il0123")
    assert (wrong.status_code, set(wrong.json())) == (401, {"message"})
    assert persons.headers["content-type"].startswith("text/html")


def test_the_rate_is_limited_in_a_window(server: CleverServer) -> None:
    server.rate.limit = 3
    answers = [ask(server, "/v3.1/districts") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    server.rate.ends = 0.0
    assert ask(server, "/v3.1/districts").status_code == 200


def test_a_rotated_token_stands_in_the_list_of_tokens(server: CleverServer) -> None:
    old, new = server.token, server.rotate_token()
    assert ask(server, "/v3.1/districts", old).status_code == 401
    listed = get(f"{server.url}/oauth/tokens?district={server.district_id}", auth=server.client).json()
    assert [one["access_token"] for one in listed["data"]] == [new]
    assert get(f"{server.url}/oauth/tokens?owner_type=district").status_code == 401
    server.revoke()
    assert get(f"{server.url}/oauth/tokens?owner_type=district", auth=server.client).json()["data"] == []


@pytest.mark.parametrize(
    ("below", "role"),
    [("users?role=student", "student"), ("users?role=teacher", "teacher"), ("users?role=staff", "staff")],
)
def test_a_school_lists_its_own(server: CleverServer, below: str, role: str) -> None:
    everybody = records(server, f"/v3.1/users?role={role}")
    for school in records(server, "/v3.1/schools"):
        listed = {one["id"] for one in records(server, f"/v3.1/schools/{school['id']}/{below}")}
        assert listed == {one["id"] for one in everybody if school["id"] in one["roles"][role]["schools"]}


def test_a_school_lists_those_whose_primary_school_it_is(server: CleverServer, district: SourceDistrict) -> None:
    first, second, *_ = (school.id for school in district.schools)
    server.district = district.changed(district.students[0].id, schools=(first, second))
    everybody = records(server, "/v3.1/users?role=student")
    elsewhere = 0
    for school in records(server, "/v3.1/schools"):
        below = f"/v3.1/schools/{school['id']}/users?role=student"
        listed = {one["id"] for one in records(server, f"{below}&primary=true")}
        assert listed == {one["id"] for one in everybody if one["roles"]["student"]["school"] == school["id"]}
        elsewhere += len(records(server, below)) - len(listed)
    assert elsewhere == 1


def test_contacts_and_students_name_each_other(server: CleverServer) -> None:
    contact = records(server, "/v3.1/users?role=contact")[0]
    students = records(server, f"/v3.1/users/{contact['id']}/mystudents")
    assert students
    for student in students:
        assert contact in records(server, f"/v3.1/users/{student['id']}/mycontacts")


def test_a_contact_without_an_id_is_another_when_its_phone_changes(district: SourceDistrict) -> None:
    with CleverServer(district, shape=Shape(contact_ids=False)) as server:
        before = {one["id"] for one in records(server, "/v3.1/users?role=contact")}
        changed = district.changed(district.guardians[0].id, sms="3125550199")
        server.district = changed
        after = {one["id"] for one in records(server, "/v3.1/users?role=contact")}
    assert (len(before - after), len(after - before)) == (1, 1)


def test_events_tell_what_changed_for_thirty_days(server: CleverServer, district: SourceDistrict) -> None:
    ask(server, "/v3.1/users?limit=1")
    server.district = district.without_person(district.students[0].id)
    kinds = {one["type"] for one in records(server, "/v3.1/events?limit=1")}
    assert "users.deleted" in kinds
    server.faults.skew_s = 31 * 86400.0
    assert records(server, "/v3.1/events") == []


def test_hidden_schools_and_roles_leave_their_ids_behind(server: CleverServer, district: SourceDistrict) -> None:
    server.faults.hidden_roles = {"student"}
    assert records(server, "/v3.1/users?role=student") == []
    assert records(server, "/v3.1/users?role=contact") == []
    assert any(section["students"] for section in records(server, "/v3.1/sections"))
    server.faults.clear()
    server.faults.hidden_schools = {district.schools[0].id}
    assert len(records(server, "/v3.1/schools")) == len(district.schools) - 1
