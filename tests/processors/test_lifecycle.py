from typing import get_args

import pytest

from connect_store.ledger import State
from processors.lifecycle import TRANSITIONS, Event, NoSuchStep, after


@pytest.mark.parametrize("state", get_args(State))
def test_every_state_stands_in_the_table(state: State) -> None:
    assert state in TRANSITIONS


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("event", get_args(Event))
def test_an_event_leads_on_or_raises(state: State, event: Event) -> None:
    if event in TRANSITIONS[state]:
        assert after(state, event) in TRANSITIONS
    else:
        with pytest.raises(NoSuchStep, match=f"{state} cannot {event}"):
            after(state, event)


def test_every_state_is_reached_from_frozen() -> None:
    reached: set[State] = {"frozen"}
    while grown := {target for state in reached for target in TRANSITIONS[state].values()} - reached:
        reached |= grown
    assert reached == set(get_args(State))
