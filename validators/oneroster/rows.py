"""One file by itself: what its schema demands of each row, the mode of the file, and what many of its cells share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

import polars as pl

from config.oneroster import Version, header_of, schema_of
from validators.compiling import compiled
from validators.distinct import each_distinct
from validators.hints import nearest
from validators.rules import Rule, violations
from validators.tables import LINE

Mode = Literal["bulk", "delta"]

LIFE: Final = ("status", "dateLastModified")

_LINE_BREAK: Final = r"[\r\n]"
_PLACEHOLDER: Final = r"^(?:NULL|null|#?N/A|0000-00-00)$"  # Null is a family name
_UUID_URN: Final = r"(?i)^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


def whole(rows: pl.DataFrame, version: Version, file: str) -> pl.DataFrame:
    """Rows with every column of the version; one that the file lacks is empty."""
    absent = [name for name in header_of(version, file) if name not in rows.columns]
    return rows.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)


def key_of(version: Version, file: str) -> str:
    """The column that identifies a row: in 1.0, demographics are known by their user."""
    return header_of(version, file)[0]


def mode_of(rows: pl.DataFrame) -> tuple[Mode, int]:
    """The mode that the rows of a file show where no manifest tells it, and how many rows look like a delta's.

    A delta file has both columns filled in every row (oneroster-csv 4, 8.1).
    """
    filled = rows.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in LIFE)).height
    return ("delta" if rows.height and filled == rows.height else "bulk"), filled


def found_in(rows: pl.DataFrame, version: Version, file: str, mode: Mode) -> list[pl.DataFrame]:
    """What is found in the rows of a file one by one; each frame has `line`, `code`, `column`, `value` and `hint`."""
    rules = (*_rules(version, file), *(_of_delta() if mode == "delta" else ()))
    broken = violations(rows, rules)
    named = broken.partition_by("code", "column", as_dict=True, maintain_order=True)
    return [
        _with_values(part, rows, str(column) if column else None, _words(version, file, str(code), column))
        for (code, column), part in named.items()
    ]


def noted_in(rows: pl.DataFrame, version: Version, file: str, mode: Mode) -> Iterator[Mapping[str, Any]]:
    """What many cells of a column share, told once with the first line and how many there are."""
    wanted = [note for note in _notes(version, file, mode) if rows[note.column].null_count() < rows.height]
    if not wanted:
        return
    names = [str(place) for place, _ in enumerate(wanted)]
    counts = rows.select(note.holds.sum().alias(name) for name, note in zip(names, wanted, strict=True)).row(0)
    for note, count in zip(wanted, counts, strict=True):
        if count:
            first = rows.filter(note.holds)[LINE][0]
            yield {"code": note.code, "line": first, "column": note.column, "count": count}


@dataclass(frozen=True, slots=True)
class _Note:
    """What may be said about a column; `holds` is true where a cell shows it."""

    code: str
    column: str
    holds: pl.Expr


def _rule(code: str, column: str, holds: pl.Expr, source: str, rejects: Literal["row"] | None = "row") -> Rule:
    return Rule(code=code, column=column, holds=holds, rejects=rejects, source=source)


@cache
def _rules(version: Version, file: str) -> tuple[Rule, ...]:
    """The rules of a file's schema, and those that a schema cannot say."""
    names = header_of(version, file)
    schema = schema_of(version, file)
    read = [name for name in names if not schema["properties"][name].get("x-dropped")]
    moments = _having(schema, read, "oneroster.datetime.invalid")
    return (
        *compiled(schema),
        *(
            _rule("oneroster.row.line_break", name, ~pl.col(name).str.contains(_LINE_BREAK), "7")
            for name in _open(schema, read)
        ),
        *(_rule("oneroster.datetime.fraction", name, _has_fraction(pl.col(name)), "2", None) for name in moments),
        *(rule for needed, rule in _OF_SOME if needed <= set(names) and _knows(version, rule.code)),
    )


def _knows(version: Version, code: str) -> bool:
    """Whether a vocabulary is the version's: 1.2 names CEDS and SCED no longer."""
    return code != "oneroster.subject_code.unknown" or version == "1.1"


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False)


def _items(column: str) -> pl.Expr:
    return pl.col(column).str.split(",")


_SAME_LENGTH: Final = _items("subjects").list.len() == _items("subjectCodes").list.len()
_FIVE_DIGITS: Final = pl.col("subjectCodes").str.contains(r"^[0-9]{5}(,[0-9]{5})*$")
_IN_RANGE: Final = _number("resultValueMin") <= _number("resultValueMax")
_HAS_UUID: Final = (pl.col("source") != "case") | pl.col("learningObjectiveId").str.contains(_UUID_URN)

_OF_SOME: Final[Sequence[tuple[frozenset[str], Rule]]] = (
    (frozenset({"subjects", "subjectCodes"}), _rule("oneroster.subjects.length", "subjectCodes", _SAME_LENGTH, "9.3")),
    (frozenset({"subjectCodes"}), _rule("oneroster.subject_code.unknown", "subjectCodes", _FIVE_DIGITS, "6.7", None)),
    (frozenset({"resultValueMin"}), _rule("oneroster.line_item.range", "resultValueMin", _IN_RANGE, "9.3")),
    (
        frozenset({"source", "learningObjectiveId"}),
        _rule("oneroster.learning_objective.case_id", "learningObjectiveId", _HAS_UUID, "5.2"),
    ),
)
"""Rules of files that have certain columns."""


def _of_delta() -> tuple[Rule, ...]:
    return tuple(_rule("oneroster.delta.missing", name, pl.col(name).is_not_null(), "8.1") for name in LIFE)


def _texts(schema: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Columns of free text: nothing else in the schema limits what a cell may hold."""
    return [name for name in names if not schema["properties"][name].keys() & {"x-code", "allOf", "x-refers"}]


def _open(schema: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Columns whose cells could hold a line break as far as the schema goes."""
    return [*_texts(schema, names), *_having(schema, names, "oneroster.list.invalid")]


def _parts(schema: Mapping[str, Any], column: str) -> list[Mapping[str, Any]]:
    constraints = schema["properties"][column]
    return [constraints, *constraints.get("allOf", ())]


def _having(schema: Mapping[str, Any], names: Sequence[str], code: str) -> list[str]:
    """Columns with a constraint that has this code."""
    return [name for name in names if any(part.get("x-code") == code for part in _parts(schema, name))]


@cache
def _notes(version: Version, file: str, mode: Mode) -> tuple[_Note, ...]:
    schema = schema_of(version, file)
    names = [name for name in header_of(version, file) if not schema["properties"][name].get("x-dropped")]
    texts = _texts(schema, names)
    booleans = _having(schema, names, "oneroster.boolean.invalid")
    lists = _having(schema, names, "oneroster.list.invalid")
    life = LIFE if mode == "bulk" and version != "1.0" else ()
    return (
        *(_note("oneroster.bulk.filled", name, lambda cell: cell.is_not_null()) for name in life),
        *(_note("oneroster.boolean.case", name, _is_capital) for name in booleans),
        *(_note("oneroster.value.long", name, lambda cell: cell.str.len_chars() > 255) for name in texts),
        *(_note("oneroster.value.blanks", name, lambda cell: cell.str.contains(r"^\s|\s$")) for name in texts),
        *(_note("oneroster.value.placeholder", name, lambda cell: cell.str.contains(_PLACEHOLDER)) for name in texts),
        *(_note("oneroster.list.item_twice", name, _has_twice) for name in lists),
        _note(
            "oneroster.sourcedId.personal",
            key_of(version, file),
            lambda cell: cell.str.contains(r"^[^@/]+@[^@/]+\.[a-z]+$"),
        ),
    )


def _note(code: str, column: str, shows: Callable[[pl.Expr], pl.Expr]) -> _Note:
    return _Note(code, column, shows(pl.col(column)).fill_null(value=False))


def _is_capital(cell: pl.Expr) -> pl.Expr:
    return cell.str.contains(r"(?i)^(true|false)$") & ~cell.is_in(["true", "false"])


def _has_fraction(cell: pl.Expr) -> pl.Expr:
    """Whether a moment is written in the one form that every receiver takes; what is none has its own rule."""
    return cell.str.contains(r"\.[0-9]{3}Z$") | ~cell.str.contains(r"^\d{4}-\d\d-\d\dT.*(Z|\+00:00)$")


def _has_twice(cell: pl.Expr) -> pl.Expr:
    items = cell.str.split(",")
    return cell.str.contains(",", literal=True) & (items.list.n_unique() != items.list.len())


def _words(version: Version, file: str, code: str, column: object) -> Sequence[str]:
    """The words that a column knows, where it was one of them that somebody missed."""
    if code != "oneroster.enum.unknown" or not isinstance(column, str):
        return ()
    parts = _parts(schema_of(version, file), column)
    options = [option for part in parts for option in (part, *part.get("anyOf", ()))]
    return [word for option in options for word in option.get("enum", ())]


def _with_values(part: pl.DataFrame, rows: pl.DataFrame, column: str | None, words: Sequence[str]) -> pl.DataFrame:
    """Findings of one code and column with the cells that they are about, and the word that was probably meant."""
    if column is None:
        return part
    valued = part.join(rows.select(LINE, value=pl.col(column)), on=LINE, how="left", maintain_order="left")
    if not words:
        return valued
    return valued.with_columns(hint=each_distinct(valued["value"], lambda value: nearest(value, words)))
