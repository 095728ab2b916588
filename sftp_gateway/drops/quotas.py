"""How much a drop may still take (reference 2.3, 13): by the place of a byte, never by the bytes that were written.

An upload asks for room in steps, so that not every packet costs a transaction: what it was granted counts as taken for
all others, in whichever process they are.
"""

from dataclasses import dataclass
from typing import Final

from config.profiles import Quota
from sftp_gateway.statuses import NO_SPACE, Refusal, full_for_today, full_of_bytes, full_of_files

_SMALLEST_STEP: Final = 1024**2
_LARGEST_STEP: Final = 32 * 1024**2  # ten times a second at the speed of one fast client


@dataclass(frozen=True, slots=True)
class Holding:
    """What a drop holds and has taken without the upload that asks."""

    bytes: int  # apparent: of files that stand, of uploads that were cut off, and what was granted to those under way
    names: int  # other names than the one that is asked for
    stands: bool  # whether something stands, or is on its way, under the name itself
    received: int  # today


@dataclass(frozen=True, slots=True)
class Grant:
    """Up to which place an upload may write, and how many bytes may come for it in all."""

    place: int = 0
    amount: int = 0


def grant(quota: Quota, held: Holding, wanted: Grant, *, growth: int, free: int) -> Grant:
    """What an upload is granted: what it needs now, and a step more where there is room.

    Args:
        quota: what the drop may hold and take.
        held: what it holds and has taken without this upload.
        wanted: what the upload needs for its next bytes.
        growth: how many bytes of that are not on the disk yet.
        free: bytes of the disk that uploads may take, the reserve left aside.

    Raises: Refusal, which says what is full.
    """
    if growth > max(free, 0):
        raise Refusal(NO_SPACE)
    if held.bytes + wanted.place > quota.bytes:
        raise Refusal(full_of_bytes(quota.bytes))
    if held.received + wanted.amount > quota.daily_bytes:
        raise Refusal(full_for_today(quota.daily_bytes))
    # Where the disk is nearly full many uploads ask at once; each step is small then.
    step = min(max(wanted.place, _SMALLEST_STEP), _LARGEST_STEP, max(free - growth, 0) // 16)
    return Grant(
        min(wanted.place + step, quota.bytes - held.bytes), min(wanted.amount + step, quota.daily_bytes - held.received)
    )


def refuse_new_name(quota: Quota, held: Holding) -> None:
    """Refuse one more name than the drop may hold; what stands there may always come again."""
    if not held.stands and held.names >= quota.files:
        raise Refusal(full_of_files(quota.files))
