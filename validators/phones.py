"""Phone numbers: written as E.164, and whether one can take text messages.

A pattern decides the numbers of the North American plan, and phonenumbers the distinct rest. The pattern is made of
phonenumbers' own, so it knows no other area codes than the library (connect-behaviour 9.3, "Phone validity").
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

import phonenumbers
import polars as pl
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE

from validators.distinct import each_distinct

# Of the North American plan, however it is punctuated; country code 1 may stand before it.
_TEN_DIGITS: Final = r"^(?:\+?1[ .\x{a0}-]*)?\(?([2-9][0-9]{2})\)?[ ./\x{a0}-]*([0-9]{3})[ ./\x{a0}-]*([0-9]{4})$"
# As nearly all systems print it: taken apart by place, four times as fast as by the pattern's groups.
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
    if phonenumbers.country_code_for_region(country) != 1:
        return _asked(cell, lambda text: _parsed(text, country))
    usual = cell.str.contains(_USUAL)
    rest = pl.when(~usual).then(cell)
    plain = rest.str.contains(_TEN_DIGITS)
    others = pl.when(~plain).then(rest)
    return (
        pl.when(usual)
        .then(pl.concat_str(pl.lit("+1"), cell.str.slice(0, 3), cell.str.slice(4, 3), cell.str.slice(8, 4)))
        .when(plain)
        .then(rest.str.replace(_TEN_DIGITS, "+1${1}${2}${3}"))
        .otherwise(_asked(others, lambda text: _parsed(text, country)))
        .name.keep()
    )


def is_textable(cell: pl.Expr) -> pl.Expr:
    """Whether a cell is a number in E.164 that is in use and can take messages; null stays null."""
    in_use = cell.str.contains(_north_american_in_use())
    rest = pl.when(~in_use).then(cell)
    foreign = rest.str.contains(_E164) & ~rest.str.contains(_NORTH_AMERICAN)
    asked = _asked(pl.when(foreign).then(rest), takes_messages, pl.Boolean)
    return pl.when(cell.is_not_null()).then(in_use | asked.fill_null(value=False))


def takes_messages(number: str) -> bool:
    """Whether one number is in E.164, in use, and neither toll-free nor premium: the library's own verdict."""
    if not re.fullmatch(_E164, number):
        return False
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(parsed) and phonenumbers.number_type(parsed) not in _CANNOT_TEXT


def _asked(cell: pl.Expr, answer: Callable[[str], object], returns: type[pl.DataType] = pl.String) -> pl.Expr:
    return cell.map_batches(lambda texts: each_distinct(texts, answer, returns), returns)


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
