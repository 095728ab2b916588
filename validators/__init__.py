"""Reading a file faithfully and judging it: table rules, values, relationships."""

from validators.catalogue import codes, described, entry, fix, message, shown
from validators.findings import Finding, as_frame, folded, joined
from validators.judging import Judgement, Known, judge
from validators.reading import Reading, peek, read
from validators.tables import FileFacts, Table

__all__ = [
    "FileFacts",
    "Finding",
    "Judgement",
    "Known",
    "Reading",
    "Table",
    "as_frame",
    "codes",
    "described",
    "entry",
    "fix",
    "folded",
    "joined",
    "judge",
    "message",
    "peek",
    "read",
    "shown",
]
