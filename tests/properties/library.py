"""What the jsonschema library says of a row, in the codes that stand beside the keywords it finds broken."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from validators.phones import takes_messages

Cells = Mapping[str, str | None]

_TOGETHER: Final = 500
THOROUGHLY: Final = settings(
    max_examples=100_000 // _TOGETHER,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
"""A hundred thousand rows, where each example is `many` of them."""


def many(columns: Sequence[str], cells: st.SearchStrategy[str | None]) -> st.SearchStrategy[list[Cells]]:
    """As many rows as polars is made for, of few cells: to draw each cell of each would take hours."""
    pools = st.lists(cells, min_size=1, max_size=100)
    return st.builds(partial(_dealt, columns), pools, st.integers(min_value=0))


def _dealt(columns: Sequence[str], pool: Sequence[str | None], deal: int) -> list[Cells]:
    dealer = Random(deal)  # noqa: S311  # guards nothing
    return [dict(zip(columns, dealer.choices(pool, k=len(columns)), strict=True)) for _ in range(_TOGETHER)]


FORMATS: Final = FormatChecker(formats=())
FORMATS.checks("phone")(lambda number: takes_messages(str(number)))


@FORMATS.checks("date", raises=ValueError)
def is_day(text: object) -> bool:
    return date.fromisoformat(str(text)).isoformat() == text


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(text: object) -> bool:
    shape = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})([.][0-9]+)?(Z|[+]00:00)")
    whole = shape.fullmatch(str(text))
    return whole is not None and datetime.fromisoformat(whole[1] + "Z").isoformat()[:19] == whole[1]


def pattern(_: object, wanted: str, cell: str, __: object) -> Iterator[ValidationError]:
    """In JSON Schema `$` is the end of the text alone; Python's stands before a last line break too."""
    if not re.search(re.sub(r"\$(?=[|)]|$)", r"\\Z", wanted), cell):
        yield ValidationError(f"{cell!r} does not match {wanted!r}")


STRICT: Final[type[Draft202012Validator]] = extend(  # type: ignore[no-untyped-call]  # the stubs leave it so
    Draft202012Validator, {"pattern": pattern}
)


class Library:
    """The library's verdicts by one schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self.validator = STRICT(dict(schema), format_checker=FORMATS)

    def codes(self, row: Cells) -> set[str]:
        """The codes of everything that is wrong with a row."""
        present = {column: cell for column, cell in row.items() if cell is not None}
        return {self._code_of(error) for error in self.validator.iter_errors(present)}

    def _code_of(self, error: ValidationError) -> str:
        if error.validator == "required" and len(error.absolute_schema_path) == 1:
            missing = next(column for column in self.schema["required"] if f"'{column}' is" in error.message)
            return self.schema["x-required"].get("x-code") or f"{self.schema['x-kind']}.{missing}.missing"
        return code_at(self.schema, error.absolute_schema_path)


def code_at(schema: Mapping[str, Any], path: Iterable[str | int]) -> str:
    """The nearest code above a broken keyword."""
    code = None
    here: Any = schema
    for step in path:
        here = here[step]
        if isinstance(here, Mapping) and "x-code" in here:
            code = here["x-code"]
    assert isinstance(code, str)
    return code
