"""The life of a batch as one table: from which state which event leads where. An event that does not fit raises.

`frozen` waits for its turn; `working` is being judged; `scheduled` is judged and reported, and gives way to a batch of
its own files at the time of day at which its district's nights are applied; `decided` has its verdict and, where the
verdict allows it, its changes are committed; `reported` has its report in the drop. A worker that died leaves
`working` or `decided` behind, and the same events lead on from there. A person may discard what is held or waits for
its time, and undo what was applied; an undo that is undone itself gives the batch back.
"""

from collections.abc import Mapping
from typing import Final, Literal

from connect_store.ledger import State

Event = Literal["take", "schedule", "decide", "report", "supersede", "discard", "undo", "redo", "fail"]

TRANSITIONS: Final[Mapping[State, Mapping[Event, State]]] = {
    "frozen": {"take": "working"},
    "working": {"take": "working", "schedule": "scheduled", "decide": "decided", "fail": "failed"},
    "scheduled": {"supersede": "superseded", "discard": "discarded", "fail": "failed"},
    "decided": {"report": "reported"},
    "reported": {"supersede": "superseded", "discard": "discarded", "undo": "undone"},
    "superseded": {},
    "discarded": {},
    "undone": {"redo": "reported"},
    "failed": {},
}

MOST_ATTEMPTS: Final = 3


class NoSuchStep(Exception):
    """The event does not fit the state; nothing was changed."""


def after(state: State, event: Event) -> State:
    """The state that the event leads to.

    Raises:
        NoSuchStep: a batch in this state knows no such event.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise NoSuchStep(f"a batch that is {state} cannot {event}") from None
