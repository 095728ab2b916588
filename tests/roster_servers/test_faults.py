"""Each switch makes the server do what it says, at the page that it says and as often."""

import time
from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.roster_servers.asking import get
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.district import SourceDistrict
from tests.roster_servers.faults import Faults

PATH = "/v3.1/users?role=student&limit=20"


@pytest.fixture
def server(district: SourceDistrict) -> Iterator[CleverServer]:
    with CleverServer(district) as running:
        yield running


def ask(server: CleverServer, path: str = PATH, timeout_s: float = 5.0) -> httpx2.Response:
    return get(server.url + path, token=server.token, timeout_s=timeout_s)


def second_page(server: CleverServer) -> str:
    return {link["rel"]: str(link["uri"]) for link in ask(server).json()["links"]}["next"]


def test_a_page_fails_so_many_times_and_others_never(server: CleverServer) -> None:
    server.faults.fail("students", 2, status=503, times=2)
    second = second_page(server)
    assert [ask(server, second).status_code for _ in range(3)] == [503, 503, 200]


def test_a_page_fails_for_good(server: CleverServer) -> None:
    server.faults.fail("students", 1)
    assert [ask(server).status_code for _ in range(3)] == [502, 502, 502]
    assert ask(server, "/v3.1/users?role=teacher").status_code == 200


def test_busy_tells_when(server: CleverServer) -> None:
    server.faults.fail(status=429, headers={"X-Ratelimit-Reset": "7", "Retry-After": "1"})
    assert (ask(server).headers["retry-after"], ask(server).headers["x-ratelimit-reset"]) == ("1", "7")


@pytest.mark.parametrize(
    ("turn", "error"),
    [
        (lambda faults: faults.hang(30.0, "students"), httpx2.ReadTimeout),
        (lambda faults: faults.cut("students"), httpx2.RemoteProtocolError),
        (lambda faults: faults.break_chunk("students"), httpx2.RemoteProtocolError),
        (lambda faults: faults.hang_up("students"), httpx2.RemoteProtocolError),
    ],
    ids=["hang", "cut", "broken chunk", "hung up"],
)
def test_an_answer_does_not_come_whole(
    server: CleverServer, turn: Callable[[Faults], None], error: type[Exception]
) -> None:
    turn(server.faults)
    with pytest.raises(error):
        ask(server, timeout_s=0.2)


def test_a_body_trickles(server: CleverServer) -> None:
    server.faults.trickle("students", piece=1000, pause_s=0.01)
    begun = time.monotonic()
    length = len(ask(server).content)
    assert time.monotonic() - begun >= length / 1000 * 0.01


@pytest.mark.parametrize(
    "turn",
    [
        lambda faults: faults.say_html("students"),
        lambda faults: faults.cut_json("students"),
    ],
    ids=["html", "cut json"],
)
def test_an_answer_is_no_json_although_its_status_is_200(server: CleverServer, turn: Callable[[Faults], None]) -> None:
    turn(server.faults)
    answer = ask(server)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="line"):
        answer.json()


def test_a_list_lacks_its_key_or_is_another_document(server: CleverServer) -> None:
    server.faults.lack_key("students")
    server.faults.say_instead(b'{"error":"no"}', "teachers")
    assert "data" not in ask(server).json()
    assert ask(server, "/v3.1/users?role=teacher").json() == {"error": "no"}


def test_a_page_is_empty_or_a_row_comes_twice_or_not_at_all(server: CleverServer) -> None:
    server.faults.empty("students", 2)
    server.faults.repeat_row("staff")
    server.faults.lose_row("teachers")
    assert ask(server, second_page(server)).json()["data"] == []
    staff, teachers = (ask(server, f"/v3.1/users?role={role}&limit=3").json()["data"] for role in ("staff", "teacher"))
    assert staff[0] == staff[-1]
    assert (len(staff), len(teachers)) == (4, 2)


def test_a_link_leads_to_itself(server: CleverServer) -> None:
    server.faults.loop("students", 2)
    second = second_page(server)
    assert {link["rel"]: link["uri"] for link in ask(server, second).json()["links"]}["next"] == second


def test_a_redirect_leads_elsewhere(server: CleverServer) -> None:
    server.faults.redirect("https://elsewhere.example.org/", "students", 1)
    assert (ask(server).status_code, ask(server).headers["location"]) == (302, "https://elsewhere.example.org/")


def test_something_happens_once_before_a_page(server: CleverServer, district: SourceDistrict) -> None:
    second = second_page(server)
    token = server.token
    server.faults.then("students", 2, lambda: setattr(server, "last_sync", "2026-11-24T08:00:00.000Z"))
    server.faults.then("students", 2, lambda: setattr(server, "district", district.without_role("guardian")))
    ask(server)
    assert ask(server, "/v3.1/districts").json()["data"][0]["data"]["last_sync"].startswith("2026-11-23")
    ask(server, second)
    assert ask(server, "/v3.1/districts").json()["data"][0]["data"]["last_sync"].startswith("2026-11-24")
    assert ask(server, "/v3.1/users?role=contact").json()["data"] == []
    server.faults.then("students", 2, server.rotate_token)
    assert ask(server, second).status_code == 401
    assert server.token != token


def test_people_get_other_ids(server: CleverServer) -> None:
    before = {one["data"]["id"] for one in ask(server).json()["data"]}
    server.faults.renumbered = "new SIS"
    assert not before & {one["data"]["id"] for one in ask(server, "/v3.1/users?limit=10000").json()["data"]}


def test_all_records_get_other_ids_of_clever_and_keep_those_of_the_sis(server: CleverServer) -> None:
    def ids() -> tuple[set[str], set[str]]:
        users = [one["data"] for one in ask(server, "/v3.1/users?role=student&limit=1000").json()["data"]]
        return {user["id"] for user in users}, {user["roles"]["student"]["sis_id"] for user in users}

    before = ids()
    server.faults.reissued = "after the merger"
    after = ids()
    assert not before[0] & after[0]
    assert before[1] == after[1]
    sections = ask(server, "/v3.1/sections?limit=1000").json()["data"]
    assert {student for one in sections for student in one["data"]["students"]} <= after[0]


def test_a_row_comes_again_with_another_content(server: CleverServer) -> None:
    server.faults.repeat_row("students", 1, otherwise=lambda row: row.replace(b'"district":"', b'"district":"x'))
    first, *_, last = ask(server).json()["data"]
    assert first["data"]["id"] == last["data"]["id"]
    assert first != last


def test_the_district_is_another_and_its_clock_is_ahead(server: CleverServer) -> None:
    server.faults.other_district, server.faults.skew_s = True, 3600.0
    answer = ask(server, "/v3.1/districts")
    assert answer.json()["data"][0]["data"]["id"] != server.district_id
    server.faults.clear()
    assert answer.headers["date"] > ask(server, "/v3.1/districts").headers["date"]


def test_what_was_asked_is_noted(server: CleverServer) -> None:
    ask(server)
    assert server.requests == [PATH]
