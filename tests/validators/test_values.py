"""Cells as Connect will hold them."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.validators.examples import table
from validators import grades, languages
from validators.hints import nearest_role
from validators.phones import as_e164, is_textable, takes_messages
from validators.values import listed, normalised


def cell(column: str, text: str, *, country: str = "US") -> str | None:
    rows = table("users", [{"sourcedId": "x", column: text}]).rows
    value: str | None = normalised(rows, "users", country=country)[column].item()
    return value


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(("9", "09"), ("09", "09"), ("K", "KG"), ("kg", "KG"), ("0", "KG"), ("Grade 5", "05"), ("5th", "05")),
        *(("5th Grade", "05"), ("Gr. 3", "03"), ("PK3", "PK"), ("TK", "TK"), ("ug", "UG"), ("other", "Other")),
        *(("9,10", "09,10"), ("9-12", "09,10,11,12"), ("K-2", "KG,01,02"), ('["10"]', "10"), ("9, 9", "09")),
        *(("14", "14"), ("-1", "-1"), ("upper", "upper"), ("12-9", "12-9")),
    ],
)
def test_grades_become_codes_or_stay_to_be_rejected(written: str, code: str) -> None:
    """connect-behaviour 9.3: grade codes."""
    assert grades.as_codes(written) == code


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(("es", "es"), ("ES-MX", "es-MX"), ("es_mx", "es-MX"), ("spa", "es"), ("Spanish", "es"), ("ENG", "en")),
        *(("zh-hans", "zh-Hans"), ("Haitian Creole", "ht"), ("01", "01"), ("ENG;SPA", "ENG;SPA")),
    ],
)
def test_languages_become_codes_or_stay_to_be_rejected(written: str, code: str) -> None:
    assert languages.as_code(written) == code


@pytest.mark.parametrize(
    ("column", "written", "held"),
    [
        ("role", "Student", "student"),
        ("status", "ACTIVE", "active"),
        ("email", "mailto:Ann.B@School.ORG,", "Ann.B@school.org"),
        ("email", "<ann@x.org>", "ann@x.org"),
        ("email", "nobody", "nobody"),
        ("grades", "9", "09"),
        ("sms", "(212) 555-0143", "+12125550143"),
    ],
)
def test_harmless_differences_vanish(column: str, written: str, held: str | None) -> None:
    assert cell(column, written) == held


@pytest.mark.parametrize(
    ("written", "held", "usable"),
    [
        ("212-555-0143", "+12125550143", True),
        ("1 (212) 555.0143", "+12125550143", True),
        ("+1 212 555 0143", "+12125550143", True),
        ("416-555-0143", "+14165550143", True),
        ("+44 20 7946 0018", "+442079460018", True),
        ("800-555-0143", "+18005550143", False),
        ("900-555-0143", "+19005550143", False),
        ("555-555-5555", "+15555555555", False),
        ("000-000-0000", "000-000-0000", False),
        ("555-0143", "555-0143", False),
        ("212-555-0143 x12", "212-555-0143 x12", False),
        ("212-555-0143; 212-555-0144", "212-555-0143; 212-555-0144", False),
        ("212-555-0143 (mom)", "212-555-0143 (mom)", False),
        ("unlisted", "unlisted", False),
    ],
)
def test_phones_are_written_as_e164_and_judged(written: str, held: str, *, usable: bool) -> None:
    """connect-behaviour 9.3: phone validity."""
    frame = pl.DataFrame({"phone": [written]})
    number = frame.select(as_e164(pl.col("phone"), "US"))
    assert number.item() == held
    assert number.select(is_textable(pl.col("phone"))).item() is usable


def test_the_country_of_the_profile_reads_its_own_numbers() -> None:
    assert cell("sms", "020 7946 0018", country="GB") == "+442079460018"
    assert cell("sms", "204-555-0143", country="CA") == "+12045550143"


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"\+1[2-9][0-9]{9}", fullmatch=True) | st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_the_pattern_decides_as_phonenumbers_does(number: str) -> None:
    """connect-behaviour 9.3: phone validity."""
    assert pl.DataFrame({"n": [number]}).select(is_textable(pl.col("n"))).item() is takes_messages(number)


@settings(max_examples=200, deadline=None)
@given(st.text("0123456789()+- ./x;", max_size=18))
def test_what_is_written_as_e164_is_written_so_again(text: str) -> None:
    frame = pl.DataFrame({"n": [text]})
    once = frame.select(as_e164(pl.col("n"), "US"))
    assert once.select(as_e164(pl.col("n"), "US")).equals(once)


def test_lists_keep_their_order_and_each_id_once() -> None:
    cells = pl.DataFrame({"ids": ["b, a,,b", "a", " , ", None]}).select(listed(pl.col("ids")))["ids"].to_list()
    assert cells == [["b", "a"], ["a"], [], None]


@pytest.mark.parametrize(
    ("word", "meant"), [("teachr", "teacher"), ("Studnt", "student"), ("counselor", None), ("x", None)]
)
def test_the_nearest_role_is_proposed(word: str, meant: str | None) -> None:
    assert nearest_role(word) == meant
