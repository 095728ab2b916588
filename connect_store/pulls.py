"""When a district's roster was fetched, and what came of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from connect_store.ledger import moment, stamp
from connect_store.store import Store

Outcome = Literal["taken", "unchanged", "paused", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullNote:
    """One pull that ended.

    Attributes:
        at: when it began, aware, UTC.
        who: who asked for it.
        outcome: `taken` brought a batch; `unchanged` and `paused` had nothing new; `failed` took nothing.
        code: the finding that says why it failed.
        batch: the batch that it ended as; of one that failed the refused one that tells why.
        facts: what the source told of itself.
    """

    at: datetime
    who: str
    outcome: Outcome
    code: str | None = None
    batch: int | None = None
    facts: Mapping[str, Any] | None = None


def note_pull(store: Store, district: str, pull: PullNote) -> None:
    """Remember a pull; inside the caller's transaction."""
    store.run(
        "note_pull",
        district=district,
        at=stamp(pull.at),
        who=pull.who,
        outcome=pull.outcome,
        code=pull.code,
        batch=pull.batch,
        facts=None if pull.facts is None else json.dumps(pull.facts),
    )


def last_pulls(store: Store, district: str, *, most: int = 10) -> list[PullNote]:
    """The last pulls of a district, whatever came of them, newest first."""
    return [_note(row) for row in store.rows("last_pulls", district=district, most=most)]


def last_taken_pull(store: Store, district: str) -> PullNote | None:
    """The last pull of a district that brought a batch."""
    rows = store.rows("last_taken_pull", district=district)
    return _note(rows[0]) if rows else None


def _note(row: tuple[Any, ...]) -> PullNote:
    at, who, outcome, code, batch, facts = row
    return PullNote(
        at=moment(at),
        who=who,
        outcome=outcome,
        code=code,
        batch=batch,
        facts=None if facts is None else json.loads(facts),
    )
