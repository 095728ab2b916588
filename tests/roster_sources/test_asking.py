"""One page over HTTP: what is tried again, what never is, and what is never taken for an empty list."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from config.profiles import OneRosterApi
from roster_sources.addresses import InsecureAddress
from roster_sources.asking import Answer, Asking, Patience, told_wait_s
from roster_sources.failures import AccessRefused, PullFailed
from roster_sources.oneroster import scope_of
from roster_sources.signing import Bearer, fetched_token
from rosterdrop.schedule import MAY_PASS
from tests.roster_sources.scripted import Says, Scripted, scripted

QUICK = Patience(tries=3, first_wait_s=0.01, longest_wait_s=1.0, silence_s=1.0, page_s=1.0, pull_s=20.0)
GOOD = Says(body=b'{"data": []}')


def ask(server: Scripted, patience: Patience = QUICK, *tokens: str) -> Answer[Any]:
    left = [*(tokens or ("token",))]

    def sign_in() -> httpx2.Auth:
        return Bearer(left.pop(0) if len(left) > 1 else left[0])

    with Asking(server.url, sign_in=sign_in, patience=patience) as asking:
        return asking.ask("/page")


@pytest.mark.parametrize(
    "bad",
    [
        Says(status=500),
        Says(status=502, body=b"<html>Bad gateway</html>"),
        Says(status=503),
        Says(body=b"<html>Please wait</html>"),
        Says(body=b'{"data": [{"id": "1"}', headers={"Content-Type": "application/json"}),
        Says(body=b'{"data": []}', cut=3),
        Says(status=429),
    ],
    ids=["500", "502", "503", "html", "cut json", "cut body", "429"],
)
def test_what_may_pass_is_tried_again(bad: Says) -> None:
    """clever-classlink E 6, 15, 16, 19."""
    with scripted(bad, bad, GOOD) as server:
        assert ask(server).document == {"data": []}
        assert len(server.asked) == 3


def test_a_try_that_is_made_again_prints_nothing_between_the_lines_of_json(capfd: pytest.CaptureFixture[str]) -> None:
    with scripted(Says(status=500), GOOD) as server:
        ask(server)

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (Says(status=500), "source.unreachable"),
        (Says(body=b"<html></html>"), "source.unusable"),
        (Says(status=429), "source.busy"),
        (Says(body=b"{}", cut=1), "source.unreachable"),
    ],
)
def test_what_does_not_pass_fails_with_its_reason_and_may_be_tried_later(bad: Says, code: str) -> None:
    with scripted(bad) as server, pytest.raises(PullFailed) as failed:
        ask(server)

    assert failed.value.code == code
    assert code in MAY_PASS
    assert len(server.asked) == QUICK.tries


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (Says(status=404), "source.not_found"),
        (Says(status=413), "source.unusable"),
        (Says(status=501), "source.unusable"),
        (Says(status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"}), "source.elsewhere"),
    ],
)
def test_what_will_not_change_is_asked_once(bad: Says, code: str) -> None:
    """clever-classlink A5, E 21: a redirect would take the token to another host."""
    with scripted(bad) as server, pytest.raises(PullFailed) as failed:
        ask(server)

    assert failed.value.code == code
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "7"}, 7),
        ({"x-ratelimit-reset": "1060"}, 60),
        ({"retry-after": "7", "x-ratelimit-reset": "1060"}, 7),
        ({"retry-after": "Sat, 28 Nov 2026 20:00:00 GMT"}, 0),
        ({}, 0),
    ],
)
def test_a_source_says_how_long_to_wait_or_until_when(headers: dict[str, str], wait_s: float) -> None:
    """clever-classlink A5, E 15: X-RateLimit-Reset is a second of the epoch."""
    assert told_wait_s(headers, now=1000.0) == wait_s


def test_a_source_that_asks_to_wait_is_left_alone_until_then() -> None:
    began = time.monotonic()
    with scripted(Says(status=429, headers={"Retry-After": "1"}), GOOD) as server:
        ask(server)

    assert time.monotonic() - began >= 1.0


def test_no_source_makes_us_wait_for_ever() -> None:
    """clever-classlink E 15: bounded."""
    began = time.monotonic()
    with scripted(Says(status=429, headers={"Retry-After": "3600"}), GOOD) as server:
        ask(server)

    assert time.monotonic() - began < 60


def test_a_pull_has_an_end_however_its_pages_come() -> None:
    """clever-classlink E 18: each page comes in time, all of them together do not."""
    with scripted(GOOD) as server, pytest.raises(PullFailed) as failed:
        ask(server, replace(QUICK, tries=1, pull_s=-1.0))

    assert (failed.value.code, failed.value.detail) == ("source.unreachable", "too slow")


def test_a_token_that_was_changed_meanwhile_is_looked_up_again_once() -> None:
    """clever-classlink E 2."""
    with scripted(Says(status=401), GOOD) as server:
        ask(server, QUICK, "old", "new")

    assert server.authorizations == ["Bearer old", "Bearer new"]


def test_a_token_that_stays_refused_is_tried_twice_and_no_more() -> None:
    """clever-classlink E 1."""
    with scripted(Says(status=401)) as server, pytest.raises(PullFailed) as failed:
        ask(server)

    assert failed.value.code == "source.access"
    assert len(server.asked) == 2


def test_a_clock_that_is_wrong_is_named() -> None:
    """clever-classlink E 25."""
    far = format_datetime(datetime.now(UTC) - timedelta(hours=2), usegmt=True)
    with scripted(Says(status=401, headers={"Date": far})) as server, pytest.raises(PullFailed) as failed:
        ask(server)

    assert (failed.value.code, failed.value.detail) == ("source.access", "clock")


def test_a_body_that_trickles_ends_with_the_time_of_a_page() -> None:
    """clever-classlink E 18: each byte comes in time, the page does not."""
    slow = Says(body=b'{"data": ' + b" " * 200 + b"[]}", pause_s=0.02)
    with scripted(slow) as server, pytest.raises(PullFailed) as failed:
        ask(server, replace(QUICK, tries=1, page_s=0.3))

    assert failed.value.code == "source.unreachable"


def test_a_body_larger_than_a_page_may_be_is_not_read_to_its_end() -> None:
    with scripted(Says(body=b" " * 5000)) as server, pytest.raises(PullFailed) as failed:
        ask(server, replace(QUICK, page_bytes=1000))

    assert failed.value.code == "source.endless"


def test_nobody_there_is_told_as_that() -> None:
    with scripted(GOOD) as server:
        url = server.url
    with pytest.raises(PullFailed) as failed:
        ask(Scripted([GOOD], url=url))

    assert failed.value.code == "source.unreachable"


def test_passwords_and_tokens_are_struck_out_of_every_answer() -> None:
    """clever-classlink E 27."""
    record = {"id": "1", "password": "p", "credentials": {"district_username": "ana", "Password": "p"}}
    with scripted(Says(body=json.dumps({"data": [record], "access_token": "t"}).encode())) as server:
        answer = ask(server)

    assert answer.document == {"data": [{"id": "1", "credentials": {"district_username": "ana"}}]}


def test_a_link_to_another_host_is_not_followed() -> None:
    with (
        scripted(GOOD) as server,
        Asking(server.url, sign_in=lambda: Bearer("token"), patience=QUICK) as asking,
        pytest.raises(PullFailed) as failed,
    ):
        asking.ask("https://other.example.org/page")

    assert (failed.value.code, server.asked) == ("source.elsewhere", [])


def test_a_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(InsecureAddress, match="https://"):
        Asking("http://roster.example.org", sign_in=lambda: Bearer("token"), patience=QUICK)


def test_a_secret_for_a_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(InsecureAddress, match="https://"):
        fetched_token("http://roster.example.org/token", key="key", secret="secret", scope="", patience=QUICK)


def token_of(server: Scripted, patience: Patience = QUICK) -> str:
    return fetched_token(f"{server.url}/token", key="key", secret="secret", scope="", patience=patience)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (Says(status=429), "source.busy"),
        (Says(status=503), "source.unreachable"),
        (Says(body=b"<html></html>"), "source.unusable"),
        (Says(body=b'{"access_token": "t"}', cut=3), "source.unreachable"),
    ],
)
def test_a_token_that_cannot_be_had_now_is_no_refusal(bad: Says, code: str) -> None:
    with scripted(bad) as server, pytest.raises(PullFailed) as failed:
        token_of(server)

    assert (failed.value.code, len(server.asked)) == (code, QUICK.tries)


def test_a_token_is_waited_for_as_long_as_a_page() -> None:
    """clever-classlink E 18: each byte comes in time, the token does not."""
    slow = Says(body=b'{"access_token": "t"}' + b" " * 200, pause_s=0.02)
    with scripted(slow) as server, pytest.raises(PullFailed) as failed:
        token_of(server, replace(QUICK, tries=1, page_s=0.3))

    assert (failed.value.code, failed.value.detail) == ("source.unreachable", "too slow")


@pytest.mark.parametrize("status", [400, 401])
def test_a_secret_that_is_not_known_is_refused_at_once(status: int) -> None:
    """RFC 6749, 5.2: invalid_client comes with either."""
    with scripted(Says(status=status, body=b'{"error": "invalid_client"}')) as server, pytest.raises(AccessRefused):
        token_of(server)

    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ("https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly", 2),
        ("https://purl.imsglobal.org/spec/or/v1p1/scope/roster-demographics.readonly", 1),
        ("everything", 1),
    ],
)
def test_demographics_are_asked_for_where_guardians_stand_there(scope: str, asked: int) -> None:
    """clever-classlink C1: they have a scope of their own."""
    settings = OneRosterApi(scope=scope, guardian_columns=("Guardian1FullName,Guardian1Email,",))

    assert len(scope_of(settings).split()) == asked
    assert scope_of(OneRosterApi(scope=scope)) == scope
