"""What a night changes, counted by type for reports and the ledger."""

import polars as pl

from connect_store.applying import CHANGE, Changes
from connect_store.records import KINDS
from processors.comparing import Comparison
from processors.verdicts import ChangeCounts


def counts(comparison: Comparison, applied: Changes) -> ChangeCounts:
    """Records by type and by what became of them; `withheld` is what `applied` leaves out of the comparison.

    A person who stays and whose schools or attributes change counts as updated.
    """
    kinds = {kind: _of_kind(comparison, applied, kind) for kind in KINDS if kind in comparison.present}
    others = {
        name: _counted(applied[name], comparison.changes[name], comparison.present[name])
        for name in ("classroom", "membership", "guardianship")
        if name in comparison.present
    }
    return kinds | others


def _of_kind(comparison: Comparison, applied: Changes, kind: str) -> dict[str, int]:
    of_kind = pl.col("kind") == kind
    people = applied["person"].filter(of_kind)
    asked = comparison.changes["person"].filter(of_kind)
    moved = (
        pl.concat([applied["attachment"].filter(of_kind).select("kind", "key"), _with_new_attributes(applied, kind)])
        .unique()
        .join(comparison.changes["person"], on=("kind", "key"), how="anti")
        .with_columns(pl.lit("updated").alias(CHANGE))
    )
    return _counted(pl.concat([people, moved], how="diagonal"), asked, comparison.present[kind])


def _with_new_attributes(applied: Changes, kind: str) -> pl.DataFrame:
    """Students of whom an attribute changes, as `kind`, `key`; nobody of another kind has any."""
    attributes = applied.get("attribute")
    if attributes is None or kind != "student":
        return pl.DataFrame(schema={"kind": pl.String, "key": pl.String})
    return attributes.filter(pl.col(CHANGE) != "unchanged").select(kind=pl.lit(kind), key="student")


def _counted(applied: pl.DataFrame, asked: pl.DataFrame, present: int) -> dict[str, int]:
    by_action = {action: applied.filter(pl.col(CHANGE) == action).height for action in _ACTIONS}
    touched = sum(by_action.values()) - by_action["archived"]
    archived = asked.filter(pl.col(CHANGE) == "archived").height
    return {**by_action, "unchanged": present - touched, "withheld": archived - by_action["archived"]}


_ACTIONS = ("created", "updated", "archived", "restored")
