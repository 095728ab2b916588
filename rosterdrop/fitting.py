"""How wide the columns of a table are on a screen: cells break between words, and no word is torn."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

GAP: Final = 2  # between two columns


def columns_that_fit(
    columns: Sequence[str], rows: Sequence[Sequence[str]], room: int, spare: Sequence[str]
) -> list[int]:
    """Places of the columns that stay, so that a row fits into `room`: `spare` ones go first to last, if one must go.

    Returns: no place at all where a row does not fit even then.
    """
    staying = list(range(len(columns)))
    needed = [max(map(_longest_word, cells)) for cells in zip(columns, *rows, strict=True)]
    leaving = [columns.index(name) for name in spare]
    while _width([needed[place] for place in staying]) > room:
        if not leaving:
            return []
        staying.remove(leaving.pop(0))
    return staying


def widths_in(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """A width for each column: that of its longest word at the least, and the room that is left where it is short.

    `columns_that_fit` has made sure that the longest words fit.
    """
    cells = list(zip(columns, *rows, strict=True))
    widths = [max(map(_longest_word, column)) for column in cells]
    wanted = [max(map(cell_len, column)) for column in cells]
    left = room - _width(widths)
    for place in sorted(range(len(widths)), key=lambda place: wanted[place] - widths[place]):
        short = sum(1 for other, width in enumerate(widths) if width < wanted[other])
        more = min(wanted[place] - widths[place], left // max(short, 1))
        widths[place] += more
        left -= more
    return widths


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)
