"""What the store asks of a database, whichever it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from connect_store.dialect import Dialect
from connect_store.statements import Steps

if TYPE_CHECKING:
    import polars as pl


class Answer(Protocol):
    """What a statement answered."""

    @property
    def rowcount(self) -> int:
        """How many rows it touched."""
        ...

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        ...

    def fetchmany(self, size: int, /) -> list[tuple[Any, ...]]:
        """The next rows, at most so many."""
        ...


class Database(Protocol):
    """One open connection. Outside of a transaction each statement stands for itself."""

    dialect: Dialect

    def execute(self, sql: str, values: Mapping[str, object] | None = None) -> Answer:
        """Run a statement that the dialect has filled."""
        ...

    def frame(self, sql: str, schema: "Mapping[str, pl.DataType]", values: Mapping[str, object]) -> "pl.DataFrame":
        """What a statement answers, its columns in the order of the schema."""
        ...

    def fill(self, stage: str, records: "pl.DataFrame") -> None:
        """Put records into a stage, in place of what was there."""
        ...

    def begin_writing(self) -> None:
        """Begin a transaction as the only one that writes; raises StoreBusy where it is not to be had."""
        ...

    def begin_reading(self) -> None:
        """Begin a transaction that sees one moment; nobody waits for it, and stages may be filled in it."""
        ...

    def commit(self) -> None:
        """End the transaction; all of it holds."""
        ...

    def roll_back(self) -> None:
        """End the transaction, if it has not ended by itself; nothing of it holds."""
        ...

    def copy_to(self, file: Path) -> None:
        """Copy the whole store into a new SQLite file; raises StoreError where another program does that."""
        ...

    def erase(self) -> None:
        """Let nothing that was deleted stand in the files any more; outside of a transaction."""
        ...

    def pending(self, steps: Steps) -> Steps:
        """Those steps of the schema that were not carried out yet."""
        ...

    def carry_out(self, steps: Steps) -> None:
        """Carry out steps of the schema and note them, inside a transaction."""
        ...
