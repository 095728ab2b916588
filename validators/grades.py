"""Grade levels as CEDS codes: what systems export beside them becomes `KG`, `05`, `09,10` (sis-deviations 72, 73)."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

CODES: Final = ("IT", "PR", "PK", "TK", "KG", *(f"{grade:02}" for grade in range(1, 14)), "PS", "UG", "Other")
"""CEDS entry grade levels of OneRoster 1.1, from the youngest; the last ones stand beside the ladder."""

_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {code.casefold(): code for code in CODES}
    | dict.fromkeys(("k", "kk", "kinder", "kindergarten", "0", "00"), "KG")
    | dict.fromkeys(("tk", "transitional kindergarten"), "TK")
    | dict.fromkeys(("p", "pre-k", "prek", "pk3", "pk4", "prekindergarten", "pre-kindergarten"), "PK")
    | dict.fromkeys(("preschool", "ps3", "ps4"), "PR")
    | dict.fromkeys(("infant", "toddler", "infant/toddler"), "IT")
    | {"ungraded": "UG", "postsecondary": "PS", "post-secondary": "PS"}
    | {str(grade): f"{grade:02}" for grade in range(1, 14)}
)
_AROUND: Final = re.compile(r"^(?:grade|gr\.?)\s*|(?:st|nd|rd|th)?(?:\s*(?:grade|gr\.?))?$")
_RANGE: Final = re.compile(r"(.+?)\s*(?:-|\u2013|to)\s*(.+)")


def as_codes(cell: str) -> str:
    """The codes of a cell that holds one grade, several or a range; what is none of these stays as it stands."""
    found: list[str] = []
    for item in re.split(r"[,;|]", cell.strip('[]"')):
        found += _codes(item.strip(' "'))
    return ",".join(dict.fromkeys(found))


def code_of(name: str) -> str | None:
    """The code of one grade however it is written; None where it is none."""
    folded = name.casefold()
    return _NAMES.get(folded) or _NAMES.get(_AROUND.sub("", folded).strip())


def _codes(item: str) -> Iterator[str]:
    if code := code_of(item):
        yield code
    elif (ends := _RANGE.fullmatch(item)) and (span := _span(code_of(ends[1]), code_of(ends[2]))):
        yield from span
    else:
        yield item


def _span(first: str | None, last: str | None) -> tuple[str, ...]:
    if first is None or last is None:
        return ()
    return CODES[CODES.index(first) : CODES.index(last) + 1]
