"""What the cells of each column must be, as files of `oneroster/columns`, turned into deliveries.

All that a file's table forbids is broken in one delivery, a new row for each value; so is all that it allows.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from config.oneroster import Version
from tests.cases.deliveries import Edit

FOLDER: Final = Path(__file__).with_name("oneroster")
Finding = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of a column; `code` where it breaks a rule."""

    column: str
    value: str
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the cells of one file must be.

    Attributes:
        file: without `.csv`.
        row: cells of a valid row that nothing refers to; `{id}` is its sourcedId, `{n}` a number of its own.
        beside: edits that go with each such row.
        fallen: where a row of another file refers to it, and falls with it.
        columns: by name, in the order of the header, what is asked of them.
    """

    name: str
    clause: str
    versions: tuple[Version, ...]
    file: str
    row: Mapping[str, str]
    columns: Mapping[str, Mapping[str, Any]]
    beside: tuple[Edit, ...] = ()
    fallen: tuple[Mapping[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The column that names the row."""
        return next(iter(self.columns))

    def keeping(self, version: Version) -> list[Value]:
        """Values that are allowed."""
        return [value for column in self.columns for value in self._allowed(column, version)]

    def breaking(self, version: Version) -> list[Value]:
        """Values that are not."""
        return [value for column in self.columns for value in self._forbidden(column, version)]

    def rows(self, values: list[Value]) -> Iterator[tuple[Value, list[Edit]]]:
        """A new row for each value, and the edits that bring it in."""
        for place, value in enumerate(values):
            id_ = value.value if value.column == self.key else f"new-{place}"
            with_it = self.columns[value.column].get("with", {})
            cells = {self.key: id_, **self.row, **with_it, value.column: value.value}
            beside = () if value.column == self.key and value.code else self.beside
            yield value, [_named(edit, id_, place) for edit in ({"file": self.file, "add": cells}, *beside)]

    def _allowed(self, column: str, version: Version) -> Iterator[Value]:
        asked = self.columns[column]
        values = [
            *asked.get("enum", ()),
            *asked.get("keeps", types()[asked["type"]]["keeps"] if "type" in asked else ()),
        ]
        if version in asked.get("extendable", ()):
            values.append("ext:own")
        if asked.get("many"):
            values += [f"{values[0]},{values[1]}"] if len(values) > 1 else []
        for value in values:
            yield Value(column=column, value=value)

    def _forbidden(self, column: str, version: Version) -> Iterator[Value]:
        asked = self.columns[column]
        if asked.get("required"):
            yield Value(column=column, value="", code="oneroster.value.missing")
        if "type" in asked:
            kind = types()[asked["type"]]
            for value in kind["breaks"]:
                yield Value(column=column, value=value, code=kind["code"])
        if "enum" in asked:
            first = asked["enum"][0]
            strangers = [
                first.upper(),
                "nothing",
                "ext:",
                *([] if version in asked.get("extendable", ()) else ["ext:own"]),
            ]
            for value in strangers:
                yield Value(column=column, value=value, code="oneroster.enum.unknown")
        if "refers" in asked:
            yield from self._astray(column, asked, version)

    def _astray(self, column: str, asked: Mapping[str, Any], version: Version) -> Iterator[Value]:
        """Values that refer to nothing, or to what is not meant."""
        if version != "1.0":  # nothing is said of its characters there
            yield Value(column=column, value="a b", code="oneroster.guid.invalid")
        unknown = asked.get("unknown", "oneroster.reference.unknown")
        yield Value(column=column, value="nobody", code=unknown)
        if asked.get("many") and column in self.row:
            known = self.row[column]
            yield Value(column=column, value=f"{known},nobody-else", code=unknown)
            yield Value(column=column, value=f"{known},", code="oneroster.list.invalid")
        if "other_type" in asked:
            yield Value(
                column=column, value=asked["other_type"], code=asked.get("other_code", "oneroster.reference.type")
            )


@cache
def types() -> Mapping[str, Any]:
    """What each type of cell lets through, and what it does not."""
    return tomllib.loads((FOLDER / "types.toml").read_text())


def tables() -> list[Columns]:
    """Every file of `oneroster/columns`."""
    return [_table(path) for path in sorted((FOLDER / "columns").glob("*.toml"))]


def _table(path: Path) -> Columns:
    said = tomllib.loads(path.read_text())
    return Columns(name=f"columns/{path.stem}", **said)


def _named(edit: Edit, id_: str, place: int) -> Edit:
    named = {column: cell.replace("{id}", id_).replace("{n}", f"{place}") for column, cell in edit["add"].items()}
    return {**edit, "add": named}
