"""Phone numbers: written as E.164, and whether one can take text messages.

A pattern decides the numbers of the North American plan, and phonenumbers the distinct rest. The pattern is made of
phonenumbers' own, so it knows no other area codes than the library (connect-behaviour 9.3, "Phone validity").
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import phonenumbers
import polars as pl
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE

from validators.distinct import each_distinct, with_others

# Of the North American plan, however it is punctuated; country code 1 may stand before it.
_TEN_DIGITS: Final = r"^(?:\+?1[ .\x{a0}-]*)?\(?([2-9][0-9]{2})\)?[ ./\x{a0}-]*([0-9]{3})[ ./\x{a0}-]*([0-9]{4})$"
# As nearly all systems print it: without its dashes it is whole, in a fifth of the time that the pattern's groups take.
_USUAL: Final = "^[2-9][0-9]{2}-[0-9]{3}-[0-9]{4}$"
_E164: Final = r"^\+[1-9][0-9]{6,14}$"
_NORTH_AMERICAN: Final = r"^\+1[0-9]{10}$"
# What a number is written with. Letters are an extension or a remark: neither can take a text.
_WRITTEN: Final = re.compile(r"[0-9+()./\- \u00a0]{7,32}")
_CANNOT_TEXT: Final = frozenset({phonenumbers.PhoneNumberType.TOLL_FREE, phonenumbers.PhoneNumberType.PREMIUM_RATE})


def as_e164(cell: pl.Expr, country: str) -> pl.Expr:
    """The number as E.164 where it can be read as one, else as it stands.

    Args:
        cell: text, trimmed.
        country: the country whose numbers come without a code (`US`).
    """
    is_north_american = phonenumbers.country_code_for_region(country) == 1
    read = _north_american if is_north_american else _read
    return cell.map_batches(lambda numbers: read(numbers, country), pl.String)


def is_textable(cell: pl.Expr) -> pl.Expr:
    """Whether a cell is a number in E.164 that is in use and can take messages; null stays null."""
    return cell.map_batches(_textable, pl.Boolean)


def _north_american(numbers: pl.Series, country: str) -> pl.Series:
    written = numbers.to_frame().select(pl.lit("+1") + pl.first().str.replace_all("-", "", literal=True)).to_series()
    return with_others(numbers, numbers.str.contains(_USUAL), written, lambda rest: _punctuated(rest, country))


def _punctuated(numbers: pl.Series, country: str) -> pl.Series:
    plain = numbers.str.replace(_TEN_DIGITS, "+1${1}${2}${3}")
    return with_others(numbers, numbers.str.contains(_TEN_DIGITS), plain, lambda rest: _read(rest, country))


def _read(numbers: pl.Series, country: str) -> pl.Series:
    return each_distinct(numbers, lambda text: _parsed(text, country))


def _textable(numbers: pl.Series) -> pl.Series:
    in_use = numbers.str.contains(_north_american_in_use())
    return with_others(numbers, in_use, in_use, lambda rest: each_distinct(rest, _is_textable_abroad, pl.Boolean))


def _is_textable_abroad(number: str) -> bool:
    return not re.fullmatch(_NORTH_AMERICAN, number) and takes_messages(number)


def takes_messages(number: str) -> bool:
    """Whether one number is in E.164, in use, and neither toll-free nor premium: the library's own verdict."""
    if not re.fullmatch(_E164, number):
        return False
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(parsed) and phonenumbers.number_type(parsed) not in _CANNOT_TEXT


def _parsed(text: str, country: str) -> str:
    if not _WRITTEN.fullmatch(text):
        return text
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return text
    if not phonenumbers.is_valid_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _kinds_of(plan: phonenumbers.PhoneMetadata) -> Iterator[phonenumbers.PhoneNumberDesc | None]:
    """What a plan knows of numbers that are neither toll-free nor premium; Canada's 600 is a number by internet."""
    yield from (plan.fixed_line, plan.mobile, plan.personal_number, plan.voip, plan.uan, plan.pager, plan.shared_cost)


@cache
def _north_american_in_use() -> str:
    """Every number of the plan that can take messages, as one pattern of the library's own."""
    plans = [phonenumbers.PhoneMetadata.metadata_for_region(region) for region in COUNTRY_CODE_TO_REGION_CODE[1]]
    kinds = [kind for plan in plans if plan for kind in _kinds_of(plan)]
    patterns = {kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern}
    return rf"^\+1(?:{'|'.join(sorted(patterns))})$".replace(r"\d", "[0-9]")
