"""A district that leaves for good: everything that the store holds of it, in one transaction."""

from datetime import datetime
from typing import Final

from connect_store import ledger
from connect_store.records import ENTITIES
from connect_store.store import Store

_LAST: Final = ("classroom", "person")  # links point at them
_OF_ENTITIES: Final = (
    *(f"{layer}_{name}" for name in ENTITIES for layer in ("undo", "baseline")),
    *(name for name in ENTITIES if name not in _LAST),
    *_LAST,
)
_TABLES: Final = (*_OF_ENTITIES, "permission", "pause", "outbox", "renumbered", "purged", "event", "batch")


def batches_of(store: Store, district: str) -> int:
    """How many batches a district ever had; all that the store holds of it came with one."""
    ((count,),) = store.rows("batches_of_district", district=district)
    return int(count)


def remove_district(store: Store, district: str, *, at: datetime, who: str, why: str) -> int:
    """Delete every row of a district, and enter that it was done; the number of the entry.

    Raises:
        StoreBusy: somebody else writes.
    """
    with store.writing():
        number = ledger.enter_deed(store, "remove", at=at, who=who, why=why)
        for table in _TABLES:
            store.run(f"remove_{table}", district=district)
    store.erase()
    return number
