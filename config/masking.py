"""What may be shown of a value outside its district's own reports; no log or masked report goes around it."""

from functools import cache, lru_cache
from typing import Literal

from config.wording import Words, flat, forms_of

Kind = Literal["empty", "digit", "letter", "character"]
"""What all characters of a value are; `character` where they are of several kinds."""


def masked(value: str | None, language: str = "en") -> str | None:
    """A value reduced to kind and length: `4 letters`, `10 digits`, `17 characters`; None stays None."""
    if value is None:
        return None
    return told(len(value), _kind(value), language)


def hidden(language: str) -> str:
    """Follows a mask within a sentence, so that nobody takes it for the value."""
    return _masks(language)("hidden")


def _kind(value: str) -> Kind:
    if value == "":
        return "empty"
    return "digit" if value.isdecimal() else "letter" if value.isalpha() else "character"


@lru_cache(maxsize=1024)
def told(length: int, kind: Kind, language: str) -> str:
    """What is shown of a value of so many characters."""
    return _masks(language)(kind, count=length)


@cache
def _masks(language: str) -> Words:
    forms = forms_of(language)
    return Words(forms, flat(forms.every["masks"]))
