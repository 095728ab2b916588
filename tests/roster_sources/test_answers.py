"""The answers that are kept with a batch."""

import os
from pathlib import Path

import pytest

from roster_sources.answers import Answers, kept


def test_answers_come_back_as_they_were_and_in_their_order(tmp_path: Path) -> None:
    pages = [("users", b'{"users":[{"a":",\\"page\\":"}]}'), ("users", b"[]"), ("orgs", '{"é":"é"}'.encode())]

    with Answers(tmp_path / "answers.gz") as answers:
        for collection, page in pages:
            answers.keep(collection, page)

    assert list(kept(tmp_path / "answers.gz")) == pages


def test_a_page_that_cannot_be_kept_fails_the_pull() -> None:
    """It is compressed beside the walk; the disk may be full."""
    with pytest.raises(OSError, match="No space left"), Answers(Path("/dev/full")) as answers:
        for _ in range(50):
            answers.keep("users", os.urandom(100_000))
