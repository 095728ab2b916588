"""Content that came twice: a client that resumes a finished file appends it once more (phpseclib; reference 2.5)."""

import os
from typing import Final

_LONGEST_HEADER: Final = 64 * 1024
_AT_ONCE: Final = 1024 * 1024


def is_repeated(descriptor: int, resumed_at: int) -> bool:
    """Whether the file begins again where its client went on.

    That is so where its own first line stands there once more, or where what came is what had been there.
    """
    header = _first_line(os.pread(descriptor, min(resumed_at, _LONGEST_HEADER), 0))
    if header.strip() and os.pread(descriptor, len(header), resumed_at) == header:
        return True
    return os.fstat(descriptor).st_size == 2 * resumed_at and _halves_are_the_same(descriptor, resumed_at)


def _first_line(start: bytes) -> bytes:
    """The first line with its end, nothing where no line ends."""
    ends = [place for end in (b"\n", b"\r") if (place := start.find(end)) >= 0]
    return start[: min(ends) + 1] if ends else b""


def _halves_are_the_same(descriptor: int, half: int) -> bool:
    return all(
        os.pread(descriptor, min(_AT_ONCE, half - place), place)
        == os.pread(descriptor, min(_AT_ONCE, half - place), half + place)
        for place in range(0, half, _AT_ONCE)
    )
