"""The small files of `tests/cases/reading`: what each holds, and what must come of it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from config.profiles import Encoding
from config.tables import TableName

FOLDER: Final = Path(__file__).parents[1] / "cases/reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file as it is delivered, and what reading makes of it.

    Attributes:
        name: what it shows, as a sentence without its full stop.
        content: its bytes.
        file: which table it is.
        encoding: what the profile names.
        headers: what the profile says the file calls columns.
        refused: whether nothing can be taken from it.
        columns: those of the table; not compared where they are not given.
        rows: line and cells of each row, an empty cell as ""; not compared where they are not given.
        broken: line and code of each row that could not be read.
        nowhere: what is in the file and must be in nothing that comes of it.
        findings: the keys of each that are compared, in order; all findings are listed.
    """

    name: str
    content: bytes
    file: TableName = "users"
    encoding: Encoding = "utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False
    columns: Sequence[str] | None = None
    rows: Sequence[Sequence[object]] | None = None
    broken: Sequence[Sequence[object]] = ()
    nowhere: str | None = None
    findings: Sequence[Mapping[str, Any]] = field(default_factory=list)


@cache
def cases() -> tuple[Case, ...]:
    """Every case, file by file."""
    return tuple(case for path in sorted(FOLDER.glob("*.toml")) for case in cases_in(path))


@cache
def cases_in(path: Path) -> tuple[Case, ...]:
    """The cases of one file."""
    return tuple(_case(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["case"])


def _case(*, text: str | None = None, codec: str = "utf-8", hex: str = "", **told: Any) -> Case:  # noqa: A002 - the key in the file
    """`text` is what the file holds, written in `codec`; `hex` is its bytes where they are no text."""
    content = bytes.fromhex(hex) if text is None else text.encode(codec)
    return Case(content=content, **told)
