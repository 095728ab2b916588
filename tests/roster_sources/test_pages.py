"""A page of JSON becomes a frame and a line that is kept: however its values come, and never with a secret."""

import json
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roster_sources.failures import PullFailed
from roster_sources.pages import REFERENCE, Form, Page, _one_by_one, read_page

PEOPLE: Final = Form(
    "users",
    {
        "sourcedId": pl.String(),
        "enabled": pl.String(),
        "grades": pl.List(pl.String),
        "org": REFERENCE,
        "agents": pl.List(REFERENCE),
        "metadata": pl.Struct({"language": pl.String}),
    },
    bare=True,
)
INSIDE: Final = Form("data", {"id": pl.String()}, inside="data")
PLAIN: Final = {
    "sourcedId": "1",
    "enabled": "true",
    "grades": ["05"],
    "org": {"sourcedId": "42"},
    "agents": [{"sourcedId": "g"}],
    "metadata": {"language": "es"},
}
SECRETS: Final = {"password", "access_token", "refresh_token", "client_secret", "bearer"}


def page_of(*records: Any) -> Page:
    return read_page(json.dumps({"users": records}).encode(), PEOPLE)


@pytest.mark.parametrize(
    "odd",
    [
        {"enabled": True},
        {"sourcedId": 1},
        {"sourcedId": ["1"]},
        {"grades": "05"},
        {"org": "42"},
        {"org": {"sourcedId": 42, "href": "https://other.example.org"}},
        {"agents": {"sourcedId": "g"}},
        {"agents": ["g"]},
        {"agents": "g"},
        {"unknown": [{"anything": None}]},
    ],
    ids=str,
)
def test_a_value_means_the_same_however_it_comes(odd: dict[str, Any]) -> None:
    """clever-classlink B5: and so it does beside records that are as they should be."""
    records = page_of({**PLAIN, **odd}, PLAIN).records

    assert records.row(0) == records.row(1) == page_of(PLAIN).records.row(0)


def test_what_cannot_be_read_as_its_kind_is_nothing() -> None:
    (row,) = page_of({"sourcedId": "1", "metadata": "none", "grades": None}).records.to_dicts()

    assert (row["sourcedId"], row["metadata"], row["grades"], row["org"]) == ("1", None, None, None)


@pytest.mark.parametrize(
    "body",
    [
        *(
            b'{"users":{"sourcedId":"1"}}',
            b'{"users":"1"}',
            b'{"users":null}',
            b'{"users":[null]}',
            b'{"users":[["1"]]}',
        ),
        *(b"{}", b"null", b"1", b"[null]", b'[[{"sourcedId":"1"}]]'),
    ],
    ids=bytes.decode,
)
def test_what_is_no_list_of_records_is_never_an_empty_one(body: bytes) -> None:
    """clever-classlink B8, C6."""
    with pytest.raises(PullFailed, match="list of records"):
        read_page(body, PEOPLE)


@pytest.mark.parametrize("body", [b'{"data":[{"id":"1"}]}', b'{"data":[{"data":null}]}', b'[{"data":[]}]'])
def test_a_record_of_clever_stands_in_an_object_of_its_own(body: bytes) -> None:
    with pytest.raises(PullFailed, match="list of records"):
        read_page(body, INSIDE)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"users":[{"sourcedId":"1"}', b'{"users":[]} x', b"\xff"])
def test_what_is_no_json_is_no_page(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_page(body, PEOPLE)


def test_a_list_may_stand_alone() -> None:
    """clever-classlink B5: a proxy was seen to send it so."""
    assert read_page(b'[{"sourcedId":"1"}]', PEOPLE).records["sourcedId"].to_list() == ["1"]


def test_links_come_with_the_page() -> None:
    page = read_page(b'{"data":[{"data":{"id":"1"}}],"links":[{"rel":"next","uri":"/2"}]}', INSIDE)

    assert page.links == [{"rel": "next", "uri": "/2"}]


def test_a_page_is_kept_on_one_line() -> None:
    page = read_page(b'\xef\xbb\xbf{"users":\r\n [{"sourcedId": "1"}]\n}\n', PEOPLE)

    assert b"\n" not in page.body
    assert json.loads(page.body) == {"users": [{"sourcedId": "1"}]}


def test_half_a_letter_is_no_letter_and_breaks_nothing() -> None:
    page = read_page(rb'{"users":[{"sourcedId":"a\ud800b"},{"sourcedId":"\ud83d\ude00"}]}', PEOPLE)

    assert page.records["sourcedId"].to_list() == ["a?b", "😀"]


@pytest.mark.parametrize(
    "pair",
    [
        r'"password":"s3cret"',
        r'"password" : "s3cret"',
        r'"Password":"s3cret"',
        r'"pass\u0077ord":"s3cret"',
        r'"\u0050ASSWORD":"s3cret"',
        '"access_to\u212aen":"s3cret"',
        r'"refresh_to\u212aen":"s3cret"',
        r'"client_secret":{"is":"s3cret"}',
        r'"bearer":["s3cret"]',
        r'"district_password":"s3cret"',
        r'"studentPassword" :"s3cret"',
        r'"pwd":"s3cret"',
        r'"Token2":"s3cret"',
        r'"pin":"s3cret"',
        r'"lunch_pin_1":"s3cret"',
        r'"studentPin":"s3cret"',
        r'"password\u00e9":"s3cret"',
        r'"a\"password":"s3cret"',
        r'"password":"a\"s3cret"',
        r'"password":"s3cret\\"',
        r'"password":null',
    ],
)
@pytest.mark.parametrize(
    ("around", "left"),
    [
        ("{%s}", {}),
        ('{%s,"a":1}', {"a": 1}),
        ('{"a":1, %s }', {"a": 1}),
        ('{"a":{"b":[{%s}]},"c":"}"}', {"a": {"b": [{}]}, "c": "}"}),
    ],
    ids=["alone", "first", "last", "deep"],
)
def test_a_secret_is_struck_out_however_it_is_written(pair: str, around: str, left: dict[str, Any]) -> None:
    """clever-classlink E 27."""
    record = '{"sourcedId":"1","more":%s}' % (around % pair)

    page = read_page(b'{"users":[%s]}' % record.encode(), PEOPLE)

    assert b"s3cret" not in page.body
    assert json.loads(page.body) == {"users": [{"sourcedId": "1", "more": left}]}
    assert page.records["sourcedId"].to_list() == ["1"]


@pytest.mark.parametrize("key", ["shipping", "Opinion", "sis_id"])
def test_a_key_that_only_looks_like_a_secret_stays(key: str) -> None:
    body = f'{{"users":[{{"{key}":"x","b":"password: no"}}]}}'

    assert json.loads(read_page(body.encode(), PEOPLE).body) == json.loads(body)


TEXTS: Final = st.text(st.sampled_from('ab",\\:{}é\u212a\n password'), max_size=12) | st.sampled_from(["password", ""])
MAYBE: Final = st.none() | TEXTS | st.booleans() | st.integers(-(10**20), 10**20)
KEYS: Final = st.sampled_from([*PEOPLE.columns, "language", "password", "Bearer", 'a"password'])
ANYTHING: Final = st.recursive(
    MAYBE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)
REFERENCES: Final = st.none() | st.dictionaries(st.sampled_from(["sourcedId", "href", "password"]), MAYBE, max_size=3)
AS_THE_FORM_SAYS: Final = st.fixed_dictionaries(
    {},
    optional={
        "sourcedId": MAYBE,
        "grades": st.none() | TEXTS | st.lists(MAYBE, max_size=3),
        "org": REFERENCES,
        "agents": st.none() | st.lists(REFERENCES, max_size=3),
        "metadata": st.none() | st.dictionaries(st.sampled_from(["language", "beside"]), MAYBE, max_size=2),
        "password": TEXTS,
        "beside": TEXTS,
    },
)
OTHERWISE: Final = st.dictionaries(KEYS, ANYTHING, max_size=5)
RECORDS: Final = st.lists(AS_THE_FORM_SAYS, max_size=4) | st.lists(AS_THE_FORM_SAYS | OTHERWISE, max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS, st.booleans(), st.sampled_from([None, 1]))
def test_both_ways_of_reading_agree(records: list[dict[str, Any]], ascii_only: bool, indent: int | None) -> None:  # noqa: FBT001 - drawn
    """What polars reads at once and what is read value by value: the same rows, and the same without secrets."""
    body = json.dumps({"users": records}, ensure_ascii=ascii_only, indent=indent).encode()

    quick, careful = read_page(body, PEOPLE), _one_by_one(body, PEOPLE)

    assert quick.records.equals(careful.records)
    assert json.loads(quick.body) == json.loads(careful.body)
    assert not SECRETS & {key.lower() for key in _keys(json.loads(quick.body))}


def _keys(value: Any) -> list[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*(value if isinstance(value, dict) else ()), *(key for one in inner for key in _keys(one))]
