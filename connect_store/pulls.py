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


def last_pull(store: Store, district: str) -> PullNote | None:
    """The last pull of a district, whatever came of it."""
    return _one(store.rows("last_pull", district=district))


def last_taken_pull(store: Store, district: str) -> PullNote | None:
    """The last pull of a district that brought a batch."""
    return _one(store.rows("last_taken_pull", district=district))


def _one(rows: list[tuple[Any, ...]]) -> PullNote | None:
    if not rows:
        return None
    at, who, outcome, code, batch, facts = rows[0]
    return PullNote(
        at=moment(at),
        who=who,
        outcome=outcome,
        code=code,
        batch=batch,
        facts=None if facts is None else json.loads(facts),
    )
