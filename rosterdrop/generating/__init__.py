"""Synthetic districts: invented people, night after night, with faults planted where a file lists them."""

from rosterdrop.generating.errors import (
    FaultImpossible,
    FaultUnknown,
    FileUnknown,
    FolderInUse,
    GeneratingError,
    NightUnknown,
    SizeUnusable,
)
from rosterdrop.generating.events import EVENTS
from rosterdrop.generating.faults import GROUPS, Fault, plantable
from rosterdrop.generating.generate import ALL_FAULTS, Generated, Implied, Planted, generate, truncate

__all__ = [
    "ALL_FAULTS",
    "EVENTS",
    "GROUPS",
    "Fault",
    "FaultImpossible",
    "FaultUnknown",
    "FileUnknown",
    "FolderInUse",
    "Generated",
    "GeneratingError",
    "Implied",
    "NightUnknown",
    "Planted",
    "SizeUnusable",
    "generate",
    "plantable",
    "truncate",
]
