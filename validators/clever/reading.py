"""Clever's CSV files, read; the set cannot be used where one of them cannot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from config.clever_files import CleverFile
from config.profiles import Encoding
from validators.clever.columns import COLUMNS, layout_of
from validators.findings import Finding
from validators.reading import SheetReading, read_sheet
from validators.tables import LINE, Sheet

_MOST_BROKEN: Final = 20
_NOT_TOLD: Final = frozenset({"header.column_alias", "header.column_unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Clever's files as read: the sheets, none where nothing of the set can be used, and what there is to say."""

    sheets: Mapping[CleverFile, Sheet]
    findings: tuple[Finding, ...]


def read_files(paths: Mapping[CleverFile, Path], encoding: Encoding) -> Read:
    """Read the files of a set.

    A row that nobody can read stands for somebody who would seem to have left, so the whole set is refused for it.

    Args:
        paths: where the files lie.
        encoding: what the profile names for files that are not UTF-8.
    """
    sheets: dict[CleverFile, Sheet] = {}
    findings: list[Finding] = []
    for file, path in paths.items():
        reading = read_sheet(path, layout_of(file), file=f"{file}.csv", encoding=encoding)
        findings += _told(file, reading)
        if reading.sheet is None or not reading.sheet.broken.is_empty():
            findings.append(Finding(code="clever.unusable", file=f"{file}.csv"))
        else:
            sheets[file] = reading.sheet
    is_whole = len(sheets) == len(paths)
    return Read(sheets=sheets if is_whole else {}, findings=tuple(findings))


def _told(file: CleverFile, reading: SheetReading) -> Iterator[Finding]:
    """What reading found about the file and its header, and the first rows that nobody can read."""
    headers = {name: header for header, name in COLUMNS[file].items()}
    about = reading.findings.filter(
        pl.col("code").str.contains(r"^(?:file|header)\."), ~pl.col("code").is_in(list(_NOT_TOLD))
    )
    for row in about.iter_rows(named=True):
        column = headers.get(row["column"], row["column"])
        yield replace(Finding(**row), column=column, detail=None if row["detail"] == "Clever" else row["detail"])
    broken = reading.sheet.broken if reading.sheet else None
    if broken is not None:
        for line, code in broken.select(LINE, "code").head(_MOST_BROKEN).iter_rows():
            yield Finding(code=code, file=f"{file}.csv", line=line)
