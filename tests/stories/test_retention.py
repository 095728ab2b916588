"""What is kept for how long, what stays however old it is, and what everybody is told about what is gone."""

from datetime import UTC, datetime, timedelta

import pytest

from config.home import Home
from config.settings import Retention
from connect_store import ledger
from connect_store.retention import What, purged
from connect_store.retention import purge as forget
from connect_store.store import open_store
from connect_store.undo_record import NoUndoRecord
from processors import steering
from processors.locks import district_lock
from processors.retention import Round, purge
from tests.asking import change
from tests.rosterdrop.command_line import rosterdrop
from tests.stories.springfield import ANA, BEN, EVERYBODY, GIL, MATH, MEMBERS, NIGHT, TOM, Row, Running, Springfield
from tests.stories.test_steering import MANY, WHO, edits

NOW = datetime.now(UTC)


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    return springfield_at_rest


def night(springfield: Springfield, days_ago: int, users: "tuple[Row, ...]" = EVERYBODY) -> int:
    number = springfield.uploads_by_hand(users=users, classes=(MATH,), enrollments=MEMBERS).number
    springfield.turns_back_received(number, ledger.stamp(NOW - timedelta(days=days_ago)))
    return number


def lets_go(springfield: Springfield) -> Round:
    return purge(springfield.home, Retention(), now=NOW)


def gone(springfield: Springfield, number: int) -> set[What]:
    with open_store(springfield.home.store_db) as store:
        return set(purged(store, number).get(number, {}))


def run(springfield: Springfield, *arguments: str) -> str:
    answer = rosterdrop(*arguments, home=springfield.home.root)
    return answer.out + answer.err


def files_of(home: Home, number: int) -> set[str]:
    """Every file of a batch, in its folder, the drop and the summaries."""
    places = [home.batch("springfield", number), *home.root.glob(f"**/????-??-??-batch-{number}")]
    return {path.name for place in places for path in place.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("engine")
def test_each_thing_goes_after_its_days_and_whole(springfield: Springfield) -> None:
    ages = (500, 100, 40, 20, 0)
    numbers = [night(springfield, days, (*EVERYBODY[: index % 2], *EVERYBODY[1:])) for index, days in enumerate(ages)]
    assert lets_go(springfield) == Round(batches=3, busy=())

    assert [gone(springfield, number) for number in numbers] == [
        {"files", "reports", "undo"} | ({"events"} if numbers[0] != 1 else set()),
        {"files", "reports"},
        {"files"},
        set(),
        set(),
    ]
    assert files_of(springfield.home, numbers[1]) == set()
    assert not springfield.home.batch("springfield", numbers[1]).exists()
    left = files_of(springfield.home, numbers[2])
    assert "report.html" in left
    assert not {"users.csv", "context.json", "night.json"} & left
    assert "users.csv" in files_of(springfield.home, numbers[3])
    assert lets_go(springfield) == Round(batches=0, busy=())


def test_the_history_tells_what_retention_removed(springfield: Springfield) -> None:
    old = night(springfield, 100)
    night(springfield, 0)
    lets_go(springfield)

    shown = run(springfield, "batch", "show", str(old))
    assert "Not kept: frozen files, removed on" in shown
    assert "after 30 days (retention.files_days)" in shown
    assert "retention" in shown.split("History")[1]
    assert "frozen files, reports" in run(springfield, "batch", "list", "springfield")
    document = rosterdrop("--json", "batch", "list", "springfield", home=springfield.home.root).document
    assert [[one["what"] for one in batch["not_kept"]] for batch in document["batches"]] == [[], ["files", "reports"]]


def test_the_last_good_night_stays_however_old_it_is(springfield: Springfield) -> None:
    night(springfield, 900)
    good = night(springfield, 800, (BEN, GIL, TOM))
    springfield.uploads_by_hand(users=b"", classes=(MATH,), enrollments=MEMBERS)
    refused = springfield.seen
    springfield.turns_back_received(refused, ledger.stamp(NOW - timedelta(days=700)))
    lets_go(springfield)

    assert (gone(springfield, good), gone(springfield, refused)) == (set(), set())
    assert "cannot" not in run(springfield, "batch", "requeue", str(good), "--wait")
    steering.undo(springfield.home, springfield.ledger()[-1][0], **WHO)


def test_a_night_that_waits_for_its_time_keeps_its_files_up_to_then(springfield: Springfield) -> None:
    """With one day of files, on the day that has 25 hours."""
    waits = night(springfield, 100)
    night(springfield, 0)
    with open_store(springfield.home.store_db) as store, store.writing():
        due = ledger.stamp(NOW + timedelta(hours=1))
        change(store, "update batch set state = 'scheduled', due = :due where id = :id", due=due, id=waits)
    lets_go(springfield)
    assert gone(springfield, waits) == set()


def test_an_undo_after_retention_gives_back_and_keeps_what_people_did(springfield: Springfield) -> None:
    night(springfield, 900)
    newest = night(springfield, 800, (BEN, GIL, TOM))
    edits(springfield, "ben", grades="09")
    hand = springfield.ledger()[-1][0]
    springfield.turns_back_received(hand, ledger.stamp(NOW - timedelta(days=700)))
    lets_go(springfield)
    assert (gone(springfield, newest), gone(springfield, hand)) == (set(), set())

    steering.undo(springfield.home, newest, **WHO)
    assert springfield.status_of("ana") == "active"
    ben = springfield.find("ben")
    assert ben
    assert ben.grades == "09"


def test_a_night_that_waits_for_a_decision_stays(springfield: Springfield) -> None:
    springfield.settles(guard__limit_percent="10")
    night(springfield, 900, (*EVERYBODY, *MANY))
    withheld = night(springfield, 800, EVERYBODY)
    assert springfield.ledger()[-1][2] == "withheld"
    lets_go(springfield)

    assert gone(springfield, withheld) == set()
    approving = steering.approve(springfield.home, withheld, **WHO)
    assert rosterdrop("batch", "requeue", str(approving), "--wait", home=springfield.home.root).code == 0


def test_a_frozen_batch_that_nobody_worked_on_stays(springfield: Springfield) -> None:
    night(springfield, 900)
    waits = springfield.leaves_waiting(NIGHT)
    springfield.turns_back_received(waits, ledger.stamp(NOW - timedelta(days=800)))
    newer = springfield.leaves_waiting(NIGHT)
    lets_go(springfield)

    assert gone(springfield, waits) == set()
    assert "users.csv" in files_of(springfield.home, waits)
    assert newer > waits


def test_a_batch_that_carries_a_table_runs_again_without_its_lender(springfield: Springfield) -> None:
    lender = springfield.uploads_by_hand(**NIGHT).number
    borrower = springfield.uploads_by_hand(users=EVERYBODY).number
    springfield.turns_back_received(lender, ledger.stamp(NOW - timedelta(days=100)))
    lets_go(springfield)

    assert "files" in gone(springfield, lender)
    assert rosterdrop("batch", "requeue", str(borrower), "--wait", home=springfield.home.root).code == 0


def test_what_is_asked_about_a_night_that_is_gone_is_answered_in_words(springfield: Springfield) -> None:
    first = night(springfield, 500, (BEN, GIL, TOM))
    second = night(springfield, 450, EVERYBODY)
    third = night(springfield, 0, (BEN, GIL, TOM))
    lets_go(springfield)

    today = f"{NOW:%Y-%m-%d}"
    compared = run(springfield, "batch", "diff", str(first), str(third))
    assert f"what batch {second} changed was removed on {today}" in compared
    assert "nights can be compared from" in compared
    assert rosterdrop("batch", "diff", str(second), str(third), home=springfield.home.root).code == 0
    assert f"up to batch {second} was removed on {today}" in run(
        springfield, "person", "history", "springfield", "--id", "ana"
    )
    told = run(springfield, "person", "why", "springfield", "--id", "ana", "--nights", "9")
    assert f"its files were removed on {today} after 30 days" in told


def test_a_night_whose_undo_record_is_gone_is_not_undone_as_if_it_had_changed_nothing(springfield: Springfield) -> None:
    night(springfield, 900)
    newest = night(springfield, 850, (BEN, GIL, TOM))
    with open_store(springfield.home.store_db) as store, store.writing():
        forget(store, newest, "undo", at=NOW, days=400)

    with pytest.raises(NoUndoRecord, match=rf"removed on {NOW:%Y-%m-%d} after 400 days \(retention.undo_days\)"):
        steering.undo(springfield.home, newest, **WHO)
    assert springfield.status_of("ana") == "archived"
    assert springfield.ledger()[-1][0] == newest


def test_a_purged_night_cannot_be_run_again(springfield: Springfield) -> None:
    old = night(springfield, 100)
    with open_store(springfield.home.store_db) as store, store.writing():
        change(store, "update batch set verdict = 'refused' where id = :old", old=old)
    springfield.uploads_by_hand(users=b"", classes=(MATH,), enrollments=MEMBERS)
    lets_go(springfield)

    assert "cannot be run again: its frozen files were removed on" in run(springfield, "batch", "requeue", str(old))


def test_a_reader_that_comes_late_learns_that_it_missed_events(springfield: Springfield) -> None:
    night(springfield, 900, (BEN, GIL, TOM))
    night(springfield, 800, EVERYBODY)
    told = rosterdrop("--json", "connect", "events", "springfield", home=springfield.home.root).document
    night(springfield, 1, (BEN, GIL, TOM))
    lets_go(springfield)
    late = rosterdrop("connect", "events", "springfield", "--after", "0", home=springfield.home.root)
    assert "are no longer kept" in late.err
    last = told["next"]
    document = rosterdrop("--json", "connect", "events", "springfield", home=springfield.home.root).document
    assert document["missed_up_to"] == last
    assert {event["event"] for event in document["events"]} >= {"student_archived"}
    on_time = ("--json", "connect", "events", "springfield", "--after", str(last))
    assert rosterdrop(*on_time, home=springfield.home.root).document == {**document, "missed_up_to": None}


def test_a_district_that_somebody_works_on_is_left_for_later(springfield: Springfield) -> None:
    old = night(springfield, 100)
    night(springfield, 0)
    with district_lock(springfield.home, "springfield", who="a story", wait_s=0):
        assert lets_go(springfield) == Round(batches=0, busy=("springfield",))
    assert gone(springfield, old) == set()


def test_a_round_ends_at_once_where_the_service_stops(springfield: Springfield) -> None:
    old = night(springfield, 100)
    night(springfield, 0)
    assert purge(springfield.home, Retention(), now=NOW, stop=lambda: True) == Round(batches=0, busy=())
    assert gone(springfield, old) == set()


def test_receipts_and_reports_on_sets_that_were_never_whole_go_with_the_reports(springfield: Springfield) -> None:
    night(springfield, 0)
    made = [
        reports / name
        for reports in (springfield.home.reports("springfield"), springfield.home.summaries("springfield"))
        for name in ("2020-01-01-incomplete/report.txt", "receipts/20200101T000000.000Z-users.csv.json")
    ]
    fresh = springfield.home.reports("springfield") / f"{NOW:%Y-%m-%d}-incomplete"
    for path in [*made, fresh / "report.txt"]:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    lets_go(springfield)

    assert not [path for path in made if path.exists()]
    assert fresh.is_dir()


def test_the_service_lets_go_of_old_nights(springfield: Springfield) -> None:
    old = night(springfield, 100, (ANA, BEN, GIL, TOM))
    night(springfield, 0)
    folder = next(springfield.home.reports("springfield").glob(f"*-batch-{old}")).name
    with Running(springfield.home) as running:
        springfield.service = running
        springfield.pushes(users=(BEN, GIL, TOM))
        with springfield.logged_in("office") as client:
            assert folder not in client.listdir("reports")
    with open_store(springfield.home.store_db) as store:
        assert [event.who for event in ledger.events(store, old) if event.event == "purge"] == ["retention"] * 2
