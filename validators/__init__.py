"""Reading a file faithfully and judging it: table rules, values, relationships."""

from typing import TYPE_CHECKING

from config.doors import door

if TYPE_CHECKING:
    from validators.catalogue import described
    from validators.findings import Finding, as_frame, folded, joined
    from validators.judging import Judgement, Known, judge, judge_parts
    from validators.reading import Peek, Reading, Written, peek, read, written
    from validators.tables import FileFacts, Table
else:
    __getattr__ = door(
        __name__,
        {
            "catalogue": "described",
            "findings": "Finding as_frame folded joined",
            "judging": "Judgement Known judge judge_parts",
            "reading": "Peek Reading Written peek read written",
            "tables": "FileFacts Table",
        },
    )

__all__ = [
    "FileFacts",
    "Finding",
    "Judgement",
    "Known",
    "Peek",
    "Reading",
    "Table",
    "Written",
    "as_frame",
    "described",
    "folded",
    "joined",
    "judge",
    "judge_parts",
    "peek",
    "read",
    "written",
]
