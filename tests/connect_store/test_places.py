"""Where the store is: the environment before the settings, and never somewhere else by a mistake in them."""

from pathlib import Path

import pytest

from config.documents import mistakes_in
from config.home import Home
from config.mistakes import InvalidConfig
from config.settings import Store
from connect_store.failures import StoreError
from connect_store.places import VARIABLE, must_be_a_file, url_of, without_secrets
from connect_store.store import open_store

URL = "postgresql://ann:s3cret@db.example.org:5433/roster?sslmode=require"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv(VARIABLE, raising=False)
    return Home(tmp_path)


def test_without_a_word_it_is_the_file_of_the_home(home: Home) -> None:
    assert url_of(home.store_db) is None
    home.settings_file.write_text("[server]\nport = 22\n")
    assert url_of(home.store_db) is None


def test_the_settings_name_the_database_and_the_environment_another_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.settings_file.write_text(f'[store]\nurl = "{URL}"\n')
    assert url_of(home.store_db) == URL
    monkeypatch.setenv(VARIABLE, "postgresql://db.example.org/other")
    assert url_of(home.store_db) == "postgresql://db.example.org/other"
    monkeypatch.setenv(VARIABLE, "")
    assert url_of(home.store_db) == URL


def test_settings_that_cannot_be_read_put_the_store_nowhere_else(home: Home) -> None:
    home.settings_file.write_text(f'[store]\nurl = "{URL}"\n')
    url_of(home.store_db)
    home.settings_file.write_text("[store\nurl = ")
    assert url_of(home.store_db) == URL, "who read them once keeps to them"
    home.settings_file.rename(home.root / "elsewhere")
    assert url_of(home.store_db) == URL, "an editor replaces the file"
    other = Home(home.root / "other")
    other.root.mkdir()
    other.settings_file.write_text("[store\nurl = ")
    with pytest.raises(InvalidConfig, match="where the store is"), open_store(other.store_db):
        pass
    assert not other.store_db.exists()


def test_an_address_is_shown_without_password_and_options() -> None:
    assert without_secrets(URL) == "postgresql://ann@db.example.org:5433/roster"
    assert without_secrets("postgres:///roster?host=/run/pg&password=s3cret") == "postgresql:///roster"
    assert "s3cret" not in repr(Store(url=URL))


def test_a_mistake_in_the_settings_tells_no_password() -> None:
    (mistake,) = mistakes_in({"store": {"url": "mysql://ann:s3cret@db/roster"}}, "settings", "rosterdrop.toml")
    assert "s3cret" not in str(mistake)
    assert "postgresql://" in str(mistake)


def test_what_works_on_the_file_says_what_to_do_instead(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    must_be_a_file(home.store_db)
    monkeypatch.setenv(VARIABLE, URL)
    with pytest.raises(StoreError, match=r"pg_dump .* pg_restore") as error:
        must_be_a_file(home.store_db)
    assert "s3cret" not in str(error.value)
