"""Bytes of a file to bytes in UTF-8, or the finding that says why they are no text of ours."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import polars as pl

from config.profiles import Encoding
from validators.findings import Finding
from validators.tables import Newline

BOM: Final = b"\xef\xbb\xbf"
_UTF_16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_WHITE: Final = b" \t\r\n\x0b\x0c\x1a"
_CONTROL_Z: Final = b"\x1a"
_INNER_BOM: Final = re.compile(rb"(?<=[\r\n])(?:\xef\xbb\xbf)+")
_FEW: Final = 100  # one line in a hundred may be damaged; in more, the file is in another encoding (sis-deviations 4)
_HOLE: Final = bytes(16)  # where an upload lost its middle the disk gives NULs; bcp writes one for an empty cell

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PK\x05\x06", "ZIP archive"),
    (b"\x1f\x8b", "gzip archive"),
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", "Excel workbook"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!", "RAR archive"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"SQLite format 3", "database"),
)
_ZIPPED: Final = b"PK\x03\x04"
_WORKBOOK: Final = (b"[Content_Types].xml", b"xl/", b"mimetypeapplication/vnd.oasis")
# What clients of Oracle and SQL Server write in place of rows when the query failed (sis-deviations 41).
_QUERY_FAILED: Final = re.compile(
    rb"(?:ORA-\d{5}|SP2-\d{4}|Msg \d+\b|SQLSTATE|Warning: Null value|(?:FATAL|ERROR|Error):|Error [a-z]+ing )"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A text: its bytes in UTF-8 without byte-order mark, how they were written, and what there is to say about it.

    `damage`: where bytes that are no UTF-8 were replaced by U+FFFD, why nothing should be taken from the file.
    """

    utf8: bytes
    encoding: str
    notes: tuple[Finding, ...] = ()
    damage: Finding | None = None

    @property
    def newline(self) -> Newline:
        """Which line ends it uses, counted each time."""
        return newline_of(self.utf8)


def decoded(data: bytes, fallback: Encoding) -> Decoded | Finding:
    """The text in `data`; the fallback is tried only where it is not UTF-8 (sis-deviations 3 to 6).

    A finding stands for a file that cannot be used.
    """
    if not (data[: len(BOM) + 1024].removeprefix(BOM).strip(_WHITE) or data.removeprefix(BOM).strip(_WHITE)):
        return Finding(code="file.empty")
    if kind := _kind_by_magic(data):
        return Finding(code="file.not_csv", detail=kind)
    text = _in_utf8(data, fallback)
    return text if isinstance(text, Finding) else _plain(text)


def with_damage(data: bytes, damage: Finding) -> Decoded | Finding:
    """A text of which few lines are no UTF-8, with U+FFFD in place of what cannot be read; else why it is none.

    Where U+FFFD stands in it already nobody could tell the two apart.
    """
    text = data.removeprefix(BOM)
    lines = text.split(b"\n")
    hurt = sum(not _is_utf8_line(line) for line in lines)
    if hurt * _FEW > len(lines) or "\ufffd".encode() in text:
        return damage
    whole = _plain(_as_decoded(text.decode(errors="replace").encode(), "utf-8"))
    return replace(whole, damage=damage) if isinstance(whole, Decoded) else whole


def is_failed_query(line: bytes) -> bool:
    """Whether a line is what a database writes in place of rows."""
    return _QUERY_FAILED.match(line.lstrip(_WHITE)) is not None


def _plain(text: Decoded) -> Decoded | Finding:
    """The text, if it can hold a table."""
    has_nul = b"\0" in text.utf8
    if has_nul and _HOLE in text.utf8:
        return Finding(code="file.nul", line=_line_at(text.utf8, text.utf8.index(_HOLE)))
    if kind := _kind_of_text(text.utf8):
        return Finding(code="file.not_csv", detail=kind)
    if not has_nul:
        return text
    # Around a cell they are nothing, within one its rule judges them (sis-deviations 9).
    count = text.utf8.count(b"\0")
    return replace(text, notes=(*text.notes, Finding(code="file.nul_bytes", count=count, detail=str(count))))


def _kind_by_magic(data: bytes) -> str | None:
    if data.startswith(_ZIPPED):
        return "Excel workbook" if any(mark in data[:4096] for mark in _WORKBOOK) else "ZIP archive"
    if _is_utf16_without_mark(data[:512]):
        return "UTF-16 without byte-order mark"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


def _kind_of_text(utf8: bytes) -> str | None:
    start = utf8[:4096].lstrip(_WHITE)
    if start.startswith(b"<"):
        is_page = re.match(rb"<!doctype html|<html|<head|<body", start, re.IGNORECASE)
        return "HTML page" if is_page else "XML"
    if start.startswith((b"{", b"[")):
        return "JSON"
    return "message of a failed query" if is_failed_query(start) else None


def _is_utf16_without_mark(start: bytes) -> bool:
    odd, even = start[1::2], start[::2]
    if start.startswith(_UTF_16_BOMS) or len(start) < 8:
        return False
    return any(
        part.count(0) * 10 >= len(part) * 9 and other.count(0) == 0 for part, other in ((odd, even), (even, odd))
    )


def _in_utf8(data: bytes, fallback: Encoding) -> Decoded | Finding:
    if data.startswith(_UTF_16_BOMS):
        return _from_utf16(data)
    if is_utf8(data):
        return _as_decoded(data.removeprefix(BOM), "utf-8")
    return _from_fallback(data, fallback)


def _from_utf16(data: bytes) -> Decoded | Finding:
    try:
        utf8 = data.decode("utf-16").encode()
    except UnicodeError:
        return Finding(code="file.not_utf8", detail="utf-16")
    return _as_decoded(utf8, "utf-16", Finding(code="file.decoded", detail="utf-16"))


def _from_fallback(data: bytes, fallback: Encoding) -> Decoded | Finding:
    if is_cut_character(data):
        return Finding(code="file.truncated", line=_line_at(data, len(data)))
    refused = Finding(code="file.not_utf8", line=_first_bad_line(data), detail=likely_encoding(data))
    if fallback == "utf-8":
        return refused
    try:
        utf8 = _decoded_by_line(data.removeprefix(BOM), fallback)
    except UnicodeError:
        return refused
    return _as_decoded(utf8, fallback, Finding(code="file.decoded", detail=fallback))


def _decoded_by_line(data: bytes, fallback: Encoding) -> bytes:
    """Lines that are UTF-8 as they are, others from the fallback: joined files may hold both (sis-deviations 5).

    Not so in Shift_JIS, where short names in half-width letters are now and then valid UTF-8.
    """
    if fallback == "shift_jis":
        return data.decode("cp932").encode()  # what Windows in Japan calls so

    def in_utf8(line: bytes) -> bytes:
        return line if _is_utf8_line(line) else line.decode(fallback).encode()

    return b"\n".join(map(in_utf8, data.split(b"\n")))


def _is_utf8_line(line: bytes) -> bool:
    """As `is_utf8`, at a tenth of its price where there is little text."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_decoded(utf8: bytes, encoding: str, *notes: Finding) -> Decoded:
    text, marks = _without_inner_marks(utf8.rstrip(_CONTROL_Z))
    return Decoded(utf8=text, encoding=encoding, notes=(*notes, *marks))


def _without_inner_marks(utf8: bytes) -> tuple[bytes, list[Finding]]:
    """Lines without the byte-order mark that they begin with where files were joined (sis-deviations 2)."""
    if BOM[:1] not in utf8 or not (b"\n" + BOM in utf8 or b"\r" + BOM in utf8):
        return utf8, []
    line = _line_at(utf8, next(_INNER_BOM.finditer(utf8)).start())
    text, count = _INNER_BOM.subn(b"", utf8)
    return text, [Finding(code="file.inner_marks", line=line, count=count, detail=str(count))]


def is_utf8(data: bytes) -> bool:
    """Whether all of `data` is valid UTF-8, without building the text: of two million rows that would be 800 MB."""
    if data.isascii():
        return True
    try:
        pl.Series([data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        return False
    return True


def is_cut_character(data: bytes) -> bool:
    """Whether a text is UTF-8 with accents but for its last character, which lacks bytes: it was cut off there."""
    for length in range(1, min(4, len(data) + 1)):
        lead = data[-length]
        if lead >= 0xC2:
            wanted = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return wanted > length and not data[:-length].isascii() and is_utf8(data[:-length])
    return False


def newline_of(utf8: bytes) -> Newline:
    """Which line ends a text uses; LF where it has none."""
    if b"\r" not in utf8:
        return "LF"
    both, returns, feeds = utf8.count(b"\r\n"), utf8.count(b"\r"), utf8.count(b"\n")
    if both == returns == feeds:
        return "CRLF"
    return "mixed" if feeds else "CR"


def likely_encoding(data: bytes) -> str | None:
    """What a file that is not UTF-8 was probably written in, judged by its first lines that are none."""
    sample = b"\n".join(list(islice((line for line in data.split(b"\n") if not _is_utf8_line(line)), 200)))
    return next((name for name, codec, fits in _CANDIDATES if _decodes(sample, codec, fits)), None)


def _decodes(sample: bytes, codec: str, fits: Callable[[str], bool]) -> bool:
    try:
        text = sample.decode(codec)
    except UnicodeError:
        return False
    special = [character for character in text if not character.isascii()]
    return sum(map(fits, special)) * 10 >= len(special) * 8


def _is_western(character: str) -> bool:
    return "\u00c0" <= character <= "\u00ff" or character in "\u2018\u2019"  # letters, and apostrophes in names


def _is_japanese(character: str) -> bool:
    return "\u3040" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fff"  # kana and kanji of full width


# In this order: Latin names are now and then valid Shift_JIS too, Japanese ones are no likely windows-1252.
_CANDIDATES: Final[tuple[tuple[str, str, Callable[[str], bool]], ...]] = (
    ("windows-1252", "cp1252", _is_western),
    ("shift_jis", "cp932", _is_japanese),
    ("cp850", "cp850", _is_western),
)


def _first_bad_line(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return _line_at(data, error.start)
    return 1


def _line_at(data: bytes, offset: int) -> int:
    """The physical line of a byte."""
    before = data[:offset]
    return 1 + before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")
