"""Records of pages as frames: few columns of each are kept, so a walk needs little memory.

A page is JSON, so its records are objects of Python already; polars takes over from here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl


def framed(rows: Iterable[Sequence[Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """The rows of one page."""
    return pl.DataFrame(list(rows), schema=schema, orient="row", strict=False)


def joined(pages: Sequence[pl.DataFrame], schema: Mapping[str, Any]) -> pl.DataFrame:
    """All pages of a collection, in their order; without any an empty frame of the schema."""
    return pl.concat(pages) if pages else pl.DataFrame(schema=schema)
