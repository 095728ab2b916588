"""The SQL of this room: statements under a name in `sql/*.sql`, and the steps of the schema in `sql/migrations`."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from sqlite3 import complete_statement
from typing import Final

from connect_store.dialect import Dialect

Steps = Mapping[str, tuple[str, ...]]
"""The steps of the schema in their order: file stem to the statements of the step."""

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def statements(dialect: Dialect) -> Mapping[str, str]:
    """Every statement by its name."""
    found: dict[str, str] = {}
    for source in sorted(files(__package__).joinpath("sql").iterdir(), key=lambda entry: entry.name):
        if source.name.endswith(".sql"):
            _, *parts = _NAME.split(source.read_text(encoding="utf-8"))
            found |= {name: dialect.filled(text).strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}
    return found


@cache
def migrations(dialect: Dialect) -> Steps:
    """All steps of the schema."""
    folder = files(__package__).joinpath("sql", "migrations")
    sources = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return {
        source.name.removesuffix(".sql"): _split(dialect.filled(source.read_text(encoding="utf-8")))
        for source in sources
    }


def _split(script: str) -> tuple[str, ...]:
    found: list[str] = []
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if complete_statement(statement):
            found.append(statement.strip())
            statement = ""
    return tuple(found)
