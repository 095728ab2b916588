"""The roster as a night left it, computed backwards from what is in force through the undo records."""

from datetime import datetime
from typing import Final

import polars as pl

from connect_store.ledger import stamp
from connect_store.records import ENTITIES, EntityName
from connect_store.retention import NotKept, purged_undo
from connect_store.store import Store

_NEWEST: Final = 2**62


def last_batch_before(store: Store, district: str, moment: datetime) -> int:
    """The newest batch of a district that came before a moment, by hand or not; 0 where there was none yet."""
    ((batch,),) = store.rows("last_batch_before", district=district, moment=stamp(moment))
    return int(batch)


def roster_as_of(store: Store, district: str, batch: int) -> dict[EntityName, pl.DataFrame]:
    """Every record as it was after a batch (`Entity.in_force`), ordered by key; of a later batch nothing shows.

    Raises:
        NotKept: what a later batch changed is no longer known.
    """
    with store.reading():
        if gone := purged_undo(store, district, batch, _NEWEST):
            raise NotKept(
                f"what batch {gone.batch} changed was removed on {gone}; rosters are known from batch {gone.batch} on"
            )
        return {
            name: store.frame(
                f"{name}_as_of", dict.fromkeys(entity.in_force, pl.String()), district=district, batch=batch
            ).sort(entity.key)
            for name, entity in ENTITIES.items()
        }
