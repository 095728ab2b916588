"""Who may log in over SFTP, and what they may do there, as frozen values (INTERFACES, "The drop")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Right = Literal["upload", "reports", "summaries", "files", "approve"]
Layout = Literal["single", "many"]

PRESETS: Final[Mapping[str, frozenset[Right]]] = {
    "district": frozenset({"upload", "reports", "summaries", "files", "approve"}),
    "vendor": frozenset({"upload", "summaries"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A login: which drops it sees, how, and with which rights.

    A `single` account sees its one drop as `/`, a `many` account sees a folder for each district. A public key may
    carry the options of an authorized_keys line, `certificate_authorities` sign user certificates that name the
    account as a principal, and where `allow_from` holds networks nobody logs in from elsewhere.
    """

    id: str
    districts: tuple[str, ...]
    layout: Layout
    rights: frozenset[Right]
    password_hash: str | None = None
    public_keys: tuple[str, ...] = ()
    certificate_authorities: tuple[str, ...] = ()
    allow_from: tuple[str, ...] = ()
    enabled: bool = True

    def may(self, right: Right) -> bool:
        """Whether this account has the right."""
        return right in self.rights
