"""The one value that every form of a report is made from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from processors.guarding import GuardOutcome
from processors.verdicts import ChangeCounts, Verdict
from validators.judging import Judgement


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
        verdict: of the batch.
        judgement: what became of every row.
        changes: counts of records; None where nothing was compared.
        guard: what was counted before applying; None where nothing was compared.
    """

    verdict: Verdict
    judgement: Judgement
    district: str | None = None
    district_name: str | None = None
    time_zone: str = "UTC"
    number: int | None = None
    received: datetime | None = None
    test: bool = False
    changes: ChangeCounts | None = None
    guard: GuardOutcome | None = None
    rules: Literal["connect", "oneroster"] = "connect"
    version: Literal["1.0", "1.1", "1.2"] = "1.1"
    mode: Literal["bulk", "delta"] = "bulk"
