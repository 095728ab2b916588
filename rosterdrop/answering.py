"""What a district says to a batch that waits, as a file in its drop: taken, and answered beside its reports."""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import structlog

from config.accounts import Account
from config.home import Home
from config.profiles import Profile
from processors import freezing, steering
from processors.answers import ANSWER_FILE, MOST_BYTES, NoAnswer, answer_in
from processors.frozen import Damaged
from processors.reporting.receipts import tell_answer
from sftp_gateway import Arrival

_log: Final = structlog.get_logger("rosterdrop")


def is_answer(arrival: Arrival) -> bool:
    """Whether a file is an answer; what comes into `test/` waits for none."""
    return arrival.file.name.casefold() == ANSWER_FILE and arrival.drop == "main"


def take_answer(home: Home, accounts: Mapping[str, Account], arrival: Arrival, profile: Profile) -> None:
    """What a district says to a batch that waits, done or refused in words; its file leaves the drop.

    Whoever may write into the drop may replace the file meanwhile: what is not the file that this account sent is not
    its answer, and comes as an arrival of its own.
    """
    sent = arrival.file
    try:
        with sent.path.open("rb") as file:
            if not sent.is_still(os.fstat(file.fileno())):
                return
            content = file.read(MOST_BYTES)
    except FileNotFoundError:  # taken already, and told twice
        return
    account = accounts.get(sent.account or "")
    if account is None or not account.may("approve"):
        says = "This account may not approve or discard a batch. Nothing was done; ask us (support)."
    else:
        says = _answered(home, arrival.district, content, who=account.id)
    tell_answer(home, arrival.district, says, at=sent.arrived_at, time_zone=profile.time_zone.key)
    with suppress(FileNotFoundError):
        if sent.is_still(sent.path.stat()):
            sent.path.unlink()


def _answered(home: Home, district: str, content: bytes, *, who: str) -> str:
    try:
        answer = answer_in(content)
        number = steering.take_answer(home, district, answer, who=who)
    except (NoAnswer, steering.NotToBeDone, freezing.NewerBatch, Damaged) as error:
        _log.warning("answer refused", district=district, account=who, error=type(error).__name__)
        return str(error)
    except Exception as error:  # noqa: BLE001 - a busy store or a full disk: whoever answered must hear of it
        _log.error("answer not taken", district=district, account=who, error=type(error).__name__)
        return "We could not do this now. Send answer.txt again in some minutes, or ask us (support)."
    _log.info("answer taken", district=district, account=who, batch=answer.batch, does=answer.does)
    if number is None:
        return f"Batch {answer.batch} is discarded. Nothing of it will be applied."
    return f"Batch {answer.batch} is approved. Batch {number} applies it, and its report follows."
