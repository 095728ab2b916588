"""The answer of a district to a batch that waits for it, as one line of a file: `approve 42 K7Q2-M9XD`.

It is understood in each language of the reports, whichever is the district's, and as people's editors write it.

The code stands in the report with values and says which files are meant. It is no secret: who may answer is a right of
the account.
"""

import base64
import codecs
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from config.unseen import visible
from connect_store.ledger import LedgerBatch

ANSWER_FILE: Final = "answer.txt"
MOST_BYTES: Final = 4096
ANSWERABLE: Final = timedelta(days=7)
"""An answer that comes later is none: the report is about people as they were then."""

_WORDS: Final[Mapping[str, Literal["approve", "discard"]]] = {
    "approve": "approve",
    "aprobar": "approve",
    "discard": "discard",
    "descartar": "discard",
}
# The line may stand in the quotation marks of the report, and a word processor makes a dash of the hyphen.
_LINE: Final = re.compile(
    rf"""["'“«]*\s*({"|".join(_WORDS)})\s+(\d{{1,12}})\s+([A-Z0-9]{{4}})[-\u2010-\u2014]?([A-Z0-9]{{4}})\b["'”»\s:.,]*(.*)""",
    re.IGNORECASE,
)
_MOST_WORDS: Final = 200


class NoAnswer(Exception):
    """The file cannot be understood as an answer, or not as one to this batch.

    Attributes:
        key: of the reports' sentence that says why.
        holes: what stands in it.
    """

    def __init__(self, key: str, **holes: str) -> None:
        super().__init__(key)
        self.key = key
        self.holes = holes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the file says."""

    does: Literal["approve", "discard"]
    batch: int
    code: str
    why: str


def code_of(batch: LedgerBatch) -> str:
    """The code by which an answer names a batch: of its number and its files, so that no other has the same."""
    named = f"{batch.district} {batch.number} {sorted((file.file, file.sha256) for file in batch.files)}"
    code = base64.b32encode(hashlib.sha256(named.encode()).digest()).decode()
    return f"{code[:4]}-{code[4:8]}"


def answer_in(content: bytes) -> Answer:
    """The answer that a file gives, in the first line that says anything.

    Raises:
        NoAnswer: there is none.
    """
    lines = _text_of(content[:MOST_BYTES]).split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    found = _LINE.fullmatch(first)
    if found is None:
        raise NoAnswer("answer.not_understood")
    does, number, code, rest_of_code, why = found.groups()
    return Answer(
        does=_WORDS[does.casefold()],
        batch=int(number),
        code=f"{code}-{rest_of_code}".upper(),
        why=visible(why.strip())[:_MOST_WORDS] or f"by {ANSWER_FILE}",
    )


def _text_of(content: bytes) -> str:
    """What Windows' Notepad calls Unicode is UTF-16 behind a mark; all others are read as UTF-8."""
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf_16 else "utf-8-sig", errors="replace").replace("\r", "\n")


def is_of(answer: Answer, batch: LedgerBatch) -> bool:
    """Whether the code is that of the batch."""
    return answer.code == code_of(batch)
