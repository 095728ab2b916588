"""The journal forgets what nobody asks for any more."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.home import Home
from sftp_gateway.drops.arrivals import FileIdentity, Journal, Origin, Standing
from sftp_gateway.folders import make_private
from sftp_gateway.receiving import DropId

MAIN = DropId("springfield", "main")
FILE = FileIdentity(5, 7, 9)
BEGAN = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    home = Home(tmp_path)
    make_private(home.drops)
    journal = Journal(home.gateway_db, home.drops)
    yield journal
    journal.close()


def renamed_on_and_on(journal: Journal, *, told: bool = True) -> Standing:
    names = ("a.csv", "b.csv")
    for number in range(100):
        arrival = journal.arrive(
            MAIN,
            names[number % 2],
            FILE,
            at=BEGAN + timedelta(minutes=number),
            origin=Origin(by_gateway=True),
            renamed_from=names[(number + 1) % 2],
        )
        if told:
            journal.told_arrival(arrival.file.generation)
    return arrival


def generations(journal: Journal) -> list[int]:
    return [row["generation"] for row in journal._db.execute("select generation from arrival order by 1").fetchall()]


def test_a_file_that_is_renamed_without_end_leaves_few_traces(journal: Journal) -> None:
    last = renamed_on_and_on(journal)
    assert 1 < len(generations(journal)) < 15  # a set that is being frozen may still take what just went
    assert journal.current(MAIN) == [last]


def test_a_taken_file_leaves_the_generation_that_was_taken_and_the_one_that_stands(journal: Journal) -> None:
    first = journal.arrive(MAIN, "users.csv", FILE, at=BEGAN, origin=Origin(by_gateway=True))
    journal.told_arrival(first.file.generation)
    journal.take([first.file.generation], 3, BEGAN)
    journal.gone(MAIN, "users.csv", BEGAN)
    last = renamed_on_and_on(journal)
    kept = generations(journal)
    assert kept[0] == first.file.generation
    assert len(kept) <= 3
    assert last.taken
    assert journal.arrive(MAIN, "users.csv", FILE, at=BEGAN, origin=Origin()).taken


def test_what_the_service_has_not_heard_of_is_never_forgotten(journal: Journal) -> None:
    renamed_on_and_on(journal, told=False)
    arrivals, _ = journal.untold()
    assert len(arrivals) == 100
