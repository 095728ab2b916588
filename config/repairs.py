"""Rejected rows that come back repaired: how such a file is known (INTERFACES, "Sending repaired rows back")."""

import re
from typing import Final

BATCH: Final = "rosterdrop_batch"
PLACE: Final = "rosterdrop_line"
REASON: Final = "rosterdrop_reason"
COLUMNS: Final = (BATCH, PLACE, REASON)
"""The first columns of every file in `rejected/`."""

RAW: Final = "rosterdrop_raw"
"""Last column of rejected rows, there only where rows could not be read as cells: their text as it came."""

START_BYTES: Final = 4096
"""How much of a file's start is enough to know a repair."""

_MARKS: Final = frozenset({BATCH, PLACE})
_UTF_16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_BETWEEN_CELLS: Final = re.compile(r"[,;\t|]")
_EXCEL_HINT: Final = re.compile(r"sep=.?", re.IGNORECASE)


def is_repair(start: bytes) -> bool:
    """Whether a file that begins so holds repaired rows, whatever a spreadsheet did to its separators and encoding."""
    encoding = "utf-16" if start.startswith(_UTF_16_BOMS) else "utf-8-sig"
    lines = start.decode(encoding, errors="ignore").splitlines()
    header = next((line for line in lines if line.strip() and not _EXCEL_HINT.fullmatch(line.strip())), "")
    return {cell.strip(' "').casefold() for cell in _BETWEEN_CELLS.split(header)} >= _MARKS
