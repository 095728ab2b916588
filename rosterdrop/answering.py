"""What a district says to a batch that waits, as a file in its drop: taken, and answered beside its reports."""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import structlog

from config.accounts import Account
from config.home import Home
from config.profiles import Profile
from config.wording import Words
from processors import freezing, steering
from processors.answers import ANSWER_FILE, MOST_BYTES, NoAnswer, answer_in
from processors.frozen import Damaged
from processors.reporting.receipts import tell_answer
from processors.reporting.wording import say_in
from sftp_gateway import Arrival

_log: Final = structlog.get_logger("rosterdrop")


def is_answer(arrival: Arrival) -> bool:
    """Whether a file is an answer to a batch; one in `test/` is one too, of somebody who is mistaken."""
    return arrival.file.name.casefold() == ANSWER_FILE


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
    say = say_in(profile.report.language)
    if arrival.drop == "test":
        says = say("answer.in_test")
    elif account is None or not account.may("approve"):
        says = say("answer.not_allowed")
    else:
        says = _answered(home, arrival.district, content, who=account.id, say=say)
    tell_answer(
        home,
        arrival.district,
        says,
        test=arrival.drop == "test",
        at=sent.arrived_at,
        time_zone=profile.time_zone.key,
        language=say.language,
    )
    with suppress(FileNotFoundError):
        if sent.is_still(sent.path.stat()):
            sent.path.unlink()


def _answered(home: Home, district: str, content: bytes, *, who: str, say: Words) -> str:
    try:
        answer = answer_in(content)
    except NoAnswer as error:
        _log.warning("answer refused", district=district, account=who, error=error.key)
        return say(error.key)
    told = {"number": str(answer.batch)}
    try:
        number = steering.take_answer(home, district, answer, who=who)
    except NoAnswer as error:
        _log.warning("answer refused", district=district, account=who, error=error.key)
        return say(error.key, **error.holes)
    except (steering.NotToBeDone, freezing.NewerBatch, Damaged) as error:
        _log.warning("answer refused", district=district, account=who, error=type(error).__name__)
        return say("answer.not_now", **told)
    except Exception as error:  # noqa: BLE001 - a busy store or a full disk: whoever answered must hear of it
        _log.error("answer not taken", district=district, account=who, error=type(error).__name__)
        return say("answer.failed")
    _log.info("answer taken", district=district, account=who, batch=answer.batch, does=answer.does)
    return say("answer.discarded", **told) if number is None else say("answer.approved", by=str(number), **told)
