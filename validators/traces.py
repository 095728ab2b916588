"""What programs left in the cells of a table: letters that were lost or misread, marks that nobody sees.

Only what can be proved to mean nothing is taken away, and told; a name that looks damaged stays as it is and is pointed
at, and an ID is never made to look like another one (sis-deviations 7, 8, 11, 13, 32, 33, 35).
"""

from collections.abc import Iterator
from typing import Final

import polars as pl

from validators.distinct import each_distinct
from validators.findings import FINDINGS
from validators.tables import LINE

_C1: Final = "\u0080-\u009f"
_OF_CP1252: Final = "".join(bytes([byte]).decode("cp1252", errors="ignore") for byte in range(0x80, 0xA0))
# The letters that the first byte of an accent becomes when UTF-8 is read as Windows-1252, and what may follow each.
_MISREAD: Final = f"[\u00c3-\u00c5][{_C1}\u00a0-\u00bf{_OF_CP1252}]|\u00c2[\u00a0-\u00bf]|\u00e2[\u20ac\u0080]"
_UNSEEN: Final = f"[{_C1}\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]"
LOST: Final = "\ufffd"
"""What stands where a letter could not be read."""

_ASKED: Final = r"\p{L}\?\p{L}"  # what a program writes for a letter that its encoding lacks
_WRAPPED: Final = "^(?:[\u201c-\u201e].*[\u201c\u201d]|\u2018.*[\u2018\u2019]|'.*'|\u00ab.*\u00bb)$"
_MARKED: Final = r"^'\+?[0-9(][^']*$"

_NAMES: Final = ("givenName", "familyName", "middleName")
_NUMBERS: Final = ("sms", "phone")
# Letters that have a whole form begin with these bytes when they come in parts: accents, Hangul, kana with a mark.
_PARTS: Final = (b"\xcc", b"\xcd", b"\xe1\x84", b"\xe1\x85", b"\xe1\x86", b"\xe3\x82\x99", b"\xe3\x82\x9a")


def is_id(column: str) -> bool:
    """Whether a column holds IDs, which are told apart letter by letter."""
    return "ourcedId" in column


def composed(rows: pl.DataFrame, body: bytes) -> pl.DataFrame:
    """Letters in one piece, so that a name in parts is no other name the next night (13); IDs stay as they are."""
    # One byte is found ten times faster than two: most names have none of the first ones.
    if body.isascii() or not any(part[:1] in body and part in body for part in _PARTS):
        return rows
    texts = [column for column in rows.columns[1:] if not is_id(column)]
    return rows.with_columns(pl.col(texts).str.normalize("NFC"))


def unmarked(rows: pl.DataFrame, body: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """IDs and numbers without the apostrophe by which a spreadsheet is told to keep zeros (35); and the notes."""
    if b"'" not in body:
        return rows, _none()
    columns = [name for name in rows.columns[1:] if is_id(name) or name in _NUMBERS]
    notes = {name: _notes(_like(_starting(rows, name, "'"), _MARKED), name, "cell.apostrophe") for name in columns}
    marked = [name for name in columns if notes[name].height]
    cells = (
        pl.when(pl.col(name).str.contains(_MARKED)).then(pl.col(name).str.slice(1)).otherwise(name) for name in marked
    )
    bare = rows.with_columns(cell.alias(name) for cell, name in zip(cells, marked, strict=True))
    return bare, pl.concat([_none(), *notes.values()])


def traces(rows: pl.DataFrame, body: bytes) -> pl.DataFrame:
    """What there is to say about single cells, as FINDINGS; a look at the bytes decides whether they are asked at all.

    Args:
        rows: of the table, without columns of passwords.
        body: what they were read from.
    """
    found = [_none()]
    columns = rows.columns[1:]
    if not body.isascii():
        found += [notes for column in columns for notes in _about_letters(rows, column)]
    if b"'" in body:
        texts = [column for column in columns if not is_id(column)]
        found += [_notes(_like(_starting(rows, name, "'"), _WRAPPED), name, "cell.quoted") for name in texts]
    if b"?" in body:
        names = [column for column in _NAMES if column in columns]
        found += [_notes(_like(_cells(rows, name), _ASKED), name, "cell.lost_letter") for name in names]
    return pl.concat(found)


def _about_letters(rows: pl.DataFrame, column: str) -> Iterator[pl.DataFrame]:
    """Patterns are tried on cells with other letters than ASCII only: those are few, and told by their lengths."""
    letters = _cells(rows, column).filter(pl.col("value").str.len_bytes() != pl.col("value").str.len_chars())
    if letters.is_empty():
        return
    meant = pl.col("value").map_batches(lambda texts: each_distinct(texts, _meant), pl.String)
    misread = _like(letters, _MISREAD).with_columns(hint=meant).drop_nulls("hint")
    yield _notes(misread, column, "cell.misread")
    if not is_id(column):  # of IDs their rules speak
        others = letters.join(misread, on=LINE, how="anti")
        yield _notes(_like(others, _UNSEEN), column, "cell.unseen")
        yield _notes(_like(others, LOST), column, "cell.lost_letter")
        yield _notes(_like(others, _WRAPPED).filter(~pl.col("value").str.starts_with("'")), column, "cell.quoted")


def _meant(text: str) -> str | None:
    """The text that was UTF-8 and was read as Windows-1252, where that is what happened; else None.

    >>> _meant("Nu\u00c3\u00b1ez"), _meant("JO\u00c3O")
    ('Nuñez', None)
    """
    try:
        return b"".join(map(_byte, text)).decode()
    except UnicodeError:
        return None


def _byte(letter: str) -> bytes:
    """The byte that a letter was; the five that Windows-1252 does not know stayed as they were."""
    return letter.encode("latin-1" if "\u0080" <= letter <= "\u009f" else "cp1252")


def _cells(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """`line` and `value` of the cells of a column."""
    return rows.select(LINE, value=pl.col(column))


def _starting(rows: pl.DataFrame, column: str, text: str) -> pl.DataFrame:
    return _cells(rows, column).filter(pl.col("value").str.starts_with(text))


def _like(cells: pl.DataFrame, pattern: str) -> pl.DataFrame:
    return cells.filter(pl.col("value").str.contains(pattern))


def _notes(cells: pl.DataFrame, column: str, code: str) -> pl.DataFrame:
    """One note for each cell (`line`, `value`, `hint` where there is one)."""
    told = cells.with_columns(code=pl.lit(code), column=pl.lit(column), count=pl.lit(1, pl.UInt32))
    return pl.concat([_none(), told], how="diagonal")


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=FINDINGS)
