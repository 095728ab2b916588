from pathlib import Path

import pytest

from config.home import Home
from config.loading import InvalidConfig, Live

PROFILE = 'name = "Springfield"\ntime_zone = "UTC"\nschools = "auto"\n'
ACCOUNT = '[accounts.acme]\ndistricts = ["springfield"]\nrights = ["upload"]\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.profiles.mkdir()
    home.settings_file.write_text("")
    home.accounts_file.write_text(ACCOUNT)
    home.profile_file("springfield").write_text(PROFILE)
    return home


def test_the_first_load_must_be_valid(home: Home) -> None:
    home.settings_file.write_text("[server]\nport = -1\n")
    with pytest.raises(InvalidConfig, match=r"server\.port"):
        Live(home)


def test_an_edit_is_taken_up(home: Home) -> None:
    live = Live(home)
    home.profile_file("springfield").write_text(PROFILE + "[guard]\nlimit_percent = 50\n")
    assert live.now.profile("springfield").guard.limit_percent == 10
    assert live.refresh().profile("springfield").guard.limit_percent == 50
    assert live.now.profile("springfield").guard.limit_percent == 50


def test_an_edit_that_is_not_valid_keeps_the_last_good_profile(home: Home) -> None:
    live = Live(home)
    home.profile_file("springfield").write_text(PROFILE + "[guard]\nlimit_percent = 500\n")

    now = live.refresh()
    assert now.profile("springfield").guard.limit_percent == 10
    assert [mistake.key for mistake in now.mistakes] == ["guard.limit_percent"]

    home.profile_file("springfield").write_text(PROFILE + "[guard]\nlimit_percent = 50\n")
    assert live.refresh().mistakes == ()
    assert live.now.profile("springfield").guard.limit_percent == 50


def test_a_mistake_in_one_district_does_not_keep_another_back(home: Home) -> None:
    live = Live(home)
    home.profile_file("springfield").write_text("nonsense")
    home.profile_file("shelby").write_text(PROFILE)
    assert set(live.refresh().profiles) == {"springfield", "shelby"}
    assert len(live.now.mistakes) == 1


def test_a_new_profile_that_is_not_valid_is_told_and_not_there(home: Home) -> None:
    live = Live(home)
    home.profile_file("shelby").write_text("nonsense")
    assert set(live.refresh().profiles) == {"springfield"}
    assert [mistake.file for mistake in live.now.mistakes] == ["districts/shelby.toml"]


def test_accounts_are_judged_again_when_a_district_goes(home: Home) -> None:
    live = Live(home)
    home.profile_file("springfield").unlink()
    now = live.refresh()
    assert now.profiles == {}
    assert [mistake.key for mistake in now.mistakes] == ["accounts.acme.districts"]
    assert set(now.accounts) == {"acme"}


def test_a_file_that_vanishes_keeps_its_last_good_value(home: Home) -> None:
    home.settings_file.write_text("[server]\nport = 22\n")
    live = Live(home)
    home.settings_file.unlink()
    assert live.refresh().settings.server.port == 22
    assert [mistake.says for mistake in live.now.mistakes] == ["the file is missing"]


def test_files_that_did_not_change_are_not_read_again(home: Home) -> None:
    live = Live(home)
    before = live.now.profile("springfield")
    assert live.refresh().profile("springfield") is before


def test_a_profile_that_is_not_valid_at_the_first_load_keeps_only_its_own_district_out(home: Home) -> None:
    home.profile_file("shelby").write_text('name = "Shelby')
    live = Live(home)
    assert set(live.now.profiles) == {"springfield"}
    assert [mistake.file for mistake in live.now.mistakes] == ["districts/shelby.toml"]
    home.profile_file("shelby").write_text(PROFILE)
    assert set(live.refresh().profiles) == {"springfield", "shelby"}


def test_what_another_process_knows_counts_while_the_files_are_not_valid(home: Home) -> None:
    before = Live(home).now
    home.accounts_file.write_text("[accounts.acme")
    home.settings_file.write_text("[server]\nport = -1\n")
    home.profile_file("springfield").write_text("nonsense")
    live = Live(home, before)
    assert (live.now.accounts, live.now.settings) == (before.accounts, before.settings)
    assert live.now.profiles == before.profiles
    assert len(live.now.mistakes) == 3
    home.accounts_file.write_text("")
    assert live.refresh().accounts == {}
