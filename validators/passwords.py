"""Columns of passwords: how they are known, and what of a row may be kept when its cells cannot be told apart."""

import csv
import io
import re
from collections.abc import Collection
from difflib import SequenceMatcher
from typing import Final

import polars as pl

# Also as people mistype it (pasword, psswd, passowrd), and in the languages of districts that we know.
_PASSWORD: Final = re.compile(
    r"pas+w|ps+w(?:o|r|d|$)|passo[wr]|passphrase|passcode|pwd|pwrd|^pass$|(?:^|user|login|initial)pw$"
    r"|contrase|senha|motdepasse|kennwort|wachtwoord|パスワード|暗証|secret|credential|^pin$|pin(?:code|number)$"
)
_WORD: Final = "password"
_LIKE_IT: Final = 0.8  # `passord` and `pssword` are; `address` is not


def is_password(folded_header: str) -> bool:
    """Whether a header, folded, names a column of passwords."""
    if _PASSWORD.search(folded_header):
        return True
    ends = (folded_header[: len(_WORD)], folded_header[-len(_WORD) :])
    return any(SequenceMatcher(None, end, _WORD).ratio() >= _LIKE_IT for end in ends)


def without_passwords(broken: pl.DataFrame, passwords: Collection[int], *, width: int, separator: str) -> pl.DataFrame:
    """Broken rows (BROKEN) with only those cells of their text that cannot be a password.

    They must not be empty altogether: the ID of a row that could not be read is what keeps its record in Connect.

    Args:
        broken: the rows as they were read.
        passwords: positions of the columns of passwords; without any, nothing is taken away.
        width: how many columns the header has.
        separator: what stands between cells.
    """
    if not passwords:
        return broken
    first = min(passwords)
    raw = [
        separator.join(
            _id_before_quotes(first, text, separator=separator)
            if code == "row.quote"
            else _cells_before(first, text, width=width, separator=separator)
        )
        for text, code in broken.select("raw", "code").iter_rows()
    ]
    return broken.with_columns(raw=pl.Series(raw, dtype=pl.String))


def _cells_before(first: int, text: str, *, width: int, separator: str) -> list[str]:
    """The cells before any password: as many fewer as cells were lost, for all may have been lost before it."""
    cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    lost = max(width - len(cells), 0)
    return cells[: max(first - lost, 0)]


def _id_before_quotes(first: int, text: str, *, separator: str) -> list[str]:
    """The first cell, where it ends before any quote: with quotes that do not fit, no count of cells is sure."""
    cells = text.partition('"')[0].split(separator)[:-1]
    return cells[: min(first, 1)]
