"""What the first bytes of a CSV file tell: the cells of its header."""

import re
from typing import Final

_UTF_16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_BETWEEN_CELLS: Final = re.compile(r"[,;\t|]")
_EXCEL_HINT: Final = re.compile(r"sep=.?", re.IGNORECASE)


def header_cells(start: bytes) -> frozenset[str]:
    """The cells of the first line that says anything, in lower case, whatever separates them and however encoded."""
    encoding = "utf-16" if start.startswith(_UTF_16_BOMS) else "utf-8-sig"
    lines = start.decode(encoding, errors="ignore").splitlines()
    header = next((line for line in lines if line.strip() and not _EXCEL_HINT.fullmatch(line.strip())), "")
    return frozenset(cell.strip(' "').casefold() for cell in _BETWEEN_CELLS.split(header))
