"""SQL stands in files: named statements, each under a line `-- name: …`, and scripts that make tables."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final

_NAMED: Final = re.compile(r"^-- name: (\w+)\n((?:.+\n?)+)", re.MULTILINE)
_SQL: Final = files("sftp_gateway") / "sql"


def statements(file: str) -> Mapping[str, str]:
    """The statements of a file under their names."""
    return dict(_NAMED.findall((_SQL / file).read_text()))


def script(file: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would commit in between."""
    yield from (_SQL / file).read_text().split(";\n")
