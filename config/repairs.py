"""Rejected rows that come back repaired: how such a file is known (INTERFACES, "Sending repaired rows back")."""

from typing import Final

from config.first_lines import header_cells

BATCH: Final = "rosterdrop_batch"
PLACE: Final = "rosterdrop_line"
REASON: Final = "rosterdrop_reason"
COLUMNS: Final = (BATCH, PLACE, REASON)
"""The first columns of every file in `rejected/`."""

RAW: Final = "rosterdrop_raw"
"""Last column of rejected rows, there only where rows could not be read as cells: their text as it came."""

_MARKS: Final = frozenset({BATCH, PLACE})


def is_repair(start: bytes) -> bool:
    """Whether a file that begins so holds repaired rows, whatever a spreadsheet did to its separators and encoding."""
    return header_cells(start) >= _MARKS
