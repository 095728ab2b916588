"""Tables and a profile in, verdict on every row out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import polars as pl

from config.tables import TableName
from validators.tables import FileFacts

SetAsideReason = Literal["other_school", "duplicate", "absent", "no_contact", "other_source"]

REJECTED: Final[dict[str, pl.DataType]] = {
    "file": pl.String(),
    "line": pl.UInt32(),
    "key": pl.String(),
    "codes": pl.List(pl.String()),
    "cascade": pl.Boolean(),
}
"""Shape of the rejected rows, each once. `key`: sourcedId, or `class/user` and `student/guardian` for pairs."""

SET_ASIDE: Final[dict[str, pl.DataType]] = {
    "file": pl.String(),
    "line": pl.UInt32(),
    "key": pl.String(),
    "reason": pl.String(),
}
"""Shape of the rows that are no fault and are not brought in, each once."""

KEPT: Final = "kept"
"""Column of standing rows (list of str): columns whose value was rejected, so that what is stored stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows that judging must know too; empty where `check` works without a store.

    Attributes:
        guardians: sourcedIds of guardians that Connect has: one who lost every contact is no newcomer to set aside.
        guardians_file_seen: whether guardians.csv has ever come, which decides `guardians.source = "auto"`.
    """

    guardians: frozenset[str] = frozenset()
    guardians_file_seen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of every row of a batch. Rows of a file = standing + rejected + set aside, checked when it is made.

    Attributes:
        facts: one entry a file, in the order users, classes, enrollments, guardians.
        standing: the accepted rows of each table that is part of the batch: `line` u32, `kept` list of str, and text
            columns with values as Connect will hold them (roles canonical, phones E.164, grades as CEDS codes).
        findings: as FINDINGS, unfolded; `cause` points into this same frame.
        rejected: as REJECTED.
        set_aside: as SET_ASIDE.
        protected: keys of rejected rows, whose records must stay as they were. One text column `key` for users and
            classes (sourcedId); `classSourcedId`, `userSourcedId` for enrollments; `studentSourcedId`,
            `guardianSourcedId` for guardians. Of a row that could not be read, every cell that might be a key is here.
        refused: whether nothing of this batch can be applied.
        withholds: codes of findings that forbid archiving and unlinking tonight, whatever the guard counts.
        schools: SIS ID to name of the schools that count: the profile's, or those found where it says `auto`.
        guardians_from: which table brings guardians tonight; None where neither does.
    """

    facts: tuple[FileFacts, ...]
    standing: Mapping[TableName, pl.DataFrame]
    findings: pl.DataFrame
    rejected: pl.DataFrame
    set_aside: pl.DataFrame
    protected: Mapping[TableName, pl.DataFrame] = field(default_factory=dict)
    refused: bool = False
    withholds: tuple[str, ...] = ()
    schools: Mapping[str, str] = field(default_factory=dict)
    guardians_from: Literal["users", "guardians"] | None = None
