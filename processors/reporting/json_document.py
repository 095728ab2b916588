"""report.json: the report for programs (INTERFACES, "report.json"; config/schemas/report.json)."""

import io
import json
from collections.abc import Iterable, Iterator
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
from processors.reporting.escaping import holds_unseen
from processors.reporting.ordering import findings_in_order, rejected_rows
from validators.findings import folded

FORMAT: Final = 1

_AT_ONCE: Final = 50_000  # rows; a million in one text take gigabytes, and three times as long

_FINDING: Final = ("code", "level", "file", "line", "column", "value", "rejects", "message", "fix", "cause", "count")


def as_json(report: Report, *, masked: bool, fold: bool = True) -> str:
    """The text of report.json; `fold` is off where every finding must be listed (`check --json`)."""
    return b"".join(json_parts(report, findings_in_order(report, masked=masked), masked=masked, fold=fold)).decode()


def json_parts(report: Report, findings: pl.DataFrame, *, masked: bool, fold: bool = True) -> Iterator[bytes]:
    """What report.json holds, part by part.

    Findings and rejected rows stand one a line, as polars writes them: there may be hundreds of thousands.

    Args:
        report: what is told.
        findings: as `findings_in_order` tells them.
        masked: whether values are reduced to kind and length.
        fold: whether findings that follow from another one are counted under it instead of listed.
    """
    members: dict[str, bytes | Iterator[bytes]] = {
        "format": _told(FORMAT),
        "verdict": _told(report.verdict),
        "district": _told(report.district),
        "batch": _told(report.number),
        "received": _told(moment(report.received) if report.received else None),
        "applied_at": _told(moment(report.applied_at) if report.applied_at else None),
        "rules": _told(report.rules),
        "version": _told(report.version),
        "mode": _told(report.mode),
        "files": _listed(_told(_file(counts)) for counts in file_counts(report.judgement)),
        "findings": _listed(_lines((folded(findings) if fold else findings).select(_FINDING))),
        "rejected": _listed(_lines(rejected_rows(report, masked=masked))),
        "changes": _told(change_counts(report)),
        "guard": _told(_guard(report.guard) if report.guard else None),
    }
    before = b"{"
    for key, told in members.items():
        yield b'%s\n "%s": ' % (before, key.encode())
        yield from (told,) if isinstance(told, bytes) else told
        before = b","
    yield b"\n}\n"


def document(report: Report, *, masked: bool, fold: bool = True) -> dict[str, Any]:
    """What report.json says, for a program that asks in the same process."""
    told: dict[str, Any] = json.loads(as_json(report, masked=masked, fold=fold))
    return told


def _told(value: Any) -> bytes:
    return visible_in_json(json.dumps(value, ensure_ascii=False)).encode()


def _lines(rows: pl.DataFrame) -> Iterator[bytes]:
    """Rows one a line, some thousand at once."""
    has_unseen = holds_unseen(rows)
    for part in rows.iter_slices(_AT_ONCE):
        told = io.BytesIO()
        part.write_ndjson(told)
        lines = told.getvalue().rstrip(b"\n").replace(b"\n", b",\n  ")
        yield visible_in_json(lines.decode()).encode() if has_unseen else lines


def _listed(values: Iterable[bytes]) -> Iterator[bytes]:
    """A list of values that stand one a line."""
    before = b"[\n  "
    for value in filter(None, values):
        yield before
        yield value
        before = b",\n  "
    yield b"\n ]" if before.startswith(b",") else b"[]"


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
        "links": [
            {"type": one.type, "managed": one.managed, "ending": one.ending, "percent": one.percent}
            for one in outcome.links
        ],
    }
