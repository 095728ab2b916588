"""The audit: one JSON line for each thing that an account did, `HOME/audit/YYYY-MM-DD.jsonl`, dated in UTC.

Lines hold ids of accounts, addresses, fingerprints of keys, sizes and times; never a value out of a file or a password,
and words that a client chose only as `disguising` lets them. They are printable ASCII, each under 4 KiB and written at
once, so that several processes may write to the same file. What only looks, a listing or the state of a file, is no
line: clients ask for it all the time, and it tells them names that they may know.
"""

import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final

from config.home import Home
from sftp_gateway.audit.allowance import Allowance
from sftp_gateway.audit.audit_files import AuditFiles
from sftp_gateway.audit.disguising import Seal, client_shown

Fact = str | int | float | bool

# Facts in our own words; every other text is a client's, and only its kind and length are written.
_OURS: Final = frozenset({"district", "drop", "request", "reason", "method", "key", "authority", "missing", "folder"})
_PATHS: Final = frozenset({"path", "to"})
_LONGEST: Final = 200
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who did it and from where; before a login `account` is what the client says."""

    account: str
    address: str
    client: str  # the banner of the client's program


class Audit:
    """Writes in a thread of its own; lines keep their order and nobody waits for them.

    An account causes so many lines at once and a minute, and no more: what is left out is told as a number.

    `accounts` tells whose ids need no disguise and is asked in that thread; `heard` is told of every event at once.
    """

    def __init__(
        self,
        home: Home,
        *,
        accounts: Callable[[], Collection[str]],
        heard: Callable[[str, Mapping[str, Fact]], None] | None = None,
        keep_days: int,
    ) -> None:
        self._home = home
        self._files = AuditFiles(home.audit)
        self._accounts = accounts
        self._known: frozenset[str] = frozenset()
        self._heard = heard
        self._keep_days = keep_days
        self._tidied = date.min
        self._allowance = Allowance[tuple[str, str]]()
        self._thread = ThreadPoolExecutor(1, "audit")

    def note(self, event: str, who: Who | None = None, /, **facts: Fact | None) -> None:
        """Write down what happened."""
        told = {name: fact for name, fact in facts.items() if fact is not None}
        self.count(event, **told)
        self._thread.submit(self._write, datetime.now(UTC), event, who, told)

    def count(self, event: str, **facts: Fact) -> None:
        """Tell those that count that something happened, and write no line: of a flood not every drop is noted."""
        if self._heard:
            self._heard(event, facts)

    def tidy(self) -> None:
        """Remove the files of days that need not be known any more, once a day; the lead calls it now and then."""
        if datetime.now(UTC).date() > self._tidied:
            self._tidied = datetime.now(UTC).date()
            self._thread.submit(self._remove_old)

    def close(self) -> None:
        """Return when every line is written."""
        self._thread.shutdown(wait=True)
        for (account, address), left_out in self._allowance.untold():
            self._append(
                datetime.now(UTC), "left_out", Who(account=account, address=address, client=""), {"lines": left_out}
            )
        self._files.close()

    def _write(self, at: datetime, event: str, who: Who | None, facts: Mapping[str, Fact]) -> None:
        if who:
            takes = self._allowance.takes(whose := _whose(event, who), now_s := time.monotonic())
            if left_out := self._allowance.to_tell(whose, now_s):
                self._append(at, "left_out", who, {"lines": left_out})
            if not takes:
                return
        self._append(at, event, who, facts)

    def _append(self, at: datetime, event: str, who: Who | None, facts: Mapping[str, Fact]) -> None:
        try:
            line: dict[str, Fact] = {"at": at.isoformat(timespec="milliseconds"), "event": event}
            line |= self._told_of(who) if who else {}
            line |= {name: self._shown(name, fact, facts) for name, fact in facts.items()}
            self._files.append(at.date(), json.dumps(line).encode())
        except Exception as error:  # noqa: BLE001 - the lines after it must be written, whatever this one was
            log.error("The audit could not be written: %s", type(error).__name__)  # noqa: TRY400 - values stay out
            self.count("audit_line_lost")

    @cached_property
    def _seal(self) -> Seal:
        return Seal(audit_key(self._home))

    def _told_of(self, who: Who) -> dict[str, Fact]:
        """Who it was, as far as it is known: a connection that is turned away has not said its name."""
        account = self._account(who.account) if who.account else ""
        told = {"account": account, "from": who.address, "client": client_shown(who.client)}
        return {name: fact for name, fact in told.items() if fact}

    def _account(self, name: str) -> str:
        if name not in self._known:
            self._known |= frozenset(self._accounts())
        return self._seal.user_name(name, self._known)

    def _shown(self, name: str, fact: Fact, facts: Mapping[str, Fact]) -> Fact:
        if not isinstance(fact, str):
            return fact
        if name in _PATHS:
            return self._seal.path(fact, (str(facts.get("district")),))
        return fact[:_LONGEST] if name in _OURS else self._seal.user_name(fact, ())

    def _remove_old(self) -> None:
        try:
            self._files.remove_before(datetime.now(UTC).date() - timedelta(days=self._keep_days))
        except OSError as error:
            log.error("Old files of the audit could not be removed: %s", type(error).__name__)  # noqa: TRY400


def _whose(event: str, who: Who) -> tuple[str, str]:
    """To whom a line is counted: the account, or the address of somebody who has not proven to be one."""
    return ("", who.address) if event == "login_failed" or not who.account else (who.account, "")


def audit_key(home: Home) -> bytes:
    """The key of the seals, made where it is missing; of several processes that make it at once one wins."""
    if not home.audit_key.exists():
        made = home.audit_key.with_name(f".{home.audit_key.name}-{secrets.token_hex(8)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            home.audit_key.hardlink_to(made)
        made.unlink()
    return home.audit_key.read_bytes()
