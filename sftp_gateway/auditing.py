"""The audit: one JSON line for each thing that an account did, `HOME/audit/YYYY-MM-DD.jsonl`, dated in UTC.

Lines hold names of accounts, addresses and files, sizes and times; never a value out of a file, a password or a key.
Whatever a client chose is escaped by JSON, so that a line stays one line of printable ASCII.
"""

import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_LONGEST: Final = 512  # of anything that a client chose
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who did it and from where."""

    account: str
    address: str
    client: str  # the banner of the client's program


class Audit:
    """Writes in a thread of its own; lines keep their order and nobody waits for them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "audit")

    def note(self, event: str, who: Who | None = None, /, **facts: str | int | float | bool | None) -> None:
        """Write down what happened."""
        now = datetime.now(UTC)
        line: dict[str, str | int | float | bool] = {"at": now.isoformat(timespec="milliseconds"), "event": event}
        if who:
            line |= {"account": who.account, "from": who.address, "client": who.client}
        line |= {name: fact for name, fact in facts.items() if fact is not None}
        text = json.dumps({name: _short(fact) for name, fact in line.items()})
        self._thread.submit(self._append, self._folder / f"{now:%Y-%m-%d}.jsonl", text)

    def close(self) -> None:
        """Return when every line is written."""
        self._thread.shutdown(wait=True)

    def _append(self, file: Path, text: str) -> None:
        try:
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "w") as audit:
                audit.write(text + "\n")
        except OSError:
            log.exception("The audit could not be written")


def _short(fact: object) -> object:
    return fact[:_LONGEST] if isinstance(fact, str) else fact
