"""What happened to a batch, in the few sentences that everybody reads."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from config.wording import Words
from processors.reporting.contents import LeftOut, Report, change_counts
from validators import catalogue

_ACTIONS: Final = ("created", "updated", "archived", "restored")


def is_applied(report: Report) -> bool:
    """Whether the batch of this report changed Connect."""
    is_later = report.applied_at is not None
    return report.number is not None and not report.test and not is_later and report.verdict not in {"held", "refused"}


def badge(report: Report, say: Words) -> str:
    """The verdict in a few words."""
    told = say(f"{'badge_conform' if report.rules == 'oneroster' else 'badge'}.{report.verdict}")
    if report.applied_at is not None:
        return say("badge.later", badge=told)
    return say("badge.test", badge=told) if report.test else told


def headline(report: Report, left_out: LeftOut, reason: str | None, say: Words) -> str:
    """What happened, in one to four sentences.

    Args:
        report: what is told.
        left_out: how many rows were rejected, and for how many reasons.
        reason: why the batch was refused or put on hold, where it was.
        say: the language.
    """
    return " ".join(_sentences(report, left_out, reason, say))


def _sentences(report: Report, left_out: LeftOut, reason: str | None, say: Words) -> Iterator[str]:
    is_real = report.number is not None and not report.test
    if report.test:
        yield say("effect.test")
    if report.rules == "oneroster":
        yield _whether_they_conform(report, left_out, say)
    else:
        yield _what_became_of_them(report, left_out, "tonight" if is_real else "these", say)
    if reason is not None:
        yield reason
    yield from _effects(report, say) if is_real else _possible_effects(report, say)


def _whether_they_conform(report: Report, left_out: LeftOut, say: Words) -> str:
    warnings = report.judgement.findings.filter(pl.col("code").is_in(list(catalogue.of_level("warning")))).height
    if report.verdict == "accepted" and warnings:
        return say("conformance.warned", count=warnings, version=report.version)
    return say(
        f"conformance.{report.verdict}",
        count=left_out.rows,
        reasons=say("reasons", count=left_out.reasons),
        version=report.version,
    )


def _what_became_of_them(report: Report, left_out: LeftOut, which: str, say: Words) -> str:
    if report.verdict == "accepted_with_rejections":
        return say(
            f"{which}.accepted_with_rejections",
            count=left_out.rows,
            reasons=say("reasons", count=left_out.reasons),
        )
    removals = sum(by_action["withheld"] for by_action in (change_counts(report) or {}).values())
    if report.verdict == "withheld" and removals:
        return say(f"{which}.withheld_counted", count=removals)
    return say(f"{which}.{report.verdict}")


def _effects(report: Report, say: Words) -> Iterator[str]:
    if report.applied_at is not None:
        yield say("effect.later", at=say.time(report.applied_at, report.time_zone))
        yield from _possible_effects(report, say)
    elif not is_applied(report):
        yield say("effect.none")
    elif report.changes is not None:
        yield say("effect.applied", changes=_changes_in_words(report, say))
        yield say("effect.archived" if _archives(report) else "effect.kept")


def _possible_effects(report: Report, say: Words) -> Iterator[str]:
    if report.changes is not None and report.verdict != "refused":
        yield say("effect.would", changes=_changes_in_words(report, say))


def _archives(report: Report) -> bool:
    return any(by_action["archived"] for by_action in (change_counts(report) or {}).values())


def _changes_in_words(report: Report, say: Words) -> str:
    """Like "12 students new, 3 staff members updated and 40 other changes."."""
    every = [
        (say(f"{action}.{kind}", count=number), number)
        for kind, by_action in (change_counts(report) or {}).items()
        for action in _ACTIONS
        if (number := by_action[action])
    ]
    if not every:
        return say("changes.none")
    named, others = (every, []) if len(every) <= 4 else (every[:3], every[3:])
    words = [text for text, _ in named]
    if others:
        words.append(say("changes.others", count=sum(number for _, number in others)))
    return say("changes.some", changes=say.listed(words))
