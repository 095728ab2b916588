"""What a CSV file holds instead of a table of ours, as its first bytes tell."""

from typing import Final, Literal

from config.clever_files import is_clever
from config.repairs import is_repair

START_BYTES: Final = 4096
"""How much of a file's start is enough to know its header by."""

Content = Literal["repair", "clever"]
"""Repaired rows, whatever the file is called, or one of Clever's own files."""


def content_of(name: str, start: bytes) -> Content | None:
    """What a file of this name that begins so holds; None for a table, and for what nothing takes."""
    if is_repair(start):
        return "repair"
    return "clever" if is_clever(name, start) else None
