"""What to do first: what a person has to decide, then the root causes in the order of repair."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

from config.wording import Words
from processors.reporting.contents import Report
from processors.reporting.groups import Group, Place
from processors.reporting.limits import school_name, steps_without_finding, unexplained
from processors.reporting.ordering import stage_of
from processors.reporting.people import People
from processors.reporting.wording import records
from processors.verdicts import HOLDING

MOST_STEPS: Final = 5

_TOO_MANY_REJECTED: Final = "rows.rejected_share"

_MOST_LINES_NAMED: Final = 3
_MOST_REASONS: Final = 3  # of a hold; more stand below

SAFETY: Final = frozenset({"guardian.restriction.set"})
"""What somebody has to look at today, whatever else is wrong: who must not hear of a child (sis-deviations 132)."""

_SENTENCE: Final = re.compile(r"(?:“[^”]*”|(?<![.!?]) |[^ ])+")
"""Up to a blank after a full stop, but never within quotes: a value may hold one ("St. Mary"). A text that writes an
abbreviation has a no-break space after it ("a.\N{NO-BREAK SPACE}m.")."""


def first_steps(report: Report, groups: Sequence[Group], people: People, say: Words) -> tuple[str, ...]:
    """Errors before warnings, at most MOST_STEPS."""
    reasons = [group for group in groups if report.guard and group.code in report.guard.reasons]
    steps = [*(step_about(group, people, say) for group in reasons), *_decision(report, groups, people, say)]
    roots = sorted((group for group in groups if _is_root(group) and group not in reasons), key=_urgency)
    if _is_on_hold(report):
        decided = _holding(groups)
        roots = [group for group in roots if group not in decided]
    last = list(_if_right(report, groups, say))
    free = max(MOST_STEPS - len(steps) - len(last), 1)
    shown = roots if len(roots) <= free else roots[: free - 1]
    steps += [step_about(group, people, say) for group in shown]
    if len(shown) < len(roots):
        steps.append(say("step.more", count=len(roots) - len(shown)))
    return (*steps, *last)


def gist(message: str) -> str:
    """The first sentence of a message, and a question that comes right after it ("Did you mean ...?")."""
    first, *rest = sentences(message)
    return " ".join([first, *takewhile(lambda sentence: sentence.endswith("?"), rest)])


def sentences(text: str) -> list[str]:
    """A text in its sentences."""
    return _SENTENCE.findall(text)


def _decision(report: Report, groups: Sequence[Group], people: People, say: Words) -> Iterator[str]:
    """What a person has to decide before anything is repaired."""
    if report.verdict == "withheld":
        yield from steps_without_finding(report, groups, say)
        yield from _about_people(report, say)
    elif _is_on_hold(report):
        yield from _about_hold(groups, people, say)


def _about_hold(groups: Sequence[Group], people: People, say: Words) -> Iterator[str]:
    """What holds the batch, with all that its fix says: also what to ask for if the files are right."""
    for group in _holding(groups):
        if group.code != _TOO_MANY_REJECTED:
            yield step_about(group, people, say, whole=True)
    if _rejects_too_many(groups):
        yield say("step.hold")


def _if_right(report: Report, groups: Sequence[Group], say: Words) -> Iterator[str]:
    """What to ask for where many rows were rejected and the files are right all the same."""
    if _is_on_hold(report) and _rejects_too_many(groups):
        yield say("step.hold_right", number=str(report.number))


def _rejects_too_many(groups: Sequence[Group]) -> bool:
    return any(group.code == _TOO_MANY_REJECTED for group in _holding(groups))


def _holding(groups: Sequence[Group]) -> list[Group]:
    """What put the batch on hold, as far as one can take it in."""
    return [group for group in groups if group.code in HOLDING][:_MOST_REASONS]


def _about_people(report: Report, say: Words) -> Iterator[str]:
    limit = unexplained(report)
    if limit is None or report.number is None or report.test:
        return
    yield say(
        "step.people",
        vanishing=limit.vanishing,
        managed=records(say, limit.managed, limit.type),
        school=school_name(limit, report, say),
        allowed=limit.allowed,
        number=str(report.number),
    )


def _is_on_hold(report: Report) -> bool:
    return report.verdict == "held" and report.number is not None and not report.test


def _is_root(group: Group) -> bool:
    return group.level != "info" and not group.is_consequence


def _urgency(group: Group) -> tuple[bool, bool, int, int]:
    """What may put a child at risk, errors, then the order of repair, then what most findings go away with."""
    return (
        group.code not in SAFETY,
        group.level != "error",
        stage_of(group.code, group.file),
        -(group.count + group.brings),
    )


def step_about(group: Group, people: People, say: Words, *, whole: bool = False) -> str:
    """What to do about findings of one rule, with what goes away with them; `whole`: all that there is to do."""
    fix = group.fix if whole or not group.fix else sentences(group.fix)[0]
    beside = "; ".join(part for part in (_others(group, say), group.causes) if part)
    parts = (gist(group.message), fix, say("step.beside", beside=beside) if beside else None)
    return _where(group, people, say) + " ".join(part for part in parts if part)


def _others(group: Group, say: Words) -> str | None:
    """How many more there are of what has no line."""
    return say("step.others", count=group.findings - 1) if group.findings > 1 and not group.places else None


def _where(group: Group, people: People, say: Words) -> str:
    """File and line with who stands there, or number of rows, as far as the message does not say it itself."""
    if group.file is None or group.file in group.message:
        return ""
    if not group.places or group.message.startswith(f"{say.number(group.count)} "):
        return say("step.file", file=group.file)
    if group.count == 1:
        return say("step.file_line", file=group.file, line=_line(group, group.places[0], people, say))
    if not group.is_alike and group.count == group.findings:
        return say("step.first_of", file=group.file, line=_line(group, group.places[0], people, say), count=group.count)
    if group.count == len(group.places) <= _MOST_LINES_NAMED:
        lines = say.listed([_line(group, place, people, say) for place in group.places])
        return say("step.file_lines", file=group.file, lines=lines)
    return say("step.file_rows", file=group.file, count=group.count)


def _line(group: Group, place: Place, people: People, say: Words) -> str:
    who = people.at.get((group.file or "", place.line))
    return say("step.line_of", line=str(place.line), who=who) if who else str(place.line)
