"""Lending: whose tables a batch carries on, and whose rejected rows can be repaired.

Both are decided when a batch is frozen, and only once every batch before it is judged. So what is frozen stays a
function of its files, and no older table is carried past a newer one that merely waits for its verdict.
"""

from datetime import datetime
from typing import Final

from config.tables import TableName
from connect_store import ledger
from connect_store.ledger import LedgerBatch
from connect_store.store import Store
from validators.no_roster import NO_ROSTER

_UNJUDGED: Final = frozenset({"frozen", "working"})


class NothingToLend(Exception):
    """A table was to be carried, and no judged batch has it."""

    exit_code = 2


class NotJudgedYet(Exception):
    """What is to be taken builds on a batch that is not finished; nothing was taken, it can be once that is done."""

    exit_code = 2

    def __init__(self, number: int) -> None:
        super().__init__(
            f"these files build on those of batch {number}, which is not finished; nothing was taken: name --wait to "
            f"finish it first, or send them again when `rosterdrop batch show {number}` says that it is reported"
        )


def lender_of(store: Store, district: str, *, test: bool) -> LedgerBatch | None:
    """The last judged batch, which lends its tables; one whose files are no roster of ours does not.

    Such are another district's files, and repaired rows that were taken for a whole file.

    Raises:
        NotJudgedYet: a newer batch may become it.
    """
    newest = ledger.last(store, district, test=test)
    if newest and newest.state in _UNJUDGED:
        raise NotJudgedYet(newest.number)
    return ledger.last_judged(store, district, test=test, but_not=NO_ROSTER)


def repairable(store: Store, district: str, *, test: bool) -> LedgerBatch | None:
    """The last judged batch, whose report gave back the rows that it rejected.

    Raises:
        NotJudgedYet: a newer batch may become it, or its report is not written yet.
    """
    lender = lender_of(store, district, test=test)
    if lender and lender.state == "decided":
        raise NotJudgedYet(lender.number)
    return lender


def lendable(batch: LedgerBatch | None, *, now: datetime, carry_hours: float) -> frozenset[TableName]:
    """Tables of a batch whose files came no longer than `carry_hours` ago."""
    if batch is None:
        return frozenset()
    return frozenset(
        file.table
        for file in batch.files
        if file.table and (now - ledger.moment(file.arrived)).total_seconds() <= carry_hours * 3600
    )


def promised(store: Store, district: str, *, test: bool, now: datetime, carry_hours: float) -> frozenset[TableName]:
    """Tables that can be lent now, or probably once the newest batch is judged."""
    newest = ledger.last(store, district, test=test)
    waits = newest if newest and newest.state in _UNJUDGED else None
    judged = ledger.last_judged(store, district, test=test, but_not=NO_ROSTER)
    return frozenset().union(*(lendable(batch, now=now, carry_hours=carry_hours) for batch in (waits, judged)))
