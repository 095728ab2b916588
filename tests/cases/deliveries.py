"""Small OneRoster deliveries: the valid one of each version, and the edits that cases make to it."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from config.oneroster import Version

BASES: Final = Path(__file__).with_name("oneroster") / "base"
CHANGED: Final = "2026-09-01T06:00:00.000Z"
"""When the rows of a delta file were last changed, where a case says nothing else."""

Edit = Mapping[str, Any]
Row = list[str]

_RESOURCES: Final = frozenset({"resources", "classResources", "courseResources", "userResources"})
_GRADEBOOK: Final = frozenset(
    {"categories", "lineItems", "results", "scoreScales", "lineItemScoreScales", "resultScoreScales"}
    | {"lineItemLearningObjectiveIds", "resultLearningObjectiveIds"}
)
_NAMING: Final = frozenset({"file", "remove", "absent", "delta", "rename", "copy", "property"})


class Delivery:
    """The files of a delivery: rows of cells (the header is line 1), and bytes for what is no such thing any more."""

    def __init__(self, version: Version) -> None:
        self.sheets = {file.name: [list(row) for row in _rows(file)] for file in _base(version)}
        self.bytes: dict[str, bytes] = {}
        self.packing: Mapping[str, Any] | None = None

    def edited(self, edits: Sequence[Edit]) -> "Delivery":
        """The same delivery after some edits, in their order; README.md says what there is.

        Where no edit speaks of the gradebook or of resources, their files are left out: a case takes half the time.
        """
        spoken_of = {name.removeprefix("file.").removesuffix(".csv") for name in _named(edits)}
        for block in (_RESOURCES, _GRADEBOOK) if edits else ():
            if block.isdisjoint(spoken_of):
                self._leave_out(block)
        for edit in edits:
            self._play(edit)
        return self

    def write(self, folder: Path) -> Path:
        """Write the files into a folder; the path that is delivered: the folder, or the ZIP in it."""
        folder.mkdir()
        files = {name: _text(rows).encode() for name, rows in self.sheets.items()} | self.bytes
        if self.packing is not None:
            return _packed(files, folder, **self.packing)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder

    def _leave_out(self, files: Iterable[str]) -> None:
        for file in files:
            if self.sheets.pop(f"{file}.csv", None):
                self._say(f"file.{file}", "absent")

    def _play(self, edit: Edit) -> None:
        match edit:
            case {"file": file, **what}:
                self._play_on(f"{file}.csv", what)
            case {"property": name, **value}:
                self._say(name, value.get("value"))
            case {"remove": file}:
                self.sheets.pop(f"{file}.csv", None)
                self.bytes.pop(f"{file}.csv", None)
            case {"absent": file}:
                del self.sheets[f"{file}.csv"]
                self._say(f"file.{file}", "absent")
            case {"delta": file}:
                self._say(f"file.{file}", "delta")
                self._fill(f"{file}.csv", "status", "active")
                self._fill(f"{file}.csv", "dateLastModified", edit.get("changed", CHANGED))
            case {"rename": old, "to": new}:
                self.bytes[new] = self._taken(old)
            case {"copy": old, "to": new}:
                self.bytes[new] = _text(self.sheets[old]).encode()
            case {"new": name, "text": text}:
                self.bytes[name] = text.encode()
            case {"zip": packing}:
                self.packing = packing
            case _:
                raise AssertionError(edit)

    def _play_on(self, file: str, what: Edit) -> None:
        if file in self.sheets and self._play_on_rows(file, what):
            return
        content = self._taken(file)
        match what:
            case {"text": text}:
                content = text.encode()
            case {"hex": digits}:
                content = bytes.fromhex(digits)
            case {"before_all": digits}:
                content = bytes.fromhex(digits) + content
            case {"after_all": text}:
                content += text.encode()
            case {"encoding": encoding}:
                content = content.decode().encode(encoding)
            case {"line_ends": ends}:
                content = content.decode().replace("\n", ends).encode()
            case {"last_line_end": False}:
                content = content.removesuffix(b"\n")
            case {"line": line, "raw": raw}:
                content = _with_line(content, line, raw)
            case _:
                raise AssertionError(what)
        self.bytes[file] = content

    def _play_on_rows(self, file: str, what: Edit) -> bool:
        """Whether it is an edit of rows and cells, and not of bytes."""
        if "column" in what:
            self._play_on_columns(file, what)
            return True
        rows = self.sheets[file]
        match what:
            case {"line": line, "set": cells}:
                self._set(file, line, cells)
            case {"line": line, "drop": True}:
                del rows[line - 1]
            case {"add": cells}:
                rows.append([""] * len(rows[0]))
                self._set(file, len(rows), cells)
            case {"repeat": line}:
                rows.append(list(rows[line - 1]))
            case {"header_only": True}:
                del rows[1:]
            case {"delimiter": delimiter}:
                self.bytes[file] = _text(self.sheets.pop(file), delimiter).encode()
            case _:
                return False
        return True

    def _play_on_columns(self, file: str, what: Edit) -> None:
        rows, column = self.sheets[file], what["column"]
        match what:
            case {"fill": value}:
                self._fill(file, column, value)
            case {"insert": place, "value": value}:
                for row, cell in zip(rows, [column, *[value] * (len(rows) - 1)], strict=True):
                    row.insert(place if place >= 0 else len(row) + 1 + place, cell)
            case {"drop": True}:
                _without(rows, column)
            case {"before": other}:
                _moved(rows, column, other)
            case {"named": name}:
                rows[0][rows[0].index(column)] = name
            case _:
                raise AssertionError(what)

    def _set(self, file: str, line: int, cells: Mapping[str, str]) -> None:
        header, row = self.sheets[file][0], self.sheets[file][line - 1]
        for column, value in cells.items():
            row[header.index(column)] = value

    def _fill(self, file: str, column: str, value: str) -> None:
        for line in range(2, len(self.sheets[file]) + 1):
            self._set(file, line, {column: value})

    def _say(self, name: str, value: str | None) -> None:
        """What the manifest says of a property; None: nothing."""
        rows = self.sheets["manifest.csv"]
        kept = [row for row in rows if row[0] != name]
        place = next((place for place, row in enumerate(rows) if row[0] == name), len(rows))
        self.sheets["manifest.csv"] = kept if value is None else [*kept[:place], [name, value], *kept[place:]]

    def _taken(self, file: str) -> bytes:
        """The bytes of a file, which is no sheet from now on."""
        return self.bytes.pop(file) if file in self.bytes else _text(self.sheets.pop(file)).encode()


def _named(edits: Sequence[Edit]) -> Iterator[str]:
    yield from (edit[key] for edit in edits for key in _NAMING & edit.keys())


@cache
def _base(version: Version) -> tuple[Path, ...]:
    return tuple(sorted((BASES / version).glob("*.csv")))


@cache
def _rows(file: Path) -> tuple[tuple[str, ...], ...]:
    with file.open(encoding="utf-8", newline="") as lines:
        return tuple(tuple(row) for row in csv.reader(lines))


def _text(rows: Iterable[Row], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", delimiter=delimiter).writerows(rows)
    return text.getvalue()


def _with_line(content: bytes, line: int, raw: str) -> bytes:
    lines = content.decode().splitlines()
    lines[line - 1] = raw
    return ("\n".join(lines) + "\n").encode()


def _without(rows: list[Row], column: str) -> list[str]:
    place = rows[0].index(column)
    return [row.pop(place) for row in rows]


def _moved(rows: list[Row], column: str, before: str) -> None:
    cells = _without(rows, column)
    place = rows[0].index(before)
    for row, cell in zip(rows, cells, strict=True):
        row.insert(place, cell)


def _packed(files: Mapping[str, bytes], folder: Path, *, name: str = "delivery.zip", inside: str = "") -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in files.items():
            archive.writestr(f"{inside}{file}", content)
    return folder / name
