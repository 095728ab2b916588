"""What happened to a batch, in the few sentences that everybody reads."""

from collections.abc import Iterator, Mapping
from typing import Final

from processors.reporting.contents import Report, change_counts
from processors.reporting.wording import listed, many, many_records
from processors.verdicts import Verdict

BADGES: Final[Mapping[Verdict, str]] = {
    "accepted": "Accepted",
    "accepted_with_rejections": "Accepted without some rows",
    "withheld": "Accepted, removals held back",
    "held": "On hold, nothing applied",
    "refused": "Refused, nothing applied",
}

_SENTENCES: Final[Mapping[Verdict, str]] = {
    "accepted": "{files} {were} accepted.",
    "accepted_with_rejections": "{files} {were} accepted, except for {rejected}.",
    "withheld": "{files} {were} accepted, but {removals} {were} held back: nobody is archived or unlinked.",
    "held": "{files} {were} put on hold.",
    "refused": "{files} {were} refused.",
}

_ACTIONS: Final = {"created": "new", "updated": "updated", "archived": "archived", "restored": "restored"}


def is_applied(report: Report) -> bool:
    """Whether a batch with this report changes Connect."""
    return report.number is not None and not report.test and report.verdict not in {"held", "refused"}


def badge(report: Report) -> str:
    """The verdict in a few words."""
    return f"Test: {BADGES[report.verdict]}" if report.test else BADGES[report.verdict]


def headline(report: Report, rejected: int, reason: str | None) -> str:
    """What happened, in one to four sentences.

    Args:
        report: what is told.
        rejected: how many rows were rejected.
        reason: why the batch was refused or put on hold, where it was.
    """
    return " ".join(_sentences(report, rejected, reason))


def _sentences(report: Report, rejected: int, reason: str | None) -> Iterator[str]:
    is_real = report.number is not None and not report.test
    if report.test:
        yield "This was a test: nothing was applied."
    yield _SENTENCES[report.verdict].format(
        files="Tonight's files" if is_real else "These files",
        were="were" if is_real else "would be",
        rejected=many(rejected, "row"),
        removals=_removals(report),
    )
    if reason is not None:
        yield reason
    yield from _effects(report) if is_real else _possible_effects(report)


def _removals(report: Report) -> str:
    withheld = sum(by_action["withheld"] for by_action in (change_counts(report) or {}).values())
    return f"all {withheld:,} removals" if withheld > 1 else "removals"


def _effects(report: Report) -> Iterator[str]:
    if not is_applied(report):
        yield "Nothing was applied and nothing was deleted; Connect stays as it was."
    elif report.changes is not None:
        yield f"In Connect: {_changes_in_words(report)}"
        yield "Nothing was deleted."


def _possible_effects(report: Report) -> Iterator[str]:
    if report.changes is not None and report.verdict != "refused":
        yield f"Applied, they would mean: {_changes_in_words(report)}"


def _changes_in_words(report: Report) -> str:
    """Like "12 students new, 3 staff members updated and 40 other changes."."""
    every = [
        (f"{many_records(number, kind)} {word}", number)
        for kind, by_action in (change_counts(report) or {}).items()
        for action, word in _ACTIONS.items()
        if (number := by_action[action])
    ]
    if not every:
        return "no changes, all of it was there already."
    named, others = (every, []) if len(every) <= 4 else (every[:3], every[3:])
    words = [text for text, _ in named]
    if others:
        words.append(many(sum(number for _, number in others), "other change"))
    return f"{listed(words)}."
