"""Where rows stood in the files that were sent, where a table was made of other files (`config.origins`)."""

from collections.abc import Iterable
from typing import Final

import polars as pl

from config.origins import FILE
from config.origins import LINE as SENT_LINE
from validators.tables import LINE, Table

ORIGINS: Final[dict[str, pl.DataType]] = {
    "file": pl.String(),
    "line": pl.UInt32(),
    "sent_file": pl.String(),
    "sent_line": pl.UInt32(),
}
"""Shape of origins: `file` and `line` of a row as it was judged, and where it stood in what was sent."""


def origins_of(tables: Iterable[Table], findings: pl.DataFrame) -> pl.DataFrame:
    """As ORIGINS: of the rows of tables that were made, those of which something was found."""
    parts = [pl.DataFrame(schema=ORIGINS)]
    for table in tables:
        if table.has(FILE) and table.has(SENT_LINE):
            lines = findings.filter(pl.col("file") == table.facts.file)[LINE].drop_nulls().unique()
            parts.append(
                table.rows.filter(pl.col(LINE).is_in(lines.implode())).select(
                    file=pl.lit(table.facts.file),
                    line=LINE,
                    sent_file=FILE,
                    sent_line=pl.col(SENT_LINE).cast(pl.UInt32, strict=False),
                )
            )
    return pl.concat(parts).drop_nulls()
