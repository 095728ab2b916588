"""What manifest.csv says: the version, and of each file whether it is bulk, delta or absent (oneroster-csv 3.8)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

import polars as pl

from config.oneroster import FILES, Version
from validators.findings import Finding
from validators.tables import LINE

COLUMNS: Final = ("propertyName", "value")
MODES: Final = ("absent", "bulk", "delta")
FILE: Final = "manifest.csv"

_TOLD: Final = ("1.1", "1.2")
_FREE: Final = ("source.systemName", "source.systemCode")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest as read; of none, nothing is told.

    `properties`: by name, those whose rows stand. `rows`: `line`, `propertyName`, `value`.
    """

    properties: Mapping[str, str | None] = field(default_factory=dict)
    rows: pl.DataFrame | None = None

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "Manifest":
        """The properties of a manifest's rows; one that is told in different ways tells nothing."""
        told: dict[str, set[str | None]] = {}
        for name, value in rows.select(COLUMNS).iter_rows():
            told.setdefault(name, set()).add(value)
        properties = {name: next(iter(values)) for name, values in told.items() if len(values) == 1}
        return cls(properties=properties, rows=rows.select(LINE, *COLUMNS))

    @property
    def version(self) -> str | None:
        """`oneroster.version`, where it is one that has a manifest."""
        told = self.properties.get("oneroster.version")
        return told if told in _TOLD else None

    @property
    def modes(self) -> dict[str, str]:
        """Of each file that it names properly, how it comes."""
        found = {name.removeprefix("file."): value for name, value in self.properties.items() if name}
        return {file: value for file, value in found.items() if value in MODES and file in FILES["1.2"]}

    def findings(self, version: Version) -> Iterator[Finding]:
        """What is wrong with it as a manifest of a version."""
        if self.rows is None:
            return
        known = properties_of(version)
        yield from (
            Finding(code="oneroster.manifest.property_missing", file=FILE, detail=name)
            for name in known
            if name not in _FREE and name not in self.rows["propertyName"]
        )
        seen: set[str] = set()
        for line, name, value in self.rows.iter_rows():
            yield from self._about(line, name, value, is_known=name in known, is_again=name in seen, version=version)
            seen.add(name)

    def _about(
        self, line: int, name: str | None, value: str | None, *, is_known: bool, is_again: bool, version: Version
    ) -> Iterator[Finding]:
        if name is not None and name not in self.properties:
            yield _finding("oneroster.manifest.property_conflict", line, "propertyName", name, detail=name)
        elif is_again:
            yield _finding("oneroster.manifest.property_repeated", line, "propertyName", name, detail=name)
        elif not is_known:
            hint = get_close_matches(name or "", properties_of(version), n=1, cutoff=0.75)
            yield _finding(
                "oneroster.manifest.property_unknown", line, "propertyName", name, hint=hint[0] if hint else None
            )
        elif name == "manifest.version" and value != "1.0":
            yield _finding("oneroster.manifest.manifest_version", line, "value", value)
        elif name == "oneroster.version" and value not in _TOLD:
            yield _finding("oneroster.manifest.oneroster_version", line, "value", value)
        elif name and name.startswith("file.") and value not in MODES:
            hint = get_close_matches((value or "").casefold(), MODES, n=1)
            yield _finding(
                "oneroster.manifest.mode_unknown", line, "value", value, detail=name, hint=hint[0] if hint else None
            )


def _finding(
    code: str, line: int, column: str, value: str | None, *, detail: str | None = None, hint: str | None = None
) -> Finding:
    return Finding(code=code, file=FILE, line=line, column=column, value=value, detail=detail, hint=hint)


def properties_of(version: Version) -> tuple[str, ...]:
    """Every property that a manifest of a version has; those of its source may be left out.

    A set that is judged as 1.0 has none by the specification: one that came is held to that of 1.1.
    """
    files = FILES["1.1" if version == "1.0" else version]
    return ("manifest.version", "oneroster.version", *(f"file.{file}" for file in sorted(files)), *_FREE)
