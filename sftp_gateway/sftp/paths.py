"""What an account sees: a client's path becomes a place, or is refused. Nothing here touches a disk.

    single account     /                 its drop
    many account       /                 a folder for each district, read-only
                       /springfield      that district's drop
    in a drop          reports/          read-only; the masked summaries where the account may see no values
                       test/             a second drop with reports/ of its own

A place holds names, never `.`, `..`, an empty name or a slash; whoever opens it does so name by name below a folder
descriptor, so that no path of a client is ever given to the system whole.
"""

from dataclasses import dataclass
from typing import Final, Literal

from config.accounts import Account
from sftp_gateway.names import REPORTS, TEST, is_sound
from sftp_gateway.receiving import DropName
from sftp_gateway.statuses import BAD_NAME, IN_A_DISTRICT, NO_SUCH_FILE, Refusal

_MAX_PATH_BYTES: Final = 4096

Sight = Literal["values", "masked", "none"]


@dataclass(frozen=True, slots=True)
class Top:
    """The top of an account that sees a folder for each district."""


@dataclass(frozen=True, slots=True)
class InDrop:
    """A place in a drop; without names the drop itself."""

    district: str
    drop: DropName
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InReports:
    """A place in the reports of a drop; without names the folder itself."""

    district: str
    drop: DropName
    sight: Sight
    names: tuple[str, ...] = ()


Place = Top | InDrop | InReports


def sight_of(account: Account) -> Sight:
    """Which reports an account sees: with values, masked, or none."""
    if account.may("reports"):
        return "values"
    return "masked" if account.may("summaries") else "none"


def place_of(account: Account, path: bytes) -> Place:
    """Where a client's path leads for this account.

    Raises: Refusal for a name that may not be used, and for a district that the account does not see.
    """
    names = normalised(path)
    if account.layout == "single":
        return _in_district(account, account.districts[0], names)
    if not names:
        return Top()
    if names[0] not in account.districts:
        raise Refusal(NO_SUCH_FILE)
    return _in_district(account, names[0], names[1:])


def refuse_beside_districts(account: Account, path: bytes) -> None:
    """Refuse what is to be made beside the folders of the districts, where nothing is ever taken."""
    names = normalised(path)
    if account.layout == "many" and len(names) == 1 and names[0] not in account.districts and account.may("upload"):
        raise Refusal(IN_A_DISTRICT)


def normalised(path: bytes) -> tuple[str, ...]:
    """The names of a path from the top down; `..` goes up by one name, and at the top it stays there.

    A backslash is a character like any other: a Windows path is one odd name, not a way up.
    """
    if len(path) > _MAX_PATH_BYTES:
        raise Refusal(BAD_NAME)
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(BAD_NAME) from None
    names: list[str] = []
    for name in text.split("/"):
        if name == "..":
            del names[-1:]
        elif name not in {"", "."}:
            names.append(_sound(name))
    return tuple(names)


def shown(names: tuple[str, ...]) -> bytes:
    """The path as it is told to a client."""
    return b"/" + "/".join(names).encode()


def is_ours(place: Place) -> bool:
    """Whether a client can neither remove, replace nor rename it: reports, `test/` and the drops themselves."""
    return not (isinstance(place, InDrop) and place.names)


def _sound(name: str) -> str:
    if not is_sound(name):
        raise Refusal(BAD_NAME)
    return name


def _in_district(account: Account, district: str, names: tuple[str, ...]) -> Place:
    if names[:1] == (TEST,):
        return _in_drop(account, district, "test", names[1:])
    return _in_drop(account, district, "main", names)


def _in_drop(account: Account, district: str, drop: DropName, names: tuple[str, ...]) -> Place:
    if names[:1] == (REPORTS,):
        return InReports(district, drop, sight_of(account), names[1:])
    return InDrop(district, drop, names)
