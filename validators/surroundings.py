"""What programs write around the rows: lines under the header and below the last row, formulas around cells.

All of it is known by its form and told in a note; what only looks like it stays a row (sis-deviations 34, 37 to 39).
"""

import re
from dataclasses import dataclass
from typing import Final

from validators.cells import EDGES
from validators.findings import Finding
from validators.headers import Header

_TAIL: Final = 4096  # bytes in which a footer stands
_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_THINGS: Final = r"(?:rows?|records?|lines?|entries|users?|students?|classes|enrollments?|filas?|registros?)(?:\(s\))?"
_DONE: Final = r"(?:affected|selected|returned|exported|written|found|fetched|afectadas?|seleccionadas?)"
_COUNT: Final = r"(?P<count>\d{1,3}(?:[,. ]\d{3})+|\d+)"
# `(512 rows affected)` of sqlcmd, `512 rows selected.` of sqlplus, `(512 rows)` of psql, `Total records: 512`.
_FOOTERS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\(?{_COUNT} {_THINGS}(?: {_DONE})?\)?\.?",
        rf"(?:grand )?total(?: number of| count of)?(?: {_THINGS})?(?: {_DONE})? ?[:=]? ?{_COUNT}",
        rf"(?:number of |count of )?{_THINGS}(?: {_DONE})?(?: count| total)? ?[:=] ?{_COUNT}",
        r"[-=* ]*end of (?:file|report|data|export)[-=* .]*",
        r"completion time: .*",
        r"sql> ?(?:spool off|exit|quit)?;?",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The rows of a file without what stands around them.

    `first_line`: the physical line on which `utf8` begins. `promised`: how many rows the footer says there are.
    """

    utf8: bytes
    first_line: int
    promised: int | None = None
    notes: tuple[Finding, ...] = ()


def body_of(utf8: bytes, header: Header) -> Body:
    """What stands below a header."""
    body, first_line = utf8[header.body_at :], header.line + 1
    notes = []
    if ruler := _ruler(header.separator).match(body):
        notes.append(Finding(code="file.ruler", line=first_line))
        body, first_line = body[ruler.end() :], first_line + 1
    body, footer, promised = _without_footer(body, header.separator)
    if footer:
        notes.append(Finding(code="file.footer", count=footer))
    body, formulas = _without_formulas(body, header.separator)
    if formulas:
        notes.append(Finding(code="file.formulas", count=formulas, detail=str(formulas)))
    return Body(utf8=body, first_line=first_line, promised=promised, notes=tuple(notes))


def _ruler(separator: str) -> re.Pattern[bytes]:
    """A line of dashes under the header, as sqlcmd and psql draw it."""
    drawn = rb'[-=+ "' + re.escape(separator.encode()) + rb"]*"
    return re.compile(drawn + rb"--" + drawn + rb"(?:\r\n|\r|\n|\Z)")


def _without_footer(body: bytes, separator: str) -> tuple[bytes, int, int | None]:
    """Rows without the lines that a program wrote below them, how many those were, and the rows that they count."""
    tail = body[-_TAIL:]
    lines = [line for line in _LINE.finditer(tail) if line[0]]
    if len(tail) < len(body):
        del lines[:1]  # its start is not in the tail
    cut, count, promised = len(tail), 0, None
    for line in reversed(lines):
        words = _words(line[0], separator)
        footer = next((match for form in _FOOTERS if (match := form.fullmatch(words))), None)
        if footer:
            count += 1
            promised = _number(footer) if "count" in footer.groupdict() else promised
        elif words:
            break
        if count:
            cut = line.start()
    return body[: len(body) - len(tail) + cut], count, promised


def _words(line: bytes, separator: str) -> str:
    """What a line says, whatever stands between and around its words; a lone quote stays."""
    text = line.decode(errors="replace").replace(separator, " ")
    return " ".join((text if text.count('"') % 2 else text.replace('"', " ")).strip(EDGES).split())


def _number(footer: re.Match[str]) -> int:
    return int(re.sub(r"\D", "", footer["count"]))


def _without_formulas(body: bytes, separator: str) -> tuple[bytes, int]:
    """Cells like ="00123" as the text in them: so senders keep a spreadsheet from eating zeros (sis-deviations 34)."""
    if b"=" not in body or b'="' not in body:  # one byte is found ten times faster than two
        return body, 0
    between = re.escape(separator.encode()) + rb"\r\n"
    starts, ends = rb"(?<![^" + between + rb"])", rb"(?=[" + between + rb"]|\Z)"
    bare = re.compile(starts + rb'="([^"\r\n]*)"' + ends)
    quoted = re.compile(starts + rb'"=""([^"\r\n]*)"""' + ends)
    body, count = bare.subn(rb'"\1"', body)
    body, more = quoted.subn(rb'"\1"', body)
    return body, count + more
