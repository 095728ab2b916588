"""The databases of the store: a test that names `engine` runs on each of them.

With `--store postgresql` every other test has its store in PostgreSQL too, but those that are `sqlite`'s own.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest

from connect_store.places import VARIABLE
from tests import postgresql_server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--store", choices=["sqlite", "postgresql"], default="sqlite", help="where homes have their store")


@dataclass
class Engine:
    """The database in which every store of a test lies."""

    name: str
    server: str | None
    monkeypatch: pytest.MonkeyPatch
    schemas: ExitStack = field(default_factory=ExitStack)

    @property
    def refused(self) -> type[Exception]:
        """What a row meets that breaks a constraint."""
        if self.server is None:
            return sqlite3.IntegrityError
        import psycopg

        refused: type[Exception] = psycopg.IntegrityError
        return refused

    def anew(self) -> None:
        """Let stores that are opened from now on lie in an empty schema; SQLite's lie in files of their own."""
        if self.server is not None:
            self.schemas.close()
            self.monkeypatch.setenv(VARIABLE, self.schemas.enter_context(postgresql_server.schema(self.server)))


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """The address of a real PostgreSQL server."""
    if reason := postgresql_server.why_not():
        pytest.skip(reason)
    own = tmp_path_factory.getbasetemp()
    return postgresql_server.server(own if worker_id == "master" else own.parent)


@pytest.fixture(autouse=True)
def store_of_the_run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Where the stores of a test lie that names no engine."""
    name = request.config.getoption("--store")
    if name == "postgresql" and request.node.get_closest_marker("sqlite"):
        pytest.skip("of the SQLite file only")
    with _engine(name, request, monkeypatch) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The database of the test; of PostgreSQL a schema that lives as long as the test."""
    with _engine(request.param, request, monkeypatch) as made:
        yield made


@contextmanager
def _engine(name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.delenv(VARIABLE, raising=False)
    server = request.getfixturevalue("postgresql") if name == "postgresql" else None
    made = Engine(name, server, monkeypatch)
    with made.schemas:
        made.anew()
        yield made
