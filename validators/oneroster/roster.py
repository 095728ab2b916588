"""The standing rows of a delivery under one set of names, whatever the version calls its columns."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from config.oneroster import FILES, Version, header_of
from validators.oneroster.sifted import Sifted
from validators.tables import LINE

# What earlier versions call the columns of 1.2 (oneroster-csv 4, 5.1).
_EARLIER: Final[Mapping[Version, Mapping[str, Mapping[str, str]]]] = {
    "1.0": {
        "users": {"agents": "agentSourcedIds"},
        "classes": {"termSourcedId": "termSourcedIds", "grade": "grades"},
        "courses": {"schoolYearId": "schoolYearSourcedId", "grade": "grades"},
    },
    "1.1": {"lineItems": {"gradingPeriodSourcedId": "academicSessionSourcedId"}},
    "1.2": {},
}


class Roster:
    """The rows that still stand and are not marked for deletion, by file."""

    def __init__(self, version: Version, files: Mapping[str, Sifted]) -> None:
        """`files`: every file that could be read, judged by itself and by its references."""
        self.version = version
        self.files = files
        self._rows: dict[str, pl.DataFrame] = {}

    def rows(self, file: str) -> pl.DataFrame:
        """The rows of a file with the columns that any version has there; none where it is not in the set."""
        if file not in self._rows:
            self._rows[file] = self._active(file)
        return self._rows[file]

    def is_whole(self, *files: str) -> bool:
        """Whether all of these are there and hold everything, so that what is not in them does not exist."""
        return all(file in self.files and self.files[file].mode == "bulk" for file in files)

    def own_name(self, file: str, column: str) -> str:
        """What this version calls a column."""
        names = {later: name for name, later in self._names(file).items()}
        return names.get(column, column)

    def roles(self) -> pl.DataFrame:
        """Who is what: `user`, `role`."""
        file, user = ("roles", "userSourcedId") if self.version == "1.2" else ("users", "sourcedId")
        return self.rows(file).select(user=user, role="role").drop_nulls()

    def _active(self, file: str) -> pl.DataFrame:
        columns = _columns(file)
        if file not in self.files:
            return pl.DataFrame(schema={LINE: pl.UInt32, **dict.fromkeys(columns, pl.String)})
        names = self._names(file)
        strangers = [name for name in names.values() if name in self.files[file].rows.columns]
        rows = self.files[file].standing().drop(strangers).rename(names, strict=False)
        absent = [name for name in columns if name not in rows.columns]
        active = rows.filter(pl.col("status").ne_missing("tobedeleted"), pl.col("status").ne_missing("inactive"))
        return active.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)

    def _names(self, file: str) -> Mapping[str, str]:
        return _EARLIER[self.version].get(file, {})


def _columns(file: str) -> list[str]:
    versions: list[Version] = [version for version in ("1.1", "1.2") if file in FILES[version]]
    return list(dict.fromkeys(name for version in versions for name in header_of(version, file)))
