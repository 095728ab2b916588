"""A district that is removed is gone from every place, and nobody else is."""

import shutil
from pathlib import Path

import pytest

from config.accounts import PRESETS, Account
from config.loading import load_accounts
from config.writing import add_account, add_district, profile_text
from connect_store import ledger
from connect_store.directory import find_people
from connect_store.store import open_store
from processors.locks import district_lock
from rosterdrop import removing
from tests.asking import ask, change, columns_of
from tests.rosterdrop.command_line import Answer, rosterdrop
from tests.stories.springfield import ANA, EVERYBODY, MATH, MEMBERS, NIGHT, Running, Springfield, person
from tests.stories.test_retention import NOW

ZARA = person("zara-77", "student", givenName="Zarathustra", familyName="Quux", email="zarathustra@example.org")


@pytest.fixture
def springfield(springfield_at_rest: Springfield) -> Springfield:
    """Beside it the district shelby, and an account that sees both."""
    district = springfield_at_rest
    add_district(district.home, "shelby", profile_text("Shelby", "America/Denver", {"7": "East"}, None))
    both = ("springfield", "shelby")
    add_account(
        district.home, Account(id="sis", districts=both, layout="many", rights=PRESETS["vendor"], password_hash=None)
    )
    return district


def removes(springfield: Springfield, *options: str, stdin: str = "") -> Answer:
    return rosterdrop("district", "remove", "springfield", *options, home=springfield.home.root, stdin=stdin)


def uploads_to_shelby(springfield: Springfield, folder: Path) -> Answer:
    folder.mkdir(exist_ok=True)
    (folder / "users.csv").write_text(
        "sourcedId,orgSourcedIds,role,givenName,familyName\nsol,7,student,Sol,Winter\n", encoding="utf-8"
    )
    (folder / "classes.csv").write_text("sourcedId,title,schoolSourcedId\nart,Art,7\n", encoding="utf-8")
    (folder / "enrollments.csv").write_text("classSourcedId,userSourcedId,role\nart,sol,student\n", encoding="utf-8")
    return rosterdrop("batch", "upload", "shelby", folder, "--wait", home=springfield.home.root)


def test_nothing_of_a_removed_district_is_left_and_everything_of_others_is(
    springfield: Springfield, tmp_path: Path
) -> None:
    with Running(springfield.home) as running:
        springfield.service = running
        springfield.pushes(users=(*EVERYBODY, ZARA), zarathustra_notes=b"Zarathustra")
        springfield.pushes(users=EVERYBODY)
        springfield.pushes(users=(*EVERYBODY, ZARA))
    assert uploads_to_shelby(springfield, tmp_path / "shelby").code == 0
    assert b"Zarathustra" in springfield.bytes_outside()
    last = springfield.ledger()[-1][0]
    answer = removes(springfield, "--yes", "--why", "contract ended")

    assert answer.code == 0, answer.err
    left = springfield.bytes_outside(springfield.home.audit)
    for trace in (b"Zarathustra", b"zarathustra", b"zara-77", b"gil@example.org"):
        assert trace not in left, [
            path for path in springfield.home.root.rglob("*") if path.is_file() and trace in path.read_bytes()
        ]
    for above in ("drops", "batches", "summaries"):
        assert not (springfield.home.root / above / "springfield").exists()
    with open_store(springfield.home.store_db) as store:
        assert find_people(store, "shelby", key="sol")
        (event,) = ledger.events(store, last + 1)
    people = "1 guardian, 1 staff, 3 student active in Connect, 3 batches"
    assert event.detail == f"springfield (Springfield Unified): {people}; contract ended"
    assert set(load_accounts(springfield.home)) == {"sis"}
    assert load_accounts(springfield.home)["sis"].districts == ("shelby",)
    assert uploads_to_shelby(springfield, tmp_path / "shelby").code == 0


def test_a_district_that_comes_again_starts_anew(springfield: Springfield) -> None:
    before = springfield.uploads_by_hand(**NIGHT).number
    removes(springfield, "--yes")
    assert rosterdrop("person", "find", "springfield", "--id", "ana", home=springfield.home.root).code == 5
    add_district(springfield.home, "springfield", profile_text("Again", "UTC", {"0042": "Lincoln High"}, None))
    again = springfield.uploads_by_hand(users=(ANA,), classes=(MATH,), enrollments=MEMBERS[:1])
    assert again.number > before
    assert again.document["changes"]["student"]["created"] == 1
    with Running(springfield.home):
        pass


def test_a_district_that_has_work_is_not_removed(springfield: Springfield) -> None:
    springfield.leaves_waiting(NIGHT)
    answer = removes(springfield, "--yes")
    assert (answer.code, "is not finished, and nothing was removed" in answer.err) == (2, True)
    with district_lock(springfield.home, "springfield", who="a story", wait_s=0):
        assert "in use by a story" in removes(springfield, "--yes").err
    with Running(springfield.home):
        assert "is in use by the service" in removes(springfield, "--yes").err
    assert springfield.home.profile_file("springfield").is_file()
    assert "vendor" in load_accounts(springfield.home)


@pytest.mark.parametrize("due", ["2026-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"])
def test_a_night_that_waits_for_its_time_ends_with_its_district(springfield: Springfield, due: str) -> None:
    number = springfield.uploads_by_hand(**NIGHT).number
    with open_store(springfield.home.store_db) as store, store.writing():
        change(store, "update batch set state = 'scheduled', due = :due where id = :id", due=due, id=number)
    assert removes(springfield, "--yes").code == 0
    assert not (springfield.home.batches / "springfield").exists()


def test_a_removal_asks_first(springfield: Springfield) -> None:
    springfield.uploads_by_hand(**NIGHT)
    asked = removes(springfield, stdin="shelby\n")
    assert (asked.code, "nothing was removed" in asked.err) == (2, True)
    assert "2 student" in asked.out
    root = springfield.home.root
    assert rosterdrop("--json", "district", "remove", "springfield", home=root).code == 2
    assert springfield.status_of("ana") == "active"
    assert removes(springfield, stdin="springfield\n").code == 0
    assert removes(springfield, "--yes").code == 5
    assert rosterdrop("district", "remove", "../shelby", "--yes", home=root).code == 5


def test_a_removal_that_was_interrupted_is_run_again(springfield: Springfield) -> None:
    springfield.uploads_by_hand(**NIGHT)
    springfield.home.profile_file("springfield").unlink()
    shutil.rmtree(springfield.home.drop("springfield"))
    answer = rosterdrop("--json", "district", "remove", "springfield", "--yes", home=springfield.home.root)
    assert answer.document["accounts"] == ["vendor", "office"]
    assert not (springfield.home.batches / "springfield").exists()
    assert rosterdrop("status", home=springfield.home.root).code == 0


@pytest.mark.parametrize("stays", ["drops", "batches", "summaries"])
def test_what_cannot_be_removed_is_told_and_goes_the_next_time(springfield: Springfield, stays: str) -> None:
    """A link in the place of a folder is one for root too."""
    springfield.uploads_by_hand(**NIGHT)
    folder = springfield.home.root / stays / "springfield"
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))
    answer = removes(springfield, "--yes")
    assert (answer.code, "run the removal again" in answer.err) == (1, True), answer.err
    folder.unlink()
    folder.with_name("elsewhere").rename(folder)
    assert removes(springfield, "--yes").code == 0
    assert not folder.exists()


@pytest.mark.usefixtures("engine")
def test_no_row_of_a_removed_district_is_left_in_either_database(springfield: Springfield) -> None:
    springfield.uploads_by_hand(**NIGHT)
    springfield.uploads_by_hand(users=EVERYBODY[1:], classes=(MATH,), enrollments=MEMBERS)
    with open_store(springfield.home.store_db) as store:
        tables = [table for table, columns in columns_of(store).items() if "district" in columns]
        assert ask(store, "select count(*) from undo_person where district = 'springfield'") != [(0,)]
    what = removing.holding(springfield.home, "springfield")
    removing.remove(springfield.home, what, who="sue", why=None, now=NOW)

    with open_store(springfield.home.store_db) as store:
        for table in tables:
            assert ask(store, f"select count(*) from {table} where district = 'springfield'") == [(0,)], table
        assert ask(store, "select batch from event") == ask(store, "select id from batch") == [(3,)]
