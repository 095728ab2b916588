"""The answer of a district to a batch that waits for it, as one line of a file: `approve 42 K7Q2-M9XD`.

The code stands in the report with values and says which files are meant. It is no secret: who may answer is a right of
the account.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from config.unseen import visible
from connect_store.ledger import LedgerBatch

ANSWER_FILE: Final = "answer.txt"
MOST_BYTES: Final = 4096
ANSWERABLE: Final = timedelta(days=7)
"""An answer that comes later is none: the report is about people as they were then."""

_LINE: Final = re.compile(r"(approve|discard)\s+(\d{1,12})\s+([A-Z0-9]{4}-?[A-Z0-9]{4})\b[\s:,]*(.*)", re.IGNORECASE)
_MOST_WORDS: Final = 200


class NoAnswer(Exception):
    """The file cannot be understood as an answer, or not as one to this batch; the sentence says why."""

    exit_code = 2


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
    lines = content[:MOST_BYTES].decode("utf-8-sig", errors="replace").split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    found = _LINE.fullmatch(first)
    if found is None:
        raise NoAnswer(
            f"The first line of {ANSWER_FILE} must be like: approve 42 K7Q2-M9XD, with the number and the code of the "
            "report. Nothing was done."
        )
    does, number, code, why = found.groups()
    return Answer(
        does="approve" if does.casefold() == "approve" else "discard",
        batch=int(number),
        code=code.upper(),
        why=visible(why.strip())[:_MOST_WORDS] or f"by {ANSWER_FILE}",
    )


def is_of(answer: Answer, batch: LedgerBatch) -> bool:
    """Whether the code is that of the batch."""
    return answer.code.replace("-", "") == code_of(batch).replace("-", "")
