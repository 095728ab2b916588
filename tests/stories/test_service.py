"""The service goes on, whatever happens beside it, and stops without losing anything."""

import time
from pathlib import Path

import pytest

from connect_store.failures import StoreVanished
from processors.locks import service_holder
from rosterdrop import service as service_module
from tests.stories.springfield import PATIENCE_S, Running, Springfield, as_csv, settled_home
from tests.stories.test_dying import Killable, killable, night

__all__ = ["killable"]  # a fixture that both tell their stories with


def test_ctrl_c_lets_the_batch_in_work_finish(killable: tuple[Springfield, Killable]) -> None:
    springfield, service = killable
    service.start()
    springfield.uploads(night())
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up and [state for _, state, _ in springfield.ledger()] in ([], ["frozen"]):
        time.sleep(0.005)
    service.interrupt()

    assert service.ends() == 0
    assert [state for _, state, _ in springfield.ledger()] == ["reported"]


def test_a_store_that_is_busy_for_a_moment_does_not_end_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = service_module._districts_with_work
    failures = iter([OSError("no space left")])

    def fails_once(home: object) -> list[str]:
        if failure := next(failures, None):
            raise failure
        return looks(home)  # type: ignore[arg-type]  # handed through as it came

    monkeypatch.setattr(service_module, "_districts_with_work", fails_once)
    springfield = Springfield(settled_home(tmp_path / "home"))
    with Running(springfield.home) as running:
        springfield.service = running
        springfield.uploads(night())
        assert springfield.next_report().verdict == "accepted"


def test_a_mistake_in_the_profile_is_taken_up_when_it_is_mended(springfield: Springfield) -> None:
    springfield.pushes()
    profile = springfield.home.profile_file("springfield")
    good = profile.read_text()
    profile.write_text("name = ")
    assert springfield.pushes().verdict == "accepted"
    profile.write_text(good)
    assert springfield.pushes().verdict == "accepted"


def test_a_service_that_starts_with_one_broken_profile_serves_the_other_districts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    springfield = Springfield(settled_home(tmp_path / "home"))
    springfield.home.profile_file("shelby").write_text('name = "Shelby')
    with Running(springfield.home) as running:
        springfield.service = running
        assert springfield.pushes().verdict == "accepted"
    assert "districts/shelby.toml" in "".join(capfd.readouterr())


@pytest.mark.sqlite
def test_a_store_that_vanishes_is_never_made_anew_and_the_set_waits_for_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    springfield = Springfield(settled_home(tmp_path / "home"))
    home, kept = springfield.home, tmp_path / "kept"
    with Running(home) as running:
        springfield.service = running
        assert springfield.pushes().number == 1
        springfield.settled_ledger()
        home.store_db.parent.rename(kept)
        springfield.uploads(night())
        with pytest.raises(StoreVanished, match="put it back from a backup"):
            springfield.ledger()
        said = ""
        give_up = time.monotonic() + PATIENCE_S
        while "put it back" not in said and time.monotonic() < give_up:
            time.sleep(0.1)
            said += "".join(capfd.readouterr())
        assert "put it back from a backup" in said
        assert not home.store_db.exists()
        assert (home.drop("springfield") / "users.csv").exists()
        kept.rename(home.store_db.parent)
        assert springfield.next_report().number == 2


def test_the_lock_of_a_home_that_is_removed_is_held_again(tmp_path: Path) -> None:
    home = settled_home(tmp_path / "home")
    with Running(home):
        home.locks.rename(tmp_path / "gone")  # at once: a lock may be taken while files are removed one by one
        give_up = time.monotonic() + PATIENCE_S
        while not (home.locks / "service.lock").exists() and time.monotonic() < give_up:
            time.sleep(0.05)
        assert service_holder(home)


def test_a_command_beside_the_service_works_under_the_same_locks(springfield: Springfield) -> None:
    springfield.uploads({name: content for name, content in night().items() if name != "users.csv"})
    by_hand = springfield.uploads_by_hand(users=as_csv("users", ()), classes=(), enrollments=())
    assert by_hand.verdict == "refused"
    assert springfield.pushes().number > by_hand.number
    assert {state for _, state, _ in springfield.settled_ledger()} == {"reported"}
