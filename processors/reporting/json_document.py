"""report.json: the report for programs (INTERFACES, "report.json"; config/schemas/report.json)."""

import json
from typing import Any, Final

import polars as pl

from config.unseen import visible_in_json
from processors.guarding import GuardOutcome
from processors.reporting.contents import (
    FileCounts,
    Report,
    change_counts,
    file_counts,
    moment,
)
from processors.reporting.escaping import has_unseen
from processors.reporting.ordering import findings_in_order, rejected_rows
from validators.findings import folded

FORMAT: Final = 1

_FINDING: Final = ("code", "level", "file", "line", "column", "value", "rejects", "message", "fix", "cause", "count")


def as_json(report: Report, *, masked: bool, fold: bool = True, findings: pl.DataFrame | None = None) -> str:
    """The text of report.json; `fold` is off where every finding must be listed (`check --json`).

    Findings and rejected rows stand one a line, as polars writes them: there may be hundreds of thousands.

    Args:
        report: what is told.
        masked: whether values are reduced to kind and length.
        fold: whether findings that follow from another one are counted under it instead of listed.
        findings: as `findings_in_order` tells them, where somebody has them already.
    """
    if findings is None:
        findings = findings_in_order(report, masked=masked)
    if fold:
        findings = folded(findings)
    members = {
        "format": _told(FORMAT),
        "verdict": _told(report.verdict),
        "district": _told(report.district),
        "batch": _told(report.number),
        "received": _told(moment(report.received) if report.received else None),
        "rules": _told(report.rules),
        "version": _told(report.version),
        "mode": _told(report.mode),
        "files": _lines("\n".join(_told(_file(counts)) for counts in file_counts(report.judgement))),
        "findings": _lines(findings.select(_FINDING).write_ndjson()),
        "rejected": _lines(rejected_rows(report, masked=masked).write_ndjson()),
        "changes": _told(change_counts(report)),
        "guard": _told(_guard(report.guard) if report.guard else None),
    }
    text = ",\n".join(f' "{key}": {value}' for key, value in members.items())
    whole = f"{{\n{text}\n}}\n"
    return visible_in_json(whole) if has_unseen(whole) else whole


def document(report: Report, *, masked: bool, fold: bool = True) -> dict[str, Any]:
    """What report.json says, for a program that asks in the same process."""
    told: dict[str, Any] = json.loads(as_json(report, masked=masked, fold=fold))
    return told


def _told(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(values: str) -> str:
    """A list of values that stand one a line."""
    lines = values.strip("\n").replace("\n", ",\n  ")
    return f"[\n  {lines}\n ]" if lines else "[]"


def _file(counts: FileCounts) -> dict[str, Any]:
    facts = counts.facts
    return {
        "file": facts.file,
        "bytes": facts.bytes,
        "sha256": facts.sha256,
        "encoding": facts.encoding,
        "newline": facts.newline,
        "carried_from": facts.carried_from,
        "rows": facts.rows,
        "accepted": counts.accepted,
        "rejected": counts.rejected,
        "set_aside": dict(counts.set_aside),
    }


def _guard(outcome: GuardOutcome) -> dict[str, Any]:
    return {
        "tripped": outcome.tripped,
        "limits": [
            {
                "school": limit.school,
                "type": limit.type,
                "managed": limit.managed,
                "vanishing": limit.vanishing,
                "allowed": limit.allowed,
            }
            for limit in outcome.limits
        ],
    }
