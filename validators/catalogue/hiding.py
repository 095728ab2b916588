"""What readers without the right to values may still see of a finding, and how the rest is put.

A cell of a file may hold anything: with shifted columns a name stands where a school's ID should be, and in a file
without a header the first person is the header. So what the files say is shown only where its form cannot be personal.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from config.masking import masked
from config.wording import Words, words_of
from validators.catalogue.entries import Kind
from validators.people import KINDS
from validators.schemas import every_column

BETWEEN: Final = ", "
"""Stands between the names of a list."""

# Ten or eleven digits and nothing else are a phone number; the national IDs of schools have five, seven or twelve.
_SCHOOL: Final = re.compile(r"(?=.*[0-9])(?!(?:[-.]*[0-9]){10,11}[-.]*\Z)[A-Za-z0-9_.-]{1,20}")
_HEADER: Final = re.compile(r"(?!(?:.*\d){9})[\w.-]{1,40}")


def words(language: str) -> Words:
    """What a message says beside its text and the finding's values, by language."""
    return words_of(language, "validators.catalogue", "texts/{language}/words.toml")


def is_harmless(text: str, kind: Kind) -> bool:
    """Whether a text that may have come from a cell can be shown to everybody.

    >>> is_harmless("0042", "school"), is_harmless("Lopez", "school")
    (True, False)
    >>> is_harmless("room_key", "header"), is_harmless("ana@example.org", "header")
    (True, False)
    """
    return _HARMLESS[kind](text)


def shown(text: str, kind: Kind | None, language: str, *, mark: str = "") -> str:
    """A text as everybody may read it: itself, how many names it lists, or its kind and length; `mark` tells a mask."""
    if kind is not None and is_harmless(text, kind):
        return text
    if kind in _LISTS:
        return f"{words(language)(f'list.{kind}', count=text.count(BETWEEN) + 1)}{mark}"
    return f"{masked(text, language)}{mark}"


def _all_match(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: all(map(pattern.fullmatch, text.split(BETWEEN)))


def _is_known(text: str) -> bool:
    return text in KINDS or text in every_column()


_HARMLESS: Final[Mapping[Kind, Callable[[str], bool]]] = {
    "ours": lambda _: True,
    "word": lambda _: True,
    "known": _is_known,
    "school": lambda text: _SCHOOL.fullmatch(text) is not None,
    "schools": _all_match(_SCHOOL),
    "headers": _all_match(_HEADER),
    "file": lambda text: _HEADER.fullmatch(text) is not None,
}
_LISTS: Final = frozenset({"schools", "headers"})
