"""The one value that every form of a report is made from, and what follows from it by counting."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

import polars as pl

from config.languages import DEFAULT
from config.profiles import StudentId
from processors.guarding import GuardOutcome
from processors.verdicts import ChangeCounts, Verdict
from validators.judging import Judgement
from validators.no_roster import OTHER_DISTRICT
from validators.tables import FileFacts

CHANGED_TYPES: Final = ("student", "guardian", "staff", "classroom", "membership", "guardianship")
ACTIONS: Final = ("created", "updated", "archived", "restored", "unchanged", "withheld")
SET_ASIDE_REASONS: Final = ("other_school", "duplicate", "absent", "no_contact", "other_source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is to be told about one batch, or about files judged offline (then `number` and `received` are None).

    Attributes:
        district: id of the district, None for `check` without `--against`.
        district_name: as people call it.
        time_zone: IANA name, for the times that people read.
        number: of the batch.
        received: when the batch was frozen, aware, UTC.
        test: whether it came through `test/` and nothing was applied whatever the verdict.
        language: in which people read it; codes and keys are the same in all.
        verdict: of the batch.
        judgement: what became of every row.
        changes: counts of records; None where nothing was compared.
        differences: the same record by record, as `processors.differing.DIFFERENCES`; None where it is not known.
        guard: what was counted before applying; None where nothing was compared.
        student_id: which of their IDs students are named by.
        contact: whom people ask about it; None where the profile does not say.
        answer_code: by which a district approves or discards a batch that waits for that; None where none does.
        applied_at: when the changes will be applied, where that is later than the report.
        carried: when the batches were received that files are carried from, by number; gives those files their age.
    """

    verdict: Verdict
    judgement: Judgement
    district: str | None = None
    district_name: str | None = None
    time_zone: str = "UTC"
    number: int | None = None
    received: datetime | None = None
    test: bool = False
    language: str = DEFAULT
    changes: ChangeCounts | None = None
    differences: pl.DataFrame | None = None
    guard: GuardOutcome | None = None
    rules: Literal["connect", "oneroster"] = "connect"
    version: Literal["1.0", "1.1", "1.2"] = "1.1"
    mode: Literal["bulk", "delta"] = "bulk"
    student_id: StudentId = "student_id"
    contact: str | None = None
    answer_code: str | None = None
    applied_at: datetime | None = None
    carried: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCounts:
    """Where the rows of one file ended: `rows` = `accepted` + `rejected` + everything in `set_aside`."""

    facts: FileFacts
    rejected: int
    set_aside: Mapping[str, int]

    @property
    def set_aside_in_all(self) -> int:
        """Rows set aside for whatever reason."""
        return sum(self.set_aside.values())

    @property
    def accepted(self) -> int:
        """Rows that stand."""
        return self.facts.rows - self.rejected - self.set_aside_in_all


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """How many rows were rejected, and for how many reasons: root causes, each counted once for all its rows."""

    rows: int
    reasons: int


def file_counts(judgement: Judgement) -> tuple[FileCounts, ...]:
    """Where the rows of each file ended, in the order of the judgement's facts."""
    rejected = _counted(judgement.rejected, ("file",))
    aside = _counted(judgement.set_aside, ("file", "reason"))
    return tuple(
        FileCounts(
            facts=facts,
            rejected=rejected.get((facts.file,), 0),
            set_aside={reason: aside.get((facts.file, reason), 0) for reason in SET_ASIDE_REASONS},
        )
        for facts in judgement.facts
    )


def change_counts(report: Report) -> ChangeCounts | None:
    """Changes with every type and action named, zeros too; None where nothing was compared."""
    if report.changes is None:
        return None
    counts = report.changes
    return {kind: {action: counts.get(kind, {}).get(action, 0) for action in ACTIONS} for kind in CHANGED_TYPES}


def is_foreign(report: Report) -> bool:
    """Whether these are somebody else's files, of which nothing may be written but that they came."""
    return OTHER_DISTRICT in report.judgement.findings["code"]


def moment(at: datetime) -> str:
    """A moment for programs: UTC, to the millisecond, with Z."""
    utc = at.astimezone(ZoneInfo("UTC"))
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def _counted(rows: pl.DataFrame, by: tuple[str, ...]) -> dict[tuple[str, ...], int]:
    counts: Iterable[tuple[str | int, ...]] = rows.group_by(by).len().iter_rows()
    return {tuple(str(part) for part in key): int(count) for *key, count in counts}
