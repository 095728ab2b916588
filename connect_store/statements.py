"""The SQL of this room: statements under a name in `sql/*.sql`, and the few words in which databases differ."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from sqlite3 import complete_statement
from typing import Final

# The words that differ between databases; a second column comes with the second database.
_WORDS: Final[Mapping[str, str]] = {
    "id": "integer primary key",
    "cursor": "integer primary key autoincrement",
    "int": "integer",
    "strict": "strict",
}
_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def statements() -> Mapping[str, str]:
    """Every statement by its name."""
    found: dict[str, str] = {}
    for source in sorted(files(__package__).joinpath("sql").iterdir(), key=lambda entry: entry.name):
        if source.name.endswith(".sql"):
            _, *parts = _NAME.split(source.read_text(encoding="utf-8"))
            found |= {name: words(text).strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}
    return found


@cache
def migrations() -> Mapping[str, tuple[str, ...]]:
    """The steps of the schema in their order: file stem to the statements of the step."""
    folder = files(__package__).joinpath("sql", "migrations")
    sources = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return {source.name.removesuffix(".sql"): _split(words(source.read_text(encoding="utf-8"))) for source in sources}


def words(sql: str) -> str:
    """SQL with the words of the database in use put in: `{id}`, `{cursor}`, `{int}`, `{strict}`."""
    return re.sub(r"\{(\w+)\}", lambda word: _WORDS[word[1]], sql)


def _split(script: str) -> tuple[str, ...]:
    found: list[str] = []
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if complete_statement(statement):
            found.append(statement.strip())
            statement = ""
    return tuple(found)
