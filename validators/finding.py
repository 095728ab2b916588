"""A single finding, for those who make one without a frame: it needs no polars."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding, for the places that make them one by one; columns as in FINDINGS."""

    code: str
    file: str | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None
    detail: str | None = None
    hint: str | None = None
    cause: int | None = None
    count: int = 1
