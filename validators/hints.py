"""What was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from validators.people import KINDS


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that this one is most like, without regard to case; None where it is like none."""
    matches = get_close_matches(word.casefold(), [name.casefold() for name in known], n=1, cutoff=0.75)
    return next((name for name in known if matches and name.casefold() == matches[0]), None)


def nearest_role(word: str) -> str | None:
    """The role that was probably meant."""
    return nearest(word.strip(), tuple(KINDS))
