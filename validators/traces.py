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
# What letters that have a whole form hold when they come in parts: accents, Hangul, kana with a mark.
_PARTS: Final = "[\u0300-\u037f\u1100-\u117f\u1180-\u11bf\u3099\u309a]"
_SIGNS: Final = "|".join((_MISREAD, _UNSEEN, LOST, _ASKED, _WRAPPED, _MARKED))

_VALUE: Final = pl.col("value")
_OF_ID: Final = pl.col("column").str.contains("ourcedId", literal=True)
_OF_NAME: Final = pl.col("column").is_in(_NAMES)
_IS_MARKED: Final = (_OF_ID | pl.col("column").is_in(_NUMBERS)) & _VALUE.str.contains(_MARKED)
_NOTHING: Final = pl.DataFrame(schema=FINDINGS)


def is_id(column: str) -> bool:
    """Whether a column holds IDs, which are told apart letter by letter."""
    return "ourcedId" in column


def cleaned(rows: pl.DataFrame, body: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without what means nothing, and what there is to say about single cells, as FINDINGS.

    Args:
        rows: of the table, without columns of passwords.
        body: what they were read from.
    """
    odd = _odd_cells(rows, body)
    if odd.is_empty():
        return rows, _NOTHING
    if odd.select((~_OF_ID & _VALUE.str.contains(_PARTS)).any()).item():
        # In one piece, so that a name in parts is no other name the next night (13); IDs stay as they are.
        texts = [column for column in rows.columns[1:] if not is_id(column)]
        rows = rows.with_columns(pl.col(texts).str.normalize("NFC"))
        odd = odd.with_columns(value=pl.when(_OF_ID).then(_VALUE).otherwise(_VALUE.str.normalize("NFC")))
    suspects = odd.filter(_VALUE.str.contains(_SIGNS))
    if suspects.is_empty():
        return rows, _NOTHING
    marked = suspects.filter(_IS_MARKED)
    bare = (
        pl.when(pl.col(name).str.contains(_MARKED)).then(pl.col(name).str.slice(1)).otherwise(name).alias(name)
        for name in marked["column"].unique(maintain_order=True)
    )
    left = suspects.with_columns(value=pl.when(_IS_MARKED).then(_VALUE.str.slice(1)).otherwise(_VALUE))
    return rows.with_columns(bare), pl.concat([_notes(marked, "cell.apostrophe"), *_about_letters(left)])


def _odd_cells(rows: pl.DataFrame, body: bytes) -> pl.DataFrame:
    """`line`, `column` and `value` of the cells in which there can be anything to tell.

    They have other letters than ASCII, an apostrophe in front, or are names with a question mark: so few that patterns
    are tried on them alone. Which of these there are at all, the bytes tell.
    """
    columns = [name for name in rows.columns[1:] if rows.get_column(name).null_count() < rows.height]
    signs: dict[str, list[pl.Expr]] = {name: [] for name in columns}
    has_others, has_apostrophes, has_questions = not body.isascii(), b"'" in body, b"?" in body
    for name, cell in zip(columns, map(pl.col, columns), strict=True):
        if has_others:
            signs[name].append(cell.str.len_bytes() != cell.str.len_chars())
        if has_apostrophes:
            signs[name].append(cell.str.starts_with("'"))
        if has_questions and name in _NAMES:
            signs[name].append(cell.str.contains("?", literal=True))
    is_odd = rows.select(pl.any_horizontal(some).alias(name) for name, some in signs.items() if some)
    cells = [
        pl.DataFrame({LINE: rows[LINE].filter(odd), "value": rows[odd.name].filter(odd)}).select(
            LINE, "value", column=pl.lit(odd.name)
        )
        for odd in is_odd
        if odd.any()
    ]
    return pl.concat([_NOTHING.select(LINE, "value", "column"), *cells])


def _about_letters(cells: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Notes on what was lost or misread; of IDs it is misread letters alone, for of others their rules speak."""
    like_misread = pl.when(_VALUE.str.contains(_MISREAD)).then(_VALUE)
    told = cells.with_columns(hint=like_misread.map_batches(lambda texts: each_distinct(texts, _meant), pl.String))
    is_misread, is_asked = pl.col("hint").is_not_null(), _OF_NAME & _VALUE.str.contains(_ASKED)
    yield _notes(told.filter(is_misread), "cell.misread")
    texts = told.filter(~_OF_ID).with_columns(is_misread=is_misread, hint=pl.lit(None, pl.String))
    yield _notes(texts.filter(~pl.col("is_misread"), _VALUE.str.contains(_UNSEEN)), "cell.unseen")
    is_lost = ~pl.col("is_misread") & _VALUE.str.contains(LOST, literal=True)
    yield _notes(texts.filter(is_lost | is_asked), "cell.lost_letter")
    is_wrapped = ~pl.col("is_misread") | _VALUE.str.starts_with("'")
    yield _notes(texts.filter(is_wrapped, _VALUE.str.contains(_WRAPPED)), "cell.quoted")


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


def _notes(cells: pl.DataFrame, code: str) -> pl.DataFrame:
    """One note for each cell (`line`, `column`, `value`, `hint` where there is one)."""
    told = cells.with_columns(code=pl.lit(code), count=pl.lit(1, pl.UInt32))
    return pl.concat([_NOTHING, told.select(pl.selectors.by_name(*FINDINGS, require_all=False))], how="diagonal")
