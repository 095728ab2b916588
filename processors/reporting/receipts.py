"""Receipts: one line of JSON for each file that arrived or whose upload broke off (INTERFACES, "The drop")."""

import json
import re
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from config.home import Home
from config.wording import forms_of
from processors.answers import ANSWER_FILE
from processors.reporting.contents import moment
from processors.reporting.placing import place_file

RECEIPTS: Final = "receipts"

_LONGEST_NAME: Final = 100


def write_receipt(  # noqa: PLR0913 - the facts of an arrival, each by its name
    home: Home,
    district: str,
    *,
    test: bool,
    file: str,
    size: int,
    sha256: str | None,
    rows: int | None,
    header: str | None,
    at: datetime,
    interrupted_at: int | None = None,
    repeated: bool = False,
) -> None:
    """Tell that a file arrived: what a vendor compares with what it sent.

    Args:
        home: the installation.
        district: whose drop it is.
        test: whether it came into `test/`.
        file: its name as it was uploaded.
        size: bytes that are here.
        sha256: of these bytes; None where the upload broke off.
        rows: data rows; None where nobody could count them.
        header: what the first line was taken for, in words without any value of the file.
        at: when it arrived, aware.
        interrupted_at: after how many bytes the upload broke off, None where it was whole.
        repeated: whether it holds its content twice, because it was resumed wrongly; nothing takes it then.
    """
    receipt = {
        "file": file,
        "at": moment(at),
        "status": "content repeated" if repeated else _status(interrupted_at),
        "bytes": size,
        "sha256": sha256,
        "rows": rows,
        "header": header,
    }
    line = json.dumps(receipt) + "\n"
    for reports in (home.summaries(district, test=test), home.reports(district, test=test)):
        place_file(reports / RECEIPTS / _receipt_name(file, at), line)


def tell_answer(
    home: Home, district: str, says: str, *, test: bool, at: datetime, time_zone: str, language: str
) -> None:
    """Tell what became of a district's answer to a batch, in `answer.txt` beside its reports."""
    text = f"{forms_of(language).time(at, time_zone)}: {says}\n"
    place_file(home.reports(district, test=test) / ANSWER_FILE, text)


def _status(interrupted_at: int | None) -> str:
    return "received" if interrupted_at is None else f"interrupted at {interrupted_at} bytes"


def _receipt_name(file: str, at: datetime) -> str:
    """`20261124T021109.000Z-users.csv.json`: sorts by time, and is a plain name whatever the file is called."""
    utc = at.astimezone(ZoneInfo("UTC"))
    name = re.sub(r"[^A-Za-z0-9._-]", "_", file)[-_LONGEST_NAME:]
    return f"{utc:%Y%m%dT%H%M%S}.{utc.microsecond // 1000:03d}Z-{name}.json"
