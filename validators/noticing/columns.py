"""Columns that nobody reads and that may say who must not be written to, or who is no guardian at all."""

import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from config.tables import TableName
from validators.noticing.scene import Notice, Scene, counted
from validators.schemas import columns_of
from validators.sifting import Sieve
from validators.tables import LINE

# Names of columns without what separates their words (sis-deviations 131, 132).
_SAYS_NO: Final = re.compile(
    "courtorder|restrain|restrict|nocontact|protectiveorder|legalalert|safetyflag|donotcontact"
)
_SAYS_YES: Final = re.compile(
    "custod|parentalrights|educationalrights|legalrights|contactallowed|receives?mail|mailing|liveswith|pickup|releaseto"
)
_SAYS_WHO: Final = re.compile("(relation|relationship|contacttype|contactrole|relationtype|relationshiptype)$")
_IS_EMERGENCY: Final = re.compile("emergency")
_BETWEEN: Final = re.compile(r"[\W_]+")

_YES: Final = r"(?i)^\s*(y|yes|true|t|1|x|si|sí)\s*$"
_NO: Final = r"(?i)^\s*(n|no|none|false|f|0)\s*$"
_DENIED: Final = r"(?i)\b(no (rights|contact|custody|access)|denied|revoked|terminated|restrain\w*|prohibit\w*)\b"
_NO_GUARDIAN: Final = (
    r"(?i)\b(emergency|doctor|physician|pediatrician|dentist|hospital|neighbou?r|day ?care|baby ?sitter|nanny"
    r"|case ?worker|social worker|therapist)\b"
)


def notices(scene: Scene) -> Iterator[Notice]:
    """What the columns beside the known ones say of families, every night that they come."""
    for name in ("users", "guardians"):
        sieve = scene.sieves.get(name)
        if sieve is None:
            continue
        for column in sieve.table.rows.columns:
            if column != LINE and column not in columns_of(name):
                yield from _of_column(sieve, name, column, brings_guardians=scene.family_file == name)


def _of_column(sieve: Sieve, name: TableName, column: str, *, brings_guardians: bool) -> Iterator[Notice]:
    header = _BETWEEN.sub("", column).casefold()
    says_no, says_yes = _SAYS_NO.search(header), _SAYS_YES.search(header)
    if says_no or says_yes:
        cells = _cells(sieve, column)
        forbids = pl.col(column).str.contains(_YES if says_no else _NO) | pl.col(column).str.contains(_DENIED)
        forbidden = counted(cells.filter(forbids), "guardian.restriction.set", value=column, detail=column)
        yield name, forbidden
        if forbidden.is_empty():  # else this says the same, and less
            yield name, counted(cells, "guardian.restriction.unread", detail=column)
    elif brings_guardians and (_SAYS_WHO.search(header) or _IS_EMERGENCY.search(header)):
        cells = _cells(sieve, column)
        if name == "users":
            cells = cells.join(sieve.standing.filter(kind="guardian"), on=LINE, how="semi")
        is_other = _YES if _IS_EMERGENCY.search(header) else _NO_GUARDIAN
        others = cells.filter(pl.col(column).str.contains(is_other))
        yield name, counted(others, "guardian.contact.emergency", value=column, detail=column)


def _cells(sieve: Sieve, column: str) -> pl.DataFrame:
    """The filled cells of a column in rows that stand."""
    cells = sieve.table.rows.select(LINE, column).drop_nulls(column)
    return cells.join(sieve.standing.select(LINE), on=LINE, how="semi")
