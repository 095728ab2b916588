"""What to do first: what a person has to decide, then the root causes in the order of repair."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

from processors.reporting.contents import Report
from processors.reporting.groups import Group
from processors.reporting.limits import school_name, steps_without_finding, unexplained
from processors.reporting.ordering import stage_of
from processors.reporting.wording import many, many_records

MOST_STEPS: Final = 5

TOO_MANY_REJECTED: Final = "rows.rejected_share"
"""The finding that puts a batch on hold (connect-behaviour 9.2)."""

_SENTENCE_END: Final = re.compile(r"(?<=[.!?]) +")


def first_steps(report: Report, groups: Sequence[Group]) -> tuple[str, ...]:
    """Errors before warnings, at most MOST_STEPS."""
    reasons = [group for group in groups if report.guard and group.code in report.guard.reasons]
    steps = [*map(_step, reasons), *_decision(report, groups)]
    roots = sorted((group for group in groups if _is_root(group) and group not in reasons), key=_urgency)
    if _is_on_hold(report):
        roots = [group for group in roots if group.code != TOO_MANY_REJECTED]
    free = max(MOST_STEPS - len(steps), 1)
    shown = roots if len(roots) <= free else roots[: free - 1]
    steps += [_step(group) for group in shown]
    if len(shown) < len(roots):
        steps.append(f"Then {many(len(roots) - len(shown), 'more kind')} of findings, listed below.")
    return tuple(steps)


def gist(message: str) -> str:
    """The first sentence of a message, and a question that comes right after it ("Did you mean ...?")."""
    first, *rest = sentences(message)
    return " ".join([first, *takewhile(lambda sentence: sentence.endswith("?"), rest)])


def sentences(text: str) -> list[str]:
    """A text in its sentences."""
    return _SENTENCE_END.split(text)


def _decision(report: Report, groups: Sequence[Group]) -> Iterator[str]:
    """What a person has to decide before anything is repaired."""
    if report.verdict == "withheld":
        yield from steps_without_finding(report, groups)
        yield from _about_people(report)
    elif _is_on_hold(report):
        yield "Correct the export and send better files: mostly one mistake explains all rejected rows."
        yield (
            "If these files are right, ask us (support) to raise the limit guard.rejected_percent and to run batch "
            f"{report.number} again."
        )


def _about_people(report: Report) -> Iterator[str]:
    limit = unexplained(report)
    if limit is None or report.number is None or report.test:
        return
    yield (
        f"{limit.vanishing:,} of {many_records(limit.managed, limit.type)} of {school_name(limit, report)} are not in "
        f"tonight's files; at most {limit.allowed:,} may leave in one night. If your export lost them, send it again. "
        f"If they really left, ask us (support) to raise the limit and run batch {report.number} again."
    )


def _is_on_hold(report: Report) -> bool:
    return report.verdict == "held" and report.number is not None and not report.test


def _is_root(group: Group) -> bool:
    return group.level != "info" and not group.is_consequence


def _urgency(group: Group) -> tuple[bool, int, int]:
    """Errors, then the order of repair, then what most findings go away with."""
    return group.level != "error", stage_of(group.code, group.file), -(group.count + group.brings)


def _step(group: Group) -> str:
    fix = sentences(group.fix)[0] if group.fix else None
    causes = f"({group.causes})" if group.causes else None
    return _where(group) + " ".join(part for part in (gist(group.message), fix, causes) if part)


def _where(group: Group) -> str:
    """File and line or number of rows, as far as the message does not say it itself."""
    if group.file is None or group.file in group.message:
        return ""
    if not group.places:
        return f"{group.file}: "
    return f"{group.file}, {f'line {group.places[0].line}' if group.count == 1 else f'{group.count:,} rows'}: "
