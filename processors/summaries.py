"""What the ledger keeps of a decided batch: counts and codes, enough for the history and to make its report again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import polars as pl

from config.profiles import Exceptional
from processors.comparing import Comparison
from processors.guarding import LINKS_LOST, MOVED, GuardOutcome, Limit, Links
from processors.moving import Move
from processors.reporting.contents import FileCounts, file_counts
from validators.findings import Finding
from validators.judging import Judgement

# Records that came back and stay archived, by what the profile says; the catalogue's codes for them.
_SKIPPED: Final[Mapping[str, tuple[str, str]]] = {
    "classroom": ("class.archived.kept", "classes.csv"),
    "person": ("student.archived.kept", "users.csv"),
}
PAUSED: Final = "district.paused"
KEPT_BY_POLICY: Final = "contact.kept_by_policy"
EXCEPTIONAL: Final = "guard.exceptional"


def summary_of(judgement: Judgement, guard: GuardOutcome | None, comparison: Comparison | None) -> dict[str, Any]:
    """A decided batch in counts and codes, as JSON."""
    return {
        "files": [_file(counts) for counts in file_counts(judgement)],
        "findings": dict(judgement.findings.group_by("code").agg(pl.col("count").sum()).sort("code").iter_rows()),
        "guard": None if guard is None else _guard(guard),
        "links_lost": 0 if comparison is None else comparison.links_lost,
        "kept_by_policy": 0 if comparison is None else comparison.kept_by_policy,
        "skipped": {} if comparison is None else {name: keys.height for name, keys in comparison.skipped.items()},
    }


def guard_in(summary: Mapping[str, Any]) -> GuardOutcome | None:
    """The guard's outcome, back from a summary."""
    guard = summary.get("guard")
    if guard is None:
        return None
    return GuardOutcome(
        limits=tuple(Limit(**limit) for limit in guard["limits"]),
        reasons=tuple(guard["reasons"]),
        links=tuple(Links(**links) for links in guard.get("links", ())),
        moves=tuple(Move(**move) for move in guard.get("moves", ())),
        exceptional=Exceptional.of(guard["exceptional"]) if guard.get("exceptional") else None,
    )


def findings_in(summary: Mapping[str, Any]) -> Sequence[Finding]:
    """What was found beside judging: a pause, archived records that stay so, links that all went, and what moves."""
    return list(_found(summary, guard_in(summary)))


def _found(summary: Mapping[str, Any], guard: GuardOutcome | None) -> Iterator[Finding]:
    if summary.get("paused"):
        yield Finding(code=PAUSED)
    if guard is not None:
        yield from _found_by(guard, summary["links_lost"])
    if own := summary.get("kept_by_policy"):
        yield Finding(code=KEPT_BY_POLICY, count=own)
    for name, count in summary.get("skipped", {}).items():
        if name in _SKIPPED and count:
            code, file = _SKIPPED[name]
            yield Finding(code=code, file=file, count=count)


def _found_by(guard: GuardOutcome, links_lost: int) -> Iterator[Finding]:
    if LINKS_LOST in guard.reasons:
        yield Finding(code=LINKS_LOST, count=links_lost)
    for move in guard.moves:
        yield Finding(code=MOVED[move.type], detail=move.school, hint=str(move.managed), count=move.moved)
    if days := guard.exceptional:
        yield Finding(code=EXCEPTIONAL, detail=f"{days.limit_percent:g}", hint=str(days.last))


def _file(counts: FileCounts) -> dict[str, Any]:
    return {
        "file": counts.facts.file,
        "rows": counts.facts.rows,
        "accepted": counts.accepted,
        "rejected": counts.rejected,
        "set_aside": dict(counts.set_aside),
    }


def _guard(guard: GuardOutcome) -> dict[str, Any]:
    return {
        "limits": [asdict(limit) for limit in guard.limits],
        "reasons": list(guard.reasons),
        "links": [asdict(links) for links in guard.links],
        "moves": [asdict(move) for move in guard.moves],
        "exceptional": str(guard.exceptional) if guard.exceptional else None,
    }
