"""What docs/store.md tells of the store is so."""

import tomllib
from pathlib import Path

import pytest

from config.documents import mistakes_in
from connect_store.on_sqlite import _NEEDED
from connect_store.store import open_store
from tests.asking import ask, change, columns_of
from tests.promises.pages import Page

PAGE = Page.of("docs/store.md")


@pytest.mark.usefixtures("engine")
def test_every_table_is_told(tmp_path: Path) -> None:
    with open_store(tmp_path / "connect.db") as store:
        tables = {name for name in columns_of(store) if not name.startswith(("sqlite_", "_sqlite", "connect_store_"))}
    _, *rows = PAGE.section("Tables").rows()
    assert {name.strip("`") for name, _ in rows} == tables


@pytest.mark.usefixtures("engine")
def test_every_view_is_told_with_its_columns(tmp_path: Path) -> None:
    with open_store(tmp_path / "connect.db") as store:
        views = columns_of(store, views=True)
    _, *rows = PAGE.section("Views").rows()
    assert {name.strip("`"): tuple(columns.replace("`", "").split(", ")) for name, _, columns in rows} == views


@pytest.mark.usefixtures("engine")
def test_views_tell_what_is_in_connect(tmp_path: Path) -> None:
    with open_store(tmp_path / "connect.db") as store:
        for kind in ("student", "guardian", "staff"):
            change(
                store,
                "insert into person (district, kind, key, given_name, status, batch)"
                " values ('d', :kind, :kind, 'Ana', 'active', 7)",
                kind=kind,
            )
            assert ask(store, f"select {kind}, given_name, status, batch from connect_{kind}") == [
                (kind, "Ana", "active", 7)
            ]


def test_the_settings_are_valid() -> None:
    block = PAGE.text.split("```toml\n")[1].split("```")[0]
    assert not mistakes_in(tomllib.loads(block), "settings", "docs/store.md")


def test_the_oldest_sqlite_is_told() -> None:
    assert f"SQLite {'.'.join(map(str, _NEEDED))} or newer" in PAGE.text
