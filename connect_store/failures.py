"""What can be wrong with the store itself, whichever database it is.

Errors:
    StoreError
    ├── UnfitDatabase the database lacks what the statements need: too old, or it orders text in a way of its own
    ├── StoreBusy     another process held the write lock for too long
    ├── StoreVanished batches lie in the home and their store does not
    └── DiskFailed    the disk under the store is full, or reads and writes on it fail
"""


class StoreError(Exception):
    """Something about the store itself is wrong; an operator must act."""

    exit_code = 2


class UnfitDatabase(StoreError):
    """The database cannot run the store's statements as they are meant."""


class StoreBusy(StoreError):
    """Another process held the write lock for too long."""

    def __init__(self) -> None:
        super().__init__("the Connect store is busy: another command or the service is writing; try again")


class StoreVanished(StoreError):
    """A home that has had batches lacks its store: a new one would count from 1 and know nobody."""

    def __init__(self, store: str) -> None:
        super().__init__(
            f"the Connect store {store} is gone, and batches of this home are there: put it back from a backup; "
            "to begin anew without what it knew, move the folder batches away"
        )


class DiskFailed(StoreError):
    """The disk under the store is full, or reads and writes on it fail; no setting and no usage is wrong."""

    exit_code = 1
