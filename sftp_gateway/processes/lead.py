"""What the processes of one gateway tell the one that leads them, as calls and as lines of JSON in a pipe.

The lead attends to the drops and must know whose sessions are still open; all else that must be known between
processes stands in the journal. A line is an array: what happened, then to whom.
"""

import json
from dataclasses import dataclass
from typing import Final, Protocol

from sftp_gateway.audit.metrics import Busy, Count
from sftp_gateway.receiving import DropId

LEAD: Final = 0  # the number of the process that leads; the others are counted from 1


@dataclass(frozen=True, slots=True)
class SessionId:
    """One session of one process; the number may come again when the session is over."""

    process: int
    number: int


class Lead(Protocol):
    """Who attends to the drops and hears what sessions do."""

    def touched(self, session: SessionId, drop_id: DropId) -> None:
        """A session changed something in a drop."""

    def left(self, session: SessionId) -> None:
        """A session is over."""

    def news(self) -> None:
        """The journal holds an arrival or an interruption that the service has not been told of."""

    def counted(self, one: Count) -> None:
        """Something happened that is counted."""

    def has_to_do(self, process: int, busy: Busy) -> None:
        """How much a process has to do now."""


NEWS_LINE = b'["news"]\n'
SERVES_LINE = b'["serves"]\n'  # the process takes connections from now on


def touched_line(session: SessionId, drop_id: DropId) -> bytes:
    """`Lead.touched` as a line."""
    return _line("touched", session.number, drop_id.district, drop_id.drop)


def left_line(session: SessionId) -> bytes:
    """`Lead.left` as a line."""
    return _line("left", session.number)


def counted_line(one: Count) -> bytes:
    """`Lead.counted` as a line."""
    return _line("counted", *one)


def busy_line(busy: Busy) -> bytes:
    """`Lead.has_to_do` as a line."""
    return _line("busy", busy.sessions, busy.handles)


def hear(line: bytes, process: int, lead: Lead) -> None:
    """Tell the lead what a line of a process says."""
    match json.loads(line):
        case ["touched", int(number), str(district), "main" | "test" as drop]:
            lead.touched(SessionId(process, number), DropId(district, drop))
        case ["left", int(number)]:
            lead.left(SessionId(process, number))
        case ["news"]:
            lead.news()
        case ["counted", str(event), str(detail), int(size)]:
            lead.counted(Count(event, detail, size))
        case ["busy", int(sessions), int(handles)]:
            lead.has_to_do(process, Busy(sessions=sessions, handles=handles))


def _line(*words: str | int) -> bytes:
    return json.dumps(words).encode() + b"\n"
