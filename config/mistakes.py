"""What can be wrong with settings, profiles and accounts, as values and as sentences for people.

Exceptions of this room; `exit_code` is what the command line ends with:

    ConfigError                 2
    ├── NotAHome                2   the folder holds no settings
    ├── InvalidConfig           2   files with mistakes, all of them at once
    ├── UnknownDistrict         5
    └── UnknownAccount          5
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong in a file that people edit.

    `file` as seen from the home, `key` with dots (None: the file as a whole), `says` what is wrong, `allowed` what
    would be right, `nearest` what was probably meant.
    """

    file: str
    key: str | None
    says: str
    allowed: str | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}, {self.key}" if self.key else self.file
        meant = f" Did you mean {self.nearest}?" if self.nearest else ""
        allowed = f" Allowed: {self.allowed}." if self.allowed else ""
        return f"{place}: {self.says}.{meant}{allowed}"


class ConfigError(Exception):
    """Settings, profiles or accounts cannot be used as they are."""

    exit_code: ClassVar[int] = 2


class NotAHome(ConfigError):
    """A folder that holds no settings."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not a rosterdrop home; make one with: rosterdrop init {folder}")
        self.folder = folder


class InvalidConfig(ConfigError):
    """Every mistake that was found, a line each."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes: tuple[Mistake, ...] = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


class UnknownDistrict(ConfigError):
    """No district has this id."""

    exit_code = 5

    def __init__(self, district: str, known: Sequence[str]) -> None:
        super().__init__(_unknown("district", district, known))
        self.district = district
        self.near = near(district, known)


class UnknownAccount(ConfigError):
    """No account has this id."""

    exit_code = 5

    def __init__(self, account: str, known: Sequence[str]) -> None:
        super().__init__(_unknown("account", account, known))
        self.account = account
        self.near = near(account, known)


def near(word: str, known: Iterable[str], *, at_most: int = 3) -> tuple[str, ...]:
    """Known words that look like this one, the likest first."""
    spelt = {known_word.casefold(): known_word for known_word in known}
    return tuple(spelt[match] for match in get_close_matches(word.casefold(), spelt, n=at_most, cutoff=0.6))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like this one."""
    return next(iter(near(word, known, at_most=1)), None)


def _unknown(kind: str, word: str, known: Sequence[str]) -> str:
    alike = near(word, known)
    if alike:
        return f"there is no {kind} {word!r}; did you mean {' or '.join(alike)}?"
    return f"there is no {kind} {word!r}; " + (f"there is {', '.join(sorted(known))}" if known else "there is none yet")
