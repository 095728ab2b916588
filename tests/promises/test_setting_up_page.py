"""What docs/setting-up.md tells is so: its commands, the order of its steps, its events."""

import re
from typing import get_args

import pytest

from connect_store.notices import FAILED, Notice
from processors.midyear import StepName
from rosterdrop.commands import PLACES
from tests.promises.pages import Page

PAGE = Page.of("docs/setting-up.md")
TYPED = [line.removeprefix("rosterdrop ") for block in PAGE.blocks("") for line in block.splitlines()]


@pytest.mark.parametrize("typed", TYPED)
def test_a_command_takes_what_the_page_types(typed: str) -> None:
    noun, verb, *words = re.findall(r'"[^"]*"|\S+', typed)
    command = PLACES[noun].load().commands[verb]  # type: ignore[attr-defined]  # both nouns are groups
    command.make_context(verb, [word.strip('"').replace("pairs.csv", __file__) for word in words])


@pytest.mark.parametrize("command", re.findall(r"`connect ([a-z-]+)", PAGE.text))
def test_a_command_that_the_page_names_is_there(command: str) -> None:
    assert command in PLACES["connect"].load().commands  # type: ignore[attr-defined]  # a group


def test_the_steps_stand_in_their_order() -> None:
    _, *rows = PAGE.section("A school that was run by hand").rows()
    assert tuple(step for step, *_ in rows) == get_args(StepName)


def test_the_notices_are_those_of_the_store() -> None:
    _, *rows = PAGE.section("Who is told").rows()
    assert {name.strip("`") for name, _ in rows} == set(get_args(Notice))
    assert set(re.findall(r"`(\w+)`", rows[0][1])) == FAILED
