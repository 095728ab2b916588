"""A district answers to a batch that waits for it: one line in a file, by an account that may approve."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.loading import load_accounts, load_profile
from connect_store import ledger
from connect_store.store import open_store
from processors.answers import code_of
from rosterdrop.answering import take_answer
from sftp_gateway import Arrival, ArrivedFile
from tests.stories.springfield import EVERYBODY, GIL, NIGHT, TOM, Springfield, person

LEAVERS = [person(f"s{number:02}", "student") for number in range(10)]


@pytest.fixture
def withheld(springfield: Springfield) -> Springfield:
    """A district of whose students ten are gone tonight, more than may go."""
    springfield.pushes(users=[*EVERYBODY, *LEAVERS])
    springfield.settles(guard__limit_percent="10")
    assert springfield.pushes().verdict == "withheld"
    return springfield


def line_of(springfield: Springfield) -> str:
    """The line that the report tells to send."""
    told = " ".join(springfield.reads("reports/latest.txt").split())
    found = re.search(r'"(approve \d+ [A-Z0-9-]+)"', told)
    assert found, told
    return found[1]


def answers(springfield: Springfield, line: str, *, account: str = "office") -> str:
    """Send an answer; what came of it, as the district reads it."""
    springfield.uploads({"answer.txt": line.encode()}, account=account)
    return springfield.waits_for("reports/answer.txt")


def test_a_district_approves_what_was_withheld(withheld: Springfield) -> None:
    told = answers(withheld, f"{line_of(withheld)} they moved to Shelby\n")

    assert told.strip().endswith("Batch 2 is approved. Batch 3 applies it, and its report follows.")
    assert withheld.next_report().verdict == "accepted"
    assert withheld.status_of("s00") == "archived"
    assert withheld.history_of(2)[-1] == ("approve", "office", "as batch 3: they moved to Shelby")
    with withheld.logged_in("office") as client:
        assert "answer.txt" not in client.listdir("/")


def test_a_district_discards_what_was_held(springfield: Springfield) -> None:
    springfield.settles(guard__rejected_at_least="1")
    springfield.pushes(users=[GIL, TOM, *({**row, "role": "pupil"} for row in LEAVERS)])
    told = answers(springfield, line_of(springfield).replace("approve", "DISCARD"))

    assert told.strip().endswith("Batch 1 is discarded. Nothing of it will be applied.")
    assert springfield.ledger() == [(1, "discarded", "held")]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("approve 2 AAAA-AAAA", "do not belong together"),
        ("approve 1 AAAA-AAAA", "do not belong together"),
        ("yes please", "must be like: approve 42 K7Q2-M9XD"),
        ("", "must be like"),
        ("\x00\xff" * 5000, "must be like"),
    ],
)
def test_an_answer_that_names_no_waiting_batch_does_nothing(withheld: Springfield, line: str, says: str) -> None:
    assert says in answers(withheld, line)
    assert [number for number, _, _ in withheld.ledger()] == [1, 2]


def test_a_district_answers_in_spanish_and_is_answered_so(withheld: Springfield) -> None:
    withheld.settles(report__language="es")
    line = line_of(withheld).replace("approve", "Aprobar")

    assert answers(withheld, f"“{line}”").strip().endswith("El lote 3 lo aplica, y después llega su informe.")


def test_an_answer_in_test_is_told_that_it_does_nothing(withheld: Springfield) -> None:
    withheld.uploads({"test/answer.txt": line_of(withheld).encode()}, account="office")
    assert "does nothing in test/" in withheld.waits_for("test/reports/answer.txt")
    assert [number for number, _, _ in withheld.ledger()] == [1, 2]
    with withheld.logged_in("office") as client:
        assert "answer.txt" not in client.listdir("/test")


def test_who_may_not_approve_does_nothing(withheld: Springfield) -> None:
    assert "This account may not approve" in answers(withheld, line_of(withheld), account="vendor")
    assert [number for number, _, _ in withheld.ledger()] == [1, 2]


def test_an_answer_comes_too_late_after_a_week(withheld: Springfield) -> None:
    line = line_of(withheld)
    withheld.turns_back_received(2, "2026-01-01T00:00:00.000Z")
    assert "older than 7 days" in answers(withheld, line)


def test_the_summary_for_vendors_names_no_code(withheld: Springfield) -> None:
    assert "answer.txt" not in withheld.reads("reports/latest.txt", account="vendor")


def test_a_withheld_night_that_waits_for_its_time_can_be_approved(springfield: Springfield) -> None:
    springfield.pushes(users=[*EVERYBODY, *LEAVERS])
    later = datetime.now(ZoneInfo("America/Chicago")) + timedelta(hours=3)
    springfield.settles(guard__limit_percent="10", sync__start_time=f"{later:%H:%M}")
    report = springfield.pushes()
    assert (report.verdict, report.document["applied_at"] is None) == ("withheld", False)
    springfield.waits_until(lambda: springfield.ledger()[1][1] == "scheduled")

    assert "Batch 2 is approved" in answers(springfield, line_of(springfield))
    springfield.waits_until(lambda: springfield.status_of("s00") == "archived")
    assert springfield.settled_ledger()[1] == (2, "superseded", "withheld")


def test_what_another_account_put_in_place_of_an_answer_is_not_that_answer(springfield_at_rest: Springfield) -> None:
    home = springfield_at_rest.home
    springfield_at_rest.uploads_by_hand(**{**NIGHT, "users": [*EVERYBODY, *LEAVERS]})
    springfield_at_rest.settles(guard__limit_percent="10")
    number = springfield_at_rest.uploads_by_hand(**NIGHT).number
    with open_store(home.store_db) as store:
        line = f"approve {number} {code_of(ledger.require(store, number))}".encode()
    path = home.root / "answer.txt"
    path.write_bytes(b"hello")
    arrival = arrival_of(path, account="office")
    path.unlink()
    path.write_bytes(line)

    take_answer(home, load_accounts(home), arrival, load_profile(home, "springfield"))
    assert len(springfield_at_rest.ledger()) == number, "the office said something else"
    assert path.exists(), "it comes as an arrival of its own"

    for _ in range(2):  # a crash tells an arrival twice
        path.write_bytes(line)
        take_answer(home, load_accounts(home), arrival_of(path, account="office"), load_profile(home, "springfield"))
        assert len(springfield_at_rest.ledger()) == number + 1
        assert (
            f"Batch {number} is approved. Batch {number + 1}"
            in (home.reports("springfield") / "answer.txt").read_text()
        )


def arrival_of(path: Path, *, account: str) -> Arrival:
    seen = path.stat()
    file = ArrivedFile(
        name=path.name,
        table=None,
        path=path,
        size=seen.st_size,
        inode=seen.st_ino,
        mtime_ns=seen.st_mtime_ns,
        generation=1,
        by_gateway=True,
        arrived_at=datetime.now(UTC),
        account=account,
    )
    return Arrival(district="springfield", drop="main", file=file)
