"""The five verdicts on a batch and the exit codes that scripts read (INTERFACES, "Verdicts")."""

from collections.abc import Mapping
from typing import Final, Literal

Verdict = Literal["accepted", "accepted_with_rejections", "withheld", "held", "refused"]

EXIT_CODES: Final[Mapping[Verdict, int]] = {
    "accepted": 0,
    "accepted_with_rejections": 3,
    "withheld": 4,
    "held": 4,
    "refused": 4,
}

ChangeCounts = Mapping[str, Mapping[str, int]]
"""Records by type (student, guardian, staff, classroom, membership, guardianship) and by what became of them
(created, updated, archived, restored, unchanged, withheld)."""
